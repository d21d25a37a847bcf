//! Queues and their policies.

use std::collections::HashMap;

use chrono::TimeDelta;
use db::{OnConstraint as _, Tx, push_few};
use diesel::{
    dsl::IntervalDsl as _,
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment},
    sql_types::{Text, Uuid},
};
use kernel::AgentId;

use crate::{
    error::Error,
    policy::PolicyVersion,
    queries,
    queue::Queue,
    schema::{policies, queues, tickets},
    ticket::{NextAction, TicketStatus},
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
    let mut found = queries::queues_with_policies(tx.conn(), &[code])?;
    Ok(found.pop())
}

/// Who last helped these customers to the end, in whichever queue.
pub(crate) fn find_last_agents(
    tx: &mut Tx<'_>,
    customers: &[&str],
) -> QueryResult<HashMap<String, AgentId>> {
    if customers.is_empty() {
        return Ok(HashMap::new());
    }
    let last: Vec<(String, AgentId)> = LastAgents(customers.to_vec()).load(tx.conn())?;
    Ok(last.into_iter().collect())
}

/// The state is written out, so that the one plan for all values knows it.
struct LastAgents<'c>(Vec<&'c str>);

db::fixed!(LastAgents<'_>, LastAgents<'static>);

impl Query for LastAgents<'_> {
    type SqlType = (Text, Uuid);
}

impl RunQueryDsl<PgConnection> for LastAgents<'_> {}

impl QueryFragment<Pg> for LastAgents<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("SELECT asked.customer, last.agent_id FROM unnest(");
        push_few!(out, Text => self.0);
        out.push_sql(
            ") AS asked (customer) CROSS JOIN LATERAL \
             (SELECT e.agent_id FROM dispatch.tickets t \
             JOIN dispatch.engagements e ON e.ticket_id = t.id \
             WHERE t.customer_ref = asked.customer AND e.status = 'resolved' \
             AND e.first_reply_at IS NOT NULL ORDER BY t.created_at DESC LIMIT 1) AS last",
        );
        Ok(())
    }
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
