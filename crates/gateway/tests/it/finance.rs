//! What finance does.

use chrono::{DateTime, Utc};
use kernel::Role;
use serde_json::{Value, json};

use crate::support::{
    Answer, Person, TestApp, Visitor,
    company::{Company, IBAN, Recruit},
};

fn rate_card(valid_from: &str) -> Value {
    json!({
        "name": "Winter", "currency": "EUR", "valid_from": valid_from,
        "rates": [{
            "queue": "vip", "per_engagement": "2.50", "per_minute": "0.30", "minimum_seconds": 400,
        }],
    })
}

/// A customer's conversation is handed over.
pub async fn escalate(machine: &Visitor, number: i32) -> Value {
    let body = json!({
        "source": "test", "external_id": format!("T-{number}"),
        "customer": { "reference": "X-1", "tier": "vip", "locale": "en-GB", "display_name": "Kim" },
        "queue": "vip", "language": "en", "required_skills": ["refunds"], "reason": "vip",
        "summary": "Lost card", "transcript": [],
    });
    let request = machine.request(reqwest::Method::POST, "/api/v1/escalations");
    let request = request
        .header("idempotency-key", format!("key-{number}"))
        .json(&body);
    Answer::to(request).await.assert_status(201).json()
}

/// The agent handles a ticket from beginning to end, and earns 4.50 EUR.
async fn work(agent: &Recruit, machine: &Visitor, number: i32) {
    let ticket = escalate(machine, number).await;
    agent
        .put("/api/v1/presence", &json!({ "status": "available" }))
        .await
        .assert_status(200);
    let path = format!("/api/v1/tickets/{}/claim", ticket["id"].as_str().unwrap());
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
    let body = json!({ "disposition": "solved" });
    let resolved = agent
        .post(&format!("{path}/resolve"), &body)
        .await
        .assert_status(200)
        .json();
    assert_eq!(
        resolved["earning"]["amount"],
        json!({ "minor": 450, "currency": "EUR" })
    );
}

/// An agent who earned 9.00 EUR by two tickets, and both people of finance.
struct Payday<'a> {
    company: Company<'a>,
    machine: Visitor,
    agent: Recruit,
    preparer: Person,
    approver: Person,
}

impl<'a> Payday<'a> {
    async fn come(app: &'a TestApp) -> Self {
        let company = app.company().await;
        let (agent, machine) = (company.agent().await, app.machine(&company.admin).await);
        let (preparer, approver) = (app.finance_preparer().await, app.finance_approver().await);
        let card = rate_card("2026-01-01T00:00:00Z");
        preparer
            .post("/api/v1/finance/rate-cards", &card)
            .await
            .assert_status(201);
        work(&agent, &machine, 1).await;
        work(&agent, &machine, 2).await;
        Self {
            company,
            machine,
            agent,
            preparer,
            approver,
        }
    }

    fn body(&self) -> Value {
        let end: DateTime<Utc> = self.company.app.db.now();
        json!({ "period_start": "2026-01-01T00:00:00Z", "period_end": end, "currency": "EUR" })
    }

    async fn prepare(&self) -> Answer {
        self.preparer
            .post("/api/v1/finance/payout-runs", &self.body())
            .await
    }

    /// Prepares a run and says where it is.
    async fn run(&self) -> String {
        let prepared = self.prepare().await.assert_status(201).json();
        format!(
            "/api/v1/finance/payout-runs/{}",
            prepared["run"]["id"].as_str().unwrap()
        )
    }

    async fn act(&self, person: &Person, run: &str, action: &str) -> Answer {
        person.post(&format!("{run}/{action}"), &json!({})).await
    }

    async fn balance(&self, kind: &str) -> i64 {
        let ledger = self
            .approver
            .get("/api/v1/finance/ledger")
            .await
            .assert_status(200)
            .json();
        let accounts = ledger["accounts"].as_array().unwrap();
        let sum: i64 = accounts
            .iter()
            .map(|one| one["balance_minor"].as_i64().unwrap())
            .sum();
        assert_eq!(sum, 0, "{ledger}");
        let found = accounts.iter().find(|one| one["kind"] == kind);
        found.map_or(0, |one| one["balance_minor"].as_i64().unwrap())
    }
}

#[actix_web::test]
async fn what_was_earned_is_paid_by_two_people() {
    let app = TestApp::spawn().await;
    let day = Payday::come(&app).await;
    let prepared = day.prepare().await.assert_status(201).json();
    let run = &prepared["run"];
    assert_eq!(run["total"], json!({ "minor": 900, "currency": "EUR" }));
    assert_eq!(
        (&run["item_count"], &run["line_count"]),
        (&json!(1), &json!(2))
    );
    assert_eq!(
        run["created_by"]["display_name"],
        day.preparer.account.display_name
    );
    assert_eq!(prepared["held"], json!([]));
    let path = format!(
        "/api/v1/finance/payout-runs/{}",
        run["id"].as_str().unwrap()
    );

    let approved = day
        .act(&day.approver, &path, "approve")
        .await
        .assert_status(200)
        .json();
    assert_eq!(approved["status"], "approved");
    assert_eq!(
        approved["approved_by"]["id"],
        day.approver.account.id.to_string()
    );
    day.act(&day.preparer, &path, "export")
        .await
        .assert_status(200);
    assert_eq!(day.balance("agent_payable").await.abs(), 900);
    let settled = day
        .act(&day.approver, &path, "settle")
        .await
        .assert_status(200)
        .json();
    assert_eq!(settled["status"], "settled");
    assert_eq!(day.balance("agent_payable").await, 0);
    assert_eq!(day.balance("bank_clearing").await.abs(), 900);

    let payments = day.agent.get("/api/v1/payments").await.json();
    assert_eq!(payments["items"][0]["status"], "settled");
    app.database.assert_promises();
}

#[actix_web::test]
async fn the_file_is_the_same_to_the_byte_each_time() {
    let app = TestApp::spawn().await;
    let day = Payday::come(&app).await;
    let run = day.run().await;
    let download = format!("{run}/export.csv");
    day.act(&day.preparer, &run, "export")
        .await
        .assert_problem(409, "wrong_state");
    day.preparer
        .get(&download)
        .await
        .assert_problem(404, "not_found");
    day.act(&day.approver, &run, "approve")
        .await
        .assert_status(200);

    let first = day
        .act(&day.preparer, &run, "export")
        .await
        .assert_status(200);
    assert!(first.header("content-type").starts_with("text/csv"));
    let name = first.header("content-disposition").to_owned();
    assert!(
        name.starts_with("attachment; filename=\"payout-") && name.ends_with(".csv\""),
        "{name}"
    );
    assert_eq!(first.body.lines().count(), 2);
    assert!(
        first.body.contains(IBAN) && first.body.contains("9.00"),
        "{}",
        first.body
    );

    let mut moved = crate::support::company::payee();
    moved["city"] = json!("Bonn");
    let path = "/api/v1/application/payout-details";
    day.agent.put(path, &moved).await.assert_status(200);
    for again in [
        day.act(&day.approver, &run, "export").await,
        day.preparer.get(&download).await,
    ] {
        assert_eq!((again.status, &again.body), (200, &first.body));
        assert_eq!(again.header("content-disposition"), name);
    }
    let stored = app
        .database
        .number("SELECT length(bytes) FROM payouts.payout_files");
    assert_eq!(usize::try_from(stored).unwrap(), first.body.len());
}

#[actix_web::test]
async fn an_item_shows_whom_it_pays_and_hides_the_account() {
    let app = TestApp::spawn().await;
    let day = Payday::come(&app).await;
    let run = day.run().await;
    let items = day
        .approver
        .get(&format!("{run}/items"))
        .await
        .assert_status(200);
    let item = &items.json()["items"][0];
    assert_eq!(
        (&item["agent_id"], &item["payee_name"]),
        (&json!(day.agent.id), &json!("Ada Holder"))
    );
    assert_eq!(item["amount"], json!({ "minor": 900, "currency": "EUR" }));
    assert!(!items.body.contains(&IBAN[4..12]), "{}", items.body);

    let listed = day
        .approver
        .get("/api/v1/finance/payout-runs")
        .await
        .assert_status(200)
        .json();
    let one = day.approver.get(&run).await.assert_status(200).json();
    assert_eq!(listed, json!({ "items": [one], "next": null }));
}

#[actix_web::test]
async fn who_prepares_does_not_approve() {
    let app = TestApp::spawn().await;
    let day = Payday::come(&app).await;
    let run = day.run().await;
    for action in ["approve", "settle"] {
        day.act(&day.preparer, &run, action)
            .await
            .assert_problem(403, "forbidden");
    }
    let prepared = day
        .approver
        .post("/api/v1/finance/payout-runs", &day.body())
        .await;
    prepared.assert_problem(403, "forbidden");

    let id = day.preparer.account.id;
    app.database.sql(&format!(
        "UPDATE identity.accounts SET role = '{}' WHERE id = '{}'",
        Role::FinanceApprover,
        id.uuid()
    ));
    let own = day.act(&day.preparer, &run, "approve").await;
    own.assert_problem(403, "approver_prepared");
}

#[actix_web::test]
async fn what_a_void_run_held_can_be_paid_by_another() {
    let app = TestApp::spawn().await;
    let day = Payday::come(&app).await;
    let run = day.run().await;
    day.prepare().await.assert_problem(409, "nothing_to_pay");
    let void = |reason: &str| {
        let (path, body) = (format!("{run}/void"), json!({ "reason": reason }));
        let preparer = &day.preparer;
        async move { preparer.post(&path, &body).await }
    };
    assert_eq!(
        void(" ").await.assert_problem(422, "invalid_input")["errors"][0]["field"],
        "reason"
    );
    let given_up = void("Wrong period").await.assert_status(200).json();
    assert_eq!(
        (&given_up["status"], &given_up["void_reason"]),
        (&json!("void"), &json!("Wrong period"))
    );
    assert_eq!(
        given_up["voided_by"]["display_name"],
        day.preparer.account.display_name
    );

    let second = day.run().await;
    day.act(&day.approver, &second, "approve")
        .await
        .assert_status(200);
    day.act(&day.preparer, &second, "export")
        .await
        .assert_status(200);
    let late = day
        .preparer
        .post(&format!("{second}/void"), &json!({ "reason": "x" }))
        .await;
    late.assert_problem(409, "wrong_state");
    app.database.assert_promises();
}

#[actix_web::test]
async fn who_cannot_be_paid_yet_is_held_and_said() {
    let app = TestApp::spawn().await;
    let day = Payday::come(&app).await;
    let ben = day.company.agent().await;
    work(&ben, &day.machine, 3).await;
    let uuid = ben.id.strip_prefix("agt_").unwrap();
    app.database.sql(&format!(
        "DELETE FROM payouts.payees WHERE agent_id = '{uuid}'"
    ));

    let prepared = day.prepare().await.assert_status(201).json();
    let held = json!([{
        "agent_id": ben.id, "amount": { "minor": 450, "currency": "EUR" }, "reason": "no_payee",
    }]);
    assert_eq!(prepared["held"], held);
    assert_eq!(
        prepared["run"]["total"]["minor"], 900,
        "the others are paid"
    );
}

#[actix_web::test]
async fn what_is_wrong_with_a_run_is_named() {
    let app = TestApp::spawn().await;
    let preparer = app.finance_preparer().await;
    let path = "/api/v1/finance/payout-runs";
    let run = |start: &str, end: &str, currency: &str| json!({ "period_start": start, "period_end": end, "currency": currency });
    for (body, field) in [
        (
            run("2026-02-01T00:00:00Z", "2026-01-01T00:00:00Z", "EUR"),
            "period_end",
        ),
        (
            run("2026-02-01T00:00:00Z", "2999-01-01T00:00:00Z", "EUR"),
            "period_end",
        ),
        (
            run("2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z", "XXY"),
            "currency",
        ),
        (
            run("yesterday", "2026-03-01T00:00:00Z", "EUR"),
            "period_start",
        ),
    ] {
        let refused = preparer.post(path, &body).await;
        assert_eq!(refused.status, 422, "{body}: {}", refused.body);
        assert_eq!(refused.json()["errors"][0]["field"], field);
    }
}

#[actix_web::test]
async fn there_is_nothing_to_see_of_a_run_that_is_not_there() {
    let app = TestApp::spawn().await;
    let approver = app.finance_approver().await;
    let run = format!("/api/v1/finance/payout-runs/run_{}", "0".repeat(32));
    for path in [run.clone(), format!("{run}/items")] {
        approver
            .get(&path)
            .await
            .assert_problem(404, "payout_run_not_found");
    }
    for action in ["approve", "export", "settle"] {
        let path = format!("{run}/{action}");
        approver
            .post(&path, &json!({}))
            .await
            .assert_problem(404, "payout_run_not_found");
    }
}

#[actix_web::test]
async fn a_rate_card_ends_where_the_next_begins() {
    let app = TestApp::spawn().await;
    app.company().await;
    let preparer = app.finance_preparer().await;
    let path = "/api/v1/finance/rate-cards";
    let first = preparer
        .post(path, &rate_card("2026-01-01T00:00:00Z"))
        .await;
    let first = first.assert_status(201).json();
    assert_eq!(
        first["rates"][0]["per_minute"], "0.3000",
        "a rate is a text"
    );
    assert_eq!(first["valid_until"], Value::Null);
    let in_days = |days| {
        let at = app.db.now() + chrono::TimeDelta::days(days);
        at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
    };
    let begins = in_days(200);
    let next = preparer.post(path, &rate_card(&begins)).await;
    next.assert_status(201);
    let back = preparer.post(path, &rate_card(&in_days(100))).await;
    back.assert_problem(409, "rate_card_overlaps");
    let distant = preparer
        .post(path, &rate_card("2999-01-01T00:00:00Z"))
        .await;
    assert_eq!(distant.status, 422, "{}", distant.body);

    let approver = app.finance_approver().await;
    let listed = approver.get(path).await.assert_status(200).json();
    assert_eq!(
        listed["items"][1]["id"], first["id"],
        "the latest comes first"
    );
    assert_eq!(listed["items"][1]["valid_until"], begins);
    assert_eq!(listed["items"][0]["rates"].as_array().unwrap().len(), 1);
    assert_eq!(
        listed["items"][0]["created_by"]["id"],
        preparer.account.id.to_string()
    );
}

#[actix_web::test]
async fn what_is_wrong_with_a_rate_card_is_named() {
    let app = TestApp::spawn().await;
    app.company().await;
    let preparer = app.finance_preparer().await;
    for (field, value) in [
        ("per_minute", json!(0.3)),
        ("per_minute", json!("0.30001")),
        ("per_engagement", json!("-1")),
        ("per_engagement", json!("two")),
        ("minimum_seconds", json!(3601)),
        ("queue", json!("nowhere")),
    ] {
        let mut card = rate_card("2026-01-01T00:00:00Z");
        card["rates"][0][field] = value.clone();
        let refused = preparer.post("/api/v1/finance/rate-cards", &card).await;
        assert_eq!(refused.status, 422, "{field} {value}: {}", refused.body);
        assert_eq!(
            refused.json()["errors"][0]["field"],
            format!("rates[0].{field}"),
            "{value}"
        );
    }
}
