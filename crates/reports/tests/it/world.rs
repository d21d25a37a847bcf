//! The rows that the views are looked at with.

use chrono::{DateTime, TimeDelta, Utc};
use db::testing::Sandbox;
use kernel::{AccountId, AgentId, EngagementId, OfferId, TicketId};

/// A sandbox at a Monday's noon, with two queues.
pub struct World {
    pub sandbox: Sandbox,
}

/// A ticket to be.
#[derive(Clone, Copy)]
pub struct Ticket {
    pub queue: &'static str,
    pub status: &'static str,
    pub priority: i32,
    /// How long ago it came.
    pub age: TimeDelta,
    /// How long ago it was closed, if it was.
    pub closed: Option<TimeDelta>,
}

impl Ticket {
    pub fn new(queue: &'static str, status: &'static str, priority: i32, minutes: i64) -> Self {
        Self {
            queue,
            status,
            priority,
            age: TimeDelta::minutes(minutes),
            closed: None,
        }
    }
}

pub fn noon() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

impl World {
    pub fn new() -> Self {
        let mut sandbox = db::testing::sandbox();
        sandbox.now = noon();
        sandbox.sql(
            "INSERT INTO dispatch.queues VALUES \
             ('vip', 'VIP', 60, 120, 1, now(), 1), ('care', 'Care', 60, 120, 1, now(), 1); \
             INSERT INTO dispatch.policies VALUES \
             ('vip', 1, '{}', 'for the test', 'test', now()), \
             ('care', 1, '{}', 'for the test', 'test', now())",
        );
        Self { sandbox }
    }

    pub fn account(&mut self, name: &str) -> AccountId {
        let id = AccountId::new();
        self.sandbox.sql(&format!(
            "INSERT INTO identity.accounts VALUES \
             ('{0}', '{0}@example.org', '{name}', 'x', 'agent', 'active', '2026-11-01Z')",
            id.uuid()
        ));
        id
    }

    /// An agent who applies.
    pub fn agent(&mut self, name: &str) -> AgentId {
        let (account, id) = (self.account(name), AgentId::new());
        self.sandbox.sql(&format!(
            "INSERT INTO onboarding.agents (id, account_id, customer_ref, tier, customer_since, \
             country, email, display_name, status, created_at) VALUES ('{0}', '{1}', '{0}', \
             'gold', '2020-01-01', 'SE', 'a@example.org', '{name}', 'applying', '2026-11-01Z'); \
             INSERT INTO dispatch.workloads VALUES ('{0}', 2, 0, '2026-11-01Z')",
            id.uuid(),
            account.uuid(),
        ));
        id
    }

    /// The agent says this, for so long from noon on.
    pub fn presence(&mut self, agent: AgentId, status: &str, lease: TimeDelta) {
        self.sandbox.sql(&format!(
            "INSERT INTO availability.presences \
             (agent_id, status, since, lease_expires_at, connected_until) \
             VALUES ('{0}', '{status}', '2026-11-23T11:00Z', '{1}', '{1}')",
            agent.uuid(),
            noon() + lease,
        ));
    }

    pub fn ticket(&mut self, ticket: Ticket) -> TicketId {
        let (id, since) = (TicketId::new(), noon() - ticket.age);
        let closed = ticket
            .closed
            .map_or("NULL".to_owned(), |ago| format!("'{}'", noon() - ago));
        self.sandbox.sql(&format!(
            "INSERT INTO dispatch.tickets (id, source, external_id, queue, language, \
             required_skills, customer_ref, customer_name, customer_tier, customer_locale, reason, \
             skill_levels, summary, priority, weight, status, created_at, waiting_since, \
             first_reply_due_at, closed_at, rank_at, put_aside_at, next_action, deadline_at, holder) VALUES ('{0}', 'test', '{0}', '{queue}', 'en', '{{refunds}}', 'C-1', \
             'Ada', 'gold', 'en-GB', 'vip', '{{1}}', 'Lost card', {priority}, 1, '{status}', '{since}', \
             '{since}', '{since}', {closed}, '{rank}', '{since}', {next}, '{holder}')",
            id.uuid(),
            next = if ticket.closed.is_some() {
                "NULL, NULL".to_owned()
            } else {
                format!("'dead_letter', '{since}'")
            },
            holder = match ticket.status {
                "engaged" | "wrapping" => "agent",
                _ if ticket.closed.is_some() => "assistant",
                _ => "queue",
            },
            queue = ticket.queue,
            priority = ticket.priority,
            // The head start of the default policy.
            rank = since - TimeDelta::minutes(10) * ticket.priority,
            status = ticket.status,
        ));
        id
    }

    /// The agent takes the ticket, and loses it again where it `ended`.
    pub fn engage(&mut self, ticket: TicketId, agent: AgentId, ended: bool) {
        let (offer, id) = (OfferId::new().uuid(), EngagementId::new().uuid());
        let (ticket, agent) = (ticket.uuid(), agent.uuid());
        let at = "'2026-11-23T11:30Z'";
        let (status, end, lost) = if ended {
            ("lost", at, "'gone'")
        } else {
            ("talking", "NULL", "NULL")
        };
        self.sandbox.sql(&format!(
            "INSERT INTO dispatch.offers VALUES ('{offer}', '{ticket}', '{agent}', 'match', \
             'accepted', 1, 0, {at}, {at}, {at}); \
             INSERT INTO dispatch.engagements (id, ticket_id, agent_id, offer_id, weight, status, \
             started_at, ended_at, lost_reason) \
             VALUES ('{id}', '{ticket}', '{agent}', '{offer}', 1, '{status}', {at}, {end}, {lost})"
        ));
    }

    pub fn decision(&mut self, agent: AgentId, kind: &str, by: AccountId, reason: &str) {
        self.sandbox.sql(&format!(
            "INSERT INTO onboarding.decisions (agent_id, kind, decided_by, reason, decided_at) \
             VALUES ('{}', '{kind}', '{}', '{reason}', '2026-11-20Z')",
            agent.uuid(),
            by.uuid(),
        ));
    }
}
