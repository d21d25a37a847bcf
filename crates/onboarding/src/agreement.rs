//! The terms on which agents work: versions that never change, and who accepted which.

use std::fmt::Write as _;

use chrono::{DateTime, Utc};
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

/// A published version of the agreement.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = agreements, primary_key(version), check_for_backend(diesel::pg::Pg))]
pub struct Agreement {
    /// 1 for the first; the highest is current.
    pub version: i32,
    /// One line.
    pub title: String,
    /// The text that is agreed to.
    pub body: String,
    /// The SHA-256 of the text.
    pub body_sha256: Vec<u8>,
    /// When it became the current one.
    pub published_at: DateTime<Utc>,
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

/// Publishes the next version of the agreement, which from now on is the one to accept.
pub fn publish_agreement(tx: &mut Tx<'_>, title: &str, body: &str) -> Result<Agreement, Error> {
    let mut checks = Checks::new();
    check_line(&mut checks, "title", title, 200);
    checks.text("body", body, 1, 100_000);
    checks.done()?;
    let last = store::find_current_agreement(tx)?.map_or(0, |agreement| agreement.version);
    let agreement = Agreement {
        version: last + 1,
        title: title.trim().to_owned(),
        body: body.to_owned(),
        body_sha256: sha256(body),
        published_at: tx.now(),
    };
    store::insert_agreement(tx, &agreement)?;
    // Whether an agent has accepted the current agreement is part of the qualification.
    tx.ring(Topic::Match);
    Ok(agreement)
}

/// Accepts the current agreement, named by its version and the digest of the text that was shown.
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
