//! What happens most often costs the database no planning.

use availability::Connection;
use db::{
    Tx,
    idempotency::{Answer, Request},
};
use dispatch::{Channel, Customer, Disposition, Escalation, NewMessage, Reason, WrapUp};
use kernel::{AgentId, SessionId, TicketId};

use crate::support::TestApp;

/// So often is each path walked. PostgreSQL plans the first five times anew, to compare.
const TURNS: usize = 20;

#[actix_web::test]
async fn what_happens_most_often_is_planned_once() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let mut agents: Vec<AgentId> = Vec::new();
    for _ in 0..3 {
        agents.push(floor.agent().await.id.parse().unwrap());
    }
    app.database.sql("ANALYZE");
    let db = app.db.clone();

    let costly = db.write("walk", move |tx| {
        db::testing::planned_anew(tx, |tx| walk(tx, &agents))
    });
    let costly = costly.await.unwrap();

    assert!(costly.is_empty(), "planned every time: {costly:#?}");
}

/// Takes conversations in, through and to their ends, again and again: one by itself, and several
/// at a time.
fn walk(tx: &mut Tx<'_>, agents: &[AgentId]) -> Result<(), workflows::Error> {
    let now = tx.now();
    for turn in 0..TURNS {
        let agents = &agents[..=turn % agents.len()];
        let sessions: Vec<SessionId> = agents.iter().map(|_| SessionId::new()).collect();
        assert!(identity::callers(tx.conn(), &sessions, now)?.is_empty());
        let name = |number: usize| format!("{turn}-{number}");
        let asked =
            (0..agents.len()).map(|number| (request(&name(number)), escalation(&name(number))));
        let asked: Vec<_> = asked.collect();
        let mut wishes = Vec::new();
        for (agent, taken_in) in agents
            .iter()
            .zip(workflows::escalate(tx, &asked, |t| answer(t.id))?)
        {
            let ticket: TicketId = String::from_utf8_lossy(&taken_in?.body).parse().unwrap();
            workflows::heartbeat(tx, *agent, &Connection::default())?;
            workflows::candidate_of(tx.conn(), *agent, now)?.unwrap();
            wishes.push((*agent, ticket));
        }
        for taken in workflows::claim_tickets(tx, &wishes)? {
            let engagement = taken?.engagement;
            let said = NewMessage {
                client_id: turn.to_string(),
                body: "Hello".to_owned(),
            };
            workflows::say_as_customer(tx, engagement.ticket_id, &said)?;
            workflows::say_as_agent(tx, engagement.id, engagement.agent_id, &said)?;
            let wrap_up = WrapUp {
                disposition: Disposition::Solved,
                note: None,
            };
            workflows::resolve_engagement(tx, engagement.id, engagement.agent_id, &wrap_up)?;
        }
    }
    Ok(())
}

fn request(key: &str) -> Request {
    Request {
        scope: "walk".to_owned(),
        key: key.to_owned(),
        body_sha256: vec![0; 32],
    }
}

fn answer(ticket: TicketId) -> Answer {
    Answer {
        status: 201,
        body: ticket.to_string().into_bytes(),
    }
}

fn escalation(external_id: &str) -> Escalation {
    Escalation {
        source: "assistant".to_owned(),
        external_id: external_id.to_owned(),
        customer: Customer {
            reference: format!("X-{external_id}"),
            tier: "platinum".to_owned(),
            locale: "en-GB".to_owned(),
            display_name: "Kim".to_owned(),
            household: None,
        },
        queue: "vip".to_owned(),
        language: "en".to_owned(),
        language_level: 1,
        required_skills: vec!["refunds".into()],
        channel: Channel::Chat,
        same_agent: true,
        reason: Reason::Vip,
        summary: "Lost card".to_owned(),
        intent: None,
        confidence: None,
        priority: None,
        transcript: Vec::new(),
    }
}
