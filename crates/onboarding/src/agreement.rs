//! The terms on which agents work: versions that never change, and who accepted which.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::{Identifiable, Insertable, Queryable, Selectable};
use kernel::{AgentId, Checks};

use crate::{
    error::Error,
    requirement::Requirement,
    schema::{acceptances, agreements},
    store,
    text::{check_line, sha256},
};

/// How far ahead an agreement can be announced.
const LONGEST_NOTICE: TimeDelta = TimeDelta::days(90);

/// A published version of the agreement.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = agreements, primary_key(version), check_for_backend(diesel::pg::Pg))]
pub struct Agreement {
    /// 1 for the first; the highest is the one to accept.
    pub version: i32,
    /// One line.
    pub title: String,
    /// The text that is agreed to.
    pub body: String,
    /// The SHA-256 of the text.
    pub body_sha256: Vec<u8>,
    /// When it was published.
    pub published_at: DateTime<Utc>,
    /// From when on it counts; until then the version before does. Never earlier than that one's.
    pub effective_at: DateTime<Utc>,
}

impl Agreement {
    /// The digest of the text as people and forms carry it: 64 hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        hex(&self.body_sha256)
    }

    /// Only the text that is current, letter for letter, can be accepted.
    fn check_current(&self, version: i32, sha256_hex: &str) -> Result<(), Error> {
        if version == self.version && sha256_hex.eq_ignore_ascii_case(&self.sha256_hex()) {
            Ok(())
        } else {
            Err(Error::AgreementOutdated)
        }
    }
}

/// An agent's word that they agree.
#[derive(Clone, Debug, Insertable, Queryable, Selectable)]
#[diesel(table_name = acceptances, check_for_backend(diesel::pg::Pg))]
pub struct Acceptance {
    /// Who agreed.
    pub agent_id: AgentId,
    /// To which version.
    pub version: i32,
    /// The SHA-256 of the text that was agreed to.
    pub body_sha256: Vec<u8>,
    /// When.
    pub accepted_at: DateTime<Utc>,
}

impl Acceptance {
    /// The digest of the text that was agreed to, as 64 hexadecimal digits.
    pub fn sha256_hex(&self) -> String {
        hex(&self.body_sha256)
    }
}

fn hex(digest: &[u8]) -> String {
    digest.iter().fold(String::new(), |mut hex, byte| {
        // Writing into a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Publishes the next version of the agreement, which from now on is the one to accept. Agents
/// may work without having accepted it until it is effective, which is at once where no instant
/// is given.
pub fn publish_agreement(
    tx: &mut Tx<'_>,
    title: &str,
    body: &str,
    effective_at: Option<DateTime<Utc>>,
) -> Result<Agreement, Error> {
    let last = store::find_current_agreement(tx)?;
    let earliest = last
        .as_ref()
        .map_or(tx.now(), |last| last.effective_at.max(tx.now()));
    let effective_at = effective_at.unwrap_or(earliest);
    let mut checks = Checks::new();
    check_line(&mut checks, "title", title, 200);
    checks.text("body", body, 1, 100_000);
    if effective_at < earliest {
        let fault = "must not be in the past, nor before the version that is there takes effect";
        checks.fault("effective_at", fault);
    }
    checks.check(
        "effective_at",
        effective_at <= tx.now() + LONGEST_NOTICE,
        "must be at most 90 days ahead",
    );
    checks.done()?;
    let agreement = Agreement {
        version: last.map_or(0, |last| last.version) + 1,
        title: title.trim().to_owned(),
        body: body.to_owned(),
        body_sha256: sha256(body),
        published_at: tx.now(),
        effective_at,
    };
    store::insert_agreement(tx, &agreement)?;
    // Whether an agent has accepted the current agreement is part of the qualification.
    tx.ring(Topic::Match);
    Ok(agreement)
}

/// Accepts the newest agreement, which may not be effective yet, named by its version and the
/// digest of the text that was shown.
pub fn accept_agreement(
    tx: &mut Tx<'_>,
    id: AgentId,
    version: i32,
    sha256_hex: &str,
) -> Result<(), Error> {
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    agent.check_editable()?;
    let agreement = store::find_current_agreement(tx)?.ok_or(Error::AgreementNotFound)?;
    agreement.check_current(version, sha256_hex)?;
    let acceptance = Acceptance {
        agent_id: id,
        version,
        body_sha256: agreement.body_sha256,
        accepted_at: tx.now(),
    };
    store::insert_acceptance(tx, &acceptance)?;
    store::insert_fulfilment(tx, id, Requirement::Agreement)?;
    crate::agent::ring_for(tx, &agent);
    Ok(())
}
