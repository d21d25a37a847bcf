//! The pages of applicants, agents and customers.

use chrono::{TimeDelta, Timelike as _};
use reqwest::Method;
use serde_json::json;

use crate::support::{
    Answer, PASSWORD, TestApp, Visitor,
    company::{Company, IBAN, Recruit, token},
    floor::{id, link_token},
};

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
    let start = format!("id=\"{field}-fault\">");
    let rest = page.body.split_once(&start).map_or("", |(_, rest)| rest);
    rest.split_once('<').map_or("", |(text, _)| text)
}

/// An invitation for a new customer, and the customer's address.
async fn invitation(company: &Company<'_>) -> (String, String) {
    let (reference, email) = company.customer().await;
    let body = json!({ "customer_ref": reference });
    let invited = company
        .supervisor
        .post("/api/v1/ops/invitations", &body)
        .await;
    let link = invited.assert_status(201).json()["link"].clone();
    (token(link.as_str().unwrap()).to_owned(), email)
}

/// The form with which a customer applies.
async fn join(browser: &Visitor, token: &str, name: &str, password: &str) -> Answer {
    let form = [
        ("invitation", token),
        ("display_name", name),
        ("password", password),
    ];
    browser.post_form("/join", &form).await
}

/// Somebody who has just applied, in front of the checklist.
async fn applicant(app: &TestApp, company: &Company<'_>) -> (Visitor, String) {
    let (token, email) = invitation(company).await;
    let joined = join(&app.new_browser(), &token, "Ada", PASSWORD).await;
    assert_eq!(location(&joined), "/join/checklist");
    (app.browser_with(&joined), email)
}

/// An agent in front of a browser.
async fn at_desk(app: &TestApp, company: &Company<'_>) -> (Visitor, Recruit) {
    let agent = company.agent().await;
    (app.browser_of(&agent.email).await, agent)
}

/// What applies to every page of ours: nothing of it is script or style of its own.
#[track_caller]
fn assert_nothing_inline(page: &Answer) {
    for inline in ["<script>", "<style", " style=", " onclick="] {
        assert!(!page.body.contains(inline), "{inline}: {}", page.body);
    }
}

#[actix_web::test]
async fn an_invitation_is_taken_up_on_the_page() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (token, email) = invitation(&company).await;
    let browser = app.new_browser();
    let page = browser.get(&format!("/join?invitation={token}")).await;
    assert_says(&page, &["Begin your application", &email, "gold"]);
    assert_nothing_inline(&page);

    let refused = join(&browser, &token, "Ada <b>", "too short").await;
    assert_eq!(refused.status, 422);
    assert!(fault(&refused, "password").starts_with("Must have at least 10 characters"));
    assert_says(&refused, &["Ada &#60;b&#62;", &email]);
    assert!(!refused.body.contains("too short"), "never the password");

    let joined = join(&browser, &token, "Ada", PASSWORD).await;
    assert_eq!(location(&joined), "/join/checklist");
    let cookie = joined.header("set-cookie");
    assert!(cookie.starts_with("__Host-gigdesk=") && cookie.contains("HttpOnly"));
    let checklist = app.browser_with(&joined).get("/join/checklist").await;
    assert_says(&checklist, &["Welcome, Ada", "0 of 5 done"]);
    assert_eq!(app.letters("email_code", &email), 1);

    let again = join(&browser, &token, "Ada", PASSWORD).await;
    assert_eq!(again.status, 409);
    assert_says(&again, &["please sign in", "Begin your application"]);
}

#[actix_web::test]
async fn an_invitation_that_is_no_good_shows_the_way_on() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (token, _) = invitation(&company).await;
    let browser = app.new_browser();
    let forged = browser.get("/join?invitation=gdi_forged.token").await;
    assert_eq!(forged.status, 422);
    assert_says(
        &forged,
        &["cannot read this invitation", "Send me an invitation"],
    );
    app.db.clock().advance(TimeDelta::days(15));
    let late = browser.get(&format!("/join?invitation={token}")).await;
    assert_says(&late, &["has expired", "Send me an invitation"]);
    let late = join(&browser, &token, "Ada", PASSWORD).await;
    assert_says(&late, &["has expired", "Send me an invitation"]);
}

#[actix_web::test]
async fn who_asks_for_an_invitation_cannot_tell_who_is_a_customer() {
    let app = TestApp::spawn().await;
    let (_, known) = app.company().await.customer().await;
    let browser = app.new_browser();
    let mut pages = Vec::new();
    for email in [known.as_str(), "stranger@example.com"] {
        let form = [("email", email)];
        let answer = browser.post_form("/join/invitation", &form).await;
        let page = answer.assert_status(200);
        pages.push(page.body.replace(email, "…"));
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(app.letters("invitation", &known), 1);
    let typo = [("email", "no address")];
    let page = browser.post_form("/join/invitation", &typo).await;
    assert_eq!(page.status, 422);
    assert!(!fault(&page, "email").is_empty());
    assert_says(&page, &["value=\"no address\""]);
}

#[actix_web::test]
async fn an_application_is_filled_in_and_handed_in_on_the_pages() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (browser, email) = applicant(&app, &company).await;
    let step = async |path: &str, form: &[(&str, &str)]| {
        let answer = browser.post_form(path, form).await;
        assert_eq!(location(&answer), "/join/checklist");
    };
    step("/join/checklist/email", &[("code", &app.code(&email))]).await;
    let profile = [
        ("display_name", "Ada"),
        ("time_zone", "Europe/Stockholm"),
        ("languages", "en"),
        ("languages", "sv"),
    ];
    step("/join/checklist/profile", &profile).await;
    let page = browser.get("/join/checklist").await;
    let (_, rest) = page.body.split_once("name=\"sha256\" value=\"").unwrap();
    let agreement = [("version", "1"), ("sha256", &rest[..64])];
    step("/join/checklist/agreement", &agreement).await;
    pass(&browser).await;
    step("/join/checklist/payout", &payout(IBAN)).await;

    let page = browser.get("/join/checklist").await;
    assert_says(&page, &["5 of 5 done", "DE•• … 3000", "Passed · until"]);
    assert!(!page.body.contains(IBAN));
    assert_nothing_inline(&page);
    step("/join/checklist/submission", &[]).await;
    let page = browser.get("/join/checklist").await;
    assert_says(&page, &["We have your application"]);
}

/// Answers the questions of the one skill rightly, after handing in an empty paper.
async fn pass(browser: &Visitor) {
    let skill = [("skill", "refunds")];
    let started = browser.post_form("/join/assessments", &skill).await;
    let path = location(&started).to_owned();
    let paper = browser.get(&path).await;
    assert_says(&paper, &["<h1>Refunds</h1>", "80 of 100 points"]);
    let empty = browser.post_form(&path, &[]).await;
    assert_eq!(empty.status, 422);
    assert_eq!(
        empty
            .body
            .matches("Please choose one of the answers.")
            .count(),
        3
    );
    let questions: Vec<&str> = paper.body.split("<fieldset").skip(1).collect();
    let rights: Vec<String> = questions.iter().map(|text| number_of_yes(text)).collect();
    let names = ["answer-1", "answer-2", "answer-3"];
    let answers: Vec<(&str, &str)> = names
        .into_iter()
        .zip(rights.iter().map(String::as_str))
        .collect();
    let partly = browser.post_form(&path, &answers[..1]).await;
    assert_eq!(partly.status, 422);
    assert!(partly.body.contains(" checked>"), "what was chosen is kept");
    let handed_in = browser.post_form(&path, &answers).await;
    assert_eq!(location(&handed_in), path);
    assert_says(
        &browser.get(&path).await,
        &["Passed. Well done!", "<strong>100</strong>"],
    );
    let twice = browser.post_form(&path, &answers).await;
    assert_eq!(location(&twice), path, "the result stands");
}

fn number_of_yes(question: &str) -> String {
    let (before, _) = question.split_once("<span>yes</span>").unwrap();
    let (_, value) = before.rsplit_once("value=\"").unwrap();
    value.split_once('"').unwrap().0.to_owned()
}

fn payout(iban: &str) -> [(&str, &str); 7] {
    [
        ("name", "Ada Holder"),
        ("street", "Lindenstraße"),
        ("building", "7"),
        ("postcode", "10969"),
        ("city", "Berlin"),
        ("country", "DE"),
        ("iban", iban),
    ]
}

#[actix_web::test]
async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_stays() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (browser, _) = applicant(&app, &company).await;

    let page = browser
        .post_form("/join/checklist/email", &[("code", "000 00")])
        .await;
    assert_eq!(page.status, 422);
    assert!(fault(&page, "code").contains("six digits"));
    let profile = [
        ("display_name", "Ada"),
        ("time_zone", "Mars/Base"),
        ("languages", "sv"),
    ];
    let page = browser.post_form("/join/checklist/profile", &profile).await;
    assert_eq!(page.status, 422);
    assert!(fault(&page, "time_zone").contains("Europe/Stockholm"));
    assert_says(&page, &["value=\"Mars/Base\"", "value=\"sv\" checked"]);
    let page = browser
        .post_form("/join/checklist/payout", &payout("DE00"))
        .await;
    assert_eq!(page.status, 422);
    assert!(!fault(&page, "iban").is_empty());
    assert_says(&page, &["value=\"Lindenstraße\"", "value=\"DE00\""]);
    let page = browser.post_form("/join/checklist/submission", &[]).await;
    assert_eq!(page.status, 409);
    assert_says(&page, &["Still to do: "]);
    let page = browser.post_form("/join/checklist/email-code", &[]).await;
    assert_eq!(page.status, 429);
    assert_says(&page, &["A code is on its way"]);
}

#[actix_web::test]
async fn an_applicant_who_was_turned_down_reads_why() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let applicant = company.submitted().await;
    company
        .decide(&applicant, "reject")
        .await
        .assert_status(200);
    let page = app
        .browser_of(&applicant.email)
        .await
        .get("/join/checklist")
        .await;
    assert_says(&page, &["We cannot take you on", "To reject."]);
    assert!(!page.body.contains("Save the profile"));
}

#[actix_web::test]
async fn another_sites_page_cannot_send_our_forms() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (browser, _) = at_desk(&app, &company).await;
    for path in [
        "/join/checklist/payout",
        "/join",
        "/shifts/shf_00000000000000000000000000000000/commitments",
    ] {
        let request = app.client.post(format!("{}{path}", app.origin));
        let request = request
            .header("cookie", browser.cookie())
            .header("sec-fetch-site", "cross-site")
            .form(&payout(IBAN));
        Answer::to(request)
            .await
            .assert_page(403, "This is not open to you");
    }
}

#[actix_web::test]
async fn the_pages_of_agents_are_for_agents() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (applicant, _) = applicant(&app, &company).await;
    for path in ["/desk", "/shifts", "/earnings"] {
        let answer = app.stranger().get(path).await;
        assert_eq!(
            location(&answer),
            format!("/sign-in?next=%2F{}", &path[1..])
        );
        applicant
            .get(path)
            .await
            .assert_page(403, "This is not open to you");
    }
}

#[actix_web::test]
async fn the_desk_shows_how_things_stand() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let (browser, agent) = at_desk(&app, &floor.company).await;
    let ticket = floor.assistant.escalate("T-1").await;
    let page = browser.get("/desk").await.assert_page_says("Your desk");
    assert_says(
        &page,
        &["Kim", "Lost card", "Platinum", "VIP", "You are offline"],
    );
    assert_nothing_inline(&page);

    agent.go("available").await;
    let engagement = agent.claim(&ticket).await.assert_status(201).json();
    let conversation = format!("/api/v1/engagements/{}", id(&engagement));
    agent
        .say(&conversation, "1", "Hello <Kim>")
        .await
        .assert_status(201);
    let path = format!("/desk/engagements/{}", id(&engagement));
    let page = browser.get(&path).await;
    assert_says(&page, &["Hello &#60;Kim&#62;", "1 of 2 in hand", "Talking"]);
    let body = json!({ "disposition": "solved" });
    agent
        .post(&format!("{conversation}/resolve"), &body)
        .await
        .assert_status(200);
    assert_says(&browser.get(&path).await, &["Closed on", "Solved."]);

    let (other, _) = at_desk(&app, &floor.company).await;
    other
        .get(&path)
        .await
        .assert_page(404, "There is nothing here");
    let page = browser.get("/earnings").await;
    assert_says(&page, &["3.10 EUR", "2.50 EUR for the engagement"]);
}

#[actix_web::test]
async fn shifts_are_taken_and_released_in_the_agents_own_time() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (browser, _) = at_desk(&app, &company).await;
    let tomorrow = app.db.now() + TimeDelta::days(1);
    let start = tomorrow.with_hour(9).unwrap().with_minute(0).unwrap();
    let start = start.with_second(0).unwrap().with_nanosecond(0).unwrap();
    let shift = json!({
        "queue": "vip", "starts_at": start, "ends_at": start + TimeDelta::hours(2), "seats": 1,
    });
    let shift = company.supervisor.post("/api/v1/ops/shifts", &shift).await;
    let shift = shift.assert_status(201).json();
    let stockholm = start.with_timezone(&chrono_tz::Europe::Stockholm);
    let page = browser.get("/shifts").await;
    let hours = format!("{}–", stockholm.format("%H:%M"));
    assert_says(&page, &["Europe/Stockholm", &hours, "1 of 1 seat free"]);

    let take = format!("/shifts/{}/commitments", id(&shift));
    assert_eq!(location(&browser.post_form(&take, &[]).await), "/shifts");
    let page = browser.get("/shifts").await;
    assert_says(&page, &["Yours", "Release"]);
    let (late, _) = at_desk(&app, &company).await;
    let page = late.post_form(&take, &[]).await;
    assert_eq!(page.status, 409);
    assert_says(&page, &["Every seat of this shift is taken", "Full"]);

    let page = browser.get("/shifts").await;
    let (_, rest) = page
        .body
        .split_once("action=\"/shifts/commitments/")
        .unwrap();
    let (commitment, _) = rest.split_once('/').unwrap();
    let release = format!("/shifts/commitments/{commitment}/release");
    assert_eq!(late.post_form(&release, &[]).await.status, 404, "another's");
    assert_eq!(location(&browser.post_form(&release, &[]).await), "/shifts");
    assert_says(&browser.get("/shifts").await, &["Take it"]);
}

#[actix_web::test]
async fn a_customers_link_leads_to_the_conversation_and_to_nothing_else() {
    let app = TestApp::spawn().await;
    let floor = app.floor().await;
    let ticket = floor.assistant.escalate("T-1").await;
    let path = format!("/c/{}", link_token(&ticket));
    let page = app
        .stranger()
        .get(&path)
        .await
        .assert_page_says("Hello Kim");
    assert_says(&page, &["You are next.", "noindex"]);
    assert!(!page.body.contains("/sign-in"), "no navigation");
    assert_nothing_inline(&page);
    let forged = app.stranger().get("/c/gdc_forged").await;
    forged.assert_page(404, "This link leads nowhere");
    let request = app.stranger().request(Method::POST, &path);
    assert_eq!(
        Answer::to(request.header("sec-fetch-site", "same-origin"))
            .await
            .status,
        405
    );
}

trait Says {
    fn assert_page_says(self, text: &str) -> Self;
}

impl Says for Answer {
    /// Fails unless this is a page with this in its heading, whatever the heading's attributes.
    #[track_caller]
    fn assert_page_says(self, text: &str) -> Self {
        let page = self.assert_status(200);
        assert!(page.header("content-type").starts_with("text/html"));
        assert!(
            page.body.contains(&format!(">{text}</h1>")),
            "{}",
            page.body
        );
        page
    }
}
