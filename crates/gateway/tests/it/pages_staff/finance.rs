//! Rates and payout runs.

use kernel::Role;

use super::{assert_says, escalate, fault, go_available, location, work};
use crate::support::{Person, TestApp, Visitor, company::Company};

/// A company with rates and an agent who earned 4.50 EUR, and finance in front of their pages.
struct Payday<'a> {
    company: Company<'a>,
    preparer: Person,
    first: Visitor,
    second: Visitor,
}

impl<'a> Payday<'a> {
    async fn come(app: &'a TestApp) -> Self {
        let company = app.company().await;
        let (agent, machine) = (company.agent().await, app.machine(&company.admin).await);
        let preparer = app.finance_preparer().await;
        let first = app.browser(&preparer.account).await;
        let second = app.browser(&app.account(Role::FinanceApprover).await).await;
        publish_rates(&first).await;
        go_available(&agent).await;
        work(&agent, &escalate(&machine, 1).await).await;
        Self {
            company,
            preparer,
            first,
            second,
        }
    }

    /// Prepares a run of everything until now, and says where its page is.
    async fn run(&self) -> String {
        let form = [("period_start", "2026-01-01T00:00"), ("period_end", "")];
        let page = self.first.post_form("/finance/runs", &form).await;
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
    let (first, second) = (&payday.first, &payday.second);
    assert_says(
        &first.get("/finance").await,
        &["4.50 EUR", "debits and credits balance"],
    );
    let run = payday.run().await;

    let own = first.get(&run).await.assert_page(200, "Payout run");
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
    let refused = first.post_form(&format!("{run}/approve"), &[]).await;
    refused.assert_page(403, "This is not open to you");

    let page = second.get(&run).await;
    assert_says(
        &page,
        &[
            "By approving it you release",
            &payday.preparer.account.display_name,
        ],
    );
    let answer = second.post_form(&format!("{run}/approve"), &[]).await;
    assert_eq!(location(&answer), run);
    let late = second.post_form(&format!("{run}/settle"), &[]).await;
    assert_says(
        &late.assert_page(409, "Payout run"),
        &["role=\"alert\"", "Approved"],
    );
    let missing = first.get(&format!("{run}/export.csv")).await;
    missing.assert_page(404, "There is nothing here");

    let answer = first.post_form(&format!("{run}/export"), &[]).await;
    assert_eq!(location(&answer), run);
    let file = first
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
        second.get(&format!("{run}/export.csv")).await.body,
        file.body
    );

    assert!(
        !first
            .get(&run)
            .await
            .body
            .contains(&format!("{run}/settle"))
    );
    let answer = second.post_form(&format!("{run}/settle"), &[]).await;
    assert_eq!(location(&answer), run);
    assert_says(&second.get(&run).await, &["Settled", "Paid and booked"]);
    let list = first.get("/finance").await;
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

    let page = payday.first.post_form(&path, &[("reason", "")]).await;
    let page = page.assert_page(422, "Payout run");
    assert_eq!(fault(&page, "reason"), "Must not be empty.");
    assert_says(&page, &["<details class=\"confirm\" open>"]);

    let form = [("reason", "The period was wrong.")];
    assert_eq!(location(&payday.first.post_form(&path, &form).await), run);
    let page = payday.second.get(&run).await;
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
    let page = payday.first.post_form("/finance/runs", &form).await;
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
