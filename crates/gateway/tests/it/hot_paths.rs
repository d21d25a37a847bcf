//! What happens most often costs the database no planning.

use db::{
    Tx,
    idempotency::{Answer, Request},
};
use dispatch::{Channel, Customer, Disposition, Escalation, NewMessage, Reason, WrapUp};
use kernel::{AgentId, TicketId};

use crate::support::TestApp;

/// So often is each path walked. PostgreSQL plans the first five times anew, to compare.
const TURNS: usize = 20;

#[actix_web::test]
async fn what_happens_most_often_is_planned_once() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let agent = floor.agent().await;
    let id: AgentId = agent.id.parse().unwrap();
    app.database.sql("ANALYZE");
    let db = app.db.clone();

    let costly = db.write("walk", move |tx| {
        db::testing::planned_anew(tx, |tx| walk(tx, id))
    });
    let costly = costly.await.unwrap();

    assert!(costly.is_empty(), "planned every time: {costly:#?}");
}

/// Takes conversations in, through and to their ends, again and again.
fn walk(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), workflows::Error> {
    let now = tx.now();
    for turn in 0..TURNS {
        let name = turn.to_string();
        // As many at a time as there may be, and one by itself.
        let together = (0..=turn % 3).map(|number| {
            let name = format!("{name}-{number}");
            (request(&name), escalation(&name))
        });
        let taken_in = workflows::escalate(tx, &together.collect::<Vec<_>>(), |t| answer(t.id))?;
        let taken_in = taken_in.into_iter().next().unwrap()?;
        let ticket: TicketId = String::from_utf8_lossy(&taken_in.body).parse().unwrap();
        workflows::candidate_of(tx.conn(), agent, now)?.unwrap();
        let taken = workflows::claim_ticket(tx, agent, ticket)?;
        let said = NewMessage {
            client_id: name,
            body: "Hello".to_owned(),
        };
        workflows::say_as_customer(tx, ticket, &said)?;
        workflows::say_as_agent(tx, taken.engagement.id, agent, &said)?;
        let wrap_up = WrapUp {
            disposition: Disposition::Solved,
            note: None,
        };
        workflows::resolve_engagement(tx, taken.engagement.id, agent, &wrap_up)?;
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
