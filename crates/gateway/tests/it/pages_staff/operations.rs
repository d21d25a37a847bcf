//! The live queue, applications, shifts, customers.

use chrono::{Days, TimeDelta};
use futures_util::StreamExt as _;
use kernel::Role;

use super::{assert_says, escalate, fault, go_available, location};
use crate::support::TestApp;

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
async fn the_live_queue_tells_of_news_and_is_asked_how_it_looks() {
    let app = TestApp::spawn().await;
    let company = app.company().await;
    let machine = app.machine(&company.admin).await;
    let supervisor = app.browser(&company.supervisor.account).await;
    let stream = supervisor
        .request(reqwest::Method::GET, "/api/v1/ops/events")
        .send();
    let mut stream = stream.await.unwrap().bytes_stream();
    let mut heard = String::new();
    while !heard.contains("event: floor\n") {
        heard.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    let quiet = supervisor.get("/ops/now").await.assert_status(200);
    assert!(quiet.body.contains("All quiet"), "{}", quiet.body);

    escalate(&machine, 1).await;

    heard.clear();
    while !heard.contains("Lost card") {
        heard.push_str(std::str::from_utf8(&stream.next().await.unwrap().unwrap()).unwrap());
    }
    let busy = supervisor.get("/ops/now").await.assert_status(200);
    assert!(busy.body.contains("Lost card"), "{}", busy.body);
    assert!(!busy.body.contains("All quiet"), "{}", busy.body);
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
