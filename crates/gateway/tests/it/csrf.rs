//! No other site's page can make a browser write here.

use kernel::Role;
use reqwest::Method;

use crate::support::{Answer, TestApp, Visitor};

/// A write with the cookie of somebody who is signed in, and these headers.
async fn forged(app: &TestApp, browser: &Visitor, headers: &[(&str, &str)]) -> Answer {
    let path = format!("{}/api/v1/sessions/current", app.origin);
    let mut request = app.client.delete(path).header("cookie", browser.cookie());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::to(request).await
}

#[actix_web::test]
async fn a_cookie_alone_does_not_write() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Supervisor).await).await;
    for headers in [
        &[][..],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "https://127.0.0.1.evil.example")],
        // What the browser says of the site counts, whatever else is claimed.
        &[
            ("sec-fetch-site", "cross-site"),
            ("origin", "http://127.0.0.1:8080"),
        ],
    ] {
        forged(&app, &browser, headers)
            .await
            .assert_problem(403, "cross_site_request");
    }
    browser.get("/api/v1/me").await.assert_status(200);
}

#[actix_web::test]
async fn a_page_of_ours_writes() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Supervisor).await;
    let origin = app.origin.clone();
    for headers in [
        ("sec-fetch-site", "same-origin"),
        ("sec-fetch-site", "none"),
        ("origin", origin.as_str()),
        ("origin", "http://127.0.0.1:8080"),
    ] {
        let browser = app.browser(&account).await;
        forged(&app, &browser, &[headers]).await.assert_status(204);
        browser
            .get("/api/v1/me")
            .await
            .assert_problem(401, "not_signed_in");
    }
}

#[actix_web::test]
async fn reading_needs_no_proof() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Supervisor).await).await;
    let request = app.client.get(format!("{}/api/v1/me", app.origin));
    let request = request
        .header("cookie", browser.cookie())
        .header("sec-fetch-site", "cross-site");
    Answer::to(request).await.assert_status(200);
}

#[actix_web::test]
async fn a_bearer_token_needs_no_proof() {
    let app = TestApp::spawn().await;
    let supervisor = app.supervisor().await;
    let request = supervisor.request(Method::DELETE, "/api/v1/sessions/current");
    Answer::to(request.header("sec-fetch-site", "cross-site"))
        .await
        .assert_status(204);
}

#[actix_web::test]
async fn a_wrong_bearer_token_is_not_helped_by_a_cookie() {
    let app = TestApp::spawn().await;
    let browser = app.browser(&app.account(Role::Supervisor).await).await;
    let request = browser
        .request(Method::DELETE, "/api/v1/sessions/current")
        .bearer_auth("x");
    Answer::to(request)
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn nobody_is_signed_in_by_another_site() {
    let app = TestApp::spawn().await;
    let request = app.client.post(format!("{}/sign-in", app.origin));
    let request = request
        .header("sec-fetch-site", "cross-site")
        .form(&[("email", "a@b.c")]);
    Answer::to(request)
        .await
        .assert_page(403, "This is not open to you");
}

#[actix_web::test]
async fn a_platform_for_this_machine_answers_to_no_other_name() {
    let app = TestApp::spawn().await;
    for (host, status) in [
        ("evil.example", 421),
        ("127.0.0.1.evil.example:8080", 421),
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
    ] {
        let request = app.client.get(format!("{}/api/v1/health", app.origin));
        let answer = Answer::to(request.header("host", host)).await;
        assert_eq!(answer.status, status, "{host}: {}", answer.body);
    }
}
