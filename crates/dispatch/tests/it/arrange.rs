//! Agents, queues and tickets for tests.

use chrono::Utc;
use db::{
    Tx,
    testing::{Sandbox, TestDatabase, sandbox},
};
use dispatch::{
    Candidate, Channel, Customer, Engagement, Error, Escalation, Kept, Message, NewMessage,
    NewPolicy, Offer, QueueInput, Reason, Taken, TalkRules, Ticket,
};
use kernel::{AccountId, AgentId, TicketId};
use routing::{
    Policy, Room,
    fact::{Admitted, Presence},
};

/// A sandbox with the queue `general`: offers of 20 seconds, wrap-ups of 60.
pub fn floor() -> Sandbox {
    let mut sandbox = sandbox();
    sandbox.write(save_queue).unwrap();
    sandbox
}

/// The same in a database of its own, for races.
pub fn shared_floor() -> TestDatabase {
    let mut database = TestDatabase::create();
    database.db().write_blocking("test", save_queue).unwrap();
    database
}

fn save_queue(tx: &mut Tx<'_>) -> Result<(), Error> {
    let queue = QueueInput {
        code: "general".to_owned(),
        name: "General".to_owned(),
        first_reply_seconds: 120,
        wrap_up_seconds: 60,
        ticket_weight: 1,
        rules: TalkRules::default(),
    };
    dispatch::save_queue(tx, &queue)?;
    let policy = NewPolicy {
        queue: queue.code,
        policy: Policy {
            offer_seconds: 20,
            ..Policy::default()
        },
        note: "offers of 20 seconds".to_owned(),
        created_by: "test".to_owned(),
    };
    dispatch::publish_policy(tx, &policy, None).map(drop)
}

/// The statements that make an agent, and the agent as routing sees them.
fn new_agent() -> (String, Candidate) {
    let (account, agent) = (AccountId::new(), AgentId::new());
    let reference = format!("cus-{agent}");
    let sql = format!(
        "INSERT INTO identity.accounts VALUES
            ('{account}', '{agent}@example.org', 'An agent', '-', 'agent', 'active', now());
         INSERT INTO onboarding.agents (id, account_id, customer_ref, tier, customer_since, country,
             email, display_name, status, created_at, submitted_at, decided_at)
         VALUES ('{id}', '{account}', '{reference}', 'gold', '2020-01-01', 'SE',
             '{agent}@example.org', 'An agent', 'active', now(), now(), now());
         INSERT INTO onboarding.decisions (agent_id, kind, decided_by, reason, decided_at)
         VALUES ('{id}', 'approve', '{account}', 'for the test', now());
         INSERT INTO onboarding.fulfilments SELECT '{id}', requirement, now() FROM unnest(ARRAY
             ['email', 'profile', 'agreement', 'assessment', 'payout_details']) AS requirement;",
        account = account.uuid(),
        id = agent.uuid(),
    );
    let candidate = Candidate {
        agent_id: agent,
        customer_ref: reference,
        household_ref: None,
        contacts: Vec::new(),
        tier: "gold".to_owned(),
        languages: vec![("en".to_owned(), 4)],
        skills: vec![("care".to_owned(), 3)],
        is_active: true,
        agreement_current: true,
        presence: Presence::Available,
        admitted: Admitted::All,
        seconds_left: None,
    };
    (sql, candidate)
}

/// An agent with two units, English and the skill `care`.
pub fn agent(sandbox: &mut Sandbox) -> Candidate {
    let (sql, candidate) = new_agent();
    sandbox.sql(&sql);
    sandbox
        .write(|tx| dispatch::open_workload(tx, candidate.agent_id))
        .unwrap();
    candidate
}

/// The same for races.
pub fn shared_agent(database: &mut TestDatabase) -> Candidate {
    let (sql, candidate) = new_agent();
    database.sql(&sql);
    let id = candidate.agent_id;
    database
        .db()
        .write_blocking("test", |tx| dispatch::open_workload(tx, id))
        .unwrap();
    candidate
}

/// A handoff that any [`agent`] can take.
pub fn escalation(external_id: &str) -> Escalation {
    Escalation {
        source: "test".to_owned(),
        external_id: external_id.to_owned(),
        customer: Customer {
            reference: "cus-1".to_owned(),
            tier: "gold".to_owned(),
            locale: "en-GB".to_owned(),
            display_name: "Robin".to_owned(),
            household: Some("house-1".to_owned()),
        },
        queue: "general".to_owned(),
        language: "en".to_owned(),
        language_level: 1,
        required_skills: vec!["care".into()],
        channel: Channel::Chat,
        same_agent: true,
        reason: Reason::Complex,
        summary: "A refund has not arrived.".to_owned(),
        intent: None,
        confidence: None,
        priority: None,
        transcript: Vec::new(),
    }
}

/// Escalates on a platform with two skills.
pub fn escalate(tx: &mut Tx<'_>, handoff: Escalation) -> Result<Ticket, Error> {
    escalate_all(tx, vec![handoff])?.remove(0)
}

/// Escalates several at once on a platform with two skills.
pub fn escalate_all(
    tx: &mut Tx<'_>,
    handoffs: Vec<Escalation>,
) -> Result<Vec<Result<Ticket, Error>>, Error> {
    dispatch::escalate(tx, handoffs, &["care".to_owned(), "payments".to_owned()])
}

pub fn ticket(sandbox: &mut Sandbox, external_id: &str) -> Ticket {
    sandbox
        .write(|tx| escalate(tx, escalation(external_id)))
        .unwrap()
}

pub fn shared_ticket(database: &mut TestDatabase, external_id: &str) -> Ticket {
    let handoff = escalation(external_id);
    database
        .db()
        .write_blocking("test", |tx| escalate(tx, handoff.clone()))
        .unwrap()
}

/// An agent claims a ticket.
pub fn claim(tx: &mut Tx<'_>, ticket: TicketId, agent: &Candidate) -> Result<Taken, Error> {
    dispatch::claim(tx, &[(agent, ticket)])?.remove(0)
}

/// Runs the matcher once, with these agents in the room.
pub fn match_tickets(tx: &mut Tx<'_>, present: &[Candidate]) -> Result<Vec<Offer>, Error> {
    let now = tx.now();
    let ids: Vec<AgentId> = present.iter().map(|agent| agent.agent_id).collect();
    let mut room = Room::new();
    for workload in dispatch::queries::workloads(tx.conn(), &ids)? {
        let agent = present
            .iter()
            .find(|agent| agent.agent_id == workload.agent_id);
        room.enter(agent.unwrap().facts(&workload, now));
    }
    match dispatch::plan(tx, &room)? {
        Some(plan) => dispatch::make_offers(tx, &plan, present),
        None => Ok(Vec::new()),
    }
}

/// Runs the matcher once with these agents present.
pub fn run_matcher(sandbox: &mut Sandbox, present: &[&Candidate]) -> Vec<Offer> {
    let present: Vec<Candidate> = present.iter().map(|agent| (*agent).clone()).collect();
    sandbox.write(|tx| match_tickets(tx, &present)).unwrap()
}

/// A ticket in the agent's hands.
pub fn engaged(sandbox: &mut Sandbox, agent: &Candidate, external_id: &str) -> Engagement {
    let ticket = ticket(sandbox, external_id);
    sandbox
        .write(|tx| claim(tx, ticket.id, agent))
        .unwrap()
        .engagement
}

/// The state of a ticket now.
pub fn status(sandbox: &mut Sandbox, ticket: &Ticket) -> dispatch::TicketStatus {
    let found: Result<_, Error> =
        sandbox.read(|conn| Ok(dispatch::queries::ticket(conn, ticket.id)?));
    found.unwrap().unwrap().status
}

/// The ticket as it is now.
pub fn look(sandbox: &mut Sandbox, id: TicketId) -> Ticket {
    let found: Result<_, Error> = sandbox.read(|conn| Ok(dispatch::queries::ticket(conn, id)?));
    found.unwrap().unwrap()
}

/// What was said last.
pub fn last_message(sandbox: &mut Sandbox, id: TicketId) -> Message {
    let found: Result<_, Error> =
        sandbox.read(|conn| Ok(dispatch::queries::messages_after(conn, id, 0)?));
    found.unwrap().pop().unwrap()
}

/// Words under a name.
pub fn said(client_id: &str) -> NewMessage {
    NewMessage {
        client_id: client_id.to_owned(),
        body: "words".to_owned(),
    }
}

/// Does what is due about talks, and tells what was done.
pub fn keep_deadlines(sandbox: &mut Sandbox) -> Vec<Kept> {
    let now = sandbox.now;
    sandbox
        .write(|tx| -> Result<Vec<_>, Error> {
            dispatch::queries::due_talks(tx.conn(), now)?
                .into_iter()
                .map(|(id, agent)| dispatch::keep_deadline(tx, id, agent))
                .collect()
        })
        .unwrap()
}

/// Whole seconds, so that instants compare as the database keeps them.
pub fn now() -> chrono::DateTime<Utc> {
    db::Clock::default().now()
}

/// Closes the wrap-ups whose time is up.
pub fn close_due(sandbox: &mut Sandbox) -> Vec<dispatch::Resolved> {
    let now = sandbox.now;
    sandbox
        .write(|tx| -> Result<Vec<_>, Error> {
            let due = dispatch::queries::due_wrap_ups(tx.conn(), now)?;
            let closed: Result<Vec<_>, Error> = due
                .into_iter()
                .map(|(id, agent)| dispatch::close_wrap_up(tx, id, agent))
                .collect();
            Ok(closed?.into_iter().flatten().collect())
        })
        .unwrap()
}
