//! A marketplace that is alive, for somebody who looks around: customers arrive, wait, answer
//! whatever an agent writes, and rate; a few agents work by themselves in one of the queues.

use std::{collections::HashSet, sync::Arc, time::Duration};

use anyhow::Context as _;
use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep},
};

use crate::{
    caller::Caller,
    client::{Api, Failure},
    desk::{Clerk, Manner},
    escalation::{self, Escalation, Handover},
    feed::messages,
    marketplace::{Marketplace, Target},
    part::{Board, Pace, client_id},
    script::{self, Book, Script, Side},
    stable,
};

const SOURCE: &str = "demo";
/// How often we look whether somebody should arrive.
const LOOK: Duration = Duration::from_secs(4);
/// So many customers wait for the person who looks around.
const WAITING: u64 = 2;
/// How often, at most, somebody arrives for the agents who work by themselves.
const GENERAL_EVERY: Duration = Duration::from_secs(20);
/// The most customers in the house.
const CUSTOMERS: usize = 20;
/// A customer whom nobody helps leaves after this.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often a customer looks at the conversation.
const GLANCE: Duration = Duration::from_millis(1200);
/// When the customer has said all they had to say, and the agent goes on.
const THANKS: [&str; 4] = [
    "Thank you, that is all I needed. Have a good day!",
    "That is everything from me. Thanks again for your help.",
    "Great, then I have no more questions. Thank you!",
    "Wonderful. Goodbye, and thank you for your time.",
];

/// What the supervisor sees of the floor.
#[derive(Deserialize)]
struct Floor {
    queues: Vec<Queue>,
    tickets: Vec<Ticket>,
}

#[derive(Deserialize)]
struct Queue {
    code: String,
    waiting: u64,
}

#[derive(Clone, Deserialize)]
struct Ticket {
    id: String,
    source: String,
    external_id: String,
    status: String,
}

#[derive(Deserialize)]
struct Message {
    author: String,
}

/// The customers of the demo, and the company's app in which they write.
struct House {
    assistant: Arc<Caller>,
    customer: Arc<Caller>,
    supervisor: Caller,
    api: Api,
    book: Arc<Book>,
    scripts: Vec<Script>,
}

/// Keeps the marketplace alive until told to stop.
pub async fn live(
    target: &Target,
    marketplace: &Marketplace,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let api = Api::new(&target.base_url)?;
    let scripts = script::demo()?;
    let book = Arc::new(Book::new(SOURCE, scripts.clone()));
    let mut clerks = JoinSet::new();
    for agent in &marketplace.regulars {
        let style = (Pace::Leisurely, Manner::Leisurely);
        let clerk = Clerk::new((&api, agent), &book, &Arc::new(Board::default()), style);
        clerks.spawn(clerk.work(stop.clone()));
    }
    let house = Arc::new(House {
        assistant: Arc::new(Caller::machine(&api, &marketplace.machine_key)),
        customer: Arc::new(Caller::nobody(&api)),
        supervisor: Caller::person(&api, &marketplace.supervisor),
        api,
        book,
        scripts,
    });
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => {}
        () = house.keep_open() => {}
    }
    clerks.join_all().await;
    Ok(())
}

impl House {
    async fn keep_open(self: &Arc<Self>) {
        let mut visits: JoinSet<String> = JoinSet::new();
        let mut present: HashSet<String> = HashSet::new();
        let mut general_at: Option<Instant> = None;
        let mut turn = 0;
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = look.tick() => {}
                Some(visit) = visits.join_next() => {
                    if let Ok(external_id) = visit {
                        present.remove(&external_id);
                    }
                    continue;
                }
            }
            let came = self.let_in(&present, &mut turn, &mut general_at).await;
            let came = came.unwrap_or_else(|failure| {
                tracing::warn!(
                    failure = format!("{failure:#}"),
                    "no customer could come in"
                );
                Vec::new()
            });
            for (ticket, token) in came {
                present.insert(ticket.external_id.clone());
                let house = Arc::clone(self);
                visits.spawn(async move {
                    if let Err(failure) = house.visit(&ticket, token.as_deref()).await {
                        tracing::warn!(%failure, "a customer had to leave");
                    }
                    ticket.external_id
                });
            }
        }
    }

    /// Those who are in the house from before, and somebody new where too few wait.
    async fn let_in(
        &self,
        present: &HashSet<String>,
        turn: &mut usize,
        general_at: &mut Option<Instant>,
    ) -> anyhow::Result<Vec<(Ticket, Option<String>)>> {
        let floor: Floor = self.supervisor.get("/ops/floor").await?;
        let from_before = floor.tickets.iter().filter(|ticket| {
            ticket.source == SOURCE
                && !present.contains(&ticket.external_id)
                && !matches!(ticket.status.as_str(), "resolved" | "abandoned")
        });
        let mut came: Vec<_> = from_before.map(|ticket| (ticket.clone(), None)).collect();
        if present.len() + came.len() >= CUSTOMERS {
            return Ok(came);
        }
        let general = |queue: &&Queue| queue.code == "general";
        let for_regulars: u64 = floor.queues.iter().filter(general).map(|q| q.waiting).sum();
        let waiting: u64 = floor.queues.iter().map(|queue| queue.waiting).sum();
        if waiting - for_regulars < WAITING {
            came.push(self.arrive(turn, false).await?);
        }
        if for_regulars == 0 && general_at.is_none_or(|at| at.elapsed() >= GENERAL_EVERY) {
            *general_at = Some(Instant::now());
            came.push(self.arrive(turn, true).await?);
        }
        Ok(came)
    }

    /// The next customer for the queue `general`, or for any other, is handed over.
    async fn arrive(
        &self,
        turn: &mut usize,
        is_general: bool,
    ) -> anyhow::Result<(Ticket, Option<String>)> {
        let now = self.api.now().await?.timestamp();
        let is_vip = |script: &Script| script.intent == "vip";
        let fits = |script: &&Script| {
            (escalation::queue(script, is_vip(script)) == "general") == is_general
        };
        let fitting: Vec<&Script> = self.scripts.iter().filter(fits).collect();
        // A start at another place than last time, and then one after the other.
        if *turn == 0 {
            *turn = usize::try_from(now)? % self.scripts.len();
        }
        *turn += 1;
        let script = fitting
            .get(*turn % fitting.len().max(1))
            .context("there is no script")?;
        let external_id = format!("{}@{now}", script.source_id);
        let escalation = Escalation::new(
            script,
            Handover {
                source: SOURCE,
                external_id: &external_id,
                is_vip: is_vip(script),
                heard: script.opening(),
                heard_at: Some(now),
            },
        );
        let made = escalation.send(&self.assistant).await?;
        let status = "waiting".to_owned();
        let ticket = Ticket {
            id: made.id,
            source: SOURCE.to_owned(),
            external_id,
            status,
        };
        Ok((ticket, Some(made.token)))
    }

    /// A customer's stay: waits, answers, thanks, rates. They write in the company's app, which
    /// relays it; so a visit can be taken up again when the demo has been stopped in between.
    async fn visit(&self, ticket: &Ticket, token: Option<&str>) -> Result<(), Failure> {
        let Some(script) = self.book.find(SOURCE, &ticket.external_id) else {
            return Ok(());
        };
        let path = format!("/tickets/{}", ticket.id);
        let came_at = Instant::now();
        loop {
            sleep(GLANCE).await;
            let Ticket { status, .. } = self.assistant.get(&path).await?;
            match status.as_str() {
                "resolved" => return self.rate(script, token).await,
                "abandoned" => return Ok(()),
                "waiting" | "offered" if came_at.elapsed() >= PATIENCE => {
                    return self
                        .assistant
                        .step::<IgnoredAny>(&format!("{path}/leave"))
                        .await
                        .map(|_| ());
                }
                "engaged" => self.answer(&path, script).await?,
                _ => {}
            }
        }
    }

    /// Answers when the agent was the last to speak: the next of the customer's turns, then thanks,
    /// then no more.
    async fn answer(&self, path: &str, script: &Script) -> Result<(), Failure> {
        let messages: Vec<Message> = messages(&self.assistant, path, 0).await?;
        let by_customer = |message: &&Message| message.author == Side::Customer.author();
        let said = messages.iter().filter(by_customer).count();
        let spoken = messages.iter().rev().find(|message| {
            message.author == Side::Agent.author() || message.author == Side::Customer.author()
        });
        if spoken.is_none_or(|last| last.author != Side::Agent.author()) {
            return Ok(());
        }
        let mine: Vec<&str> = script
            .said_by(Side::Customer)
            .map(|turn| turn.text.as_str())
            .collect();
        let thanks = stable::choose("thanks", path, &THANKS).copied();
        let text = match mine.get(said) {
            Some(text) => Some(*text),
            None if said == mine.len() => thanks,
            None => None,
        };
        let Some(text) = text else { return Ok(()) };
        sleep(stable::between(
            "typing",
            &format!("{path}{said}"),
            2000,
            4000,
        ))
        .await;
        let body = json!({ "client_id": client_id(said), "body": text });
        match self
            .assistant
            .post::<IgnoredAny>(&format!("{path}/messages"), &body)
            .await
        {
            Err(failure) if !failure.is_conflict() => Err(failure),
            _ => Ok(()),
        }
    }

    async fn rate(&self, script: &Script, token: Option<&str>) -> Result<(), Failure> {
        let (Some(token), Some(score)) = (token, script.rating) else {
            return Ok(());
        };
        sleep(stable::between("rating", token, 2000, 5000)).await;
        let body = json!({ "score": score });
        let path = format!("/conversations/{token}/rating");
        match self.customer.post::<IgnoredAny>(&path, &body).await {
            Err(failure) if !failure.is_conflict() => Err(failure),
            _ => Ok(()),
        }
    }
}
