//! Queues and their policies.

use chrono::TimeDelta;
use db::{OnConstraint as _, Tx};
use diesel::{
    dsl::{IntervalDsl as _, array},
    prelude::*,
};
use kernel::AgentId;

use crate::{
    engagement::EngagementStatus,
    error::Error,
    offer::OfferStatus,
    policy::PolicyVersion,
    queries,
    queue::Queue,
    schema::{engagements, offers, policies, queues, tickets},
    ticket::{NextAction, Ticket, TicketStatus},
};

pub(crate) fn upsert_queue(tx: &mut Tx<'_>, queue: &Queue) -> QueryResult<usize> {
    diesel::insert_into(queues::table)
        .values(queue)
        .on_conflict(queues::code)
        .do_update()
        .set(queue)
        .execute(tx.conn())
}

pub(crate) fn find_queue(tx: &mut Tx<'_>, code: &str) -> QueryResult<Option<Queue>> {
    queues::table
        .find(code)
        .select(Queue::as_select())
        .first(tx.conn())
        .optional()
}

/// Locks the queue, so that its policies are numbered without a gap.
pub(crate) fn lock_queue(tx: &mut Tx<'_>, code: &str) -> QueryResult<Option<Queue>> {
    queues::table
        .find(code)
        .for_update()
        .select(Queue::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn find_queue_with_policy(
    tx: &mut Tx<'_>,
    code: &str,
) -> QueryResult<Option<(Queue, PolicyVersion)>> {
    queues::table
        .inner_join(policies::table.on(queries::in_force()))
        .filter(queues::code.eq(code))
        .select((Queue::as_select(), PolicyVersion::as_select()))
        .first(tx.conn())
        .optional()
}

/// A queue with its policy, and who last helped a customer to the end, in whichever queue; nobody
/// where no customer is named.
pub(crate) fn find_queue_for(
    tx: &mut Tx<'_>,
    code: &str,
    customer_ref: Option<&str>,
) -> QueryResult<Option<(Queue, PolicyVersion, Option<AgentId>)>> {
    let last_agent = tickets::table
        .inner_join(engagements::table.on(engagements::ticket_id.eq(tickets::id)))
        .filter(tickets::customer_ref.nullable().eq(customer_ref))
        .filter(engagements::status.eq(EngagementStatus::Resolved))
        .filter(engagements::first_reply_at.is_not_null())
        .order(tickets::created_at.desc())
        .select(engagements::agent_id)
        .single_value();
    queues::table
        .inner_join(policies::table.on(queries::in_force()))
        .filter(queues::code.eq(code))
        .select((Queue::as_select(), PolicyVersion::as_select(), last_agent))
        .first(tx.conn())
        .optional()
}

/// By which policy a ticket is routed, and who declined it. Ask once the ticket is locked.
pub(crate) fn find_policy_and_declines(
    tx: &mut Tx<'_>,
    ticket: &Ticket,
) -> QueryResult<Option<(PolicyVersion, Vec<AgentId>)>> {
    let declines = offers::table
        .filter(offers::ticket_id.eq(ticket.id))
        .filter(offers::status.eq(OfferStatus::Declined))
        .select(offers::agent_id);
    queues::table
        .inner_join(policies::table.on(queries::in_force()))
        .filter(queues::code.eq(&ticket.queue))
        .select((PolicyVersion::as_select(), array(declines)))
        .first(tx.conn())
        .optional()
}

pub(crate) fn insert_policy(tx: &mut Tx<'_>, policy: &PolicyVersion) -> Result<(), Error> {
    diesel::insert_into(policies::table)
        .values(policy)
        .execute(tx.conn())
        .on_constraint("policies_pkey", Error::PolicyChanged)?;
    Ok(())
}

/// Gives what waits in a queue the place and the patience of a new policy.
pub(crate) fn update_waiting_places(
    tx: &mut Tx<'_>,
    queue: &str,
    head_start: TimeDelta,
    patience: TimeDelta,
) -> QueryResult<()> {
    let patience = patience.num_seconds().seconds();
    for priority in 0..=9_i32 {
        let earlier = (head_start * priority).num_seconds().seconds();
        diesel::update(tickets::table)
            .filter(tickets::queue.eq(queue))
            .filter(tickets::status.eq(TicketStatus::Waiting))
            .filter(tickets::priority.eq(priority))
            .set((
                tickets::rank_at.eq(tickets::waiting_since - earlier),
                tickets::put_aside_at.eq(tickets::waiting_since + patience),
                tickets::deadline_at.eq((tickets::waiting_since + patience).nullable()),
                tickets::next_action.eq(NextAction::DeadLetter),
            ))
            .execute(tx.conn())?;
    }
    Ok(())
}
