//! Queues: pools of waiting tickets with one service-level target.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::Checks;
use routing::Policy;

use crate::{
    error::Error,
    policy::{self, NewPolicy},
    schema::queues,
    store,
    workload::MOST_CAPACITY,
};

/// A pool of waiting tickets with one service-level target and policy.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = queues, primary_key(code))]
#[diesel(check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Queue {
    /// Its name in the API.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// How soon a customer should have a first reply, from the escalation on.
    pub first_reply_seconds: i32,
    /// How long a wrap-up may take, and is paid, at most.
    pub wrap_up_seconds: i32,
    /// The units of capacity that one of its tickets takes.
    pub ticket_weight: i32,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// The version of its policy that is in force.
    pub policy_version: i32,
}

/// What a queue shall be like.
#[derive(Clone, Debug)]
pub struct QueueInput {
    /// See [`Queue::code`].
    pub code: String,
    /// See [`Queue::name`].
    pub name: String,
    /// 5 seconds to a day.
    pub first_reply_seconds: i32,
    /// 0 seconds to an hour.
    pub wrap_up_seconds: i32,
    /// 1 unit, up to the most that an agent can hold.
    pub ticket_weight: i32,
}

/// Creates the queue with the default policy, or changes the one with this code. Tickets there keep
/// the deadlines and the weight they came in with.
pub fn save_queue(tx: &mut Tx<'_>, input: &QueueInput) -> Result<Queue, Error> {
    let mut checks = Checks::new();
    checks
        .code("code", &input.code)
        .text("name", &input.name, 1, 100)
        .check(
            "first_reply_seconds",
            (5..=86_400).contains(&input.first_reply_seconds),
            "must be 5 to 86400 seconds",
        )
        .check(
            "wrap_up_seconds",
            (0..=3_600).contains(&input.wrap_up_seconds),
            "must be 0 to 3600 seconds",
        )
        .check(
            "ticket_weight",
            (1..=MOST_CAPACITY).contains(&input.ticket_weight),
            "must be 1 to 20 units, which is the most that an agent can hold",
        );
    checks.done()?;
    let known = store::lock_queue(tx, &input.code)?;
    let queue = Queue {
        code: input.code.clone(),
        name: input.name.trim().to_owned(),
        first_reply_seconds: input.first_reply_seconds,
        wrap_up_seconds: input.wrap_up_seconds,
        ticket_weight: input.ticket_weight,
        updated_at: tx.now(),
        policy_version: known.as_ref().map_or(1, |queue| queue.policy_version),
    };
    store::upsert_queue(tx, &queue)?;
    if known.is_none() {
        let first = NewPolicy {
            queue: queue.code.clone(),
            policy: Policy::default(),
            note: "the default policy".to_owned(),
            created_by: "platform".to_owned(),
        };
        policy::insert(tx, &first, 1)?;
    }
    Ok(queue)
}
