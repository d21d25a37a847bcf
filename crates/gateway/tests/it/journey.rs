//! The whole loop, by plain requests: from a customer who applies to an agent who is paid.

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};
use mail::Mailer;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{
    Answer, PASSWORD, Person, TestApp, Visitor,
    company::{Company, answers, payee, token},
    events::{EventStream, SOON},
    floor::{escalation, id, link_token, rate_card},
};

/// Everybody whom the loop needs, and where their letters arrive.
struct World<'a> {
    app: &'a TestApp,
    company: Company<'a>,
    mailer: Mailer,
    assistant: Visitor,
    preparer: Person,
    approver: Person,
}

#[actix_web::test]
async fn a_customer_applies_works_and_is_paid() {
    let (app, mailer) = TestApp::with_mailbox().await;
    let company = app.company().await;
    let world = World {
        app: &app,
        mailer,
        assistant: app.machine(&company.admin).await,
        preparer: app.finance_preparer().await,
        approver: app.finance_approver().await,
        company,
    };
    let cards = "/api/v1/finance/rate-cards";
    let rates = world.preparer.post(cards, &rate_card()).await;
    rates.assert_status(201);

    let (email, agent) = world.apply().await;
    world.qualify(&email, &agent).await;
    let agent = world.approve_and_sign_in(&email, &agent).await;
    world.commit(&agent).await;
    let mut desk = world.go_available(&agent).await;
    let ticket = world.escalate().await;
    let engagement = accept(&agent, &mut desk, &ticket).await;
    world.talk(&agent, &engagement, &ticket).await;
    let earned = world.resolve(&agent, &engagement).await;
    world.rate(&agent, &engagement, &ticket).await;
    world.pay_out(&agent, earned).await;
    app.database.assert_promises();
}

/// 2, 5, 6: the offer lies on the desk, with its deadline, and is taken.
async fn accept(agent: &Visitor, desk: &mut EventStream, ticket: &Value) -> String {
    let offer = desk.offer(ticket).await;
    let at = |name: &str| offer[name].as_str().unwrap().parse::<DateTime<Utc>>();
    let time_to_answer = at("expires_at").unwrap() - at("offered_at").unwrap();
    assert_eq!(time_to_answer, TimeDelta::seconds(30));
    assert_eq!(
        (&offer["status"], &offer["ticket"]["summary"]),
        (&json!("pending"), &json!("Lost card [card number hidden]"))
    );

    let path = format!("/api/v1/offers/{}/accept", id(&offer));
    let engagement = agent.post(&path, &json!({})).await.assert_status(200);
    let engagement = engagement.json();
    assert_eq!(engagement["status"], "talking");
    let again = agent.post(&path, &json!({})).await;
    again.assert_problem(409, "offer_closed");
    let is_held = |desk: &Value| desk["offers"] == json!([]) && desk["load"] == 1;
    desk.until("the engagement", |event| is_held(&event.data))
        .await;
    format!("/api/v1/engagements/{}", id(&engagement))
}

impl World<'_> {
    /// The latest letter to this address, once there are so many.
    async fn letter(&self, to: &str, count: usize) -> String {
        let found = async {
            loop {
                let sent = self.mailer.sent();
                let mut theirs = sent.iter().filter(|letter| letter.to == to);
                if let Some(letter) = theirs.nth(count - 1) {
                    return letter.text.clone();
                }
                tokio::time::sleep(SOON / 100).await;
            }
        };
        let found = tokio::time::timeout(SOON, found).await;
        found.expect("the letter arrives soon")
    }

    /// 1: a customer asks for an invitation, gets it, and takes it up.
    async fn apply(&self) -> (String, Visitor) {
        let (_, email) = self.company.customer().await;
        let stranger = self.app.stranger();
        let body = json!({ "email": email });
        let asked = stranger.post("/api/v1/invitation-requests", &body).await;
        asked.assert_status(202);
        let letter = self.letter(&email, 1).await;
        let link = letter
            .split_whitespace()
            .find(|word| word.contains("/join?"));
        let body = json!({
            "invitation": token(link.unwrap()), "display_name": "Ada", "password": PASSWORD,
        });
        let applied = stranger.post("/api/v1/applications", &body).await;
        let tokens = applied.assert_status(201).json();
        assert_eq!(tokens["account"]["role"], "applicant");
        let applicant = self.app.bearer(tokens["access_token"].as_str().unwrap());
        applicant
            .get("/api/v1/desk")
            .await
            .assert_problem(403, "forbidden");
        (email, applicant)
    }

    /// 1: the checklist, with the code from the letter.
    async fn qualify(&self, email: &str, applicant: &Visitor) {
        let letter = self.letter(email, 2).await;
        let is_code = |word: &&str| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit());
        let code = letter.split_whitespace().find(is_code).unwrap();
        let path = |step: &str| format!("/api/v1/application/{step}");
        let body = json!({ "code": code });
        let confirmed = applicant.post(&path("email-confirmation"), &body).await;
        assert_eq!(confirmed.assert_status(200).json()["confirmed"], true);
        let body = json!({
            "display_name": "Ada", "time_zone": "Europe/Stockholm", "languages": ["en", "sv"],
        });
        let profile = applicant.put(&path("profile"), &body).await;
        profile.assert_status(200);
        let agreement = applicant.get("/api/v1/agreements/current").await.json();
        let body = json!({ "version": agreement["version"], "sha256": agreement["sha256"] });
        let accepted = applicant.post(&path("agreement"), &body).await;
        accepted.assert_status(204);
        let body = json!({ "skill": "refunds" });
        let attempt = applicant.post(&path("attempts"), &body).await.json();
        let sheet = format!("{}/{}/answers", path("attempts"), id(&attempt));
        let result = applicant.post(&sheet, &answers(&attempt, "yes")).await;
        assert_eq!(result.assert_status(200).json()["passed"], true);
        let early = applicant.post(&path("submission"), &json!({})).await;
        early.assert_problem(409, "requirements_open");
        let saved = applicant.put(&path("payout-details"), &payee()).await;
        saved.assert_status(200);
        let submitted = applicant.post(&path("submission"), &json!({})).await;
        assert_eq!(submitted.assert_status(200).json()["status"], "submitted");
    }

    /// 1 and 2: operations approve; the agent hears of it, and signs in as one.
    async fn approve_and_sign_in(&self, email: &str, applicant: &Visitor) -> Visitor {
        let application = applicant.get("/api/v1/application").await.json();
        let path = format!("/api/v1/ops/agents/{}/approve", id(&application["agent"]));
        let body = json!({ "reason": "Knows the product." });
        let approved = self.company.supervisor.post(&path, &body).await;
        assert_eq!(approved.assert_status(200).json()["status"], "active");
        assert!(self.letter(email, 3).await.contains("/sign-in"));

        let credentials = json!({ "email": email, "password": PASSWORD });
        let stranger = self.app.stranger();
        let signed_in = stranger.post("/api/v1/sessions", &credentials).await;
        let tokens = signed_in.assert_status(200).json();
        assert_eq!(tokens["account"]["role"], "agent");
        self.app.bearer(tokens["access_token"].as_str().unwrap())
    }

    /// 3: two shifts are published; the agent takes both and gives one back.
    async fn commit(&self, agent: &Visitor) {
        let hour = |hours: i64| {
            let at = self.app.db.now() + TimeDelta::hours(hours + 24);
            at.duration_trunc(TimeDelta::hours(1)).unwrap()
        };
        let mut taken = Vec::new();
        for start in [0, 4] {
            let body = json!({
                "queue": "vip", "starts_at": hour(start), "ends_at": hour(start + 4), "seats": 1,
            });
            let supervisor = &self.company.supervisor;
            let shift = supervisor.post("/api/v1/ops/shifts", &body).await;
            let shift = shift.assert_status(201).json();
            let path = format!("/api/v1/shifts/{}/commitments", id(&shift));
            let commitment = agent.post(&path, &json!({})).await.assert_status(201);
            taken.push(commitment.json());
        }
        let path = format!("/api/v1/commitments/{}", id(&taken[1]));
        let released = agent.delete(&path).await.assert_status(200).json();
        assert_eq!(released["status"], "released");
        let held = agent.get("/api/v1/commitments").await.json();
        let held: Vec<&Value> = held["items"].as_array().unwrap().iter().collect();
        assert_eq!(held.len(), 1);
        assert_eq!(held[0]["id"], taken[0]["id"]);
        let open = agent.get("/api/v1/shifts").await.json();
        assert_eq!(open["items"][1]["taken"], 0, "{open}");
    }

    /// 3: the agent is there, with an empty desk.
    async fn go_available(&self, agent: &Visitor) -> EventStream {
        let mut desk = agent.listen("/api/v1/desk/events").await;
        let first = desk.next().await.unwrap();
        assert_eq!(first.name, "desk");
        assert_eq!(first.data["presence"]["status"], "offline");
        let body = json!({ "status": "available" });
        let presence = agent.put("/api/v1/presence", &body).await;
        presence.assert_status(200);
        let there = desk.named("desk").await;
        assert_eq!(there.data["presence"]["status"], "available");
        assert_eq!(there.data["offers"], json!([]));
        desk
    }

    /// 4: the assistant hands a conversation over, says so again, and errs.
    async fn escalate(&self) -> Value {
        let now = self.app.db.now();
        let mut body = escalation("A-1");
        body["summary"] = json!("Lost card 4111 1111 1111 1111");
        body["transcript"] = json!([
            { "author": "customer", "body": "My card is gone!", "at": now },
            { "author": "assistant", "body": "I will find somebody who can help.", "at": now },
        ]);
        let send = |key: &'static str, body: Value| Answer::to(self.assistant.handoff(key, &body));

        let first = send("one", body.clone()).await.assert_status(201);
        let again = send("one", body.clone()).await.assert_status(201);
        assert_eq!(first.body, again.body, "the same to the byte");

        body["summary"] = json!("Something else");
        let other = send("one", body.clone()).await;
        other.assert_problem(422, "idempotency_key_reused");
        let double = send("two", body.clone()).await;
        double.assert_problem(409, "ticket_exists");
        body["language"] = json!("Klingon");
        body["customer"]["reference"] = json!("");
        body["priority"] = json!(10);
        let invalid = send("three", body).await.assert_status(422).json();
        let faults = invalid["errors"].as_array().unwrap().iter();
        let fields: Vec<&str> = faults.map(|one| one["field"].as_str().unwrap()).collect();
        assert_eq!(fields, ["customer.reference", "language", "priority"]);
        first.json()
    }

    /// 6: both talk, each hears the other at once, and what is private stays so.
    async fn talk(&self, agent: &Visitor, engagement: &str, ticket: &Value) {
        let conversation = format!("/api/v1/conversations/{}", link_token(ticket));
        let customer = self.app.stranger();
        let mut agents = agent.listen(&format!("{engagement}/events")).await;
        let mut customers = customer.listen(&format!("{conversation}/events")).await;
        for (stream, last) in [(&mut agents, 2), (&mut customers, 2)] {
            let event = stream
                .until("the transcript", |e| e.data["number"] == last)
                .await;
            assert_eq!(event.data["author"], "assistant");
        }
        let hello = agent.say(engagement, "a1", "Hello Kim, I am Ada.").await;
        assert_eq!(
            hello.assert_status(201).json()["number"],
            4,
            "the third tells of the handoff"
        );
        let heard = customers
            .until("the agent", |e| e.data["number"] == 4)
            .await;
        assert!(heard.id.starts_with("4@"), "{}", heard.id);
        assert_eq!(heard.data["author"], "agent");
        assert_eq!(heard.data["body"], "Hello Kim, I am Ada.");

        let secret = "It was 4111 1111 1111 1111, mail me at kim@example.com";
        let said = customer.say(&conversation, "c1", secret).await;
        let said = said.assert_status(201).json();
        let again = customer.say(&conversation, "c1", secret).await;
        assert_eq!(again.assert_status(200).json(), said, "said once");
        let heard = agents
            .until("the customer", |e| e.data["number"] == 5)
            .await;
        let hidden = "It was [card number hidden], mail me at [e-mail hidden]";
        assert_eq!(heard.data["body"], hidden);
        assert_eq!(heard.data["masked"], json!(["card_number", "email"]));
        let kept = "SELECT count(*) FROM dispatch.messages WHERE body ~ '4111|kim@'";
        assert_eq!(self.app.database.number(kept), 0, "nobody keeps it");

        let path = format!("/api/v1/tickets/{}", id(ticket));
        let relayed = self
            .assistant
            .say(&path, "r1", "And my name is Kim Poe")
            .await;
        assert_eq!(relayed.assert_status(201).json()["number"], 6);
        let path = format!("{engagement}/events?after=1");
        let mut back = agent.listen_after(&path, Some("4")).await;
        let numbers = [back.named("message").await, back.named("message").await]
            .map(|event| event.data["number"].clone());
        assert_eq!(numbers, [5, 6], "where it was left");
    }

    /// 7 and 8: the agent writes it up, which earns what the rates say.
    async fn resolve(&self, agent: &Visitor, engagement: &str) -> i64 {
        for _ in 0..3 {
            self.app.db.clock().advance(TimeDelta::seconds(40));
            let beat = agent.post("/api/v1/presence/heartbeat", &json!({})).await;
            beat.assert_status(200);
        }
        let wrapping = agent
            .post(&format!("{engagement}/wrap-up"), &json!({}))
            .await;
        assert_eq!(wrapping.assert_status(200).json()["status"], "wrapping");
        let late = agent.say(engagement, "a2", "One more thing").await;
        late.assert_problem(409, "engagement_wrapping");
        let body = json!({ "disposition": "solved", "note": "A new card is on its way." });
        let path = format!("{engagement}/resolve");
        let resolved = agent.post(&path, &body).await.assert_status(200).json();
        agent
            .post(&path, &body)
            .await
            .assert_problem(409, "engagement_ended");

        let lines = agent.get("/api/v1/earnings").await.json();
        assert_eq!(lines["items"], json!([resolved["earning"]]), "exactly one");
        let line = &lines["items"][0];
        let seconds = line["payable_seconds"].as_i64().unwrap();
        assert_eq!(line["handled_seconds"], seconds);
        assert!((120..180).contains(&seconds), "{line}");
        let expected = 250 + seconds;
        let amount = json!({ "minor": expected, "currency": "EUR" });
        assert_eq!(line["amount"], amount, "a cent a second: {line}");
        let begins = "2.50 EUR for the engagement + 0.60 EUR × ";
        let computation = line["computation"].as_str().unwrap();
        assert!(computation.starts_with(begins), "{computation}");
        let summary = agent.get("/api/v1/earnings/summary").await.json();
        assert_eq!(
            (&summary["balance"], &summary["earned"]),
            (&amount, &amount)
        );
        expected
    }

    /// 7: the customer's verdict is about the engagement and its agent.
    async fn rate(&self, agent: &Visitor, engagement: &str, ticket: &Value) {
        let path = format!("/api/v1/conversations/{}/rating", link_token(ticket));
        let customer = self.app.stranger();
        let body = json!({ "score": 5, "comment": "So quick!" });
        let rated = customer.post(&path, &body).await.assert_status(201).json();
        assert_eq!(
            (&rated["rating"], &rated["can_rate"]),
            (&json!(5), &json!(false))
        );
        customer
            .post(&path, &body)
            .await
            .assert_problem(409, "already_rated");
        let whose = agent.get("/api/v1/application").await.json()["agent"].clone();
        let uuid = |id: &str| id.rsplit('_').next().unwrap().to_owned();
        let rating = format!(
            "SELECT r.score FROM dispatch.ratings r \
             JOIN dispatch.engagements e ON e.id = r.engagement_id \
             WHERE e.id = '{}' AND e.agent_id = '{}'",
            uuid(engagement),
            uuid(id(&whose)),
        );
        assert_eq!(self.app.database.number(&rating), 5);
    }

    /// 9: prepared by one, approved by another, exported, settled, and nothing is owed any more.
    async fn pay_out(&self, agent: &Visitor, earned: i64) {
        let body = json!({
            "period_start": "2026-01-01T00:00:00Z", "period_end": self.app.db.now(),
            "currency": "EUR",
        });
        let prepared = self
            .preparer
            .post("/api/v1/finance/payout-runs", &body)
            .await;
        let prepared = prepared.assert_status(201).json();
        assert_eq!(prepared["run"]["total"]["minor"], earned);
        let run = format!("/api/v1/finance/payout-runs/{}", id(&prepared["run"]));
        let act = |person: &Person, action: &str| {
            let request = person.request(Method::POST, &format!("{run}/{action}"));
            Answer::to(request.json(&json!({})))
        };
        act(&self.preparer, "approve")
            .await
            .assert_problem(403, "forbidden");
        act(&self.approver, "approve").await.assert_status(200);
        let files = [
            act(&self.preparer, "export").await.assert_status(200).body,
            act(&self.approver, "export").await.assert_status(200).body,
        ];
        assert_eq!(files[0], files[1], "the same to the byte");
        act(&self.approver, "settle").await.assert_status(200);

        let nothing = json!({ "minor": 0, "currency": "EUR" });
        let summary = agent.get("/api/v1/earnings/summary").await.json();
        assert_eq!(
            (&summary["balance"], &summary["paid"]["minor"]),
            (&nothing, &json!(earned))
        );
        let ledger = self.approver.get("/api/v1/finance/ledger").await.json();
        let balance = |kind: &str| {
            let accounts = ledger["accounts"].as_array().unwrap().iter();
            let of_kind = accounts.filter(|one| one["kind"] == kind);
            of_kind
                .map(|one| one["balance_minor"].as_i64().unwrap())
                .sum::<i64>()
        };
        assert_eq!(balance("agent_payable"), 0, "{ledger}");
        let paid = [balance("bank_clearing"), balance("agent_cost")];
        assert_eq!(paid.map(i64::abs), [earned; 2], "{ledger}");
        assert_eq!(paid[0] + paid[1], 0, "{ledger}");
    }
}
