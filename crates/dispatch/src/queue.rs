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
    /// How its conversations are kept going.
    #[diesel(embed)]
    pub rules: TalkRules,
}

/// How the conversations of a queue are kept going.
#[derive(AsChangeset, Clone, Debug, Eq, Insertable, PartialEq, Queryable, Selectable)]
#[diesel(table_name = queues, check_for_backend(diesel::pg::Pg))]
pub struct TalkRules {
    /// How soon a customer should have an answer, once they have written to their agent.
    pub next_reply_seconds: i32,
    /// How long after that a supervisor has, before another agent is looked for.
    pub silent_grace_seconds: i32,
    /// After so long in which nobody writes the customer is asked whether they are still there.
    pub silence_seconds: i32,
    /// How often an agent may extend a wrap-up.
    pub wrap_up_extensions: i32,
    /// By how much each time.
    pub wrap_up_extension_seconds: i32,
    /// For how long after its end a customer may open a conversation again; not at all with 0.
    pub reopen_days: i32,
}

impl Default for TalkRules {
    /// What suits most queues.
    fn default() -> Self {
        Self {
            next_reply_seconds: 180,
            silent_grace_seconds: 60,
            silence_seconds: 1_800,
            wrap_up_extensions: 2,
            wrap_up_extension_seconds: 60,
            reopen_days: 7,
        }
    }
}

impl TalkRules {
    fn check(&self, checks: &mut Checks) {
        let mut within = |field: &str, value: i32, least: i32, most: i32| {
            let message = format!("must be {least} to {most}");
            checks.check(field, (least..=most).contains(&value), &message);
        };
        within("next_reply_seconds", self.next_reply_seconds, 5, 86_400);
        within("silent_grace_seconds", self.silent_grace_seconds, 0, 3_600);
        within("silence_seconds", self.silence_seconds, 30, 604_800);
        within("wrap_up_extensions", self.wrap_up_extensions, 0, 10);
        let extension = self.wrap_up_extension_seconds;
        within("wrap_up_extension_seconds", extension, 5, 3_600);
        within("reopen_days", self.reopen_days, 0, 30);
    }
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
    /// See [`Queue::rules`].
    pub rules: TalkRules,
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
    input.rules.check(&mut checks);
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
        rules: input.rules.clone(),
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
