//! Work on the floor: customers who are handed over, and agents who take them on.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{
    Answer, TestApp, Visitor,
    company::{Company, Recruit},
    events::EventStream,
};

/// A handoff under this id to the queue `vip`, by a customer who is no agent.
pub fn escalation(external_id: &str) -> Value {
    json!({
        "source": "assistant", "external_id": external_id,
        "customer": {
            "reference": format!("X-{external_id}"), "tier": "platinum", "locale": "en-GB",
            "display_name": "Kim",
        },
        "queue": "vip", "language": "en", "required_skills": ["refunds"], "reason": "vip",
        "summary": "Lost card", "transcript": [],
    })
}

/// 2.50 EUR for a conversation and a cent for every second, for a minute at least.
pub fn rate_card() -> Value {
    json!({
        "name": "Winter", "currency": "EUR", "valid_from": "2026-01-01T00:00:00Z",
        "rates": [{
            "queue": "vip", "per_engagement": "2.50", "per_minute": "0.60", "minimum_seconds": 60,
        }],
    })
}

/// The last part of a conversation's address.
pub fn link_token(ticket: &Value) -> &str {
    let url = ticket["conversation_url"].as_str().unwrap();
    url.rsplit_once("/c/").unwrap().1
}

/// An id in this value.
pub fn id(value: &Value) -> &str {
    value["id"].as_str().unwrap()
}

impl Visitor {
    /// A handoff under this idempotency key.
    pub fn handoff(&self, key: &str, body: &Value) -> RequestBuilder {
        let request = self.request(Method::POST, "/api/v1/escalations");
        request.header("idempotency-key", key).json(body)
    }

    /// Hands a conversation over under this id.
    pub async fn escalate(&self, external_id: &str) -> Value {
        let request = self.handoff(external_id, &escalation(external_id));
        Answer::to(request).await.assert_status(201).json()
    }

    /// What the company knows of a ticket.
    pub async fn ticket(&self, ticket: &Value) -> Value {
        let path = format!("/api/v1/tickets/{}", id(ticket));
        self.get(&path).await.assert_status(200).json()
    }

    /// Somebody in a conversation says something.
    pub async fn say(&self, conversation: &str, client_id: &str, body: &str) -> Answer {
        let path = format!("{conversation}/messages");
        self.post(&path, &json!({ "client_id": client_id, "body": body }))
            .await
    }
}

impl Recruit {
    pub async fn go(&self, status: &str) -> Value {
        let body = json!({ "status": status });
        let answer = self.put("/api/v1/presence", &body).await;
        answer.assert_status(200).json()
    }

    pub async fn heartbeat(&self) -> Answer {
        self.post("/api/v1/presence/heartbeat", &json!({})).await
    }

    pub async fn desk(&self) -> Value {
        self.get("/api/v1/desk").await.assert_status(200).json()
    }

    /// The tickets that may be claimed.
    pub async fn claimable(&self) -> Value {
        let path = "/api/v1/tickets/claimable";
        let found = self.get(path).await.assert_status(200);
        found.json()["items"].clone()
    }

    pub async fn claim(&self, ticket: &Value) -> Answer {
        let path = format!("/api/v1/tickets/{}/claim", id(ticket));
        self.post(&path, &json!({})).await
    }

    /// Answers an offer: `accept` or `decline`.
    pub async fn answer(&self, offer: &Value, verb: &str) -> Answer {
        let path = format!("/api/v1/offers/{}/{verb}", id(offer));
        let body = match verb {
            "decline" => json!({ "reason": "break" }),
            _ => json!({}),
        };
        self.post(&path, &body).await
    }

    pub async fn watch_desk(&self) -> EventStream {
        self.listen("/api/v1/desk/events").await
    }

    /// Waits for this ticket to be put to the agent.
    pub async fn offered(&self, ticket: &Value) -> Value {
        self.watch_desk().await.offer(ticket).await
    }
}

impl EventStream {
    /// Waits on a desk for the offer of this ticket.
    pub async fn offer(&mut self, ticket: &Value) -> Value {
        let of_it = |desk: &Value| {
            let offers = desk["offers"].as_array().into_iter().flatten();
            let mut found = offers.filter(|o| o["ticket"]["id"] == ticket["id"]);
            found.next().cloned()
        };
        let event = self
            .until("the offer", |event| of_it(&event.data).is_some())
            .await;
        of_it(&event.data).unwrap()
    }
}

/// A company at work: rates, the assistant, and the worker.
pub struct Floor<'a> {
    pub company: Company<'a>,
    pub assistant: Visitor,
}

impl TestApp {
    /// Opens the company, with rates in force.
    pub async fn floor(&self) -> Floor<'_> {
        let company = self.company().await;
        let assistant = self.machine(&company.admin).await;
        let preparer = self.finance_preparer().await;
        preparer
            .post("/api/v1/finance/rate-cards", &rate_card())
            .await
            .assert_status(201);
        Floor { company, assistant }
    }
}

impl Floor<'_> {
    /// Somebody who was approved and is available.
    pub async fn agent(&self) -> Recruit {
        let agent = self.company.agent().await;
        agent.go("available").await;
        agent
    }
}
