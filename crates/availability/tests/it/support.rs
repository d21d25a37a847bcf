//! Queues, people and shifts that the tests start from.

use availability::{Shift, ShiftInput};
use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, testing::Sandbox};
use kernel::{AccountId, AgentId};

/// The Monday morning on which all tests take place.
pub fn monday() -> DateTime<Utc> {
    "2026-11-23T08:00:00Z".parse().unwrap()
}

pub fn queue() -> &'static str {
    "INSERT INTO dispatch.queues VALUES ('vip', 'VIP', 60, 120, 1, now(), 1);
     INSERT INTO dispatch.policies VALUES ('vip', 1, '{}', 'for the test', 'test', now())"
}

/// The statement that makes an account.
pub fn account(id: AccountId) -> String {
    format!(
        "INSERT INTO identity.accounts VALUES \
         ('{0}', '{0}@example.org', 'Ada', 'x', 'agent', 'active', now())",
        id.uuid()
    )
}

/// The statements that make an agent. Nobody needs to have approved one who still applies.
pub fn agent(id: AgentId) -> String {
    let account_id = AccountId::new();
    format!(
        "{}; INSERT INTO onboarding.agents \
         (id, account_id, customer_ref, tier, customer_since, country, email, display_name, \
          status, created_at) \
         VALUES ('{1}', '{2}', '{1}', 'gold', '2020-01-01', 'SE', 'a@example.org', 'Ada', \
          'applying', now())",
        account(account_id),
        id.uuid(),
        account_id.uuid(),
    )
}

/// A shift on that Monday.
pub fn input(from: &str, to: &str, seats: i32) -> ShiftInput {
    let at = |time: &str| format!("2026-11-23T{time}:00Z").parse().unwrap();
    ShiftInput {
        queue: "vip".to_owned(),
        starts_at: at(from),
        ends_at: at(to),
        seats,
    }
}

/// A sandbox with a queue, and a supervisor who publishes.
pub struct World {
    pub sandbox: Sandbox,
    pub supervisor: AccountId,
}

impl World {
    pub fn new() -> Self {
        let (mut sandbox, supervisor) = (db::testing::sandbox(), AccountId::new());
        sandbox.now = monday();
        sandbox.sql(queue());
        sandbox.sql(&account(supervisor));
        Self {
            sandbox,
            supervisor,
        }
    }

    pub fn agent(&mut self) -> AgentId {
        let id = AgentId::new();
        self.sandbox.sql(&agent(id));
        id
    }

    pub fn shift(&mut self, from: &str, to: &str, seats: i32) -> Shift {
        let (input, by) = (input(from, to, seats), self.supervisor);
        self.sandbox
            .write(|tx| availability::publish_shift(tx, &input, by))
            .unwrap()
    }

    pub fn pass(&mut self, seconds: i64) {
        self.sandbox.now += TimeDelta::seconds(seconds);
    }
}

/// Sets a test database up: the clock, the queue, the agents, and the shifts.
pub fn arrange(
    db: &Db,
    run: impl Fn(&str),
    agents: usize,
    shifts: &[ShiftInput],
) -> (Vec<AgentId>, Vec<Shift>) {
    db.clock().advance(monday() - db.now());
    run(queue());
    let supervisor = AccountId::new();
    run(&account(supervisor));
    let agents: Vec<AgentId> = (0..agents).map(|_| AgentId::new()).collect();
    for id in &agents {
        run(&agent(*id));
    }
    let publish = |input| {
        db.write_blocking("test", |tx| {
            availability::publish_shift(tx, input, supervisor)
        })
        .unwrap()
    };
    (agents, shifts.iter().map(publish).collect())
}
