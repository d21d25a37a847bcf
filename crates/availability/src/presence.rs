//! Whether an agent is there: a lease that heartbeats keep alive.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::AgentId;
use serde::Serialize;

use crate::{Error, schema::presences, store};

/// How often a present agent's page says that it is still there.
pub const HEARTBEAT_SECONDS: i64 = 15;

/// After how long a silence the agent counts as gone: three heartbeats missed.
pub const LEASE_SECONDS: i64 = 45;

/// The most agents that one call makes offline.
const LOSE_LIMIT: i64 = 100;

kernel::text_enum! {
    /// What an agent says about being there.
    pub PresenceStatus {
        /// Not there.
        Offline = "offline",
        /// There, and ready for tickets.
        Available = "available",
        /// There, but not ready for new tickets.
        Away = "away",
    }
}

/// Whether an agent is there. Who never was has none.
#[derive(AsChangeset, Clone, Debug, Identifiable, Queryable, Selectable, Serialize)]
#[diesel(
    table_name = presences, primary_key(agent_id),
    check_for_backend(diesel::pg::Pg), treat_none_as_null = true
)]
pub struct Presence {
    /// The agent.
    pub agent_id: AgentId,
    /// What the agent said last, or offline after too long a silence.
    pub status: PresenceStatus,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when the agent counts as there without a heartbeat. Set unless offline.
    pub lease_expires_at: Option<DateTime<Utc>>,
}

impl Presence {
    /// Whether the agent is there at this instant: neither offline nor silent for too long.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.lease_expires_at.is_some_and(|expiry| now < expiry)
    }

    /// Who says the same again while being there stays what they were since then.
    fn go(&mut self, status: PresenceStatus, now: DateTime<Utc>) {
        if self.status != status || (self.status != PresenceStatus::Offline && !self.is_live(now)) {
            self.since = now;
        }
        self.status = status;
        self.lease_expires_at = match status {
            PresenceStatus::Offline => None,
            PresenceStatus::Available | PresenceStatus::Away => Some(lease_from(now)),
        };
    }
}

fn lease_from(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(LEASE_SECONDS)
}

/// The agent says whether they are there and ready.
pub fn go(tx: &mut Tx<'_>, agent: AgentId, status: PresenceStatus) -> Result<Presence, Error> {
    let mut presence = store::lock_presence(tx, agent)?;
    presence.go(status, tx.now());
    store::update_presence(tx, &presence)?;
    ring(tx, agent);
    Ok(presence)
}

/// The agent let an offer pass, and so is away until they say otherwise. Who is not available
/// stays as they are.
pub fn step_away(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    let mut presence = store::lock_presence(tx, agent)?;
    if presence.status == PresenceStatus::Available {
        presence.status = PresenceStatus::Away;
        presence.since = tx.now();
        store::update_presence(tx, &presence)?;
        ring(tx, agent);
    }
    Ok(())
}

/// The agent is still there. Nobody is told, because nothing changed.
pub fn heartbeat(tx: &mut Tx<'_>, agent: AgentId) -> Result<Presence, Error> {
    let until = lease_from(tx.now());
    store::update_lease(tx, agent, until)?.ok_or(Error::NotPresent)
}

/// Makes up to 100 agents offline who were silent for too long, and says who they are.
pub fn lose_expired(tx: &mut Tx<'_>) -> Result<Vec<AgentId>, Error> {
    let agents = store::lock_expired(tx, LOSE_LIMIT)?;
    store::update_offline(tx, &agents)?;
    for agent in &agents {
        ring(tx, *agent);
    }
    Ok(agents)
}

/// Those of the agents who are available now. They cannot go offline, nor away, before this
/// transaction is over.
pub fn hold_present(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<Vec<AgentId>> {
    store::lock_available(tx, agents)
}

fn ring(tx: &mut Tx<'_>, agent: AgentId) {
    tx.ring(Topic::Match);
    tx.ring(Topic::Agent(agent));
    tx.ring(Topic::Floor);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offline() -> Presence {
        Presence {
            agent_id: AgentId::new(),
            status: PresenceStatus::Offline,
            since: DateTime::UNIX_EPOCH,
            lease_expires_at: None,
        }
    }

    fn second(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn an_agent_is_there_until_the_lease_ends() {
        let mut presence = offline();
        assert!(!presence.is_live(second(0)));
        presence.go(PresenceStatus::Away, second(10));
        assert!(presence.is_live(second(54)) && !presence.is_live(second(55)));
    }

    #[test]
    fn saying_the_same_again_does_not_begin_anew() {
        let mut presence = offline();
        presence.go(PresenceStatus::Available, second(10));
        presence.go(PresenceStatus::Available, second(20));
        assert_eq!(
            (presence.since, presence.lease_expires_at),
            (second(10), Some(second(65)))
        );
        presence.go(PresenceStatus::Available, second(65));
        assert_eq!(presence.since, second(65), "the agent was gone in between");
        presence.go(PresenceStatus::Away, second(70));
        assert_eq!(presence.since, second(70));
    }

    #[test]
    fn staying_offline_does_not_begin_anew() {
        let mut presence = offline();
        presence.go(PresenceStatus::Offline, second(10));
        assert_eq!(
            (presence.since, presence.lease_expires_at),
            (second(0), None)
        );
    }

    #[test]
    fn a_lost_heartbeat_or_two_are_forgiven() {
        const { assert!(LEASE_SECONDS >= 3 * HEARTBEAT_SECONDS) };
    }
}
