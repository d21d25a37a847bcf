//! The letter with the code that proves an e-mail address.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::{AsChangeset, Identifiable, Insertable, Queryable, Selectable};
use kernel::{AgentId, Invalid, random};

use crate::{
    error::Error,
    requirement::Requirement,
    schema::email_codes,
    store,
    text::{seconds_until, sha256},
};

const VALID_FOR: TimeDelta = TimeDelta::minutes(30);
const PAUSE: TimeDelta = TimeDelta::minutes(1);
const TRIES: i32 = 5;

/// What to put into the letter. The code is stored as a digest only.
#[derive(Clone, Debug)]
#[must_use]
pub struct EmailCode {
    /// Where the letter goes.
    pub email: String,
    /// Whom it greets.
    pub display_name: String,
    /// Six digits.
    pub code: String,
    /// Until when the code is good.
    pub expires_at: DateTime<Utc>,
}

/// What came of a code that was tried.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Confirmation {
    /// The address is the applicant's.
    Confirmed,
    /// It was not the code. This is no error, because the try must be counted.
    Wrong {
        /// How many tries this code has left; with none left, a new code is needed.
        tries_left: i32,
    },
}

/// The code that an applicant was sent last.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = email_codes, primary_key(agent_id), check_for_backend(diesel::pg::Pg))]
pub(crate) struct SentCode {
    pub(crate) agent_id: AgentId,
    pub(crate) code_sha256: Vec<u8>,
    pub(crate) sent_at: DateTime<Utc>,
    pub(crate) expires_at: DateTime<Utc>,
    pub(crate) failures: i32,
}

impl SentCode {
    fn check_pause(&self, now: DateTime<Utc>) -> Result<(), Error> {
        let next = self.sent_at + PAUSE;
        if now < next {
            return Err(Error::CodeTooSoon {
                retry_after_seconds: seconds_until(next, now),
            });
        }
        Ok(())
    }

    /// Compares a code and counts a failure.
    fn attempt(&mut self, code: &str, now: DateTime<Utc>) -> Result<Confirmation, Error> {
        if now >= self.expires_at {
            return Err(Error::CodeExpired);
        }
        if self.failures >= TRIES {
            return Err(Error::CodeUsedUp);
        }
        if sha256(code) == self.code_sha256 {
            return Ok(Confirmation::Confirmed);
        }
        self.failures += 1;
        Ok(Confirmation::Wrong {
            tries_left: TRIES - self.failures,
        })
    }
}

/// Makes a new code, to be sent to the applicant's address. An older one ceases to be good.
pub fn send_email_code(tx: &mut Tx<'_>, id: AgentId) -> Result<EmailCode, Error> {
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    agent.check_applying()?;
    if store::list_fulfilled(tx, id)?.contains(&Requirement::Email) {
        return Err(Error::EmailConfirmed);
    }
    if let Some(last) = store::find_code(tx, id)? {
        last.check_pause(tx.now())?;
    }
    let code = format!("{:06}", random::below(1_000_000));
    let sent = SentCode {
        agent_id: id,
        code_sha256: sha256(&code),
        sent_at: tx.now(),
        expires_at: tx.now() + VALID_FOR,
        failures: 0,
    };
    store::upsert_code(tx, &sent)?;
    Ok(EmailCode {
        email: agent.email,
        display_name: agent.display_name,
        code,
        expires_at: sent.expires_at,
    })
}

/// Confirms the address with the code from the letter. Blanks in it do not matter.
pub fn confirm_email(tx: &mut Tx<'_>, id: AgentId, code: &str) -> Result<Confirmation, Error> {
    let digits: String = code
        .chars()
        .filter(|c| !c.is_whitespace())
        .take(7)
        .collect();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Invalid::field("code", "must be the six digits from our letter").into());
    }
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    // Whoever sends the form twice has confirmed the address once.
    if store::list_fulfilled(tx, id)?.contains(&Requirement::Email) {
        return Ok(Confirmation::Confirmed);
    }
    agent.check_applying()?;
    let mut sent = store::find_code(tx, id)?.ok_or(Error::CodeExpired)?;
    let confirmation = sent.attempt(&digits, tx.now())?;
    match confirmation {
        Confirmation::Confirmed => {
            store::delete_code(tx, id)?;
            store::insert_fulfilment(tx, id, Requirement::Email)?;
            tx.ring(Topic::Agent(id));
        }
        Confirmation::Wrong { .. } => store::upsert_code(tx, &sent)?,
    }
    Ok(confirmation)
}
