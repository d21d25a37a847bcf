//! The floor: what waits, who is there, what they are at.

use std::collections::BTreeMap;

use availability::PresenceStatus;
use chrono::{DateTime, NaiveTime, Utc};
use diesel::{
    dsl::{count_star, min},
    prelude::*,
};
use dispatch::TicketStatus;
use kernel::AgentId;

use crate::{
    schema::{agents, engagements, presences, queues, tickets, workloads},
    tickets::TicketBrief,
};

const QUEUES: i64 = 100;
const AGENTS: i64 = 200;
const TICKETS: i64 = 100;

/// Everything that goes on now.
#[derive(Clone, Debug)]
pub struct Floor {
    /// All queues, by their code.
    pub queues: Vec<QueueLoad>,
    /// The agents who are there, by their name; at most 200.
    pub agents: Vec<PresentAgent>,
    /// Open tickets, those that wait first, the most urgent of them on top; at most 100.
    pub tickets: Vec<FloorTicket>,
    /// Tickets resolved since midnight UTC.
    pub resolved_today: i64,
    /// Tickets whose customer left since midnight UTC before an agent took them.
    pub abandoned_today: i64,
}

/// A queue and its open tickets.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct QueueLoad {
    /// Its name in the API.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Tickets that wait.
    pub waiting: i64,
    /// Tickets that are put to an agent.
    pub offered: i64,
    /// Tickets in an agent's hands.
    pub engaged: i64,
    /// Tickets that are being written up.
    pub wrapping: i64,
    /// Since when the longest waits; none where none waits.
    pub oldest_waiting_since: Option<DateTime<Utc>>,
}

/// An agent who is there.
#[derive(Clone, Debug, Eq, PartialEq, Queryable)]
pub struct PresentAgent {
    /// Who.
    pub id: AgentId,
    /// What they are called.
    pub display_name: String,
    /// Whether they are ready for tickets.
    pub status: PresenceStatus,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether a heartbeat is missing: there are no new offers until one comes.
    pub is_unstable: bool,
    /// Units they hold.
    pub load: i32,
    /// Units they can hold.
    pub capacity: i32,
}

/// An open ticket and who has it.
#[derive(Clone, Debug, Queryable)]
pub struct FloorTicket {
    /// The ticket.
    pub brief: TicketBrief,
    /// Who has it; none while nobody does.
    pub agent_name: Option<String>,
    /// When the customer should have an answer; none while it is the customer's turn.
    pub reply_due_at: Option<DateTime<Utc>>,
    /// When that had passed, and the agent had not answered.
    pub alerted_at: Option<DateTime<Utc>>,
}

/// Everything that goes on at an instant. Call it in one transaction.
pub fn floor(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<Floor> {
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    Ok(Floor {
        queues: queues(conn)?,
        agents: present(conn, now)?,
        tickets: open_tickets(conn)?,
        resolved_today: closed(conn, TicketStatus::Resolved, midnight)?,
        abandoned_today: closed(conn, TicketStatus::Abandoned, midnight)?,
    })
}

fn queues(conn: &mut PgConnection) -> QueryResult<Vec<QueueLoad>> {
    let named: Vec<(String, String)> = queues::table
        .order(queues::code)
        .limit(QUEUES)
        .select((queues::code, queues::name))
        .load(conn)?;
    let counted: Vec<(String, TicketStatus, i64, Option<DateTime<Utc>>)> = tickets::table
        .filter(tickets::closed_at.is_null())
        .group_by((tickets::queue, tickets::status))
        .select((
            tickets::queue,
            tickets::status,
            count_star(),
            min(tickets::waiting_since),
        ))
        .load(conn)?;
    let mut loads: BTreeMap<String, QueueLoad> = named
        .into_iter()
        .map(|(code, name)| {
            (
                code.clone(),
                QueueLoad {
                    code,
                    name,
                    ..QueueLoad::default()
                },
            )
        })
        .collect();
    for (code, status, count, oldest) in counted {
        if let Some(load) = loads.get_mut(&code) {
            load.count(status, count, oldest);
        }
    }
    Ok(loads.into_values().collect())
}

impl QueueLoad {
    fn count(&mut self, status: TicketStatus, count: i64, oldest: Option<DateTime<Utc>>) {
        match status {
            TicketStatus::Waiting => (self.waiting, self.oldest_waiting_since) = (count, oldest),
            TicketStatus::Offered => self.offered = count,
            TicketStatus::Engaged => self.engaged = count,
            TicketStatus::Wrapping => self.wrapping = count,
            TicketStatus::Resolved
            | TicketStatus::Abandoned
            | TicketStatus::Returned
            | TicketStatus::Expired => {}
        }
    }
}

/// Who was silent for too long counts as gone, even before somebody wrote that down.
fn present(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<Vec<PresentAgent>> {
    presences::table
        .inner_join(agents::table.on(agents::id.eq(presences::agent_id)))
        .inner_join(workloads::table.on(workloads::agent_id.eq(presences::agent_id)))
        .filter(presences::status.ne(PresenceStatus::Offline))
        .filter(presences::lease_expires_at.gt(now))
        .order((agents::display_name, agents::id))
        .limit(AGENTS)
        .select((
            agents::id,
            agents::display_name,
            presences::status,
            presences::since,
            presences::connected_until.assume_not_null().le(now),
            workloads::load,
            workloads::capacity,
        ))
        .load(conn)
}

/// Two queries, because each has an index of its own, and waiting tickets may fill the list.
fn open_tickets(conn: &mut PgConnection) -> QueryResult<Vec<FloorTicket>> {
    let mut open: Vec<FloorTicket> = tickets::table
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .order((tickets::rank_at, tickets::id))
        .limit(TICKETS)
        .select(TicketBrief::as_select())
        .load(conn)?
        .into_iter()
        .map(|brief| FloorTicket {
            brief,
            agent_name: None,
            reply_due_at: None,
            alerted_at: None,
        })
        .collect();
    let room = TICKETS.saturating_sub(i64::try_from(open.len()).unwrap_or(TICKETS));
    let live = engagements::ticket_id
        .eq(tickets::id)
        .and(engagements::ended_at.is_null());
    let held: Vec<FloorTicket> = tickets::table
        .left_join(engagements::table.on(live))
        .left_join(agents::table.on(agents::id.eq(engagements::agent_id)))
        .filter(tickets::closed_at.is_null())
        .filter(tickets::status.ne(TicketStatus::Waiting))
        .order((tickets::rank_at, tickets::id))
        .limit(room)
        .select((
            TicketBrief::as_select(),
            agents::display_name.nullable(),
            engagements::reply_due_at.nullable(),
            engagements::alerted_at.nullable(),
        ))
        .load(conn)?;
    open.extend(held);
    Ok(open)
}

fn closed(conn: &mut PgConnection, status: TicketStatus, since: DateTime<Utc>) -> QueryResult<i64> {
    tickets::table
        .filter(tickets::closed_at.ge(since))
        .filter(tickets::status.eq(status))
        .select(count_star())
        .first(conn)
}
