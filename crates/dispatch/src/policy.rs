//! Routing policies: data, versioned, edited by operations.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::Checks;
use routing::Policy;

use crate::{error::Error, schema::policies, store};

/// A version of a queue's routing policy. It never changes.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = policies, primary_key(queue, version))]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct PolicyVersion {
    /// The code of the queue.
    pub queue: String,
    /// 1, 2, 3 … for each queue.
    pub version: i32,
    /// What it says, without what has its default.
    pub body: serde_json::Value,
    /// Why it was published.
    pub note: String,
    /// By whom.
    pub created_by: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

impl PolicyVersion {
    /// What it says. A field that this program does not know makes it unreadable: no version is
    /// applied in part.
    pub fn policy(&self) -> Result<Policy, Error> {
        serde_json::from_value(self.body.clone()).map_err(|error| Error::PolicyUnreadable {
            queue: self.queue.clone(),
            version: self.version,
            cause: error.to_string(),
        })
    }
}

/// A policy to be published.
#[derive(Clone, Debug)]
pub struct NewPolicy {
    /// The code of the queue.
    pub queue: String,
    /// What it says.
    pub policy: Policy,
    /// Why, in 1 to 500 characters.
    pub note: String,
    /// By whom.
    pub created_by: String,
}

/// Puts a new version of a queue's policy in force. What waits there takes the place in the queue
/// that its new head start gives it, and the new patience.
///
/// `based_on` is the version that the editor saw: where another was published meanwhile, nothing
/// is overwritten unseen.
pub fn publish_policy(
    tx: &mut Tx<'_>,
    input: &NewPolicy,
    based_on: Option<i32>,
) -> Result<PolicyVersion, Error> {
    let mut checks = Checks::new();
    checks.text("note", &input.note, 1, 500);
    for fault in input.policy.faults() {
        checks.fault(&format!("policy.{}", fault.field), fault.message);
    }
    checks.done()?;
    let mut queue = store::lock_queue(tx, &input.queue)?.ok_or(Error::QueueNotFound)?;
    if based_on.is_some_and(|seen| seen != queue.policy_version) {
        return Err(Error::PolicyChanged);
    }
    if let Some(overflow) = &input.policy.overflow {
        let known = store::find_queue(tx, &overflow.queue)?.is_some();
        let mut checks = Checks::new();
        checks.check(
            "policy.overflow.queue",
            known && overflow.queue != input.queue,
            "must be another queue of this platform",
        );
        checks.done()?;
    }
    let published = insert(tx, input, queue.policy_version + 1)?;
    queue.policy_version = published.version;
    queue.updated_at = tx.now();
    store::upsert_queue(tx, &queue)?;
    let head_start = TimeDelta::seconds(input.policy.head_start_seconds);
    let patience = TimeDelta::seconds(input.policy.dead_letter_seconds);
    store::update_waiting_places(tx, &queue.code, head_start, patience)?;
    tx.ring(Topic::Match);
    tx.ring(Topic::Floor);
    Ok(published)
}

pub(crate) fn insert(
    tx: &mut Tx<'_>,
    input: &NewPolicy,
    version: i32,
) -> Result<PolicyVersion, Error> {
    let body = serde_json::to_value(&input.policy).map_err(|error| Error::PolicyUnreadable {
        queue: input.queue.clone(),
        version,
        cause: error.to_string(),
    })?;
    let published = PolicyVersion {
        queue: input.queue.clone(),
        version,
        body,
        note: input.note.trim().to_owned(),
        created_by: input.created_by.clone(),
        created_at: tx.now(),
    };
    store::insert_policy(tx, &published)?;
    Ok(published)
}
