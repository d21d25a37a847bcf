//! A company that is set up, and customers on their way to becoming its agents. All of it through
//! the API, as people and programs do it.

use std::cell::Cell;

use serde_json::{Value, json};

use super::{Answer, PASSWORD, Person, TestApp, Visitor};

/// An account number in which everything adds up.
pub const IBAN: &str = "DE89370400440532013000";

/// A queue `vip`, a skill `refunds`, an agreement, and the people who run the platform.
pub struct Company<'a> {
    pub app: &'a TestApp,
    pub admin: Person,
    pub supervisor: Person,
    customers: Cell<u32>,
}

/// A customer who has applied.
pub struct Recruit {
    visitor: Visitor,
    pub id: String,
    pub email: String,
}

impl std::ops::Deref for Recruit {
    type Target = Visitor;
    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

impl TestApp {
    /// Sets the company up.
    pub async fn company(&self) -> Company<'_> {
        let (admin, supervisor) = (self.admin().await, self.supervisor().await);
        admin
            .put("/api/v1/admin/queues/vip", &queue())
            .await
            .assert_status(200);
        admin
            .put("/api/v1/admin/skills/refunds", &skill())
            .await
            .assert_status(200);
        let agreement = json!({ "title": "Agreement", "body": "Be kind." });
        admin
            .post("/api/v1/admin/agreements", &agreement)
            .await
            .assert_status(201);
        Company {
            app: self,
            admin,
            supervisor,
            customers: Cell::new(0),
        }
    }

    /// How many jobs of this kind were ever queued for this address.
    pub fn letters(&self, kind: &str, email: &str) -> i64 {
        self.database.number(&format!(
            "SELECT count(*) FROM jobs.jobs WHERE kind = '{kind}' AND payload->>'to' = '{email}'"
        ))
    }

    /// The code in the latest letter to this address. Once the letter is sent, the queue has
    /// forgotten what it said, and it lies in the outbox.
    pub fn code(&self, email: &str) -> String {
        let code = self.database.number(&format!(
            "SELECT coalesce((SELECT payload->>'code' FROM jobs.jobs \
             WHERE kind = 'email_code' AND payload->>'to' = '{email}' \
             ORDER BY id DESC LIMIT 1), '-1')"
        ));
        if code >= 0 {
            return format!("{code:06}");
        }
        let to = format!("To: {email}\r\n");
        let entries = std::fs::read_dir(self.directory.path().join("outbox")).unwrap();
        let mut letters: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        letters.sort();
        let letters = letters.iter().rev();
        let mut letters = letters.filter_map(|letter| std::fs::read_to_string(letter).ok());
        let code = letters.find_map(|letter| {
            let (_, subject) = letter.split_once("Subject: ")?;
            let (code, _) = subject.split_once(" is your code")?;
            letter.contains(&to).then(|| code.to_owned())
        });
        code.expect("a letter with a code was sent")
    }
}

/// What a queue is like.
pub fn queue() -> Value {
    json!({
        "name": "VIP", "first_reply_seconds": 60, "wrap_up_seconds": 120,
        "ticket_weight": 1,
    })
}

/// A skill whose questions all have the answer `yes`.
pub fn skill() -> Value {
    let question = |number: i32| json!({ "prompt": format!("Question {number}?"), "options": ["no", "yes"], "correct": 2 });
    json!({
        "name": "Refunds", "pass_mark": 80, "questions_asked": 3, "valid_days": 365,
        "questions": [question(1), question(2), question(3), question(4)],
    })
}

/// The number of this option in each question.
pub fn answers(attempt: &Value, option: &str) -> Value {
    let place = |question: &Value| {
        let options = question["options"].as_array().unwrap();
        options.iter().position(|text| text == option).unwrap() + 1
    };
    let answers: Vec<usize> = attempt["questions"]
        .as_array()
        .unwrap()
        .iter()
        .map(place)
        .collect();
    json!({ "answers": answers })
}

/// The token in an invitation's link.
pub fn token(link: &str) -> &str {
    link.split_once("/join?invitation=").unwrap().1
}

impl Company<'_> {
    /// Puts a customer into the directory, and says with which reference and address.
    pub async fn customer(&self) -> (String, String) {
        let number = self.customers.replace(self.customers.get() + 1);
        let (reference, email) = (
            format!("C-{number}"),
            format!("customer{number}@example.com"),
        );
        let csv = format!(
            "customer_ref,email,display_name,tier,customer_since,country,household_ref\n\
             {reference},{email},Customer {number},gold,2019-05-01,SE,H-{number}\n"
        );
        import(&self.supervisor, &csv).await.assert_status(200);
        (reference, email)
    }

    /// A customer who has just applied.
    pub async fn applicant(&self) -> Recruit {
        let (reference, email) = self.customer().await;
        let body = json!({ "customer_ref": reference });
        let invited = self.supervisor.post("/api/v1/ops/invitations", &body).await;
        let link = invited.assert_status(201).json()["link"]
            .as_str()
            .unwrap()
            .to_owned();
        let body = json!({
            "invitation": token(&link), "display_name": "Ada", "password": PASSWORD,
        });
        let applied = self
            .app
            .stranger()
            .post("/api/v1/applications", &body)
            .await;
        let tokens = applied.assert_status(201).json();
        let visitor = self.app.bearer(tokens["access_token"].as_str().unwrap());
        let application = visitor
            .get("/api/v1/application")
            .await
            .assert_status(200)
            .json();
        let id = application["agent"]["id"].as_str().unwrap().to_owned();
        Recruit { visitor, id, email }
    }

    /// An applicant whose application waits for a decision.
    pub async fn submitted(&self) -> Recruit {
        let applicant = self.applicant().await;
        applicant
            .confirm_email(&self.app.code(&applicant.email))
            .await;
        applicant.fulfil().await;
        applicant
            .post("/api/v1/application/submission", &json!({}))
            .await
            .assert_status(200);
        applicant
    }

    /// Somebody who was approved.
    pub async fn agent(&self) -> Recruit {
        let applicant = self.submitted().await;
        self.decide(&applicant, "approve").await.assert_status(200);
        applicant
    }

    /// The supervisor decides about somebody.
    pub async fn decide(&self, about: &Recruit, decision: &str) -> Answer {
        let path = format!("/api/v1/ops/agents/{}/{decision}", about.id);
        self.supervisor
            .post(&path, &json!({ "reason": format!("To {decision}.") }))
            .await
    }
}

impl Recruit {
    pub async fn confirm_email(&self, code: &str) -> Answer {
        self.post(
            "/api/v1/application/email-confirmation",
            &json!({ "code": code }),
        )
        .await
    }

    /// Everything but the e-mail address.
    async fn fulfil(&self) {
        let profile =
            json!({ "display_name": "Ada", "time_zone": "Europe/Stockholm", "languages": ["en"] });
        self.put("/api/v1/application/profile", &profile)
            .await
            .assert_status(200);
        let agreement = self
            .get("/api/v1/agreements/current")
            .await
            .assert_status(200)
            .json();
        let body = json!({ "version": agreement["version"], "sha256": agreement["sha256"] });
        self.post("/api/v1/application/agreement", &body)
            .await
            .assert_status(204);
        self.sit("yes").await;
        self.put("/api/v1/application/payout-details", &payee())
            .await
            .assert_status(200);
    }

    /// Takes the assessment, and gives this answer to every question.
    pub async fn sit(&self, answer: &str) -> Value {
        let body = json!({ "skill": "refunds" });
        let attempt = self.post("/api/v1/application/attempts", &body).await;
        let attempt = attempt.assert_status(201).json();
        let path = format!(
            "/api/v1/application/attempts/{}/answers",
            attempt["id"].as_str().unwrap()
        );
        self.post(&path, &answers(&attempt, answer))
            .await
            .assert_status(200)
            .json()
    }
}

/// Where money is to go.
pub fn payee() -> Value {
    json!({
        "name": "Ada Holder", "street": "Lindenstraße", "building": "7", "postcode": "10969",
        "city": "Berlin", "country": "DE", "iban": IBAN,
    })
}

/// Sends a file of customers.
pub async fn import(visitor: &Visitor, csv: &str) -> Answer {
    let request = visitor.request(reqwest::Method::POST, "/api/v1/ops/customers");
    Answer::to(
        request
            .header("content-type", "text/csv; charset=utf-8")
            .body(csv.to_owned()),
    )
    .await
}
