//! Bad input: always a clear problem, never our fault.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp, Visitor};

const SIGN_IN: &str = "/api/v1/sessions";

async fn send(visitor: &Visitor, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = visitor.request(Method::POST, SIGN_IN);
    Answer::to(request.header("content-type", content_type).body(body)).await
}

async fn json(visitor: &Visitor, body: &'static str) -> Answer {
    send(visitor, "application/json", body).await
}

#[actix_web::test]
async fn malformed_json_is_said_to_be_malformed() {
    let (_app, stranger) = TestApp::with_stranger().await;
    for body in ["", "{", "{\"email\":}", "email=ada", "{}x", "\"\\ud800\""] {
        json(&stranger, body)
            .await
            .assert_problem(400, "malformed_json");
    }
    let not_text = b"{\"email\":\"\xff\"}".to_vec();
    send(&stranger, "application/json", not_text)
        .await
        .assert_problem(400, "malformed_json");
}

#[actix_web::test]
async fn a_wrong_type_is_named_with_its_field() {
    let (_app, stranger) = TestApp::with_stranger().await;
    for (body, field) in [
        (r#"{"email":1,"password":"x"}"#, "email"),
        (r#"{"email":"ada@example.com"}"#, "password"),
        (r#"{"email":"ada@example.com","password":null}"#, "password"),
        (r#"{"email":"a","password":"b","admin":true}"#, "admin"),
        ("[]", "body"),
        ("null", "body"),
        (r#"{"email":"not an address","password":"b"}"#, "email"),
    ] {
        let problem = json(&stranger, body)
            .await
            .assert_problem(422, "invalid_input");
        assert_eq!(problem["errors"][0]["field"], field, "{body}: {problem}");
        assert!(!problem["errors"][0]["message"].as_str().unwrap().is_empty());
    }
}

#[actix_web::test]
async fn a_nul_in_a_text_is_named_with_its_field() {
    let (_app, stranger) = TestApp::with_stranger().await;
    let problem = json(
        &stranger,
        r#"{"email":"a\u0000@example.com","password":"b\u0000"}"#,
    )
    .await;
    let problem = problem.assert_problem(422, "invalid_input");
    assert_eq!(problem["errors"][0]["field"], "email");
    assert_eq!(problem["errors"][1]["field"], "password");
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_refused() {
    let (_app, stranger) = TestApp::with_stranger().await;
    for mebibytes in [1, 10, 30] {
        let body = vec![b' '; mebibytes << 20];
        let answer = send(&stranger, "application/json", body).await;
        answer.assert_problem(413, "body_too_large");
    }
}

#[actix_web::test]
async fn a_large_body_does_not_hide_another_refusal() {
    let (_app, stranger) = TestApp::with_stranger().await;
    for (path, status, code) in [
        ("/api/v1/nowhere", 404, "not_found"),
        ("/api/v1/me", 405, "method_not_allowed"),
    ] {
        let request = stranger.request(Method::POST, path);
        let request = request.header("content-type", "application/json");
        Answer::to(request.body(vec![b' '; 10 << 20]))
            .await
            .assert_problem(status, code);
    }
}

#[actix_web::test]
async fn a_body_of_another_type_is_refused() {
    let (_app, stranger) = TestApp::with_stranger().await;
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "json",
        "",
    ] {
        let answer = send(&stranger, content_type, "{}").await;
        answer.assert_problem(415, "unsupported_media_type");
    }
    // A parameter and a suffix are fine; the body is then found incomplete.
    for content_type in [
        "application/json; charset=utf-8",
        "application/vnd.gigdesk+json",
    ] {
        send(&stranger, content_type, "{}")
            .await
            .assert_problem(422, "invalid_input");
    }
}

#[actix_web::test]
async fn an_unknown_address_and_an_unknown_method_are_told_apart() {
    let (_app, stranger) = TestApp::with_stranger().await;
    stranger
        .get("/api/v1/nowhere")
        .await
        .assert_problem(404, "not_found");
    stranger.get("/api").await.assert_problem(404, "not_found");
    stranger
        .delete("/api/v1/health")
        .await
        .assert_problem(405, "method_not_allowed");
    stranger
        .put("/api/v1/me", &json!({}))
        .await
        .assert_problem(405, "method_not_allowed");

    let answer = stranger.get(SIGN_IN).await;
    answer.assert_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "POST");
}

#[actix_web::test]
async fn an_address_with_a_nul_or_without_an_end_is_refused() {
    let (_app, stranger) = TestApp::with_stranger().await;
    stranger
        .get("/api/v1/health?x=%00")
        .await
        .assert_problem(400, "malformed_address");
    stranger
        .get("/api/v1/a%00b")
        .await
        .assert_problem(400, "malformed_address");
    let long = format!("/api/v1/health?x={}", "x".repeat(5_000));
    stranger
        .get(&long)
        .await
        .assert_problem(414, "address_too_long");
}

#[actix_web::test]
async fn a_stranger_hears_that_first() {
    let (_app, stranger) = TestApp::with_stranger().await;
    stranger
        .delete("/api/v1/sessions/current")
        .await
        .assert_problem(401, "not_signed_in");
    stranger
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn every_answer_makes_browsers_careful() {
    let (_app, stranger) = TestApp::with_stranger().await;
    for path in ["/", "/api/v1/health", "/nowhere", "/api/v1/health?x=%00"] {
        let answer = stranger.get(path).await;
        assert!(
            answer
                .header("content-security-policy")
                .starts_with("default-src 'self'")
        );
        assert!(
            answer
                .header("content-security-policy")
                .contains("frame-ancestors 'none'")
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "same-origin");
        assert!(!answer.header("permissions-policy").is_empty());
        assert_eq!(answer.header("x-request-id").len(), 36, "{path}");
        assert_eq!(
            answer.header("strict-transport-security"),
            "",
            "without TLS it means nothing"
        );
    }
}

#[actix_web::test]
async fn with_tls_browsers_are_told_to_insist_on_it() {
    let app = TestApp::spawn_with(&["--public-url", "https://desk.example"]).await;
    let answer = app.stranger().get("/api/v1/health").await;
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000"
    );
    assert_eq!(answer.json(), json!({ "status": "ok" }));
}

#[actix_web::test]
async fn the_api_describes_itself() {
    let (_app, stranger) = TestApp::with_stranger().await;
    let document = stranger
        .get("/api/openapi.json")
        .await
        .assert_status(200)
        .json();
    assert_eq!(document["openapi"], "3.1.0");
    let sign_in = &document["paths"][SIGN_IN]["post"];
    assert_eq!(
        sign_in["responses"]["default"]["content"]["application/problem+json"]["schema"]["$ref"],
        "#/components/schemas/Problem"
    );
    for schema in ["Problem", "FieldError", "TokensView", "SignInBody"] {
        assert!(
            document["components"]["schemas"][schema].is_object(),
            "{schema}"
        );
    }
    for scheme in ["bearer", "machine"] {
        assert_eq!(
            document["components"]["securitySchemes"][scheme]["scheme"],
            "bearer"
        );
    }
    stranger.get("/api/docs/").await.assert_status(200);
}

#[actix_web::test]
async fn no_answer_is_described_by_parts_that_exclude_each_other() {
    let (_app, stranger) = TestApp::with_stranger().await;
    let document = stranger.get("/api/openapi.json").await.json();
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let named = |part: &Value| {
        let name = part["$ref"].as_str()?.rsplit('/').next()?;
        schemas.get(name)
    };
    // A part that allows none but its own fields cannot be one of several.
    let is_closed =
        |part: &Value| named(part).unwrap_or(part)["additionalProperties"] == json!(false);
    let impossible = schemas.iter().filter(|(_, schema)| {
        let parts = schema["allOf"].as_array().map_or(&[][..], Vec::as_slice);
        parts.len() > 1 && parts.iter().any(is_closed)
    });
    let impossible: Vec<&String> = impossible.map(|(name, _)| name).collect();
    assert!(impossible.is_empty(), "{impossible:?}");
}
