//! A ticket goes from agent to agent until somebody takes it, and never loses its place.

use chrono::TimeDelta;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    company::queue,
    events::SOON,
    floor::{escalation, id},
};

/// Moves the clock, and the worker does what is due then.
fn advance(app: &TestApp, seconds: i64) {
    app.db.clock().advance(TimeDelta::seconds(seconds));
}

/// Waits until this is so.
async fn wait_until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_so().await {
            tokio::time::sleep(SOON / 100).await;
        }
    };
    let outcome = tokio::time::timeout(SOON, waiting).await;
    assert!(outcome.is_ok(), "{what} did not happen");
}

#[actix_web::test]
async fn who_declines_is_passed_over_without_a_penalty() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    let offer = ada.offered(&ticket).await;
    let ben = floor.agent().await;

    let declined = ada.answer(&offer, "decline").await.assert_status(200);

    assert_eq!(declined.json()["status"], "declined");
    let theirs = ben.offered(&ticket).await;
    assert_ne!(theirs["id"], offer["id"]);
    let desk = ada.desk().await;
    assert_eq!(desk["presence"]["status"], "available");
    assert_eq!((&desk["load"], &desk["offers"]), (&json!(0), &json!([])));
    let next = floor.assistant.escalate("2").await;
    ada.offered(&next).await;
    let late = ada.answer(&offer, "accept").await;
    late.assert_problem(409, "offer_closed");
    app.database.assert_promises();
}

#[actix_web::test]
async fn who_does_not_answer_is_away_and_the_next_is_asked() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    let offer = ada.offered(&ticket).await;
    let ben = floor.agent().await;
    let mut desk = ada.watch_desk().await;

    advance(&app, 31);
    ben.heartbeat().await.assert_status(200);

    let away = |desk: &Value| desk["presence"]["status"] == "away";
    let missed = desk.until("away", |event| away(&event.data)).await;
    assert_eq!(missed.data["offers"], json!([]));
    let theirs = ben.offered(&ticket).await;
    ben.answer(&theirs, "accept").await.assert_status(200);
    let late = ada.answer(&offer, "accept").await;
    assert_eq!(late.status, 409, "{}", late.body);
    app.database.assert_promises();
}

#[actix_web::test]
async fn who_was_silent_for_a_moment_is_offered_what_waits_when_they_are_back() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let [ada, ben] = [floor.agent().await, floor.agent().await];
    // Long enough for the room to be looked over without them.
    advance(&app, 31);
    ben.heartbeat().await.assert_status(200);
    let ticket = floor.assistant.escalate("1").await;
    let offer = ben.offered(&ticket).await;
    ben.answer(&offer, "decline").await.assert_status(200);
    assert_eq!(floor.assistant.ticket(&ticket).await["status"], "waiting");
    assert_eq!(ada.desk().await["presence"]["connection"], "unstable");

    ada.heartbeat().await.assert_status(200);

    ada.offered(&ticket).await;
    app.database.assert_promises();
}

#[actix_web::test]
async fn who_comes_back_without_a_bell_is_found_by_the_trail() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    ada.go("away").await;
    let ticket = floor.assistant.escalate("1").await;

    // As a node does that is killed between its commit and its bells.
    app.database.sql(
        "UPDATE availability.presences SET status = 'available', since = now(),
            lease_expires_at = now() + interval '45 s', connected_until = now() + interval '20 s',
            works_until = now() + interval '6 hours', work_limit = 'break'",
    );

    ada.offered(&ticket).await;
}

#[actix_web::test]
async fn what_a_lost_agent_had_not_answered_goes_back_to_its_place() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    // One conversation fills an agent's hands.
    let mut heavy = queue();
    heavy["ticket_weight"] = json!(2);
    let saved = floor.company.admin.put("/api/v1/admin/queues/vip", &heavy);
    saved.await.assert_status(200);
    let ada = floor.agent().await;
    let first = floor.assistant.escalate("1").await;
    let offer = ada.offered(&first).await;
    ada.answer(&offer, "accept").await.assert_status(200);
    let place = floor.assistant.ticket(&first).await["waiting_since"].clone();
    let second = floor.assistant.escalate("2").await;

    advance(&app, 46);

    wait_until("waiting again", async || {
        floor.assistant.ticket(&first).await["status"] == "waiting"
    })
    .await;
    let returned = floor.assistant.ticket(&first).await;
    assert_eq!(returned["waiting_since"], place);
    assert_eq!(ada.desk().await["presence"]["status"], "offline");
    ada.heartbeat().await.assert_problem(409, "not_present");
    let ben = floor.agent().await;
    ben.offered(&first).await;
    let waits = floor.assistant.ticket(&second).await;
    assert_eq!(waits["status"], "waiting", "it came later");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_lost_agent_keeps_a_conversation_in_which_they_spoke() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    let offer = ada.offered(&ticket).await;
    let engagement = ada.answer(&offer, "accept").await.json();
    let path = format!("/api/v1/engagements/{}", id(&engagement));
    ada.say(&path, "1", "Hello").await.assert_status(201);

    advance(&app, 46);

    wait_until("offline", async || {
        ada.desk().await["presence"]["status"] == "offline"
    })
    .await;
    ada.say(&path, "2", "I am back").await.assert_status(201);
    assert_eq!(floor.assistant.ticket(&ticket).await["status"], "engaged");

    // After ten minutes the customer is told, and somebody else is found.
    advance(&app, 601);
    wait_until("waiting", async || {
        floor.assistant.ticket(&ticket).await["status"] == "waiting"
    })
    .await;
    let ben = floor.agent().await;
    ben.offered(&ticket).await;
    app.database.assert_promises();
}

#[actix_web::test]
async fn what_was_declined_is_gone_from_the_list_and_cannot_be_claimed() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    let offer = ada.offered(&ticket).await;
    ada.answer(&offer, "decline").await.assert_status(200);

    assert_eq!(ada.claimable().await, json!([]));
    ada.go("away").await;
    ada.claim(&ticket)
        .await
        .assert_problem(409, "not_available");
    ada.go("available").await;
    ada.claim(&ticket).await.assert_problem(403, "not_eligible");
    let ben = floor.agent().await;
    ben.offered(&ticket).await;
    app.database.assert_promises();
}

#[actix_web::test]
async fn nobody_gets_a_ticket_of_their_own_or_of_their_household() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    // The first customer of the company, C-0 of household H-0.
    let ada = floor.agent().await;
    let mut own = escalation("own");
    own["customer"]["reference"] = json!("C-0");
    let mut household = escalation("household");
    household["customer"]["household"] = json!("H-0");
    let mut tickets = Vec::new();
    for (key, body) in [("own", own), ("household", household)] {
        let request = floor.assistant.handoff(key, &body);
        tickets.push(Answer::to(request).await.assert_status(201).json());
    }
    // Whatever came before was looked at before this one.
    let other = floor.assistant.escalate("other").await;
    ada.offered(&other).await;

    assert_eq!(ada.claimable().await, json!([]));
    for ticket in &tickets {
        ada.claim(ticket).await.assert_problem(403, "not_eligible");
    }
    let offered = "SELECT count(*) FROM dispatch.offers";
    assert_eq!(app.database.number(offered), 1);
    let ben = floor.agent().await;
    for ticket in &tickets {
        ben.offered(ticket).await;
    }
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_suspended_agent_is_out_within_a_second() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    let mut desk = ada.watch_desk().await;
    desk.offer(&ticket).await;

    let suspended = floor.company.decide(&ada, "suspend").await;

    suspended.assert_status(200);
    desk.assert_ends().await;
    for path in ["/api/v1/desk/events", "/api/v1/desk", "/api/v1/me"] {
        ada.get(path).await.assert_problem(401, "not_signed_in");
    }
    let ben = floor.agent().await;
    ben.offered(&ticket).await;
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_customer_who_leaves_takes_the_offer_along() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    let mut desk = ada.watch_desk().await;
    let offer = desk.offer(&ticket).await;

    let path = format!("/api/v1/tickets/{}/leave", id(&ticket));
    let left = floor.assistant.request(Method::POST, &path);
    Answer::to(left).await.assert_status(200);

    let is_empty = |desk: &Value| desk["offers"] == json!([]) && desk["load"] == 0;
    desk.until("an empty desk", |event| is_empty(&event.data))
        .await;
    let late = ada.answer(&offer, "accept").await;
    late.assert_problem(409, "offer_closed");
    assert_eq!(floor.assistant.ticket(&ticket).await["status"], "abandoned");
    app.database.assert_promises();
}
