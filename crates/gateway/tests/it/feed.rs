//! Streams tell every change once, in order, on whatever node; and say so where they cannot.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, TestApp,
    events::{EventStream, Received},
    floor::{Floor, id, link_token},
};

/// Changes of state have a dot in their name; values have none.
fn is_change(event: &Received) -> bool {
    event.name.contains('.')
}

/// The next so many changes of these tickets, by name.
async fn changes(stream: &mut EventStream, count: usize) -> Vec<Received> {
    let mut found = Vec::new();
    while found.len() < count {
        found.push(stream.until("a change", is_change).await);
    }
    found
}

fn names(changes: &[Received]) -> Vec<&str> {
    changes.iter().map(|change| change.name.as_str()).collect()
}

async fn leave(floor: &Floor<'_>, ticket: &Value) {
    let path = format!("/api/v1/tickets/{}/leave", id(ticket));
    let left = floor.assistant.request(Method::POST, &path);
    Answer::to(left).await.assert_status(200);
}

#[actix_web::test]
async fn a_wallboard_that_comes_back_to_another_node_misses_nothing_and_hears_nothing_twice() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let supervisor = &floor.company.supervisor;
    let there = supervisor.at(&app.another_node());
    let path = "/api/v1/ops/events";
    let mut here = supervisor.listen(path).await;
    assert_eq!(
        here.next().await.unwrap().name,
        "floor",
        "how it is comes first"
    );
    floor.assistant.escalate("1").await;
    floor.assistant.escalate("2").await;
    let first = changes(&mut here, 1).await.remove(0);
    assert_eq!(
        (first.name.as_str(), &first.data["state"]),
        ("ticket.waiting", &json!("waiting"))
    );
    // The connection is cut after the first of two; a third comes while nobody listens.
    drop(here);
    floor.assistant.escalate("3").await;

    let mut back = there.listen_after(path, Some(&first.id)).await;
    floor.assistant.escalate("4").await;

    let rest = changes(&mut back, 3).await;
    assert_eq!(names(&rest), ["ticket.waiting"; 3]);
    let mut ids: Vec<&str> = rest
        .iter()
        .map(|one| one.data["id"].as_str().unwrap())
        .collect();
    assert!(
        !ids.contains(&first.data["id"].as_str().unwrap()),
        "told before"
    );
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "once each");
    // The same again, from the same place: told by the table, not by what one node remembers.
    let mut again = supervisor.listen_after(path, Some(&first.id)).await;
    let told = changes(&mut again, 3).await;
    let cursors = |events: &[Received]| -> Vec<String> {
        events.iter().map(|event| event.id.clone()).collect()
    };
    assert_eq!(cursors(&told), cursors(&rest), "the same on every node");
}

#[actix_web::test]
async fn an_agent_hears_of_their_own_work_on_another_node_at_once() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let there = ada.at(&app.another_node());
    let mut desk = there.listen("/api/v1/desk/events").await;
    desk.named("desk").await;
    let mut quickest = Duration::MAX;
    for number in 1..=5 {
        let ticket = floor.assistant.escalate(&number.to_string()).await;
        let offer = desk.offer(&ticket).await;
        leave(&floor, &ticket).await;
        let committed = Instant::now();
        let is_gone = |event: &Received| event.name == "desk" && event.data["offers"] == json!([]);
        desk.until("a desk without it", is_gone).await;
        quickest = quickest.min(committed.elapsed());
        assert_eq!(ada.answer(&offer, "accept").await.status, 409);
    }
    // A busy machine may be slow at times, but not each time.
    assert!(quickest < Duration::from_millis(200), "{quickest:?}");
}

#[actix_web::test]
async fn who_was_slower_sees_on_another_node_at_once_that_the_offer_was_rescinded() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let policy = json!({
        "policy": { "simultaneous_offers": 2 }, "note": "Ask two at a time", "based_on": 1,
    });
    let supervisor = &floor.company.supervisor;
    let published = supervisor.put("/api/v1/ops/queues/vip/policy", &policy);
    published.await.assert_status(200);
    let (ada, ben) = (floor.agent().await, floor.agent().await);
    let there = ben.at(&app.another_node());
    let (mut quick, mut slow) = (
        ada.watch_desk().await,
        there.listen("/api/v1/desk/events").await,
    );
    let mut quickest = Duration::MAX;
    for number in 1..=5 {
        let ticket = floor.assistant.escalate(&number.to_string()).await;
        let offer = quick.offer(&ticket).await;
        let late = slow.offer(&ticket).await;
        let taken = ada.answer(&offer, "accept").await.assert_status(200);
        let answered = Instant::now();
        let told = slow.named("offer.rescinded").await;
        quickest = quickest.min(answered.elapsed());
        assert_eq!(told.data["id"], late["id"]);
        ben.answer(&late, "accept")
            .await
            .assert_problem(409, "offer_closed");
        let path = format!("/api/v1/engagements/{}", id(&taken.json()));
        let over = json!({ "disposition": "solved" });
        let resolved = ada.post(&format!("{path}/resolve"), &over).await;
        resolved.assert_status(200);
    }
    // A busy machine may be slow at times, but not each time.
    assert!(quickest < Duration::from_millis(200), "{quickest:?}");
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_desk_tells_each_change_of_an_offer_in_order() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let mut desk = ada.watch_desk().await;
    desk.named("desk").await;
    let ticket = floor.assistant.escalate("1").await;
    let offer = desk.offer(&ticket).await;
    drop(desk);
    leave(&floor, &ticket).await;

    let mut desk = ada.listen_after("/api/v1/desk/events", Some("1.0")).await;

    let told = changes(&mut desk, 4).await;
    let expected = [
        "presence.offline",
        "presence.available",
        "offer.pending",
        "offer.canceled",
    ];
    assert_eq!(names(&told), expected);
    let last = &told[3].data;
    assert_eq!(
        (&last["id"], &last["before"]),
        (&offer["id"], &json!("pending"))
    );
    assert_eq!(last["ticket_id"], ticket["id"]);
    assert!(last["at"].is_string(), "{last}");
}

#[actix_web::test]
async fn an_id_that_says_nothing_begins_anew_and_says_so() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    let conversation = format!("/api/v1/conversations/{}/events", link_token(&ticket));
    let supervisor = &floor.company.supervisor;
    for (visitor, path, value, garbled, unknown) in [
        (
            &**supervisor,
            "/api/v1/ops/events",
            "floor",
            "x",
            "9223372036854775807.1",
        ),
        (
            &*ada,
            "/api/v1/desk/events",
            "desk",
            "7",
            "9223372036854775807.1",
        ),
        (
            &app.stranger(),
            &*conversation,
            "state",
            "1@x",
            "0@9223372036854775807.1",
        ),
    ] {
        for (last, reason) in [(garbled, "unreadable_id"), (unknown, "unknown_id")] {
            let mut stream = visitor.listen_after(path, Some(last)).await;
            let reset = stream.next().await.unwrap();
            assert_eq!(
                (&*reset.name, &reset.data["reason"]),
                ("reset", &json!(reason)),
                "{path}"
            );
            stream.named(value).await;
        }
    }
}

#[actix_web::test]
async fn a_number_of_another_conversation_begins_anew() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ticket = floor.assistant.escalate("1").await;
    let conversation = format!("/api/v1/conversations/{}", link_token(&ticket));
    let customer = app.stranger();
    customer
        .say(&conversation, "1", "Hello?")
        .await
        .assert_status(201);

    let path = format!("{conversation}/events");
    let mut stream = customer.listen_after(&path, Some("40")).await;

    let mut values = Vec::new();
    while values.len() < 4 {
        let event = stream.until("a value", |event| !is_change(event)).await;
        values.push(event.name);
    }
    // What the platform said of the handoff, and what the customer said.
    assert_eq!(values, ["reset", "message", "message", "state"]);
}

#[actix_web::test]
async fn a_customer_goes_on_elsewhere_and_hears_of_nobodys_offers() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ticket = floor.assistant.escalate("1").await;
    let conversation = format!("/api/v1/conversations/{}", link_token(&ticket));
    let path = format!("{conversation}/events");
    let customer = app.stranger();
    let mut stream = customer.listen(&path).await;
    let before = stream.named("state").await;
    drop(stream);
    let ada = floor.agent().await;
    let offer = ada.offered(&ticket).await;
    let engagement = ada.answer(&offer, "accept").await.assert_status(200).json();
    let talk = format!("/api/v1/engagements/{}", id(&engagement));
    ada.say(&talk, "1", "Hello, Kim.").await.assert_status(201);

    let there = customer.at(&app.another_node());
    let mut stream = there.listen_after(&path, Some(&before.id)).await;

    // Values and messages do not wait for the horizon, so they may come before the changes.
    let (mut told, mut values) = (Vec::new(), Vec::new());
    while told.last() != Some(&"ticket.engaged".to_owned()) || values.len() < 2 {
        let event = stream.next().await.unwrap();
        let text = event.data.to_string();
        assert!(!text.contains("agt_") && !text.contains("off_"), "{text}");
        let kind = if is_change(&event) {
            &mut told
        } else {
            &mut values
        };
        kind.push(event.name);
    }
    assert_eq!(values, ["message", "state"]);
    // The ticket was there before the stream, but perhaps not yet before the horizon.
    told.retain(|name| name != "ticket.waiting");
    assert_eq!(told, ["ticket.offered", "ticket.engaged"]);
}

#[actix_web::test]
async fn a_message_without_a_bell_is_told_all_the_same() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ticket = floor.assistant.escalate("1").await;
    let path = format!("/api/v1/conversations/{}/events", link_token(&ticket));
    let mut stream = app.stranger().listen(&path).await;
    stream.named("state").await;
    let uuid = id(&ticket).strip_prefix("tkt_").unwrap();
    app.database.sql(&format!(
        "INSERT INTO dispatch.messages VALUES ('{uuid}', 2, 'platform', NULL, NULL, 'Lost', '{{}}',
             now());
         UPDATE dispatch.tickets SET message_count = 2 WHERE id = '{uuid}'"
    ));
    let told = stream.until("the message", |event| event.data["number"] == 2);
    assert_eq!(told.await.data["body"], "Lost");
}

#[actix_web::test]
async fn nobody_holds_more_streams_than_one_may() {
    let app = TestApp::spawn_with(&["--max-streams", "10"]).await;
    let floor = app.floor().await;
    let supervisor = &floor.company.supervisor;
    let mut held = Vec::new();
    for _ in 0..gateway::feed::STREAMS_EACH {
        held.push(supervisor.listen("/api/v1/ops/events").await);
    }
    let refused = supervisor.get("/api/v1/ops/events").await;
    refused.assert_problem(429, "too_many_streams");
    assert_eq!(refused.header("retry-after"), "5");

    let (ada, ben) = (floor.agent().await, floor.agent().await);
    held.push(ada.watch_desk().await);
    held.push(ben.watch_desk().await);
    let refused = ben.get("/api/v1/desk/events").await;
    refused.assert_problem(503, "too_many_streams");
    assert_eq!(refused.header("retry-after"), "5");

    held.clear();
    let deadline = Instant::now() + Duration::from_secs(5);
    loop {
        let request = supervisor.request(Method::GET, "/api/v1/ops/events").send();
        match request.await.unwrap().status().as_u16() {
            200 => break,
            _ => assert!(
                Instant::now() < deadline,
                "a place that was left stays taken"
            ),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
