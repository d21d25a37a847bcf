//! The figures for Prometheus and for operations.

use serde_json::json;

use crate::support::{
    Answer, TestApp,
    floor::{id, link_token},
};

/// A day with one conversation that was answered and resolved, one whose customer left, one that
/// waits.
async fn day(app: &TestApp) {
    let floor = app.floor().await;
    let ada = floor.agent().await;
    let left = floor.assistant.escalate("left").await;
    let path = format!("/api/v1/conversations/{}/leave", link_token(&left));
    app.stranger()
        .post(&path, &json!({}))
        .await
        .assert_status(200);
    let ticket = floor.assistant.escalate("answered").await;
    let engagement = ada.claim(&ticket).await.assert_status(201).json();
    let talk = format!("/api/v1/engagements/{}", id(&engagement));
    ada.say(&talk, "1", "Hello, Kim.").await.assert_status(201);
    ada.post(&format!("{talk}/wrap-up"), &json!({}))
        .await
        .assert_status(200);
    let body = json!({ "disposition": "solved" });
    ada.post(&format!("{talk}/resolve"), &body)
        .await
        .assert_status(200);
    floor.assistant.escalate("waiting").await;
}

/// The value of a sample.
fn sample<'a>(text: &'a str, name: &str) -> &'a str {
    let found = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.unwrap_or_else(|| panic!("{name} is not in\n{text}"))
}

#[actix_web::test]
async fn the_figures_are_those_of_the_day() {
    let app = TestApp::spawn().await;
    day(&app).await;
    let answer = app.stranger().get("/metrics").await.assert_status(200);
    assert_eq!(
        answer.header("content-type"),
        "text/plain; version=0.0.4; charset=utf-8"
    );
    let text = &answer.body;
    for (name, value) in [
        ("gigdesk_tickets{queue=\"vip\",state=\"waiting\"}", "1"),
        (
            "gigdesk_conversations_answered{queue=\"vip\",window=\"hour\"}",
            "1",
        ),
        (
            "gigdesk_conversations_abandoned{queue=\"vip\",window=\"today\"}",
            "1",
        ),
        (
            "gigdesk_abandon_ratio{queue=\"vip\",window=\"hour\"}",
            "0.500",
        ),
        (
            "gigdesk_service_level_ratio{queue=\"vip\",window=\"hour\"}",
            "1.000",
        ),
        ("gigdesk_agents{presence=\"available\"}", "1"),
        ("gigdesk_agent_capacity_units{presence=\"available\"}", "2"),
        ("gigdesk_event_streams", "0"),
    ] {
        assert_eq!(sample(text, name), value, "{name}");
    }
    let wait = sample(text, "gigdesk_ticket_oldest_waiting_seconds{queue=\"vip\"}");
    assert!(wait.parse::<u32>().unwrap() < 60, "{wait}");
    let answered = sample(text, "gigdesk_http_requests_total{class=\"2xx\"}");
    assert!(answered.parse::<u32>().unwrap() > 5, "{answered}");
    let all = sample(text, "gigdesk_http_request_duration_seconds_count");
    assert_eq!(
        sample(
            text,
            "gigdesk_http_request_duration_seconds_bucket{le=\"+Inf\"}"
        ),
        all
    );
    assert!(!text.contains("NaN"), "what is not known is left out");
}

#[actix_web::test]
async fn each_family_is_described_once_and_before_its_samples() {
    let app = TestApp::spawn().await;
    day(&app).await;
    let text = app.stranger().get("/metrics").await.body;
    let mut families = std::collections::BTreeSet::new();
    let mut family = String::new();
    for line in text.lines() {
        let mut words = line.split(' ');
        match (words.next().unwrap(), words.next()) {
            ("#", Some("HELP")) => {
                words.next().unwrap().clone_into(&mut family);
                assert!(families.insert(family.clone()), "{family} comes twice");
            }
            ("#", Some("TYPE")) => assert_eq!(words.next(), Some(&*family)),
            (name, _) => assert!(name.starts_with(&family), "{line} is not of {family}"),
        }
    }
    assert!(families.len() >= 20, "{families:?}");
}

#[actix_web::test]
async fn who_is_not_on_this_machine_needs_the_token() {
    let token = "a token of thirty-two bytes at least";
    let app = TestApp::spawn_with(&["--metrics-token", token]).await;
    let passed_on = |visitor: &crate::support::Visitor| {
        let request = visitor.request(reqwest::Method::GET, "/metrics");
        Answer::to(request.header("x-forwarded-for", "192.0.2.1"))
    };
    passed_on(&app.stranger()).await.assert_status(403);
    passed_on(&app.bearer("another token of thirty-two bytes"))
        .await
        .assert_status(403);
    passed_on(&app.bearer(token)).await.assert_status(200);
}

#[actix_web::test]
async fn operations_read_the_same_figures_as_json() {
    let app = TestApp::spawn().await;
    day(&app).await;
    let supervisor = app.supervisor().await;
    let figures = supervisor
        .get("/api/v1/ops/metrics")
        .await
        .assert_status(200)
        .json();
    let queue = &figures["queues"][0];
    assert_eq!(queue["open"], json!({ "waiting": 1 }));
    assert_eq!(queue["hour"]["service_level_permille"], 1_000);
    assert_eq!(
        (&queue["today"]["resolved"], &queue["today"]["abandoned"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(figures["presences"][0]["capacity"], 2);
    assert_eq!(
        figures["offers_hour"]["accept_permille"],
        json!(null),
        "a claim is no offer"
    );
}
