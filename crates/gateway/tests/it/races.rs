//! Two at once, over HTTP. Each of these rules is guarded in its domain, where the same race is
//! run against careless versions, too; here it is shown that nothing above the domain undoes it.

use std::collections::HashSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, PASSWORD, Person, TestApp,
    floor::{Floor, escalation, id},
};

/// The answers by status, sorted.
fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

fn codes(answers: &[Answer]) -> HashSet<String> {
    let refused = answers.iter().filter(|answer| answer.status >= 400);
    refused
        .map(|answer| answer.json()["code"].as_str().unwrap().to_owned())
        .collect()
}

#[actix_web::test]
async fn a_ticket_that_many_claim_goes_to_one() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let mut agents = Vec::new();
    for _ in 0..6 {
        agents.push(floor.agent().await);
    }
    for round in 0..4 {
        let ticket = floor.assistant.escalate(&round.to_string()).await;
        let answers = join_all(agents.iter().map(|agent| agent.claim(&ticket))).await;
        assert_eq!(statuses(&answers), [201, 409, 409, 409, 409, 409]);
        // Who won twice before is at the limit; everybody else hears that it is taken.
        let expected = ["ticket_taken", "at_capacity"].map(str::to_owned).into();
        let codes = codes(&answers);
        assert!(codes.is_subset(&expected), "{codes:?}");
    }
    let engaged = "SELECT count(*) FROM dispatch.engagements";
    assert_eq!(app.database.number(engaged), 4);
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_handoff_sent_many_times_at_once_is_one_ticket() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    for round in 0..5 {
        let (key, body) = (format!("key-{round}"), escalation(&format!("A-{round}")));
        let send = |_| Answer::to(floor.assistant.handoff(&key, &body));
        let answers = join_all((0..6).map(send)).await;
        let made = answers.iter().filter(|answer| answer.status == 201);
        let bodies: HashSet<&str> = made.map(|answer| answer.body.as_str()).collect();
        assert_eq!(bodies.len(), 1, "{answers:?}");
        let in_flight = ["request_in_flight"].map(str::to_owned).into();
        let codes = codes(&answers);
        assert!(codes.is_subset(&in_flight), "{codes:?}");
    }
    let tickets = "SELECT count(*) FROM dispatch.tickets";
    assert_eq!(app.database.number(tickets), 5);
}

/// The control of the test above: without keys, and without the rule that a source names a ticket
/// once, what is sent many times is there many times.
#[actix_web::test]
async fn control_without_a_key_a_handoff_sent_many_times_is_many_tickets() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let unique = "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid \
                  WHERE c.relname = 'tickets' AND i.indisunique AND NOT i.indisprimary";
    assert_eq!(app.database.number(unique), 1);
    app.database.sql(
        "DO $$ DECLARE one record; BEGIN
            FOR one IN SELECT conname FROM pg_constraint
                        WHERE conrelid = 'dispatch.tickets'::regclass AND contype = 'u'
            LOOP EXECUTE format('ALTER TABLE dispatch.tickets DROP CONSTRAINT %I', one.conname);
            END LOOP;
         END $$",
    );
    let body = escalation("A-1");
    let keys: Vec<String> = (0..6).map(|number| format!("key-{number}")).collect();
    let sent = keys
        .iter()
        .map(|key| Answer::to(floor.assistant.handoff(key, &body)));
    join_all(sent).await;
    let tickets = "SELECT count(*) FROM dispatch.tickets";
    assert!(app.database.number(tickets) > 1);
}

/// An agent does a piece of work, so that there is something to pay.
async fn earn(floor: &Floor<'_>) {
    let agent = floor.agent().await;
    let ticket = floor.assistant.escalate("paid").await;
    let engagement = agent.claim(&ticket).await.assert_status(201).json();
    let path = format!("/api/v1/engagements/{}", id(&engagement));
    agent.say(&path, "1", "Hello").await.assert_status(201);
    let body = json!({ "disposition": "solved" });
    let resolved = agent.post(&format!("{path}/resolve"), &body).await;
    resolved.assert_status(200);
}

const RUNS: &str = "/api/v1/finance/payout-runs";

async fn prepare(app: &TestApp, preparer: &Person) -> Answer {
    let body = json!({
        "period_start": "2026-01-01T00:00:00Z", "period_end": app.db.now(), "currency": "EUR",
    });
    preparer.post(RUNS, &body).await
}

async fn act(person: &Person, run: &Value, action: &str) -> Answer {
    let path = format!("{RUNS}/{}/{action}", id(run));
    Answer::to(person.request(Method::POST, &path).json(&json!({}))).await
}

#[actix_web::test]
async fn two_of_finance_at_once_do_each_step_once() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    earn(&floor).await;
    let preparers = [app.finance_preparer().await, app.finance_preparer().await];
    let approvers = [app.finance_approver().await, app.finance_approver().await];

    let prepared = join_all(preparers.iter().map(|one| prepare(&app, one))).await;
    assert_eq!(statuses(&prepared), [201, 409]);
    assert_eq!(codes(&prepared), ["nothing_to_pay".to_owned()].into());
    let made = prepared.iter().find(|answer| answer.status == 201).unwrap();
    let run = &made.json()["run"];

    let approved = join_all(approvers.iter().map(|one| act(one, run, "approve"))).await;
    assert_eq!(statuses(&approved), [200, 409]);
    assert_eq!(codes(&approved), ["wrong_state".to_owned()].into());
    let exported = join_all(preparers.iter().map(|one| act(one, run, "export"))).await;
    assert_eq!(statuses(&exported), [200, 200]);
    assert_eq!(exported[0].body, exported[1].body);
    let settled = join_all(approvers.iter().map(|one| act(one, run, "settle"))).await;
    assert_eq!(statuses(&settled), [200, 409]);
    let files = "SELECT count(*) FROM payouts.payout_files";
    assert_eq!(app.database.number(files), 1);
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_refresh_token_used_many_times_at_once_signs_everybody_out() {
    let app = TestApp::spawn().await;
    let account = app.account(kernel::Role::Supervisor).await;
    let body = json!({ "email": account.email, "password": PASSWORD });
    let stranger = app.stranger();
    let tokens = stranger.post("/api/v1/sessions", &body).await.json();
    let path = "/api/v1/sessions/refresh";
    let body = json!({ "refresh_token": tokens["refresh_token"] });

    let answers = join_all((0..8).map(|_| stranger.post(path, &body))).await;

    assert_eq!(statuses(&answers), [200, 401, 401, 401, 401, 401, 401, 401]);
    let won = answers.iter().find(|answer| answer.status == 200).unwrap();
    let won = won.json();
    let heir = app.bearer(won["access_token"].as_str().unwrap());
    heir.get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
    let body = json!({ "refresh_token": won["refresh_token"] });
    let second = stranger.post(path, &body).await;
    assert_eq!(second.status, 401, "{}", second.body);
}
