//! Operations decide how queues route, and everybody concerned can be told why.

use serde_json::json;

use crate::support::{
    TestApp,
    floor::{Floor, id},
};

/// Runs the matcher once.
async fn run_matcher(app: &TestApp) {
    let run = app.db.write("match_tickets", |tx| {
        workflows::Matchmaker::default().run(tx)
    });
    run.await.unwrap();
}

async fn offer_of(app: &TestApp, floor: &Floor<'_>) -> (crate::support::company::Recruit, String) {
    let agent = floor.agent().await;
    floor.assistant.escalate("1").await;
    run_matcher(app).await;
    let offer = id(&agent.desk().await["offers"][0]).to_owned();
    (agent, offer)
}

#[actix_web::test]
async fn a_policy_is_published_against_the_version_that_was_seen() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let supervisor = &floor.company.supervisor;
    let path = "/api/v1/ops/queues/vip/policy";
    let body = json!({
        "policy": { "offer_seconds": 45, "simultaneous_offers": 3 },
        "note": "Ask three at a time", "based_on": 1,
    });
    let published = supervisor.put(path, &body).await.assert_status(200).json();
    assert_eq!(published["version"], 2);
    assert_eq!(
        published["policy"]["weights"]["skill"], 60,
        "a default is said"
    );
    supervisor
        .put(path, &body)
        .await
        .assert_problem(409, "policy_changed");

    let wrong = json!({ "policy": { "simultaneous_offers": 11 }, "note": "Ask everybody" });
    let refused = supervisor.put(path, &wrong).await;
    let problem = refused.assert_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "policy.simultaneous_offers");
    supervisor
        .put("/api/v1/ops/queues/nowhere/policy", &body)
        .await
        .assert_problem(404, "queue_not_found");
    let versions = supervisor.get("/api/v1/ops/queues/vip/policies").await;
    let versions = versions.assert_status(200).json();
    assert_eq!(versions["items"][0]["note"], "Ask three at a time");
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn an_agent_is_told_why_about_themselves_and_operations_about_all() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let (agent, offer) = offer_of(&app, &floor).await;
    let path = format!("/api/v1/offers/{offer}/explanation");

    let told = agent.get(&path).await.assert_status(200).json();
    assert_eq!(told["words"], "Was asked.");
    assert_eq!(told["candidates"], json!([]), "nothing of others");

    let supervisor = &floor.company.supervisor;
    let told = supervisor.get(&path).await.assert_status(200).json();
    assert_eq!(
        (&told["eligible"], &told["is_best_total"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(told["candidates"][0]["asked"], true);
    let words = told["words"].as_str().unwrap();
    assert!(words.contains("was asked with"), "{words}");

    let other = floor.agent().await;
    other
        .get(&path)
        .await
        .assert_problem(404, "offer_not_found");
    let about = supervisor.get(&format!("{path}?agent={}", other.id)).await;
    let about = about.assert_status(200).json();
    assert!(
        about["about"]["words"]
            .as_str()
            .unwrap()
            .starts_with("Was not available")
    );
}

#[actix_web::test]
async fn what_nobody_took_is_settled_by_a_supervisor_once() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ticket = floor.assistant.escalate("1").await;
    app.database
        .sql("UPDATE dispatch.tickets SET deadline_at = now() - interval '1 second'");
    for reconciler in workflows::RECONCILERS {
        let run = app.db.write(reconciler.name, |tx| reconciler.run(tx));
        run.await.unwrap();
    }
    assert_eq!(floor.assistant.ticket(&ticket).await["status"], "expired");
    let supervisor = &floor.company.supervisor;
    let listed = supervisor.get("/api/v1/ops/dead-letters").await;
    let letter = id(&listed.assert_status(200).json()["items"][0]).to_owned();
    let path = format!("/api/v1/ops/dead-letters/{letter}/replay");
    let settled = supervisor.post(&path, &json!({})).await.assert_status(200);
    assert_eq!(settled.json()["settlement"], "replayed");
    supervisor
        .post(&path, &json!({}))
        .await
        .assert_problem(409, "dead_letter_settled");
    assert_eq!(floor.assistant.ticket(&ticket).await["status"], "waiting");
    app.database.assert_promises();
}
