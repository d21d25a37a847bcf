//! Reads for others.

use chrono::{DateTime, Utc};
use diesel::{dsl::count_star, prelude::*};
use kernel::{AgentId, EngagementId, OfferId, TicketId};

use crate::{
    candidate::Candidate,
    engagement::{Engagement, EngagementStatus},
    message::Message,
    offer::{Offer, OfferStatus},
    queue::Queue,
    rating::Rating,
    reopening,
    schema::{engagements, messages, offers, queues, ratings, tickets, workloads},
    ticket::{NextAction, Ticket, TicketStatus},
    workload::Workload,
};

/// How many waiting tickets are looked through for those that an agent may claim.
const CLAIM_WINDOW: i64 = 500;

/// All queues by their code; there are at most some dozens.
pub fn queues(conn: &mut PgConnection) -> QueryResult<Vec<Queue>> {
    queues::table
        .order(queues::code)
        .limit(100)
        .select(Queue::as_select())
        .load(conn)
}

/// One queue.
pub fn queue(conn: &mut PgConnection, code: &str) -> QueryResult<Option<Queue>> {
    queues::table
        .find(code)
        .select(Queue::as_select())
        .first(conn)
        .optional()
}

/// One ticket.
pub fn ticket(conn: &mut PgConnection, id: TicketId) -> QueryResult<Option<Ticket>> {
    tickets::table
        .find(id)
        .select(Ticket::as_select())
        .first(conn)
        .optional()
}

/// How many tickets of the same queue are served before this one.
pub fn tickets_ahead(conn: &mut PgConnection, ticket: &Ticket) -> QueryResult<i64> {
    tickets::table
        .filter(tickets::queue.eq(&ticket.queue))
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .filter(tickets::rank_at.lt(ticket.rank_at))
        .select(count_star())
        .first(conn)
}

/// The waiting tickets that the agent may claim, the most urgent first; at most 50.
pub fn claimable_tickets(
    conn: &mut PgConnection,
    candidate: &Candidate,
) -> QueryResult<Vec<Ticket>> {
    let waiting: Vec<Ticket> = tickets::table
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .order((tickets::rank_at, tickets::id))
        .limit(CLAIM_WINDOW)
        .select(Ticket::as_select())
        .load(conn)?;
    let may = |ticket: &Ticket| candidate.objection(ticket).is_none();
    Ok(waiting.into_iter().filter(may).take(50).collect())
}

/// What is on an agent's desk.
#[derive(Clone, Debug)]
pub struct Desk {
    /// The agent's units; none before the agent first went available.
    pub workload: Option<Workload>,
    /// Pending offers, the oldest first.
    pub offers: Vec<(Offer, Ticket)>,
    /// Live engagements, the oldest first.
    pub engagements: Vec<(Engagement, Ticket)>,
}

/// What is on an agent's desk now.
pub fn desk(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Desk> {
    Ok(Desk {
        workload: workloads::table
            .find(agent)
            .select(Workload::as_select())
            .first(conn)
            .optional()?,
        offers: offers::table
            .inner_join(tickets::table.on(tickets::id.eq(offers::ticket_id)))
            .filter(offers::agent_id.eq(agent))
            .filter(offers::status.eq(OfferStatus::Pending))
            .order(offers::id)
            .limit(100)
            .select((Offer::as_select(), Ticket::as_select()))
            .load(conn)?,
        engagements: engagements::table
            .inner_join(tickets::table.on(tickets::id.eq(engagements::ticket_id)))
            .filter(engagements::agent_id.eq(agent))
            .filter(engagements::ended_at.is_null())
            .order(engagements::id)
            .limit(100)
            .select((Engagement::as_select(), Ticket::as_select()))
            .load(conn)?,
    })
}

/// One of the agent's offers, with its ticket.
pub fn offer(
    conn: &mut PgConnection,
    id: OfferId,
    agent: AgentId,
) -> QueryResult<Option<(Offer, Ticket)>> {
    offers::table
        .inner_join(tickets::table.on(tickets::id.eq(offers::ticket_id)))
        .filter(offers::id.eq(id))
        .filter(offers::agent_id.eq(agent))
        .select((Offer::as_select(), Ticket::as_select()))
        .first(conn)
        .optional()
}

/// One of the agent's engagements, with its ticket.
pub fn engagement(
    conn: &mut PgConnection,
    id: EngagementId,
    agent: AgentId,
) -> QueryResult<Option<(Engagement, Ticket)>> {
    engagements::table
        .inner_join(tickets::table.on(tickets::id.eq(engagements::ticket_id)))
        .filter(engagements::id.eq(id))
        .filter(engagements::agent_id.eq(agent))
        .select((Engagement::as_select(), Ticket::as_select()))
        .first(conn)
        .optional()
}

/// The engagement that has, or last had, the ticket.
pub fn last_engagement(
    conn: &mut PgConnection,
    ticket: TicketId,
) -> QueryResult<Option<Engagement>> {
    engagements::table
        .filter(engagements::ticket_id.eq(ticket))
        .order(engagements::id.desc())
        .select(Engagement::as_select())
        .first(conn)
        .optional()
}

/// The messages after a number, in order, at most 100.
pub fn messages_after(
    conn: &mut PgConnection,
    ticket: TicketId,
    number: i32,
) -> QueryResult<Vec<Message>> {
    messages::table
        .filter(messages::ticket_id.eq(ticket))
        .filter(messages::number.gt(number))
        .order(messages::number)
        .limit(kernel::PAGE_LIMIT)
        .select(Message::as_select())
        .load(conn)
}

/// The rating of an engagement.
pub fn rating(conn: &mut PgConnection, id: EngagementId) -> QueryResult<Option<Rating>> {
    ratings::table
        .find(id)
        .select(Rating::as_select())
        .first(conn)
        .optional()
}

/// Whether any ticket waits.
pub fn any_waiting(conn: &mut PgConnection) -> QueryResult<bool> {
    diesel::select(diesel::dsl::exists(
        tickets::table.filter(tickets::status.eq(TicketStatus::Waiting)),
    ))
    .get_result(conn)
}

/// Those of the agents who could take a ticket.
pub fn agents_with_room(conn: &mut PgConnection, agents: &[AgentId]) -> QueryResult<Vec<AgentId>> {
    workloads::table
        .filter(workloads::agent_id.eq_any(agents))
        .filter(workloads::load.lt(workloads::capacity))
        .select(workloads::agent_id)
        .load(conn)
}

/// Wrap-ups whose time is up, with their agents; at most 100.
pub fn due_wrap_ups(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(EngagementId, AgentId)>> {
    engagements::table
        .filter(engagements::status.eq(EngagementStatus::Wrapping))
        .filter(engagements::wrap_up_due_at.le(now))
        .order((engagements::agent_id, engagements::ticket_id))
        .select((engagements::id, engagements::agent_id))
        .limit(100)
        .load(conn)
}

/// Agents who have a conversation going; at most 10,000.
pub fn agents_talking(conn: &mut PgConnection) -> QueryResult<Vec<AgentId>> {
    engagements::table
        .filter(engagements::ended_at.is_null())
        .filter(engagements::status.eq(EngagementStatus::Talking))
        .select(engagements::agent_id)
        .distinct()
        .order(engagements::agent_id)
        .limit(10_000)
        .load(conn)
}

/// The agent's talks, at most 100, in the order in which they are changed.
pub fn talks(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Vec<EngagementId>> {
    engagements::table
        .filter(engagements::agent_id.eq(agent))
        .filter(engagements::status.eq(EngagementStatus::Talking))
        .order(engagements::ticket_id)
        .select(engagements::id)
        .limit(100)
        .load(conn)
}

/// Talks whose deadline has passed, with their agents; at most 100.
pub fn due_talks(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(EngagementId, AgentId)>> {
    let of_talks = [
        NextAction::FirstReply,
        NextAction::NextReply,
        NextAction::EndSilence,
    ];
    tickets::table
        .inner_join(engagements::table.on(engagements::ticket_id.eq(tickets::id)))
        .filter(tickets::closed_at.is_null())
        .filter(tickets::deadline_at.le(now))
        .filter(tickets::next_action.eq_any(of_talks))
        .filter(engagements::ended_at.is_null())
        .order((engagements::agent_id, engagements::ticket_id))
        .select((engagements::id, engagements::agent_id))
        .limit(100)
        .load(conn)
}

/// What the agent before this one wrote for them, and who that was.
pub fn handover(
    conn: &mut PgConnection,
    engagement: &Engagement,
) -> QueryResult<Option<(AgentId, String)>> {
    engagements::table
        .filter(engagements::ticket_id.eq(engagement.ticket_id))
        .filter(engagements::id.lt(engagement.id))
        .filter(engagements::handover_note.is_not_null())
        .order(engagements::id.desc())
        .select((
            engagements::agent_id,
            engagements::handover_note.assume_not_null(),
        ))
        .first(conn)
        .optional()
}

/// Until when the customer can open a resolved conversation again; none where they cannot.
pub fn reopens_until(
    conn: &mut PgConnection,
    ticket: &Ticket,
) -> QueryResult<Option<DateTime<Utc>>> {
    let queue = queue(conn, &ticket.queue)?;
    Ok(queue.and_then(|queue| reopening::open_until(ticket, &queue)))
}
