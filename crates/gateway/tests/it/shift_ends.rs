//! A shift begins while a ticket waits for it, and ends while its agent has conversations in hand.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::support::{
    TestApp,
    floor::{Floor, id},
};

/// Lets the reconciler of this name do what is due.
async fn reconcile(app: &TestApp, name: &'static str) -> usize {
    let reconciler = workflows::RECONCILERS
        .iter()
        .find(|reconciler| reconciler.name == name)
        .unwrap();
    app.db
        .write(name, move |tx| reconciler.run(tx))
        .await
        .unwrap()
}

/// A shift of tomorrow that somebody committed to is moved to now: shifts cannot be published for
/// today.
async fn on_shift(app: &TestApp, floor: &Floor<'_>, agent: &crate::support::company::Recruit) {
    let tomorrow = (app.db.now() + TimeDelta::days(1)).date_naive();
    let body = json!({
        "queue": "vip", "seats": 1,
        "starts_at": format!("{tomorrow}T08:00:00Z"), "ends_at": format!("{tomorrow}T10:00:00Z"),
    });
    let supervisor = &floor.company.supervisor;
    let shift = supervisor.post("/api/v1/ops/shifts", &body).await;
    let shift = shift.assert_status(201).json();
    let path = format!("/api/v1/shifts/{}/commitments", id(&shift));
    agent.post(&path, &json!({})).await.assert_status(201);
    app.database.sql(
        "UPDATE availability.commitments
            SET starts_at = now() - interval '1 hour', ends_at = now() + interval '1 minute'",
    );
}

#[actix_web::test]
async fn who_comes_on_their_shift_is_offered_what_waits_for_it() {
    let app = TestApp::at_work().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    on_shift(&app, &floor, &ada).await;
    // An agent is on a shift from five minutes before it starts.
    app.database.sql(
        "UPDATE availability.shifts
            SET starts_at = now() + interval '315 s', ends_at = now() + interval '2 hours';
         UPDATE availability.commitments c SET starts_at = s.starts_at, ends_at = s.ends_at
           FROM availability.shifts s WHERE s.id = c.shift_id",
    );
    let closed = json!({ "on_demand": false });
    let supervisor = &floor.company.supervisor;
    let saved = supervisor.put("/api/v1/ops/admissions/vip", &closed);
    saved.await.assert_status(200);
    let ticket = floor.assistant.escalate("1").await;
    ada.claim(&ticket).await.assert_problem(403, "not_eligible");

    // She is never missed, which would have her looked at in any case.
    for _ in 0..3 {
        ada.heartbeat().await.assert_status(200);
        app.db.clock().advance(TimeDelta::seconds(6));
    }

    ada.offered(&ticket).await;
    app.database.assert_promises();
}

#[actix_web::test]
async fn what_is_in_hand_a_quarter_of_an_hour_after_the_shift_is_handed_on() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let (ada, ben) = (floor.agent().await, floor.agent().await);
    on_shift(&app, &floor, &ada).await;
    let open = floor.assistant.escalate("1").await;
    let kept = ben.claim(&open).await.assert_status(201).json();
    assert_eq!(ben.desk().await["hand_over_at"], json!(null));
    let closed = json!({ "on_demand": false });
    floor
        .company
        .supervisor
        .put("/api/v1/ops/admissions/vip", &closed)
        .await
        .assert_status(200);
    let ticket = floor.assistant.escalate("2").await;
    ben.claim(&ticket).await.assert_problem(403, "not_eligible");
    let engagement = ada.claim(&ticket).await.assert_status(201).json();
    let path = format!("/api/v1/engagements/{}", id(&engagement));
    ada.say(&path, "1", "Hello").await.assert_status(201);
    let place = floor.assistant.ticket(&ticket).await["waiting_since"].clone();
    assert!(ada.desk().await["hand_over_at"].is_string());
    assert_eq!(ben.desk().await["hand_over_at"], json!(null));
    let hand_over = async || reconcile(&app, "hand_over_after_shifts").await;
    app.db.clock().advance(TimeDelta::minutes(13));
    assert_eq!(hand_over().await, 0, "there is time to finish");

    app.db.clock().advance(TimeDelta::minutes(4));
    assert_eq!(hand_over().await, 1);

    let state = async |ticket: &Value| floor.assistant.ticket(ticket).await["status"].clone();
    assert_eq!(state(&ticket).await, "waiting");
    let waits = floor.assistant.ticket(&ticket).await;
    assert_eq!(waits["waiting_since"], place);
    assert_eq!(waits["engagement"]["status"], "transferred");
    assert_eq!(state(&open).await, "engaged", "who had no shift may finish");
    assert_eq!(kept["status"], "talking");
    let paid = "SELECT count(*) FROM payouts.earning_lines";
    assert_eq!(app.database.number(paid), 1);
    assert_eq!(hand_over().await, 0);
    app.database.assert_promises();
}
