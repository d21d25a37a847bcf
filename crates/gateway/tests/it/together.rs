//! Many at the same moment are served together, and each as if they had come alone.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    floor::{escalation, id},
};

#[actix_web::test]
async fn handoffs_at_the_same_moment_are_answered_each_by_itself() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let there = floor.assistant.escalate("there").await;
    let mut bodies: Vec<Value> = (0..20).map(|n| escalation(&format!("A-{n}"))).collect();
    bodies[3] = escalation("there");
    bodies[7]["queue"] = json!("nowhere");
    bodies[11]["required_skills"] = json!(["telepathy"]);
    let keys: Vec<String> = (0..20).map(|n| format!("key-{n}")).collect();
    let send = || {
        let sent = keys.iter().zip(&bodies);
        join_all(sent.map(|(key, body)| Answer::to(floor.assistant.handoff(key, body))))
    };

    let answers = send().await;

    for (number, answer) in answers.iter().enumerate() {
        match number {
            3 => drop(answer.assert_problem(409, "ticket_exists")),
            7 | 11 => drop(answer.assert_problem(422, "invalid_input")),
            _ => {
                assert_eq!(answer.status, 201, "{}", answer.body);
                let made = answer.json();
                assert_eq!(made["external_id"], format!("A-{number}"));
                assert_eq!(floor.assistant.ticket(&made).await["id"], made["id"]);
            }
        }
    }
    // Sent again, who was taken in gets the same to the byte, and nobody is taken in twice.
    for (again, first) in send().await.iter().zip(&answers) {
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    assert_eq!(
        app.database.number("SELECT count(*) FROM dispatch.tickets"),
        18
    );
    let key = "SELECT count(DISTINCT actor) FROM audit.events WHERE action = 'escalate'";
    assert_eq!(app.database.number(key), 1);
    assert_eq!(floor.assistant.ticket(&there).await["status"], "waiting");
    app.database.assert_promises();
}

#[actix_web::test]
async fn claims_at_the_same_moment_are_on_record_as_each_agents_own() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let mut agents = Vec::new();
    let mut tickets = Vec::new();
    for number in 0..6 {
        agents.push(floor.agent().await);
        tickets.push(floor.assistant.escalate(&number.to_string()).await);
    }
    let pairs = agents.iter().zip(&tickets);

    let answers = join_all(pairs.clone().map(|(agent, ticket)| agent.claim(ticket))).await;

    for ((agent, ticket), answer) in pairs.zip(&answers) {
        assert_eq!(answer.status, 201, "{}", answer.body);
        assert_eq!(answer.json()["ticket"]["id"], ticket["id"]);
        let on_record = format!(
            "SELECT count(*) FROM audit.events e JOIN identity.accounts a
                 ON e.actor = 'acc_' || replace(a.id::text, '-', '')
              WHERE e.action = 'claim_ticket' AND a.email = '{}'
                AND e.ticket_id = replace('{}', 'tkt_', '')::uuid",
            agent.email,
            id(ticket),
        );
        assert_eq!(
            app.database.number(&on_record),
            3,
            "ticket, offer, engagement"
        );
    }
    let all = "SELECT count(*) FROM audit.events WHERE action = 'claim_ticket'";
    assert_eq!(app.database.number(all), 18);
    app.database.assert_promises();
}

#[actix_web::test]
async fn of_two_wishes_of_one_agent_at_the_same_moment_each_is_answered() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let mut tickets = Vec::new();
    for number in 0..4 {
        tickets.push(floor.assistant.escalate(&number.to_string()).await);
    }

    let answers = join_all(tickets.iter().map(|ticket| ada.claim(ticket))).await;

    let taken = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(taken, 2, "as much as she can hold");
    for refused in answers.iter().filter(|answer| answer.status != 201) {
        refused.assert_problem(409, "at_capacity");
    }
    app.database.assert_promises();
}
