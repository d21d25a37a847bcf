//! What operations do.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{
    Answer, PASSWORD, TestApp,
    company::{Company, Recruit, import},
};

/// The next whole hour that is at least this many hours away.
fn hours(app: &TestApp, hours: i64) -> DateTime<Utc> {
    (app.db.now() + TimeDelta::hours(hours + 1))
        .duration_trunc(TimeDelta::hours(1))
        .unwrap()
}

async fn publish(company: &Company<'_>, from: i64, seats: i32) -> Answer {
    let (start, end) = (hours(company.app, from), hours(company.app, from + 2));
    let body = json!({ "queue": "vip", "starts_at": start, "ends_at": end, "seats": seats });
    company.supervisor.post("/api/v1/ops/shifts", &body).await
}

async fn commit(agent: &Recruit, shift: &Value) -> Answer {
    let path = format!(
        "/api/v1/shifts/{}/commitments",
        shift["id"].as_str().unwrap()
    );
    agent.post(&path, &json!({})).await
}

const HEADER: &str = "customer_ref,email,display_name,tier,customer_since,country,household_ref";

#[actix_web::test]
async fn a_file_of_customers_is_imported_whole_or_not_at_all() {
    let app = TestApp::spawn().await;
    let supervisor = app.supervisor().await;
    let line = |n: i32, email: &str| format!("C-{n},{email},Ada,gold,2019-05-01,SE,\n");
    let file = format!(
        "{HEADER}\n{}{}",
        line(1, "a@example.com"),
        line(2, "b@example.com")
    );
    let first = import(&supervisor, &file).await.assert_status(200).json();
    assert_eq!(first, json!({ "imported": 2, "updated": 0 }));
    let more = format!(
        "{HEADER}\n{}{}",
        line(2, "c@example.com"),
        line(3, "d@example.com")
    );
    let second = import(&supervisor, &more).await.assert_status(200).json();
    assert_eq!(second, json!({ "imported": 1, "updated": 1 }));

    let bad = format!(
        "{HEADER}\n{}{}",
        line(4, "e@example.com"),
        line(5, "nobody")
    );
    let refused = import(&supervisor, &bad).await;
    assert_eq!(
        refused.assert_problem(422, "invalid_input")["errors"][0]["field"],
        "line 3.email"
    );
    assert_eq!(
        app.database
            .number("SELECT count(*) FROM onboarding.customers"),
        3
    );
}

#[actix_web::test]
async fn a_file_has_a_type_and_a_limit() {
    let app = TestApp::spawn().await;
    let supervisor = app.supervisor().await;
    let json = supervisor.post("/api/v1/ops/customers", &json!({})).await;
    json.assert_problem(415, "unsupported_media_type");
    let line = "x".repeat(99) + "\n";
    let large = import(&supervisor, &line.repeat(110_000)).await;
    large.assert_problem(413, "body_too_large");
    let within = import(&supervisor, &line.repeat(20_000)).await;
    assert_eq!(
        within.status, 422,
        "two megabytes are read: {}",
        within.body
    );
}

#[actix_web::test]
async fn an_invitation_goes_to_a_customer_of_the_directory() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (reference, email) = company.customer().await;
    let path = "/api/v1/ops/invitations";
    let body = json!({ "customer_ref": reference });
    let invited = company
        .supervisor
        .post(path, &body)
        .await
        .assert_status(201)
        .json();
    assert!(
        invited["link"]
            .as_str()
            .unwrap()
            .starts_with("http://127.0.0.1:8080/join?invitation=gdi_")
    );
    assert_eq!(app.letters("invitation", &email), 1);
    let unknown = company
        .supervisor
        .post(path, &json!({ "customer_ref": "C-99" }))
        .await;
    unknown.assert_problem(404, "customer_not_found");
}

#[actix_web::test]
async fn agents_are_listed_by_status_and_page() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (ada, ben, cid) = (
        company.applicant().await,
        company.submitted().await,
        company.applicant().await,
    );
    let supervisor = &company.supervisor;
    let list = |query: &'static str| async move {
        let path = format!("/api/v1/ops/agents{query}");
        supervisor.get(&path).await.assert_status(200).json()
    };
    let submitted = list("?status=submitted").await;
    assert_eq!(
        (&submitted["items"][0]["id"], &submitted["next"]),
        (&json!(ben.id), &Value::Null)
    );

    let first = list("?limit=2").await;
    assert_eq!(
        (&first["items"][0]["id"], &first["items"][1]["id"]),
        (&json!(ada.id), &json!(ben.id))
    );
    let next = format!(
        "/api/v1/ops/agents?limit=2&after={}",
        first["next"].as_str().unwrap()
    );
    let second = company
        .supervisor
        .get(&next)
        .await
        .assert_status(200)
        .json();
    assert_eq!(
        (&second["items"][0]["id"], &second["next"]),
        (&json!(cid.id), &Value::Null)
    );

    for wrong in ["?status=asleep", "?after=off_1", "?limit=many", "?page=2"] {
        let refused = company
            .supervisor
            .get(&format!("/api/v1/ops/agents{wrong}"))
            .await;
        refused.assert_problem(422, "invalid_input");
    }
}

#[actix_web::test]
async fn a_decision_needs_a_reason_and_is_on_record() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.submitted().await;
    let path = format!("/api/v1/ops/agents/{}/reject", ada.id);
    let without = company
        .supervisor
        .post(&path, &json!({ "reason": " " }))
        .await;
    assert_eq!(
        without.assert_problem(422, "invalid_input")["errors"][0]["field"],
        "reason"
    );

    let rejected = company
        .decide(&ada, "reject")
        .await
        .assert_status(200)
        .json();
    assert_eq!(rejected["status"], "rejected");
    assert_eq!(app.letters("rejected", &ada.email), 1);
    company
        .decide(&ada, "approve")
        .await
        .assert_problem(409, "not_submitted");

    let path = format!("/api/v1/ops/agents/{}", ada.id);
    let detail = company
        .supervisor
        .get(&path)
        .await
        .assert_status(200)
        .json();
    let decision = &detail["decisions"][0];
    assert_eq!(
        (&decision["kind"], &decision["reason"]),
        (&json!("reject"), &json!("To reject."))
    );
    assert_eq!(
        decision["decided_by"]["id"],
        company.supervisor.account.id.to_string()
    );
    assert_eq!(
        decision["decided_by"]["display_name"],
        company.supervisor.account.display_name
    );
    assert_eq!(detail["checklist"].as_array().unwrap().len(), 5);
    assert_eq!(detail["grants"][0]["skill"], "refunds");
    let seen = ada.get("/api/v1/application").await.json();
    assert_eq!(
        seen["agent"]["reason"], "To reject.",
        "who is decided about can read why"
    );
}

#[actix_web::test]
async fn a_suspended_agent_is_out_at_once_until_reinstated() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.agent().await;
    ada.put("/api/v1/presence", &json!({ "status": "available" }))
        .await
        .assert_status(200);
    company.decide(&ada, "suspend").await.assert_status(200);
    ada.get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
    let credentials = json!({ "email": ada.email, "password": PASSWORD });
    let refused = app.stranger().post("/api/v1/sessions", &credentials).await;
    refused.assert_problem(401, "wrong_credentials");
    let floor = company.supervisor.get("/api/v1/ops/floor").await.json();
    assert_eq!(floor["agents"], json!([]));

    company
        .decide(&ada, "suspend")
        .await
        .assert_problem(409, "not_active");
    company.decide(&ada, "reinstate").await.assert_status(200);
    let welcome = app.stranger().post("/api/v1/sessions", &credentials).await;
    assert!(welcome.status < 300, "{}", welcome.body);
    app.database.assert_promises();
}

#[actix_web::test]
async fn nobody_decides_about_an_agent_who_is_not_there() {
    let app = TestApp::spawn().await;
    let supervisor = app.supervisor().await;
    let agent = format!("/api/v1/ops/agents/agt_{}", "0".repeat(32));
    supervisor
        .get(&agent)
        .await
        .assert_problem(404, "agent_not_found");
    let (reason, path) = (json!({ "reason": "x" }), format!("{agent}/suspend"));
    supervisor
        .post(&path, &reason)
        .await
        .assert_problem(404, "agent_not_found");
    supervisor
        .get("/api/v1/ops/agents/agt_1")
        .await
        .assert_problem(404, "not_found");
}

#[actix_web::test]
async fn a_shift_has_so_many_seats_and_no_more() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (ada, ben) = (company.agent().await, company.agent().await);
    let shift = publish(&company, 1, 1).await.assert_status(201).json();
    assert_eq!(shift["status"], "published");
    let listed = ada.get("/api/v1/shifts").await.assert_status(200).json();
    assert_eq!(
        (&listed["items"][0]["seats"], &listed["items"][0]["taken"]),
        (&json!(1), &json!(0))
    );

    let promise = commit(&ada, &shift).await.assert_status(201).json();
    assert_eq!(
        (&promise["queue"], &promise["status"]),
        (&json!("vip"), &json!("committed"))
    );
    commit(&ada, &shift)
        .await
        .assert_problem(409, "already_committed");
    commit(&ben, &shift).await.assert_problem(409, "shift_full");
    assert_eq!(
        ben.get("/api/v1/shifts").await.json()["items"][0]["taken"],
        1
    );

    let path = format!("/api/v1/commitments/{}", promise["id"].as_str().unwrap());
    ben.delete(&path)
        .await
        .assert_problem(404, "commitment_not_found");
    assert_eq!(
        ada.delete(&path).await.assert_status(200).json()["status"],
        "released"
    );
    assert_eq!(
        ada.get("/api/v1/commitments").await.json()["items"],
        json!([])
    );
    commit(&ben, &shift).await.assert_status(201);
}

#[actix_web::test]
async fn a_promise_does_not_overlap_another() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.agent().await;
    let early = publish(&company, 1, 5).await.json();
    let later = publish(&company, 2, 5).await.json();
    commit(&ada, &later).await.assert_status(201);
    commit(&ada, &early)
        .await
        .assert_problem(409, "commitment_overlaps");
    let mine = ada
        .get("/api/v1/commitments")
        .await
        .assert_status(200)
        .json();
    assert_eq!(mine["items"][0]["shift_id"], later["id"]);
    let detail = company
        .supervisor
        .get(&format!("/api/v1/ops/agents/{}", ada.id))
        .await
        .json();
    assert_eq!(detail["commitments"], mine["items"]);
}

#[actix_web::test]
async fn who_committed_to_a_shift_that_is_called_off_gets_a_letter() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.agent().await;
    let shift = publish(&company, 1, 2).await.json();
    commit(&ada, &shift).await.assert_status(201);
    let path = format!("/api/v1/ops/shifts/{}", shift["id"].as_str().unwrap());
    let canceled = company
        .supervisor
        .delete(&path)
        .await
        .assert_status(200)
        .json();
    assert_eq!(canceled["status"], "canceled");
    assert_eq!(app.letters("shift_canceled", &ada.email), 1);
    assert_eq!(ada.get("/api/v1/shifts").await.json()["items"], json!([]));
    company
        .supervisor
        .delete(&path)
        .await
        .assert_problem(409, "shift_canceled");
    commit(&ada, &shift)
        .await
        .assert_problem(409, "shift_canceled");
}

#[actix_web::test]
async fn what_is_wrong_with_a_shift_is_named() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let body = json!({
        "queue": "vip", "starts_at": "2020-01-01T09:10:00Z", "ends_at": "2020-01-01T09:00:00Z",
        "seats": 0,
    });
    let refused = company.supervisor.post("/api/v1/ops/shifts", &body).await;
    let problem = refused.assert_problem(422, "invalid_input");
    let fields: Vec<_> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|fault| fault["field"].clone())
        .collect();
    assert_eq!(fields, ["starts_at", "ends_at", "seats"]);
    let mut unknown = json!({ "queue": "nowhere", "seats": 1 });
    unknown["starts_at"] = json!(hours(&app, 1));
    unknown["ends_at"] = json!(hours(&app, 2));
    let refused = company
        .supervisor
        .post("/api/v1/ops/shifts", &unknown)
        .await;
    assert_eq!(refused.status, 422, "{}", refused.body);
    assert_eq!(refused.json()["errors"][0]["field"], "queue");
}

#[actix_web::test]
async fn the_floor_shows_what_goes_on() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (ada, machine) = (company.agent().await, app.machine(&company.admin).await);
    ada.put("/api/v1/presence", &json!({ "status": "available" }))
        .await
        .assert_status(200);
    for number in 1..=2 {
        crate::finance::escalate(&machine, number).await;
    }
    let claimable = ada.get("/api/v1/tickets/claimable").await.json();
    let ticket = claimable["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/tickets/{ticket}/claim");
    ada.post(&path, &json!({})).await.assert_status(201);

    let floor = company
        .supervisor
        .get("/api/v1/ops/floor")
        .await
        .assert_status(200)
        .json();
    let queue = &floor["queues"][0];
    assert_eq!(
        (&queue["code"], &queue["waiting"], &queue["engaged"]),
        (&json!("vip"), &json!(1), &json!(1))
    );
    assert!(
        queue["oldest_waiting_seconds"].as_i64().unwrap() < 60,
        "{queue}"
    );
    let agent = &floor["agents"][0];
    assert_eq!(
        (&agent["presence"], &agent["load"]),
        (&json!("available"), &json!(1))
    );
    assert_eq!(
        floor["tickets"][0]["agent_name"],
        Value::Null,
        "who waits comes first"
    );
    assert_eq!(
        (
            &floor["tickets"][1]["agent_name"],
            &floor["tickets"][1]["id"]
        ),
        (&json!("Ada"), &json!(ticket))
    );
    assert_eq!(
        (&floor["resolved_today"], &floor["abandoned_today"]),
        (&json!(0), &json!(0))
    );
}
