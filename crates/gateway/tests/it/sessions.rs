//! Signing in to the API, staying signed in, signing out.

use chrono::TimeDelta;
use kernel::{AccountId, Role};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApp};

async fn sign_in(app: &TestApp, email: &str, password: &str) -> Answer {
    let body = json!({ "email": email, "password": password });
    app.stranger().post("/api/v1/sessions", &body).await
}

async fn refresh(app: &TestApp, tokens: &Value) -> Answer {
    let body = json!({ "refresh_token": tokens["refresh_token"] });
    app.stranger().post("/api/v1/sessions/refresh", &body).await
}

fn access(tokens: &Value) -> &str {
    tokens["access_token"].as_str().unwrap()
}

#[actix_web::test]
async fn who_signs_in_is_known() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Supervisor).await;

    let tokens = sign_in(&app, &account.email, PASSWORD)
        .await
        .assert_status(200)
        .json();
    let me = app
        .bearer(access(&tokens))
        .get("/api/v1/me")
        .await
        .assert_status(200)
        .json();

    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 900);
    assert_eq!(tokens["account"], me);
    assert_eq!(me["id"], account.id.to_string());
    assert_eq!(me["role"], "supervisor");
    assert_eq!(me["email"], account.email);
}

#[actix_web::test]
async fn a_wrong_password_and_an_unknown_address_are_answered_the_same() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Agent).await;

    let wrong = sign_in(&app, &account.email, "not the password").await;
    let unknown = sign_in(&app, "nobody@example.com", PASSWORD).await;

    assert_eq!(
        wrong.assert_problem(401, "wrong_credentials"),
        unknown.assert_problem(401, "wrong_credentials")
    );
}

#[actix_web::test]
async fn too_many_wrong_passwords_are_slowed_down() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Agent).await;
    for _ in 0..10 {
        sign_in(&app, &account.email, "not the password")
            .await
            .assert_status(401);
    }

    let answer = sign_in(&app, &account.email, PASSWORD).await;

    answer.assert_problem(429, "too_many_attempts");
    assert!((1..=900).contains(&answer.header("retry-after").parse::<u32>().unwrap()));
}

#[actix_web::test]
async fn an_access_token_is_good_for_a_quarter_of_an_hour() {
    let app = TestApp::spawn().await;
    let supervisor = app.supervisor().await;

    app.db.clock().advance(TimeDelta::minutes(14));
    supervisor.get("/api/v1/me").await.assert_status(200);
    app.db.clock().advance(TimeDelta::minutes(2));
    supervisor
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn a_refresh_token_is_good_for_one_trade() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Agent).await;
    let first = sign_in(&app, &account.email, PASSWORD)
        .await
        .assert_status(200)
        .json();

    let second = refresh(&app, &first).await.assert_status(200).json();
    assert_ne!(first["refresh_token"], second["refresh_token"]);
    app.bearer(access(&second))
        .get("/api/v1/me")
        .await
        .assert_status(200);

    // Somebody has a copy: nobody stays signed in.
    refresh(&app, &first)
        .await
        .assert_problem(401, "refresh_token_reused");
    app.bearer(access(&second))
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
    refresh(&app, &second)
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn signing_out_ends_all_tokens_at_once() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::FinancePreparer).await;
    let tokens = sign_in(&app, &account.email, PASSWORD)
        .await
        .assert_status(200)
        .json();
    let person = app.bearer(access(&tokens));

    person
        .delete("/api/v1/sessions/current")
        .await
        .assert_status(204);

    person
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
    refresh(&app, &tokens)
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn what_somebody_does_is_on_record_as_theirs() {
    let app = TestApp::spawn().await;
    let person = app.supervisor().await;

    person
        .delete("/api/v1/sessions/current")
        .await
        .assert_status(204);

    let recorded = app.database.number(&format!(
        "SELECT count(*) FROM audit.events WHERE actor = '{}' AND action = 'sign_out' \
         AND subject = 'identity.sessions' AND new_state = 'signed_out'",
        person.account.id
    ));
    assert_eq!(recorded, 1);
}

#[actix_web::test]
async fn a_suspension_takes_effect_at_once() {
    let app = TestApp::spawn().await;
    let person = app.supervisor().await;
    let id = person.account.id;

    app.db
        .write("test", move |tx| {
            workflows::suspend_staff(tx, id, AccountId::new())
        })
        .await
        .unwrap();

    person
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
    sign_in(&app, &person.account.email, PASSWORD)
        .await
        .assert_problem(401, "wrong_credentials");
}

#[actix_web::test]
async fn what_is_no_token_of_ours_is_refused() {
    let app = TestApp::spawn().await;
    for token in ["x", "gdk_x", "gdk_", "a.b.c", "eyJhbGciOiJub25lIn0.e30."] {
        let answer = app.bearer(token).get("/api/v1/me").await;
        answer.assert_problem(401, "not_signed_in");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let basic = app
        .stranger()
        .request(reqwest::Method::GET, "/api/v1/me")
        .basic_auth("a", Some("b"));
    Answer::to(basic).await.assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn a_machine_is_not_a_person() {
    let app = TestApp::spawn().await;
    let admin = app.admin().await;

    let answer = app.machine(&admin).await.get("/api/v1/me").await;

    answer.assert_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_token_signed_by_another_installation_is_refused() {
    let (one, other) = (TestApp::spawn().await, TestApp::spawn().await);
    let account = one.account(Role::Admin).await;
    let tokens = sign_in(&one, &account.email, PASSWORD).await.json();

    other
        .bearer(access(&tokens))
        .get("/api/v1/me")
        .await
        .assert_problem(401, "not_signed_in");
}
