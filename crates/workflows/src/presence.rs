//! Agents come and go.

use availability::{Connection, Going, Presence, PresenceStatus};
use chrono::TimeDelta;
use chrono_tz::Tz;
use db::Tx;
use kernel::AgentId;

use crate::{Error, parting};

/// The agent says on one of their devices whether they are there and ready. Who is not ready gets
/// no offers: those that are pending go back.
pub fn go_present(
    tx: &mut Tx<'_>,
    agent: AgentId,
    status: PresenceStatus,
    connection: &Connection,
) -> Result<Presence, Error> {
    let going = Going {
        status,
        connection: connection.clone(),
        zone: calendar_of(tx, agent)?,
    };
    let presence = availability::go(tx, agent, going)?;
    match status {
        PresenceStatus::Available => dispatch::open_workload(tx, agent)?,
        PresenceStatus::Away | PresenceStatus::Offline => dispatch::rescind_offers(tx, agent)?,
    }
    Ok(presence)
}

/// The zone in which the agent's days are counted.
pub(crate) fn calendar_of(tx: &mut Tx<'_>, agent: AgentId) -> Result<Tz, Error> {
    let agent = onboarding::agent(tx.conn(), agent)?;
    let name = agent.and_then(|agent| agent.time_zone);
    // Before a profile is saved there is no zone, nor is there work.
    Ok(name.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC))
}

/// The agent is gone, whatever they said last.
pub(crate) fn leave(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    availability::go(tx, agent, PresenceStatus::Offline)?;
    dispatch::release_lost(tx, agent)?;
    Ok(())
}

/// How long an agent may be gone before somebody else is found for their conversations.
const PATIENCE: TimeDelta = TimeDelta::minutes(10);

/// Takes the conversations from agents who have been gone for ten minutes: customers are told and
/// are the next to be served, and the agents are paid to their last message.
pub fn end_abandoned_talks(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let latest = tx.now() - PATIENCE;
    let talking = dispatch::queries::agents_talking(tx.conn())?;
    let mut ended = 0;
    for agent in availability::gone_since(tx.conn(), &talking, latest)? {
        ended += parting::lose_talks(tx, agent)?;
    }
    Ok(ended)
}

/// Agents whose lease ran out are gone; what they had not answered goes back to its place.
pub fn release_lost_agents(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let lost = availability::lose_expired(tx)?;
    for agent in &lost {
        dispatch::release_lost(tx, *agent)?;
    }
    Ok(lost.len())
}

/// Who has worked as long as one may gets no more offers: what they have in hand they finish.
/// Where rules have changed, the ends of work are calculated anew first.
pub fn end_overlong_work(tx: &mut Tx<'_>) -> Result<usize, Error> {
    availability::refresh_limits(tx)?;
    let sent_away = availability::end_overlong(tx)?;
    for agent in &sent_away {
        dispatch::rescind_offers(tx, *agent)?;
    }
    Ok(sent_away.len())
}
