//! Reads for others.

use std::{collections::HashMap, iter};

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{array, count_star},
    prelude::*,
};
use kernel::{AgentId, EngagementId, MatchRecordId, OfferId, TicketId};

use crate::{
    candidate::Candidate,
    dead_letter::DeadLetter,
    engagement::{Engagement, EngagementStatus},
    error::Error,
    message::Message,
    offer::{Offer, OfferStatus},
    policy::PolicyVersion,
    queue::Queue,
    rating::Rating,
    record::MatchRecord,
    reopening,
    rules::Rules,
    schema::{
        dead_letters, engagements, match_records, messages, offers, policies, queues, ratings,
        tickets, workloads,
    },
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

/// The waiting tickets that are served first; at most 500.
pub(crate) fn waiting_tickets(conn: &mut PgConnection) -> QueryResult<Vec<Ticket>> {
    tickets::table
        .filter(tickets::status.eq(TicketStatus::Waiting))
        .order((tickets::rank_at, tickets::id))
        .limit(CLAIM_WINDOW)
        .select(Ticket::as_select())
        .load(conn)
}

/// Which version of a policy is in force in which queue.
#[diesel::dsl::auto_type]
pub(crate) fn in_force() -> _ {
    policies::queue
        .eq(queues::code)
        .and(policies::version.eq(queues::policy_version))
}

/// Those of the queues that there are, each with its policy.
pub(crate) fn queues_with_policies(
    conn: &mut PgConnection,
    codes: &[&str],
) -> QueryResult<Vec<(Queue, PolicyVersion)>> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    let ruled = queues::table
        .inner_join(policies::table.on(in_force()))
        .select((Queue::as_select(), PolicyVersion::as_select()));
    db::among!(queues::code, codes, |asked| ruled.filter(asked).load(conn))
}

/// Who declined these tickets: a few, each of which is looked up by itself. While the table of offers
/// is small, PostgreSQL would read the whole of it for them, and go on to do so.
pub(crate) fn declines_of_few(
    conn: &mut PgConnection,
    ids: &[TicketId],
) -> QueryResult<HashMap<TicketId, Vec<AgentId>>> {
    let declined = offers::table
        .filter(offers::ticket_id.eq(tickets::id))
        .filter(offers::status.eq(OfferStatus::Declined))
        .select(offers::agent_id);
    let by_ticket = tickets::table.select((tickets::id, array(declined)));
    let found: Vec<(TicketId, Vec<AgentId>)> =
        db::among!(tickets::id, ids, |asked| by_ticket.filter(asked).load(conn))?;
    Ok(found.into_iter().collect())
}

/// Who declined which of these tickets.
pub(crate) fn declines(
    conn: &mut PgConnection,
    tickets: &[TicketId],
) -> QueryResult<HashMap<TicketId, Vec<AgentId>>> {
    let declined: Vec<(TicketId, AgentId)> = offers::table
        .filter(offers::ticket_id.eq_any(tickets))
        .filter(offers::status.eq(OfferStatus::Declined))
        .select((offers::ticket_id, offers::agent_id))
        .load(conn)?;
    let mut by_ticket: HashMap<TicketId, Vec<AgentId>> = HashMap::new();
    for (ticket, agent) in declined {
        by_ticket.entry(ticket).or_default().push(agent);
    }
    Ok(by_ticket)
}

/// Those of the agents who could take a ticket at an instant.
pub fn suited(
    conn: &mut PgConnection,
    ticket: &Ticket,
    candidates: &[Candidate],
    now: DateTime<Utc>,
) -> Result<Vec<AgentId>, Error> {
    let rules = Rules::of(conn, iter::once(ticket))?;
    let ids: Vec<AgentId> = candidates.iter().map(|one| one.agent_id).collect();
    let workloads: HashMap<AgentId, Workload> = workloads(conn, &ids)?
        .into_iter()
        .map(|workload| (workload.agent_id, workload))
        .collect();
    let asked = rules.asked_of(ticket)?;
    let may = |one: &&Candidate| {
        workloads
            .get(&one.agent_id)
            .is_some_and(|workload| one.objection(workload, &asked, now).is_none())
    };
    Ok(candidates
        .iter()
        .filter(may)
        .map(|one| one.agent_id)
        .collect())
}

/// An agent's units; none before the agent first went available.
pub fn workload(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Option<Workload>> {
    workloads::table
        .find(agent)
        .select(Workload::as_select())
        .first(conn)
        .optional()
}

/// The units of these agents, by id.
pub fn workloads(conn: &mut PgConnection, agents: &[AgentId]) -> QueryResult<Vec<Workload>> {
    workloads::table
        .filter(workloads::agent_id.eq_any(agents))
        .order(workloads::agent_id)
        .select(Workload::as_select())
        .load(conn)
}

/// Tickets that were escalated from an instant on and before another, by id, after one; at most
/// 100.
pub fn tickets_between(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    after: Option<TicketId>,
) -> QueryResult<Vec<Ticket>> {
    let mut query = tickets::table
        .filter(tickets::created_at.ge(from))
        .filter(tickets::created_at.lt(to))
        .order(tickets::id)
        .limit(kernel::PAGE_LIMIT)
        .select(Ticket::as_select())
        .into_boxed();
    if let Some(after) = after {
        query = query.filter(tickets::id.gt(after));
    }
    query.load(conn)
}

/// The policies that are in force, by queue.
pub fn policies_in_force(conn: &mut PgConnection) -> QueryResult<Vec<PolicyVersion>> {
    queues::table
        .inner_join(policies::table.on(in_force()))
        .order(queues::code)
        .limit(1_000)
        .select(PolicyVersion::as_select())
        .load(conn)
}

/// The versions of a queue's policy, the newest first; at most 100.
pub fn policy_versions(conn: &mut PgConnection, queue: &str) -> QueryResult<Vec<PolicyVersion>> {
    policies::table
        .filter(policies::queue.eq(queue))
        .order(policies::version.desc())
        .limit(kernel::PAGE_LIMIT)
        .select(PolicyVersion::as_select())
        .load(conn)
}

/// An offer, whoever it was made to, and the run of the matcher that made it.
pub fn explained_offer(
    conn: &mut PgConnection,
    id: OfferId,
) -> QueryResult<Option<(Offer, Option<MatchRecord>)>> {
    offers::table
        .left_join(
            match_records::table.on(match_records::id.nullable().eq(offers::match_record_id)),
        )
        .filter(offers::id.eq(id))
        .select((Offer::as_select(), Option::<MatchRecord>::as_select()))
        .first(conn)
        .optional()
}

/// Runs of the matcher from an instant on and before another, in order, after one; at most 100.
pub fn match_records(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    after: Option<(DateTime<Utc>, MatchRecordId)>,
) -> QueryResult<Vec<MatchRecord>> {
    let (at, id) = after.unzip();
    let at = at.unwrap_or(from);
    let mut query = match_records::table
        .filter(match_records::decided_at.ge(at))
        .filter(match_records::decided_at.lt(to))
        .order((match_records::decided_at, match_records::id))
        .limit(kernel::PAGE_LIMIT)
        .select(MatchRecord::as_select())
        .into_boxed();
    if let Some(id) = id {
        query = query.filter(
            match_records::decided_at
                .gt(at)
                .or(match_records::id.gt(id)),
        );
    }
    query.load(conn)
}

/// Dead letters with their tickets, those that nobody decided about, the oldest first; at most 100.
pub fn open_dead_letters(conn: &mut PgConnection) -> QueryResult<Vec<(DeadLetter, Ticket)>> {
    dead_letters::table
        .inner_join(tickets::table.on(tickets::id.eq(dead_letters::ticket_id)))
        .filter(dead_letters::settled_at.is_null())
        .order((dead_letters::created_at, dead_letters::id))
        .limit(kernel::PAGE_LIMIT)
        .select((DeadLetter::as_select(), Ticket::as_select()))
        .load(conn)
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
        workload: workload(conn, agent)?,
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

/// How many messages these conversations have.
pub fn message_counts(
    conn: &mut PgConnection,
    ids: &[TicketId],
) -> QueryResult<Vec<(TicketId, i32)>> {
    tickets::table
        .filter(tickets::id.eq_any(ids))
        .select((tickets::id, tickets::message_count))
        .load(conn)
}

/// How many messages the conversations in these agents' hands have together.
pub fn message_counts_in_hand(
    conn: &mut PgConnection,
    agents: &[AgentId],
) -> QueryResult<Vec<(AgentId, i64)>> {
    engagements::table
        .inner_join(tickets::table.on(tickets::id.eq(engagements::ticket_id)))
        .filter(engagements::agent_id.eq_any(agents))
        .filter(engagements::ended_at.is_null())
        .group_by(engagements::agent_id)
        .select((
            engagements::agent_id,
            diesel::dsl::sum(tickets::message_count).assume_not_null(),
        ))
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

/// A conversation that goes on, as its agent has it.
#[derive(Clone, Debug, Queryable)]
pub struct Talk {
    /// The work on it.
    pub engagement_id: EngagementId,
    /// Whose.
    pub agent_id: AgentId,
    /// The code of its queue.
    pub queue: String,
    /// When the agent took it.
    pub started_at: DateTime<Utc>,
}

/// The talks in some queues, of one agent or of all, in the order in which they are locked; at most
/// 1,000.
pub fn talks_in(
    conn: &mut PgConnection,
    queues: &[String],
    agent: Option<AgentId>,
) -> QueryResult<Vec<Talk>> {
    let mut talks = engagements::table
        .inner_join(tickets::table.on(tickets::id.eq(engagements::ticket_id)))
        .filter(engagements::ended_at.is_null())
        .filter(engagements::status.eq(EngagementStatus::Talking))
        .filter(tickets::queue.eq_any(queues))
        .order((engagements::agent_id, engagements::ticket_id))
        .select((
            engagements::id,
            engagements::agent_id,
            tickets::queue,
            engagements::started_at,
        ))
        .limit(1_000)
        .into_boxed();
    if let Some(agent) = agent {
        talks = talks.filter(engagements::agent_id.eq(agent));
    }
    talks.load(conn)
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
