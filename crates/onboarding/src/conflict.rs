//! Conflicts of interest: customers whom an agent knows, and so must not help.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::{Insertable, Queryable, Selectable};
use kernel::{AgentId, Checks};

use crate::{agent, error::Error, schema::conflicts, store, text::check_line};

/// An agent declares at most so many.
pub const CONFLICT_LIMIT: i64 = 200;

kernel::text_enum! {
    /// Whether a conflict holds.
    pub ConflictStatus {
        /// It does.
        Declared = "declared",
        /// The agent has withdrawn it.
        Withdrawn = "withdrawn",
    }
}

/// A customer whose tickets the agent must not be given.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = conflicts, check_for_backend(diesel::pg::Pg))]
pub struct Conflict {
    /// Its number.
    pub id: i64,
    /// Who declared it.
    pub agent_id: AgentId,
    /// The company's reference of the customer.
    pub customer_ref: String,
    /// Why, if the agent said so.
    pub reason: String,
    /// When it was declared.
    pub declared_at: DateTime<Utc>,
}

#[derive(Insertable)]
#[diesel(table_name = conflicts)]
pub(crate) struct NewConflict<'a> {
    pub(crate) agent_id: AgentId,
    pub(crate) customer_ref: &'a str,
    pub(crate) reason: &'a str,
    pub(crate) status: ConflictStatus,
    pub(crate) declared_at: DateTime<Utc>,
}

/// The agent says that they know a customer. From now on they get no ticket of theirs. Whoever is
/// just making the agent an offer is waited for.
pub fn declare_conflict(
    tx: &mut Tx<'_>,
    id: AgentId,
    customer_ref: &str,
    reason: &str,
) -> Result<Conflict, Error> {
    let mut checks = Checks::new();
    check_line(&mut checks, "customer_ref", customer_ref, 100);
    checks.text("reason", reason, 0, 500);
    checks.done()?;
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    if store::count_conflicts(tx, id)? >= CONFLICT_LIMIT {
        return Err(Error::ConflictLimit);
    }
    let conflict = NewConflict {
        agent_id: id,
        customer_ref: customer_ref.trim(),
        reason: reason.trim(),
        status: ConflictStatus::Declared,
        declared_at: tx.now(),
    };
    let conflict = store::insert_conflict(tx, &conflict)?;
    agent::ring_for(tx, &agent);
    Ok(conflict)
}

/// The agent says that a conflict no longer holds. That it was declared stays on record.
pub fn withdraw_conflict(tx: &mut Tx<'_>, id: AgentId, conflict: i64) -> Result<(), Error> {
    let agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    if !store::update_conflict_withdrawn(tx, id, conflict)? {
        return Err(Error::ConflictNotFound);
    }
    agent::ring_for(tx, &agent);
    Ok(())
}
