//! The pages of operations, finance and administration.

use chrono::{Days, TimeDelta};
use futures_util::StreamExt as _;
use kernel::Role;
use serde_json::json;

use crate::support::{
    Answer, Person, TestApp, Visitor,
    company::{Company, Recruit},
};

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

/// A company with rates and an agent who earned 4.50 EUR, and finance in front of their pages.
struct Payday<'a> {
    company: Company<'a>,
    preparer: Person,
    prepares: Visitor,
    approves: Visitor,
}

impl<'a> Payday<'a> {
    async fn come(app: &'a TestApp) -> Self {
        let company = app.company().await;
        let (agent, machine) = (company.agent().await, app.machine(&company.admin).await);
        let preparer = app.finance_preparer().await;
        let prepares = app.browser(&preparer.account).await;
        let approves = app.browser(&app.account(Role::FinanceApprover).await).await;
        publish_rates(&prepares).await;
        go_available(&agent).await;
        work(&agent, &escalate(&machine, 1).await).await;
        Self {
            company,
            preparer,
            prepares,
            approves,
        }
    }

    /// Prepares a run of everything until now, and says where its page is.
    async fn run(&self) -> String {
        let form = [("period_start", "2026-01-01T00:00"), ("period_end", "")];
        let page = self.prepares.post_form("/finance/runs", &form).await;
        let page = page.assert_page(201, "Payout run");
        let (_, rest) = page.body.split_once("data-address=\"").unwrap();
        rest.split_once('"').unwrap().0.to_owned()
    }
}

async fn publish_rates(browser: &Visitor) {
    let form = [
        ("name", "Winter"),
        ("valid_from", ""),
        ("per_engagement.vip", "2,50"),
        ("per_minute.vip", "0.30"),
        ("minimum_seconds.vip", "400"),
    ];
    let answer = browser.post_form("/finance/rates", &form).await;
    assert_eq!(location(&answer), "/finance/rates");
}

#[actix_web::test]
async fn each_page_is_for_its_roles() {
    let app = TestApp::spawn().await;
    let operations: &[Role] = &[Role::Supervisor, Role::Admin];
    let finance: &[Role] = &[Role::FinancePreparer, Role::FinanceApprover];
    let pages = [
        ("/ops", operations),
        ("/ops/events", operations),
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

#[actix_web::test]
async fn the_live_queue_shows_who_waits_and_who_is_there() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (agent, machine) = (company.agent().await, app.machine(&company.admin).await);
    let supervisor = app.browser(&company.supervisor.account).await;
    go_available(&agent).await;
    escalate(&machine, 1).await;

    let page = supervisor.get("/ops").await.assert_page(200, "Live queue");
    assert_says(
        &page,
        &[
            "Kim &#60;b&#62;",
            "platinum",
            "Lost card",
            "Available",
            "0 of 2",
            "1 min",
        ],
    );
    assert!(!page.body.contains("late"), "{}", page.body);

    app.db.clock().advance(TimeDelta::seconds(61));
    let page = supervisor.get("/ops").await;
    assert_says(&page, &["stat alarm", "1 min 1 s", "· late"]);
}

#[actix_web::test]
async fn the_live_queue_is_sent_anew_when_it_changes() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let machine = app.machine(&company.admin).await;
    let supervisor = app.browser(&company.supervisor.account).await;
    let stream = supervisor
        .request(reqwest::Method::GET, "/ops/events")
        .send();
    let mut stream = stream.await.unwrap().bytes_stream();
    let mut heard = String::new();
    while !heard.contains("All quiet") {
        heard.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(heard.contains("event: floor\ndata: \""), "{heard}");

    escalate(&machine, 1).await;

    heard.clear();
    while !heard.contains("Lost card") {
        heard.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    assert!(!heard.contains("All quiet"), "{heard}");
}

#[actix_web::test]
async fn an_application_is_decided_with_a_reason() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let applicant = company.submitted().await;
    let supervisor = app.browser(&company.supervisor.account).await;
    let answer = supervisor.get("/ops/applications").await;
    assert_eq!(location(&answer), "/ops/agents?status=submitted");
    let list = supervisor.get("/ops/agents").await.assert_status(200);
    assert_says(&list, &[&applicant.id, &applicant.email, "To decide"]);
    let path = format!("/ops/agents/{}", applicant.id);
    let page = supervisor.get(&path).await.assert_page(200, "Ada");
    assert_says(
        &page,
        &["becomes an agent at once", "refunds", "proficiency"],
    );

    let silent = [("reason", "  ")];
    let page = supervisor
        .post_form(&format!("{path}/approve"), &silent)
        .await;
    assert_eq!(
        fault(&page.assert_page(422, "Ada"), "reason"),
        "Must not be empty."
    );

    let form = [("reason", "Knows <the> product")];
    let answer = supervisor
        .post_form(&format!("{path}/approve"), &form)
        .await;
    assert_eq!(location(&answer), path);
    let page = supervisor.get(&path).await;
    assert_says(
        &page,
        &[
            "Active",
            "Approved",
            "Knows &#60;the&#62; product",
            "Suspend",
        ],
    );
    assert_eq!(app.letters("approved", &applicant.email), 1);

    let again = supervisor.post_form(&format!("{path}/reject"), &form).await;
    let page = again.assert_page(409, "Ada");
    assert_says(&page, &["role=\"alert\"", "Suspend"]);
}

#[actix_web::test]
async fn an_agent_is_suspended_and_comes_back() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let agent = company.agent().await;
    let supervisor = app.browser(&company.supervisor.account).await;
    let path = format!("/ops/agents/{}", agent.id);
    for (decision, text, status) in [
        ("suspend", "Suspended", 401),
        ("reinstate", "Reinstated", 401),
    ] {
        let form = [("reason", "We had a look.")];
        let answer = supervisor
            .post_form(&format!("{path}/{decision}"), &form)
            .await;
        assert_eq!(location(&answer), path);
        assert_says(&supervisor.get(&path).await, &[text]);
        assert_eq!(
            agent.get("/api/v1/me").await.status,
            status,
            "sessions ended for good"
        );
    }
    let answer = supervisor
        .post_form(&format!("{path}/promote"), &[("reason", "x")])
        .await;
    answer.assert_page(404, "There is nothing here");
    let unknown = "/ops/agents/agt_00000000000000000000000000000000";
    supervisor
        .get(unknown)
        .await
        .assert_page(404, "There is nothing here");
    supervisor
        .get("/ops/agents?status=retired")
        .await
        .assert_page(422, "Something is not right yet");
}

#[actix_web::test]
async fn a_shift_is_published_on_the_planners_clock_and_called_off() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let supervisor = app.browser(&company.supervisor.account).await;
    let day = (app.db.now().date_naive() + Days::new(3)).to_string();
    let form = [
        ("queue", "vip"),
        ("date", day.as_str()),
        ("starts", "22:00"),
        ("ends", "06:00"),
        ("seats", "3"),
        ("zone", "Asia/Tokyo"),
    ];

    let answer = supervisor.post_form("/ops/shifts", &form).await;

    assert_eq!(location(&answer), "/ops/shifts");
    let page = supervisor
        .get("/ops/shifts")
        .await
        .assert_page(200, "Shifts");
    assert_says(&page, &["13:00–21:00 UTC", "0 of 3 taken", "VIP"]);
    let (_, rest) = page.body.split_once("action=\"/ops/shifts/shf_").unwrap();
    let path = format!("/ops/shifts/shf_{}", rest.split_once('"').unwrap().0);
    let answer = supervisor.post_form(&path, &[]).await;
    assert_eq!(location(&answer), "/ops/shifts");
    assert_says(
        &supervisor.get("/ops/shifts").await,
        &["No shift is planned"],
    );
    let page = supervisor
        .post_form(&path, &[])
        .await
        .assert_page(409, "Shifts");
    assert_says(&page, &["role=\"alert\""]);
}

#[actix_web::test]
async fn a_shift_that_cannot_be_keeps_what_was_typed() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let supervisor = app.browser(&company.supervisor.account).await;
    let form = [
        ("queue", "vip"),
        ("date", "2020-02-02"),
        ("starts", "09:10"),
        ("ends", "09:30"),
        ("seats", "many"),
        ("zone", "Europe/Stockholm"),
    ];
    let page = supervisor.post_form("/ops/shifts", &form).await;
    let page = page.assert_page(422, "Shifts");
    assert_eq!(fault(&page, "seats"), "Must be a whole number.");
    assert_says(
        &page,
        &[
            "2020-02-02",
            "09:10",
            "value=\"many\"",
            "value=\"Europe/Stockholm\" selected",
        ],
    );

    let mut form = form;
    form[4].1 = "2";
    let page = supervisor.post_form("/ops/shifts", &form).await;
    let page = page.assert_page(422, "Shifts");
    assert!(
        fault(&page, "starts").contains("half hour"),
        "{}",
        page.body
    );
}

const COLUMNS: &str = "customer_ref,email,display_name,tier,customer_since,country,household_ref";

#[actix_web::test]
async fn a_directory_is_imported_or_its_faults_are_named_by_line() {
    let app = TestApp::spawn().await;
    let supervisor = app.browser(&app.account(Role::Supervisor).await).await;
    let csv = format!(
        "{COLUMNS}\nC-1,kim@example.com,Kim,gold,2019-05-01,SE,\nC-2,nowhere,Lee,gold,soon,SE,\n"
    );
    let page = supervisor
        .post_form("/ops/customers", &[("csv", &csv)])
        .await;
    let page = page.assert_page(422, "Customers");
    assert_says(
        &page,
        &[
            "Nothing was imported",
            "line 3.email",
            "line 3.customer_since",
            "C-2,nowhere,Lee",
        ],
    );

    let csv = format!("{COLUMNS}\nC-1,kim@example.com,Kim,gold,2019-05-01,SE,\n");
    let answer = supervisor
        .post_form("/ops/customers", &[("csv", &csv)])
        .await;
    assert_eq!(location(&answer), "/ops/customers");
    let stored = "SELECT count(*) FROM onboarding.customers";
    assert_eq!(app.database.number(stored), 1);
}

#[actix_web::test]
async fn a_customer_of_the_directory_is_invited() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let (reference, email) = company.customer().await;
    let supervisor = app.browser(&company.supervisor.account).await;
    let path = "/ops/customers/invitations";

    let unknown = supervisor
        .post_form(path, &[("customer_ref", "C-nobody")])
        .await;
    let page = unknown.assert_page(422, "Customers");
    assert!(fault(&page, "customer_ref").contains("not in the directory"));
    assert_says(&page, &["value=\"C-nobody\""]);

    let page = supervisor
        .post_form(path, &[("customer_ref", &reference)])
        .await;
    let page = page.assert_page(200, "Customers");
    assert_says(&page, &["/join?invitation=gdi_"]);
    assert_eq!(app.letters("invitation", &email), 1);
}

#[actix_web::test]
async fn colleagues_get_accounts_and_lose_them() {
    let app = TestApp::spawn().await;
    let account = app.account(Role::Admin).await;
    let admin = app.browser(&account).await;
    let mut form = [
        ("display_name", "Lo"),
        ("email", "Lo@Example.com"),
        ("role", "agent"),
        ("password", "three grey geese"),
    ];
    let page = admin.post_form("/admin/accounts", &form).await;
    let page = page.assert_page(422, "Setup");
    assert_eq!(fault(&page, "role"), "Must be chosen.");
    assert_says(&page, &["Lo@Example.com"]);
    assert!(
        !page.body.contains("three grey geese"),
        "a password is not sent back"
    );

    form[2].1 = "supervisor";
    let answer = admin.post_form("/admin/accounts", &form).await;
    assert_eq!(location(&answer), "/admin");
    let page = admin.post_form("/admin/accounts", &form).await;
    page.assert_page(409, "Setup");

    let page = admin.get("/admin").await;
    assert_says(&page, &["lo@example.com", ">you<"]);
    let (_, rest) = page
        .body
        .split_once("action=\"/admin/accounts/acc_")
        .unwrap();
    let path = format!("/admin/accounts/acc_{}", rest.split_once('"').unwrap().0);
    assert!(
        !path.contains(&account.id.to_string()),
        "nobody suspends themself"
    );
    assert_eq!(location(&admin.post_form(&path, &[]).await), "/admin");
    assert_says(&admin.get("/admin").await, &["Suspended"]);
    let path = path.replace("suspend", "reinstate");
    assert_eq!(location(&admin.post_form(&path, &[]).await), "/admin");
    assert!(!admin.get("/admin").await.body.contains("Suspended"));

    let own = format!("/admin/accounts/{}/suspend", account.id);
    let refused = admin.post_form(&own, &[]).await;
    assert_says(
        &refused.assert_page(403, "This is not open to you"),
        &["another admin"],
    );
}

#[actix_web::test]
async fn a_machine_keys_secret_is_shown_once() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let path = "/admin/machine-keys";
    let long = "x".repeat(101);
    let page = admin.post_form(path, &[("name", &long)]).await;
    let page = page.assert_page(422, "Setup");
    assert!(fault(&page, "name").contains("at most 100"));
    assert_says(&page, &[&format!("value=\"{long}\"")]);

    let page = admin.post_form(path, &[("name", "Assistant")]).await;
    let page = page.assert_page(200, "Setup");
    let (_, rest) = page.body.split_once(">gdk_").unwrap();
    let secret = format!("gdk_{}", rest.split_once('<').unwrap().0);
    let machine = app.bearer(&secret);
    machine
        .get("/api/v1/tickets/tkt_00000000000000000000000000000000")
        .await
        .assert_problem(404, "ticket_not_found");
    let page = admin.get(path).await;
    assert!(!page.body.contains("gdk_"), "{}", page.body);

    let (_, rest) = page
        .body
        .split_once("action=\"/admin/machine-keys/")
        .unwrap();
    let revoke = format!("{path}/{}", rest.split_once('"').unwrap().0);
    assert_eq!(location(&admin.post_form(&revoke, &[]).await), path);
    assert_says(&admin.get(path).await, &["Revoked"]);
    machine
        .get("/api/v1/tickets/tkt_00000000000000000000000000000000")
        .await
        .assert_problem(401, "not_signed_in");
}

#[actix_web::test]
async fn a_queue_is_made_and_changed() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let mut form = [
        ("code", "VIP!"),
        ("name", "Very important"),
        ("first_reply_seconds", "1"),
        ("offer_seconds", "30"),
        ("wrap_up_seconds", "60"),
        ("ticket_weight", "1"),
    ];
    let page = admin.post_form("/admin/queues", &form).await;
    let page = page.assert_page(422, "Setup");
    assert!(fault(&page, "code").contains("a-z"));
    assert!(fault(&page, "first_reply_seconds").contains("5 to 86400"));
    assert_says(&page, &["value=\"VIP!\"", "value=\"Very important\""]);

    (form[0].1, form[2].1) = ("vip", "90");
    let answer = admin.post_form("/admin/queues", &form).await;
    assert_eq!(location(&answer), "/admin/queues");
    let page = admin.get("/admin/queues?edit=vip").await;
    assert_says(&page, &["Change vip", "1 min 30 s", "value=\"90\""]);
}

#[actix_web::test]
async fn an_agreement_is_published_with_the_line_breaks_it_has() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let path = "/admin/agreement";
    let page = admin
        .post_form(path, &[("title", "Terms"), ("body", "")])
        .await;
    let page = page.assert_page(422, "Setup");
    assert_eq!(fault(&page, "body"), "Must not be empty.");
    assert_says(&page, &["value=\"Terms\""]);

    let form = [("title", "Terms"), ("body", "Be kind.\r\nBe brief.")];
    assert_eq!(location(&admin.post_form(path, &form).await), path);
    assert_says(
        &admin.get(path).await,
        &["Version 1, in force", "Be kind.\nBe brief."],
    );
}

#[actix_web::test]
async fn the_promises_are_checked_when_somebody_asks() {
    let app = TestApp::spawn().await;
    let admin = app.browser(&app.account(Role::Admin).await).await;
    let unchecked = admin.get("/admin/promises").await.assert_status(200);
    assert!(!unchecked.body.contains("promises hold"));
    let count = db::verify::promises().len();
    let page = admin.get("/admin/promises?check=now").await;
    assert_says(&page, &[&format!("All {count} promises hold")]);
}

#[actix_web::test]
async fn rates_are_published_for_the_queues_that_have_a_price() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let preparer = app.browser(&app.account(Role::FinancePreparer).await).await;
    let mut form = [
        ("name", "Winter"),
        ("valid_from", "soon"),
        ("per_engagement.vip", "a lot"),
        ("per_minute.vip", "0.30"),
        ("minimum_seconds.vip", "60"),
    ];
    let page = preparer.post_form("/finance/rates", &form).await;
    let page = page.assert_page(422, "Rates");
    assert!(fault(&page, "per_engagement.vip").contains("such as 0.45"));
    assert!(fault(&page, "valid_from").contains("a date and a time"));
    assert_says(&page, &["value=\"a lot\"", "value=\"Winter\""]);

    (form[1].1, form[2].1) = ("", "-1");
    let page = preparer.post_form("/finance/rates", &form).await;
    let page = page.assert_page(422, "Rates");
    assert_eq!(fault(&page, "per_engagement.vip"), "Must not be negative.");

    publish_rates(&preparer).await;
    let page = preparer.get("/finance/rates").await;
    assert_says(&page, &["In force", "2.50", "0.30", "6 min 40 s"]);
    let approver = app.browser(&app.account(Role::FinanceApprover).await).await;
    let page = approver.get("/finance/rates").await;
    assert!(
        !page.body.contains("Publish a rate card"),
        "an approver only looks"
    );
    let answer = approver.post_form("/finance/rates", &form).await;
    answer.assert_page(403, "This is not open to you");
    drop(company);
}

#[actix_web::test]
async fn a_run_is_prepared_approved_by_another_exported_and_settled() {
    let app = TestApp::spawn().await;
    let payday = Payday::come(&app).await;
    let (prepares, approves) = (&payday.prepares, &payday.approves);
    assert_says(
        &prepares.get("/finance").await,
        &["4.50 EUR", "debits and credits balance"],
    );
    let run = payday.run().await;

    let own = prepares.get(&run).await.assert_page(200, "Payout run");
    assert_says(
        &own,
        &[
            "You prepared this run",
            "4.50 EUR",
            "Ada Holder",
            "Waits for approval",
        ],
    );
    assert!(!own.body.contains("0532"), "the account number is masked");
    assert!(!own.body.contains(&format!("{run}/approve")));
    let refused = prepares.post_form(&format!("{run}/approve"), &[]).await;
    refused.assert_page(403, "This is not open to you");

    let page = approves.get(&run).await;
    assert_says(
        &page,
        &[
            "By approving it you release",
            &payday.preparer.account.display_name,
        ],
    );
    let answer = approves.post_form(&format!("{run}/approve"), &[]).await;
    assert_eq!(location(&answer), run);
    let late = approves.post_form(&format!("{run}/settle"), &[]).await;
    assert_says(
        &late.assert_page(409, "Payout run"),
        &["role=\"alert\"", "Approved"],
    );
    let missing = prepares.get(&format!("{run}/export.csv")).await;
    missing.assert_page(404, "There is nothing here");

    let answer = prepares.post_form(&format!("{run}/export"), &[]).await;
    assert_eq!(location(&answer), run);
    let file = prepares
        .get(&format!("{run}/export.csv"))
        .await
        .assert_status(200);
    assert!(file.header("content-type").starts_with("text/csv"));
    assert!(
        file.header("content-disposition")
            .starts_with("attachment; filename=\"payout-")
    );
    assert!(
        file.body.contains("DE89370400440532013000"),
        "{}",
        file.body
    );
    assert_eq!(
        approves.get(&format!("{run}/export.csv")).await.body,
        file.body
    );

    assert!(
        !prepares
            .get(&run)
            .await
            .body
            .contains(&format!("{run}/settle"))
    );
    let answer = approves.post_form(&format!("{run}/settle"), &[]).await;
    assert_eq!(location(&answer), run);
    assert_says(&approves.get(&run).await, &["Settled", "Paid and booked"]);
    let list = prepares.get("/finance").await;
    assert_says(
        &list,
        &["Settled", "Through the bank", "debits and credits balance"],
    );
}

#[actix_web::test]
async fn a_run_is_given_up_with_a_reason() {
    let app = TestApp::spawn().await;
    let payday = Payday::come(&app).await;
    let run = payday.run().await;
    let path = format!("{run}/void");

    let page = payday.prepares.post_form(&path, &[("reason", "")]).await;
    let page = page.assert_page(422, "Payout run");
    assert_eq!(fault(&page, "reason"), "Must not be empty.");
    assert_says(&page, &["<details class=\"confirm\" open>"]);

    let form = [("reason", "The period was wrong.")];
    assert_eq!(
        location(&payday.prepares.post_form(&path, &form).await),
        run
    );
    let page = payday.approves.get(&run).await;
    assert_says(
        &page,
        &["Given up", "The period was wrong.", "finance_preparer"],
    );
    let again = payday.run().await;
    assert_ne!(run, again, "its lines can be paid by another run");
}

#[actix_web::test]
async fn a_run_that_cannot_be_prepared_keeps_its_period() {
    let app = TestApp::spawn().await;
    let preparer = app.browser(&app.account(Role::FinancePreparer).await).await;
    let form = [
        ("period_start", "2026-03-01T00:00"),
        ("period_end", "2026-02-01T00:00"),
    ];
    let page = preparer.post_form("/finance/runs", &form).await;
    let page = page.assert_page(422, "Payout runs");
    assert!(fault(&page, "period_end").contains("after the period"));
    assert_says(&page, &["2026-03-01T00:00", "2026-02-01T00:00"]);

    let form = [("period_start", "2026-03-01T00:00"), ("period_end", "")];
    let page = preparer.post_form("/finance/runs", &form).await;
    let page = page.assert_page(409, "Payout runs");
    assert_says(&page, &["There is nothing to pay"]);
    let approver = app.browser(&app.account(Role::FinanceApprover).await).await;
    assert!(
        !approver
            .get("/finance")
            .await
            .body
            .contains("Prepare a run")
    );
    let refused = approver.post_form("/finance/runs", &form).await;
    refused.assert_page(403, "This is not open to you");
}

#[actix_web::test]
async fn who_is_left_out_of_a_run_is_told_when_it_is_prepared() {
    let app = TestApp::spawn().await;
    let payday = Payday::come(&app).await;
    let machine = app.machine(&payday.company.admin).await;
    let other = payday.company.agent().await;
    go_available(&other).await;
    work(&other, &escalate(&machine, 2).await).await;
    app.database.sql(&format!(
        "DELETE FROM payouts.payees WHERE agent_id = '{}'",
        other.id.parse::<kernel::AgentId>().unwrap().uuid()
    ));
    let form = [("period_start", "2026-01-01T00:00"), ("period_end", "")];
    let page = payday.prepares.post_form("/finance/runs", &form).await;
    let page = page.assert_page(201, "Payout run");
    assert_says(
        &page,
        &[
            "Left out",
            "has not given payout details yet",
            "figures are frozen",
        ],
    );
}
