//! Those who call: the company's assistant, which escalates and relays, and agents, who work.
//! Each sends a request again, to another node and under the same name, until it is answered.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::time::sleep;

use super::journal::{Journal, Said};
use crate::http::{
    client::{Answer, Client, Request},
    people::People,
};

/// A request that nobody answers in this time ends the proof: something is stuck.
const PATIENCE: Duration = Duration::from_secs(90);
/// Before a request is sent again.
const PAUSE: Duration = Duration::from_millis(100);
/// Between two tickets of one assistant.
const BETWEEN_TICKETS: Duration = Duration::from_millis(250);
/// Between two looks at the desk.
const BETWEEN_LOOKS: Duration = Duration::from_millis(400);
/// An agent says so often that they are there.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// What is still to be done.
#[derive(Debug)]
pub struct Phase {
    /// The assistants stop.
    pub no_more_tickets: AtomicBool,
    /// The agents stop, too.
    pub no_more_work: AtomicBool,
}

/// One caller's way to the nodes.
struct Line {
    ports: Vec<u16>,
    turn: usize,
    client: Option<Client>,
    journal: Arc<Journal>,
}

impl Line {
    fn new(first: usize, ports: &[u16], journal: Arc<Journal>) -> Self {
        Self {
            ports: ports.to_vec(),
            turn: first,
            client: None,
            journal,
        }
    }

    /// The answer of whichever node gives one. What says no more than "later" is no answer.
    async fn send(&mut self, request: &Request) -> Result<Answer> {
        let began = Instant::now();
        loop {
            if let Some(answer) = self.try_once(request).await {
                return Ok(answer);
            }
            Journal::count(&self.journal.retries);
            self.hang_up();
            if began.elapsed() > PATIENCE {
                bail!("nobody answers {} {}", request.method, request.path);
            }
            sleep(PAUSE).await;
        }
    }

    async fn try_once(&mut self, request: &Request) -> Option<Answer> {
        if self.client.is_none() {
            let port = self.ports.get(self.turn % self.ports.len())?;
            self.client = Client::connect(*port).await.ok();
        }
        let answer = self.client.as_mut()?.send(request).await.ok()?;
        if answer.status == 500 {
            Journal::count(&self.journal.internal_errors);
        }
        let is_later = answer.status >= 500 || code(&answer) == "request_in_flight";
        (!is_later).then_some(answer)
    }

    /// The next request goes to the next node.
    fn hang_up(&mut self) {
        self.client = None;
        self.turn += 1;
    }
}

/// The stable name of a refusal; empty where there is none.
fn code(answer: &Answer) -> String {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    text(&body, "/code")
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

/// The company's assistant.
pub struct Assistant {
    number: u64,
    people: Arc<People>,
    line: Line,
}

impl Assistant {
    /// One that begins at one of the nodes.
    pub fn new(number: u64, people: Arc<People>, ports: &[u16], journal: Arc<Journal>) -> Self {
        let first = usize::try_from(number).unwrap_or(0);
        Self {
            number,
            people,
            line: Line::new(first, ports, journal),
        }
    }

    /// Escalates, asks some again, and relays what the customer says, until told to stop.
    pub async fn work(mut self, phase: Arc<Phase>) -> Result<()> {
        let mut turn = 0;
        while !phase.no_more_tickets.load(Ordering::Relaxed) {
            let name = format!("chaos-{}-{turn}", self.number);
            let request = self.people.escalation(&name, self.number * 100_000 + turn);
            let first = self.line.send(&request).await?;
            let ticket = text(&first.json()?, "/id");
            let journal = self.line.journal.clone();
            journal.escalated(name.clone(), ticket.clone());
            if turn % 4 == 0 {
                self.line.hang_up();
                let again = self.line.send(&request).await?;
                if again.body != first.body {
                    Journal::count(&journal.other_answers);
                }
            }
            if turn % 3 == 0 {
                self.relay(&name, &ticket).await?;
            }
            turn += 1;
            sleep(BETWEEN_TICKETS).await;
        }
        Ok(())
    }

    async fn relay(&mut self, name: &str, ticket: &str) -> Result<()> {
        let client_id = format!("{name}-customer");
        let body = serde_json::json!({ "client_id": client_id, "body": "Is somebody there?" });
        let path = format!("/tickets/{ticket}/messages");
        let request = Request::post(path, &self.people.machine, body.to_string());
        let answer = self.line.send(&request).await?;
        // The agent may have closed the conversation in the meantime.
        if answer.status != 409 {
            let number = answer.json()?["number"].as_i64().context("no number")?;
            let said = Said {
                ticket: ticket.to_owned(),
                author: "customer",
                client_id,
            };
            self.line.journal.said(said, number);
        }
        Ok(())
    }
}

/// An agent at work.
pub struct Agent {
    token: String,
    line: Line,
    last_sign_of_life: Instant,
}

impl Agent {
    /// One that begins at one of the nodes.
    pub fn new(number: usize, token: String, ports: &[u16], journal: Arc<Journal>) -> Self {
        Self {
            token,
            line: Line::new(number, ports, journal),
            last_sign_of_life: Instant::now(),
        }
    }

    /// Takes what is offered and carries it to its end, until told to stop.
    pub async fn work(mut self, phase: Arc<Phase>) -> Result<()> {
        while !phase.no_more_work.load(Ordering::Relaxed) {
            let desk = self.line.send(&Request::get("/desk", &self.token)).await?;
            let desk = desk.json()?;
            self.stay(&text(&desk, "/presence/status")).await?;
            for offer in desk["offers"].as_array().into_iter().flatten() {
                // It may have been accepted by a request whose answer was lost.
                let path = format!("/offers/{}/accept", text(offer, "/id"));
                self.post(path, "").await?;
            }
            for engagement in desk["engagements"].as_array().into_iter().flatten() {
                self.finish(engagement).await?;
            }
            sleep(BETWEEN_LOOKS).await;
        }
        Ok(())
    }

    async fn post(&mut self, path: String, body: &str) -> Result<Answer> {
        let request = Request::post(path, &self.token, body);
        self.line.send(&request).await
    }

    /// Is there, and says so.
    async fn stay(&mut self, status: &str) -> Result<()> {
        if status != "available" {
            let mut request = Request::post("/presence", &self.token, r#"{"status":"available"}"#);
            request.method = "PUT";
            self.line.send(&request).await?.json()?;
        } else if self.last_sign_of_life.elapsed() < HEARTBEAT {
            return Ok(());
        } else {
            // Where the lease ran out, the next look at the desk shows it.
            self.post("/presence/heartbeat".to_owned(), "").await?;
        }
        self.last_sign_of_life = Instant::now();
        Ok(())
    }

    /// Says something, and closes the conversation.
    async fn finish(&mut self, engagement: &Value) -> Result<()> {
        let (id, ticket) = (text(engagement, "/id"), text(engagement, "/ticket/id"));
        if text(engagement, "/status") == "talking" {
            let client_id = format!("{id}-agent");
            let body = serde_json::json!({ "client_id": client_id, "body": "I am here to help." });
            let path = format!("/engagements/{id}/messages");
            let said = self.post(path, &body.to_string()).await?;
            // It may be over: a request whose answer was lost closed it.
            if let Some(number) = said.json().ok().and_then(|said| said["number"].as_i64()) {
                let said = Said {
                    ticket: ticket.clone(),
                    author: "agent",
                    client_id,
                };
                self.line.journal.said(said, number);
            }
            self.post(format!("/engagements/{id}/wrap-up"), "").await?;
        }
        let path = format!("/engagements/{id}/resolve");
        let resolved = self.post(path, r#"{"disposition":"solved"}"#).await?;
        let is_resolved = resolved.is_success() || {
            let path = format!("/engagements/{id}");
            let seen = self.line.send(&Request::get(path, &self.token)).await?;
            text(&seen.json()?, "/status") == "resolved"
        };
        if is_resolved {
            self.line.journal.resolved(id, ticket);
        }
        Ok(())
    }
}
