//! The pages of operations, finance and administration.

mod finance;
mod operations;
mod setup;

use kernel::Role;
use serde_json::json;

use crate::support::{Answer, TestApp, Visitor, company::Recruit};

/// Follows a form to the page it leads to, and says where that is.
#[track_caller]
fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, 303, "{}", answer.body);
    answer.header("location")
}

#[track_caller]
fn assert_says(page: &Answer, texts: &[&str]) {
    for text in texts {
        assert!(page.body.contains(text), "{text}: {}", page.body);
    }
}

/// What stands beside this field.
fn fault<'a>(page: &'a Answer, field: &str) -> &'a str {
    let (_, rest) = page
        .body
        .split_once(&format!("id=\"{field}-fault\">"))
        .unwrap_or(("", ""));
    rest.split_once('<').map_or("", |(text, _)| text)
}

/// A conversation is handed over.
async fn escalate(machine: &Visitor, number: i32) -> String {
    let body = json!({
        "source": "test", "external_id": format!("T-{number}"),
        "customer": { "reference": "X-1", "tier": "platinum", "locale": "en-GB", "display_name": "Kim <b>" },
        "queue": "vip", "language": "en", "required_skills": ["refunds"], "reason": "vip",
        "summary": "Lost card", "transcript": [],
    });
    let request = machine.request(reqwest::Method::POST, "/api/v1/escalations");
    let request = request
        .header("idempotency-key", format!("key-{number}"))
        .json(&body);
    let ticket = Answer::to(request).await.assert_status(201).json();
    ticket["id"].as_str().unwrap().to_owned()
}

/// The agent takes the ticket, answers and resolves it, which earns 4.50 EUR.
async fn work(agent: &Recruit, ticket: &str) {
    let path = format!("/api/v1/tickets/{ticket}/claim");
    let engagement = agent
        .post(&path, &json!({}))
        .await
        .assert_status(201)
        .json();
    let path = format!("/api/v1/engagements/{}", engagement["id"].as_str().unwrap());
    let message = json!({ "client_id": "1", "body": "Hello, how can I help?" });
    agent
        .post(&format!("{path}/messages"), &message)
        .await
        .assert_status(201);
    agent
        .post(
            &format!("{path}/resolve"),
            &json!({ "disposition": "solved" }),
        )
        .await
        .assert_status(200);
}

async fn go_available(agent: &Recruit) {
    let presence = json!({ "status": "available" });
    agent
        .put("/api/v1/presence", &presence)
        .await
        .assert_status(200);
}

#[actix_web::test]
async fn each_page_is_for_its_roles() {
    let app = TestApp::spawn().await;
    let operations: &[Role] = &[Role::Supervisor, Role::Admin];
    let finance: &[Role] = &[Role::FinancePreparer, Role::FinanceApprover];
    let pages = [
        ("/ops", operations),
        ("/ops/now", operations),
        ("/ops/agents", operations),
        ("/ops/shifts", operations),
        ("/ops/customers", operations),
        ("/admin", &[Role::Admin]),
        ("/admin/machine-keys", &[Role::Admin]),
        ("/admin/queues", &[Role::Admin]),
        ("/admin/skills", &[Role::Admin]),
        ("/admin/agreement", &[Role::Admin]),
        ("/admin/promises", &[Role::Admin]),
        ("/finance", finance),
        ("/finance/rates", finance),
    ];
    for role in Role::ALL {
        let browser = app.browser(&app.account(*role).await).await;
        for (path, roles) in pages {
            let response = browser.request(reqwest::Method::GET, path).send();
            let expected = if roles.contains(role) { 200 } else { 403 };
            assert_eq!(
                response.await.unwrap().status(),
                expected,
                "{path} as {role}"
            );
        }
    }
    let stranger = app.stranger();
    let answer = stranger.get("/finance?after=x").await;
    assert_eq!(
        location(&answer),
        "/sign-in?next=%2Ffinance%3Fafter%3Dx",
        "who is not signed in comes back after signing in"
    );
}

#[actix_web::test]
async fn an_empty_platform_says_what_comes_next() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let preparer = app.browser(&app.account(Role::FinancePreparer).await).await;
    for (browser, path, text) in [
        (&admin, "/ops", "No queue yet"),
        (&admin, "/ops", "All quiet"),
        (&admin, "/ops", "Nobody is there"),
        (&admin, "/ops/agents", "Nothing to decide"),
        (&admin, "/ops/agents?status=active", "Nobody here"),
        (&admin, "/ops/shifts", "there is none yet"),
        (&admin, "/admin/machine-keys", "No key yet"),
        (&admin, "/admin/queues", "No queue yet"),
        (&admin, "/admin/skills", "No skill yet"),
        (&admin, "/admin/agreement", "No agreement yet"),
        (&preparer, "/finance", "No run yet"),
        (&preparer, "/finance", "Nothing is booked yet"),
        (&preparer, "/finance/rates", "No rate card yet"),
    ] {
        let page = browser.get(path).await.assert_status(200);
        assert_says(&page, &[text]);
        for inline in ["<script>", "<style", " style=", " onclick="] {
            assert!(!page.body.contains(inline), "{path}: {inline}");
        }
    }
}
