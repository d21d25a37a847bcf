//! What a person decided about an applicant or agent, and why.

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use diesel::{Insertable, Queryable, Selectable};
use kernel::{AccountId, AgentId, Checks};

use crate::{agent::Agent, error::Error, schema::decisions, store};

kernel::text_enum! {
    /// What was decided.
    pub DecisionKind {
        /// The applicant becomes an agent.
        Approve = "approve",
        /// The applicant does not.
        Reject = "reject",
        /// The agent may not work for now.
        Suspend = "suspend",
        /// The agent may work again.
        Reinstate = "reinstate",
    }
}

/// A decision on record. It is never changed.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = decisions, check_for_backend(diesel::pg::Pg))]
pub struct Decision {
    /// Grows with time.
    pub id: i64,
    /// About whom.
    pub agent_id: AgentId,
    /// What.
    pub kind: DecisionKind,
    /// By whom.
    pub decided_by: AccountId,
    /// Why; for the agent to read.
    pub reason: String,
    /// When.
    pub decided_at: DateTime<Utc>,
}

/// A decision that has no number yet.
#[derive(Insertable)]
#[diesel(table_name = decisions)]
pub(crate) struct NewDecision<'a> {
    agent_id: AgentId,
    kind: DecisionKind,
    decided_by: AccountId,
    reason: &'a str,
    decided_at: DateTime<Utc>,
}

/// Makes a submitted applicant an active agent.
pub fn approve(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    decide(tx, id, DecisionKind::Approve, decider, reason)
}

/// Turns a submitted applicant down.
pub fn reject(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    decide(tx, id, DecisionKind::Reject, decider, reason)
}

/// Stops an active agent from working.
pub fn suspend(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    decide(tx, id, DecisionKind::Suspend, decider, reason)
}

/// Lets a suspended agent work again.
pub fn reinstate(
    tx: &mut Tx<'_>,
    id: AgentId,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    decide(tx, id, DecisionKind::Reinstate, decider, reason)
}

fn decide(
    tx: &mut Tx<'_>,
    id: AgentId,
    kind: DecisionKind,
    decider: AccountId,
    reason: &str,
) -> Result<Agent, Error> {
    let mut checks = Checks::new();
    checks.text("reason", reason, 1, 1000);
    checks.done()?;
    let mut agent = store::lock_agent(tx, id)?.ok_or(Error::AgentNotFound)?;
    if agent.account_id == decider {
        return Err(Error::OwnApplication);
    }
    agent.decide(kind, tx.now())?;
    let decision = NewDecision {
        agent_id: id,
        kind,
        decided_by: decider,
        reason: reason.trim(),
        decided_at: tx.now(),
    };
    store::insert_decision(tx, &decision)?;
    store::update_agent(tx, &agent)?;
    tx.ring(Topic::Agent(id));
    tx.ring(Topic::Match);
    tx.ring(Topic::Floor);
    Ok(agent)
}
