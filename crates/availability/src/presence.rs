//! Whether an agent is there: a lease that heartbeats keep alive.
//!
//! An agent may be there on several devices and tabs, each a connection with heartbeats of its
//! own. The agent is as present as the best of them.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Checks};
use serde::Serialize;

use crate::{
    Error, queries,
    schema::presences,
    store,
    working_time::{Limit, TimeLeft},
};

/// How often a present agent's page says that it is still there.
pub const HEARTBEAT_SECONDS: i64 = 15;

/// After how long a silence a heartbeat is missing, with some time for it to travel.
pub const CONNECTED_SECONDS: i64 = 20;

/// After how long a silence the agent counts as gone: three heartbeats missed.
pub const LEASE_SECONDS: i64 = 45;

/// The most connections that an agent has; the database keeps the newest.
pub const CONNECTIONS: usize = 8;

/// The most agents that one call makes offline, or sends away.
const SWEEP_LIMIT: i64 = 100;

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

kernel::text_enum! {
    /// Why an agent's presence is what it is.
    pub Cause {
        /// The agent said so.
        Said = "said",
        /// The agent let an offer pass.
        MissedOffer = "missed_offer",
        /// The agent was silent for too long, which is nobody's fault.
        Lost = "lost",
        /// The agent has worked as long as one may.
        WorkingTime = "working_time",
    }
}

kernel::text_enum! {
    /// Whether we hear of an agent who has not gone offline by their own word.
    pub ConnectionState {
        /// The latest heartbeat has come.
        Connected = "connected",
        /// A heartbeat is missing. There are no new offers; all else stays.
        Unstable = "unstable",
        /// The agent was silent for too long.
        Lost = "lost",
    }
}

/// The name that a device or tab gives itself: 1 to 64 of `a-z`, `0-9`, `-`, `_`, `.`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Connection(String);

impl Connection {
    /// The connection of this name; of a client that names none, always the same one.
    pub fn named(name: Option<&str>) -> Result<Self, Error> {
        let Some(name) = name else {
            return Ok(Self::default());
        };
        let mut checks = Checks::new();
        checks.code("connection_id", name);
        checks.done()?;
        Ok(Self(name.to_owned()))
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for Connection {
    fn default() -> Self {
        Self("default".to_owned())
    }
}

/// What an agent says, where, and on which clock their days are counted.
#[derive(Clone, Debug)]
pub struct Going {
    /// What they say.
    pub status: PresenceStatus,
    /// On which device or tab.
    pub connection: Connection,
    /// The zone of their calendar.
    pub zone: Tz,
}

impl From<PresenceStatus> for Going {
    /// On a device without a name, on the calendar of UTC.
    fn from(status: PresenceStatus) -> Self {
        Self {
            status,
            connection: Connection::default(),
            zone: Tz::UTC,
        }
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
    /// What the agent said last, or what the platform made of it.
    pub status: PresenceStatus,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Until when the agent counts as there without a heartbeat. Set unless offline.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// Why the status is what it is.
    pub cause: Cause,
    /// Until when no heartbeat is missing. Set unless offline.
    pub connected_until: Option<DateTime<Utc>>,
    /// The IANA name of the zone in which the agent's days are counted.
    pub time_zone: Option<String>,
    /// Until when the agent may work without a pause. Set while available, but for the moments
    /// after a rule has changed.
    pub works_until: Option<DateTime<Utc>>,
    /// Which limit that is.
    pub work_limit: Option<Limit>,
}

impl Presence {
    /// Whether the agent is there at this instant: neither offline nor silent for too long.
    pub fn is_live(&self, now: DateTime<Utc>) -> bool {
        self.lease_expires_at.is_some_and(|expiry| now < expiry)
    }

    /// Whether we hear of the agent; nothing where they have gone by their own word.
    pub fn connection(&self, now: DateTime<Utc>) -> Option<ConnectionState> {
        match (self.lease_expires_at, self.connected_until) {
            (None, _) | (_, None) => (self.cause == Cause::Lost).then_some(ConnectionState::Lost),
            (Some(_), Some(until)) if now < until => Some(ConnectionState::Connected),
            (Some(expiry), _) if now < expiry => Some(ConnectionState::Unstable),
            (Some(_), Some(_)) => Some(ConnectionState::Lost),
        }
    }

    /// How long the agent may work yet.
    pub fn time_left(&self) -> Option<TimeLeft> {
        let (until, limit) = (self.works_until?, self.work_limit?);
        let again_at = until;
        Some(TimeLeft {
            until,
            limit,
            again_at,
        })
    }

    /// Who says the same again while being there stays what they were since then.
    fn go(&mut self, status: PresenceStatus, now: DateTime<Utc>) {
        if self.status != status || (self.status != PresenceStatus::Offline && !self.is_live(now)) {
            self.since = now;
        }
        self.status = status;
        self.cause = Cause::Said;
        if status == PresenceStatus::Offline {
            (self.lease_expires_at, self.connected_until) = (None, None);
        } else {
            self.lease_expires_at = Some(lease_from(now));
            self.connected_until = Some(connected_from(now));
        }
        if status != PresenceStatus::Available {
            (self.works_until, self.work_limit) = (None, None);
        }
    }

    /// The platform, not the agent, says that they are away.
    fn send_away(&mut self, cause: Cause, now: DateTime<Utc>) {
        self.status = PresenceStatus::Away;
        self.cause = cause;
        self.since = now;
        (self.works_until, self.work_limit) = (None, None);
    }

    pub(crate) fn limit_to(&mut self, left: &TimeLeft) {
        (self.works_until, self.work_limit) = (Some(left.until), Some(left.limit));
    }
}

pub(crate) fn lease_from(now: DateTime<Utc>) -> DateTime<Utc> {
    now + TimeDelta::seconds(LEASE_SECONDS)
}

pub(crate) fn connected_from(seen_at: DateTime<Utc>) -> DateTime<Utc> {
    seen_at + TimeDelta::seconds(CONNECTED_SECONDS)
}

/// The agent says whether they are there and ready. Nobody becomes available who has worked as
/// long as one may.
pub fn go(tx: &mut Tx<'_>, agent: AgentId, going: impl Into<Going>) -> Result<Presence, Error> {
    let (going, now) = (going.into(), tx.now());
    let mut presence = store::lock_presence(tx, agent)?;
    let was_working = presence.status == PresenceStatus::Available && presence.is_live(now);
    if presence.status == PresenceStatus::Available && !was_working {
        // A silence that nobody has noticed yet ends the work when the lease did.
        store::close_span(tx, agent, presence.lease_expires_at.unwrap_or(now))?;
    }
    presence.go(going.status, now);
    presence.time_zone = Some(going.zone.name().to_owned());
    match going.status {
        PresenceStatus::Available if !was_working => begin_work(tx, &mut presence, going.zone)?,
        PresenceStatus::Away | PresenceStatus::Offline if was_working => {
            store::close_span(tx, agent, now)?;
        }
        _ => {}
    }
    store::update_presence(tx, &presence)?;
    match going.status {
        PresenceStatus::Offline => store::delete_connections(tx, &[agent])?,
        _ => store::upsert_connection(tx, agent, &going.connection)?,
    }
    ring(tx, agent);
    Ok(presence)
}

/// Opens a span of working time, for as long as the rules allow.
fn begin_work(tx: &mut Tx<'_>, presence: &mut Presence, zone: Tz) -> Result<(), Error> {
    let now = tx.now();
    let left = queries::time_left_in(tx.conn(), presence.agent_id, zone, now)?;
    if left.minutes(now) < 1 {
        return Err(Error::OverWorkingTime {
            limit: left.limit,
            again_in: left.again_at - now,
        });
    }
    presence.limit_to(&left);
    store::open_span(tx, presence.agent_id)?;
    Ok(())
}

/// The agent let an offer pass, and so is away until they say otherwise. Who is not available
/// stays as they are.
pub fn step_away(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    let mut presence = store::lock_presence(tx, agent)?;
    if presence.status == PresenceStatus::Available {
        send_away(tx, &mut presence, Cause::MissedOffer)?;
    }
    Ok(())
}

fn send_away(tx: &mut Tx<'_>, presence: &mut Presence, cause: Cause) -> Result<(), Error> {
    let now = tx.now();
    presence.send_away(cause, now);
    store::update_presence(tx, presence)?;
    store::close_span(tx, presence.agent_id, now)?;
    ring(tx, presence.agent_id);
    Ok(())
}

/// The agent is still there, on this device or tab. Nobody is told, unless a heartbeat had been
/// missing: then the agent is back, and can be given work again.
pub fn heartbeat(
    tx: &mut Tx<'_>,
    agent: AgentId,
    connection: &Connection,
) -> Result<Presence, Error> {
    let (presence, connected_until) =
        store::beat(tx, agent, connection)?.ok_or(Error::NotPresent)?;
    if connected_until.is_none_or(|until| until <= tx.now()) {
        ring(tx, agent);
    }
    Ok(presence)
}

/// A device or tab says goodbye. Where the agent is there on another, nothing changes; else they
/// are unstable, and everything stays theirs until the lease ends: a page that is loaded again is
/// back in a moment.
pub fn leave(tx: &mut Tx<'_>, agent: AgentId, connection: &Connection) -> Result<(), Error> {
    let Some(mut presence) = store::lock_known_presence(tx, agent)? else {
        return Ok(());
    };
    let now = tx.now();
    if store::delete_connection(tx, agent, connection)? && presence.is_live(now) {
        let last_seen = store::find_last_seen(tx, agent)?;
        let until = last_seen.map_or(now, |seen_at| connected_from(seen_at).max(now));
        presence.connected_until = presence.connected_until.map(|before| before.min(until));
        store::update_presence(tx, &presence)?;
        tx.ring(Topic::Agent(agent));
        tx.ring(Topic::Floor);
    }
    Ok(())
}

/// Makes up to 100 agents offline who were silent for too long, and says who they are.
pub fn lose_expired(tx: &mut Tx<'_>) -> Result<Vec<AgentId>, Error> {
    let lost = store::lock_expired(tx, SWEEP_LIMIT)?;
    let agents: Vec<AgentId> = lost.iter().map(|(agent, _)| *agent).collect();
    store::update_lost(tx, &agents)?;
    store::delete_connections(tx, &agents)?;
    for (agent, lease_expired_at) in lost {
        store::close_span(tx, agent, lease_expired_at.unwrap_or(tx.now()))?;
        ring(tx, agent);
    }
    Ok(agents)
}

/// Sends up to 100 agents away who have worked as long as one may, and says who they are.
pub fn end_overlong(tx: &mut Tx<'_>) -> Result<Vec<AgentId>, Error> {
    let mut overlong = store::lock_overlong(tx, SWEEP_LIMIT)?;
    for presence in &mut overlong {
        send_away(tx, presence, Cause::WorkingTime)?;
    }
    Ok(overlong.iter().map(|presence| presence.agent_id).collect())
}

/// Those of the agents who can be given work now: available, connected, and within their working
/// time. They cannot go offline, nor away, before this transaction is over. Each with the instant
/// until which they may work, in the order of their ids; none where nothing limits them.
pub fn hold_present(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
) -> QueryResult<Vec<(AgentId, Option<DateTime<Utc>>)>> {
    store::lock_present(tx, agents)
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
            cause: Cause::Said,
            connected_until: None,
            time_zone: None,
            works_until: None,
            work_limit: None,
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
    fn a_connection_grows_unstable_before_it_is_lost() {
        let mut presence = offline();
        assert_eq!(presence.connection(second(0)), None);
        presence.go(PresenceStatus::Away, second(10));
        let states = [29, 30, 54, 55].map(|at| presence.connection(second(at)));
        assert_eq!(
            states,
            [
                Some(ConnectionState::Connected),
                Some(ConnectionState::Unstable),
                Some(ConnectionState::Unstable),
                Some(ConnectionState::Lost),
            ]
        );
        presence.go(PresenceStatus::Offline, second(40));
        assert_eq!(presence.connection(second(41)), None);
        presence.cause = Cause::Lost;
        assert_eq!(presence.connection(second(41)), Some(ConnectionState::Lost));
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
        const { assert!(HEARTBEAT_SECONDS < CONNECTED_SECONDS) };
    }

    #[test]
    fn a_connection_has_a_short_plain_name() {
        assert_eq!(Connection::named(None).unwrap().as_str(), "default");
        assert_eq!(Connection::named(Some("tab-1")).unwrap().as_str(), "tab-1");
        for name in ["", "Tab", "a b", "ü", &"x".repeat(65)] {
            assert!(Connection::named(Some(name)).is_err(), "{name}");
        }
    }
}
