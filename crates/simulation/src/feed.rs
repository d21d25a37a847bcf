//! A conversation as one of its sides sees it: told by events, and asked for whenever these are
//! silent or have a gap.

use std::{sync::Arc, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use tokio::time::Instant;

use crate::{
    caller::Caller,
    client::{Failure, unreadable},
    script::Side,
    sse::{Event, Events},
};

/// After so much silence we ask.
const ASK_AFTER: Duration = Duration::from_secs(10);
/// A conversation in which nothing happens for so long is given up.
const STALLED_AFTER: Duration = Duration::from_mins(10);

/// What a side sees of a message.
#[derive(Deserialize)]
struct Message {
    number: u64,
    author: String,
    /// The sender's own name for it; the platform names its notes after what they are about.
    client_id: Option<String>,
}

/// Part of a conversation.
#[derive(Deserialize)]
struct Part<T> {
    items: Vec<T>,
    /// Where to read on.
    next: Option<u64>,
}

/// Reads the messages at this address that come after a number.
pub(crate) async fn messages<T: DeserializeOwned>(
    caller: &Caller,
    base: &str,
    mut after: u64,
) -> Result<Vec<T>, Failure> {
    let mut messages = Vec::new();
    loop {
        let part: Part<T> = caller
            .get(&format!("{base}/messages?after={after}"))
            .await?;
        messages.extend(part.items);
        match part.next {
            Some(next) => after = next,
            None => return Ok(messages),
        }
    }
}

/// How the conversation stands: an engagement's state for the agent, the ticket's for the customer.
#[derive(Debug, Default, Deserialize)]
struct Standing {
    status: String,
}

/// One side's view of one conversation.
pub(crate) struct Feed {
    caller: Arc<Caller>,
    base: String,
    events: Events,
    standing: Standing,
    last: u64,
    by_customer: usize,
    by_agent: usize,
    has_left: bool,
}

/// Whether what was waited for has happened.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Waited {
    Done,
    /// It cannot happen any more.
    Over,
    /// Nothing has happened for minutes.
    Stalled,
}

impl Feed {
    /// Opens the conversation at this address and reads it from its beginning.
    pub(crate) async fn open(caller: &Arc<Caller>, base: String) -> Result<Self, Failure> {
        let mut feed = Self {
            caller: Arc::clone(caller),
            events: Events::new(caller, format!("{base}/events")),
            base,
            standing: Standing::default(),
            last: 0,
            by_customer: 0,
            by_agent: 0,
            has_left: false,
        };
        feed.catch_up().await?;
        feed.events.resume_after(feed.last);
        Ok(feed)
    }

    /// The status of the engagement or, for a customer, of the ticket.
    pub(crate) fn status(&self) -> &str {
        &self.standing.status
    }

    /// Whether the platform has noted that the customer has left.
    pub(crate) fn has_left(&self) -> bool {
        self.has_left
    }

    /// How many messages of this side have been seen.
    pub(crate) fn seen(&self, side: Side) -> usize {
        match side {
            Side::Customer => self.by_customer,
            Side::Agent => self.by_agent,
        }
    }

    /// Waits until so many messages of this side have been seen.
    pub(crate) async fn wait_for(&mut self, side: Side, nth: usize) -> Result<Waited, Failure> {
        self.wait(STALLED_AFTER, |feed| feed.seen(side) >= nth)
            .await
    }

    /// Waits until something is so.
    pub(crate) async fn wait(
        &mut self,
        patience: Duration,
        is_so: impl Fn(&Self) -> bool,
    ) -> Result<Waited, Failure> {
        let mut moved = Instant::now();
        loop {
            if is_so(self) {
                return Ok(Waited::Done);
            }
            let ends = [
                "resolved",
                "abandoned",
                "lost",
                "transferred",
                "released",
                "returned",
            ];
            if ends.contains(&self.status()) {
                return Ok(Waited::Over);
            }
            if moved.elapsed() >= patience {
                return Ok(Waited::Stalled);
            }
            let before = self.last;
            let was_told = self.step(ASK_AFTER.min(patience)).await?;
            if was_told || before != self.last {
                moved = Instant::now();
            }
        }
    }

    /// Takes in what comes next; where nothing comes, asks. Gives whether anything came.
    async fn step(&mut self, within: Duration) -> Result<bool, Failure> {
        let event = self.events.next(within).await?;
        let was_told = event.is_some();
        match event {
            Some(event) if event.name == "message" => {
                let message: Message = self.parse(&event)?;
                if message.number > self.last + 1 {
                    self.catch_up().await?;
                } else {
                    self.take(&message);
                }
            }
            Some(event) if event.name == "state" => self.standing = self.parse(&event)?,
            Some(_) => {}
            None => self.catch_up().await?,
        }
        Ok(was_told)
    }

    fn parse<T: DeserializeOwned>(&self, event: &Event) -> Result<T, Failure> {
        serde_json::from_str(&event.data).map_err(|error| unreadable(&self.base, &error))
    }

    async fn catch_up(&mut self) -> Result<(), Failure> {
        for message in messages(&self.caller, &self.base, self.last).await? {
            self.take(&message);
        }
        self.standing = self.caller.get(&self.base).await?;
        Ok(())
    }

    fn take(&mut self, message: &Message) {
        if message.number <= self.last {
            return;
        }
        self.last = message.number;
        if message.author == Side::Customer.author() {
            self.by_customer += 1;
        } else if message.author == Side::Agent.author() {
            self.by_agent += 1;
        } else if message.author == "platform" {
            let name = message.client_id.as_deref();
            self.has_left |= name.is_some_and(|name| name.starts_with("customer_left"));
        }
    }
}
