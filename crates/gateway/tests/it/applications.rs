//! The way from customer to agent.

use chrono::TimeDelta;
use onboarding::Invitation;
use serde_json::{Value, json};

use crate::support::{
    PASSWORD, TestApp,
    company::{IBAN, payee},
};

const SECRET: &str = "what the company signs invitations with";

fn invitation(app: &TestApp, customer: &str, email: Option<&str>, days: i64) -> String {
    let invitation = Invitation {
        customer_ref: customer.to_owned(),
        tier: "gold".to_owned(),
        since: "2019-05-01".parse().unwrap(),
        country: "SE".to_owned(),
        household_ref: None,
        email: email.map(str::to_owned),
        expires_at: app.db.now() + TimeDelta::days(days),
    };
    invitation.sign(SECRET.as_bytes())
}

fn application(invitation: &str) -> Value {
    json!({ "invitation": invitation, "display_name": "Ada", "password": PASSWORD })
}

#[actix_web::test]
async fn an_invited_customer_becomes_an_agent() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.submitted().await;
    assert_eq!(ada.get("/api/v1/me").await.json()["role"], "applicant");

    let approved = company
        .decide(&ada, "approve")
        .await
        .assert_status(200)
        .json();
    assert_eq!(
        (&approved["status"], &approved["reason"]),
        (&json!("active"), &json!("To approve."))
    );
    assert_eq!(
        ada.get("/api/v1/me").await.json()["role"],
        "agent",
        "without signing in again"
    );
    assert_eq!(app.letters("approved", &ada.email), 1);

    let seen = ada.get("/api/v1/application").await.json();
    let open = |item: &Value| item["fulfilled_at"].is_null();
    assert!(
        !seen["checklist"].as_array().unwrap().iter().any(open),
        "{seen}"
    );
    assert_eq!(seen["agent"]["languages"], json!(["en"]));
    assert_eq!(seen["accepted"]["sha256"], seen["agreement"]["sha256"]);
    assert_eq!(seen["grants"][0]["proficiency"], 5);
    assert_eq!(seen["skills"][0]["name"], "Refunds");
    app.database.assert_promises();
}

#[actix_web::test]
async fn asking_for_an_invitation_does_not_tell_who_is_a_customer() {
    let app = TestApp::spawn().await;
    let (_, email) = app.company().await.customer().await;
    let stranger = app.stranger();
    let ask = |email: String| async move {
        let body = json!({ "email": email });
        stranger
            .post("/api/v1/invitation-requests", &body)
            .await
            .assert_status(202)
            .body
    };
    let known = ask.clone()(email.to_uppercase()).await;
    let unknown = ask("nobody@example.com".to_owned()).await;
    assert_eq!(known, unknown);
    assert_eq!(app.letters("invitation", &email), 1);
    assert_eq!(app.database.number("SELECT count(*) FROM jobs.jobs"), 1);
}

#[actix_web::test]
async fn nobodys_mailbox_is_flooded() {
    let app = TestApp::spawn().await;
    let (_, email) = app.company().await.customer().await;
    let (body, path) = (json!({ "email": email }), "/api/v1/invitation-requests");
    for _ in 0..3 {
        app.stranger().post(path, &body).await.assert_status(202);
    }
    let refused = app.stranger().post(path, &body).await;
    refused.assert_problem(429, "too_many_letters");
    assert!(refused.header("retry-after").parse::<u32>().unwrap() > 800);
    assert_eq!(app.letters("invitation", &email), 3);
    let malformed = app
        .stranger()
        .post(path, &json!({ "email": "nobody" }))
        .await;
    assert_eq!(
        malformed.assert_problem(422, "invalid_input")["errors"][0]["field"],
        "email"
    );
}

#[actix_web::test]
async fn only_what_the_company_signed_is_an_invitation() {
    let app = TestApp::spawn_with(&["--invitation-secret", SECRET]).await;
    let apply = |token: String| {
        let stranger = app.stranger();
        async move {
            stranger
                .post("/api/v1/applications", &application(&token))
                .await
        }
    };
    let good = invitation(&app, "C-1", Some("ada@example.com"), 1);
    for forged in [
        "",
        "gdi_",
        &good[..good.len() - 1],
        &good.replacen("gdi_e", "gdi_f", 1),
    ] {
        apply(forged.to_owned())
            .await
            .assert_problem(422, "invitation_invalid");
    }
    let old = invitation(&app, "C-1", Some("ada@example.com"), -1);
    apply(old).await.assert_problem(409, "invitation_expired");
    apply(good).await.assert_status(201);
}

#[actix_web::test]
async fn an_invitation_without_an_address_needs_one() {
    let app = TestApp::spawn_with(&["--invitation-secret", SECRET]).await;
    let mut body = application(&invitation(&app, "C-1", None, 1));
    let refused = app.stranger().post("/api/v1/applications", &body).await;
    assert_eq!(
        refused.assert_problem(422, "invalid_input")["errors"][0]["field"],
        "email"
    );

    body["email"] = json!("Ada@Example.com");
    let tokens = app
        .stranger()
        .post("/api/v1/applications", &body)
        .await
        .assert_status(201)
        .json();
    assert_eq!(tokens["account"]["email"], "ada@example.com");
    assert_eq!(tokens["account"]["role"], "applicant");
    assert_eq!(app.letters("email_code", "ada@example.com"), 1);
    let refresh = json!({ "refresh_token": tokens["refresh_token"] });
    app.stranger()
        .post("/api/v1/sessions/refresh", &refresh)
        .await
        .assert_status(200);
}

#[actix_web::test]
async fn a_customer_applies_once() {
    let app = TestApp::spawn_with(&["--invitation-secret", SECRET]).await;
    let body = application(&invitation(&app, "C-1", Some("ada@example.com"), 1));
    app.stranger()
        .post("/api/v1/applications", &body)
        .await
        .assert_status(201);
    let again = app.stranger().post("/api/v1/applications", &body).await;
    again.assert_problem(409, "email_taken");
    let other = application(&invitation(&app, "C-1", Some("else@example.com"), 1));
    let again = app.stranger().post("/api/v1/applications", &other).await;
    again.assert_problem(409, "already_applied");
    assert_eq!(
        app.database
            .number("SELECT count(*) FROM identity.accounts"),
        1,
        "all or nothing"
    );
}

#[actix_web::test]
async fn what_is_wrong_with_an_application_is_named() {
    let app = TestApp::spawn_with(&["--invitation-secret", SECRET]).await;
    let good = application(&invitation(&app, "C-1", Some("ada@example.com"), 1));
    for (field, value) in [
        ("password", "short"),
        ("display_name", " "),
        ("email", "nobody"),
    ] {
        let mut body = good.clone();
        body[field] = json!(value);
        let refused = app.stranger().post("/api/v1/applications", &body).await;
        assert_eq!(refused.status, 422, "{field}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["field"], field);
    }
}

#[actix_web::test]
async fn a_wrong_code_costs_a_try_and_the_right_one_confirms() {
    let app = TestApp::spawn().await;
    let ada = app.company().await.applicant().await;
    let code = app.code(&ada.email);
    let wrong = if code == "000000" { "000001" } else { "000000" };
    let answer = ada.confirm_email(wrong).await.assert_status(200).json();
    assert_eq!(answer, json!({ "confirmed": false, "tries_left": 4 }));
    ada.confirm_email("12345")
        .await
        .assert_problem(422, "invalid_input");

    let again = ada.post("/api/v1/application/email-code", &json!({})).await;
    again.assert_problem(429, "code_too_soon");
    let answer = ada.confirm_email(&code).await.assert_status(200).json();
    assert_eq!(answer, json!({ "confirmed": true, "tries_left": null }));
    let again = ada.post("/api/v1/application/email-code", &json!({})).await;
    again.assert_problem(409, "email_confirmed");
}

#[actix_web::test]
async fn the_right_answers_stay_inside() {
    let app = TestApp::spawn().await;
    let ada = app.company().await.applicant().await;
    let body = json!({ "skill": "refunds" });
    let attempt = ada
        .post("/api/v1/application/attempts", &body)
        .await
        .assert_status(201);
    assert!(!attempt.body.contains("correct"), "{}", attempt.body);
    let seen = attempt.json();
    assert_eq!(seen["questions"].as_array().unwrap().len(), 3);
    assert_eq!(
        (&seen["skill_name"], &seen["pass_mark"]),
        (&json!("Refunds"), &json!(80))
    );
    let again = ada.post("/api/v1/application/attempts", &body).await;
    assert_eq!(again.json(), seen, "an open attempt is the same again");

    let failed = ada.sit("no").await;
    assert_eq!(
        failed,
        json!({ "passed": false, "score": 0, "pass_mark": 80, "grant": null })
    );
    let passed = ada.sit("yes").await;
    assert_eq!(
        (&passed["score"], &passed["grant"]["skill"]),
        (&json!(100), &json!("refunds"))
    );
    let path = format!(
        "/api/v1/application/attempts/{}/answers",
        seen["id"].as_str().unwrap()
    );
    let late = ada.post(&path, &json!({ "answers": [1, 1, 1] })).await;
    late.assert_problem(409, "attempt_ended");
    let unknown = json!({ "skill": "cooking" });
    let unknown = ada.post("/api/v1/application/attempts", &unknown).await;
    unknown.assert_problem(404, "skill_not_found");
}

#[actix_web::test]
async fn another_applicant_cannot_answer() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (ada, ben) = (company.applicant().await, company.applicant().await);
    let body = json!({ "skill": "refunds" });
    let attempt = ada.post("/api/v1/application/attempts", &body).await.json();
    let path = format!(
        "/api/v1/application/attempts/{}/answers",
        attempt["id"].as_str().unwrap()
    );
    let answered = ben.post(&path, &json!({ "answers": [1, 1, 1] })).await;
    answered.assert_problem(404, "attempt_not_found");
}

#[actix_web::test]
async fn only_the_agreement_that_was_shown_is_accepted() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.applicant().await;
    let shown = ada
        .get("/api/v1/agreements/current")
        .await
        .assert_status(200)
        .json();
    assert_eq!(
        (&shown["version"], &shown["body"]),
        (&json!(1), &json!("Be kind."))
    );
    let newer = json!({ "title": "Agreement", "body": "Be kinder." });
    company
        .admin
        .post("/api/v1/admin/agreements", &newer)
        .await
        .assert_status(201);

    let body = json!({ "version": shown["version"], "sha256": shown["sha256"] });
    let late = ada.post("/api/v1/application/agreement", &body).await;
    late.assert_problem(409, "agreement_outdated");
    let seen = ada.get("/api/v1/application").await.json();
    assert_eq!(
        (&seen["agreement"]["version"], &seen["accepted"]),
        (&json!(2), &Value::Null)
    );
}

#[actix_web::test]
async fn an_account_number_is_never_sent_back() {
    let app = TestApp::spawn().await;
    let ada = app.company().await.applicant().await;
    let path = "/api/v1/application/payout-details";
    ada.get(path).await.assert_problem(404, "not_found");
    let saved = ada.put(path, &payee()).await.assert_status(200);
    let read = ada.get(path).await.assert_status(200);
    let application = ada.get("/api/v1/application").await.assert_status(200);
    for body in [&saved.body, &read.body, &application.body] {
        assert!(!body.contains(&IBAN[4..12]), "{body}");
        assert!(body.contains("3000"), "{body}");
    }
    assert_eq!(saved.json(), read.json());

    let mut wrong = payee();
    wrong["iban"] = json!("DE89370400440532013001");
    let refused = ada.put(path, &wrong).await;
    assert_eq!(
        refused.assert_problem(422, "invalid_input")["errors"][0]["field"],
        "iban"
    );
    assert!(!refused.body.contains("053201"), "{}", refused.body);
}

#[actix_web::test]
async fn what_is_still_to_do_is_said() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let ada = company.applicant().await;
    let early = ada.post("/api/v1/application/submission", &json!({})).await;
    let problem = early.assert_problem(409, "requirements_open");
    assert!(
        problem["detail"]
            .as_str()
            .unwrap()
            .contains("payout details"),
        "{problem}"
    );

    let profile = json!({ "display_name": "Ada", "time_zone": "Mars", "languages": ["en", "xyz"] });
    let refused = ada.put("/api/v1/application/profile", &profile).await;
    let faults = refused.assert_problem(422, "invalid_input")["errors"].clone();
    assert_eq!(
        (&faults[0]["field"], &faults[1]["field"]),
        (&json!("time_zone"), &json!("languages[1]"))
    );

    let ben = company.submitted().await;
    let again = ben.post("/api/v1/application/submission", &json!({})).await;
    again.assert_problem(409, "application_closed");
}

#[actix_web::test]
async fn an_applicant_does_not_work_yet() {
    let app = TestApp::spawn().await;
    let ada = app.company().await.submitted().await;
    for path in ["/api/v1/shifts", "/api/v1/commitments", "/api/v1/presence"] {
        ada.get(path).await.assert_problem(403, "forbidden");
    }
}
