//! What may be claimed is kept in mind, and nobody sees what they know to be over.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{TestApp, Visitor, events::SOON, floor::id};

/// Which of their tickets somebody may claim.
async fn claimable(agent: &Visitor) -> Vec<String> {
    let found = agent.get("/api/v1/tickets/claimable").await;
    let found = found.assert_status(200).json();
    let items = found["items"].as_array().unwrap().iter();
    items.map(|ticket| id(ticket).to_owned()).collect()
}

fn ids(tickets: &[&Value]) -> Vec<String> {
    tickets.iter().map(|ticket| id(ticket).to_owned()).collect()
}

#[actix_web::test]
async fn what_was_changed_here_is_seen_here_at_once_and_elsewhere_soon() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let (ada, ben) = (floor.agent().await, floor.agent().await);
    let there = ben.at(&app.another_node());
    assert!(claimable(&ada).await.is_empty());
    let first = floor.assistant.escalate("1").await;
    assert_eq!(claimable(&ada).await, ids(&[&first]));
    let second = floor.assistant.escalate("2").await;
    let both = ids(&[&first, &second]);
    assert_eq!(claimable(&ada).await, both);
    assert_eq!(claimable(&there).await, both);

    ada.claim(&first).await.assert_status(201);

    assert_eq!(claimable(&ada).await, ids(&[&second]), "here at once");
    let claimed = Instant::now();
    while claimable(&there).await != ids(&[&second]) {
        assert!(claimed.elapsed() < SOON, "elsewhere soon");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let closed = json!({ "on_demand": false });
    let path = "/api/v1/ops/admissions/vip";
    let saved = floor.company.supervisor.put(path, &closed).await;
    saved.assert_status(200);
    assert!(
        claimable(&ada).await.is_empty(),
        "closed to who is not on a shift"
    );
    app.database.assert_promises();
}

#[actix_web::test]
async fn a_suspended_agent_sees_nothing_more() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let ticket = floor.assistant.escalate("1").await;
    assert_eq!(claimable(&ada).await, ids(&[&ticket]));
    let path = format!("/api/v1/ops/agents/{}/suspend", ada.id);
    let reason = json!({ "reason": "For the test." });
    let suspended = floor.company.supervisor.post(&path, &reason).await;
    suspended.assert_status(200);
    let refused = ada.get("/api/v1/tickets/claimable").await;
    assert!(matches!(refused.status, 401 | 403), "{}", refused.status);
}
