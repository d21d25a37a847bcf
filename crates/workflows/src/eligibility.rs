//! What agents and operations change about who may be given which work.

use db::Tx;
use dispatch::{Capacity, Workload};
use kernel::AgentId;
use onboarding::Conflict;

use crate::Error;

/// The agent says that they know a customer. An offer of that customer's ticket goes back, and with
/// it what else is on offer to the agent, which is put to somebody at once.
pub fn declare_conflict(
    tx: &mut Tx<'_>,
    agent: AgentId,
    customer_ref: &str,
    reason: &str,
) -> Result<Conflict, Error> {
    // The agent's row is locked from here on, so that no further offer is made meanwhile.
    let conflict = onboarding::declare_conflict(tx, agent, customer_ref, reason)?;
    let desk = dispatch::queries::desk(tx.conn(), agent)?;
    let is_theirs = |ticket: &dispatch::Ticket| ticket.customer_ref == conflict.customer_ref;
    if desk.offers.iter().any(|(_, ticket)| is_theirs(ticket)) {
        dispatch::rescind_offers(tx, agent)?;
    }
    Ok(conflict)
}

/// Decides how many units an agent who may work can hold.
pub fn set_capacity(
    tx: &mut Tx<'_>,
    agent: AgentId,
    capacity: Capacity,
) -> Result<Workload, Error> {
    onboarding::agent(tx.conn(), agent)?.ok_or(onboarding::Error::AgentNotFound)?;
    Ok(dispatch::set_capacity(tx, agent, capacity)?)
}

/// Lets an agent go by the rules of working time for all again.
pub fn drop_working_time_rules(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    onboarding::agent(tx.conn(), agent)?.ok_or(onboarding::Error::AgentNotFound)?;
    Ok(availability::drop_rules(tx, agent)?)
}
