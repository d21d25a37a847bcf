//! An agent at their desk: takes offers, and plays the agent's part of each conversation.

use std::{collections::HashSet, sync::Arc, time::Duration};

use serde::{Deserialize, de::IgnoredAny};
use serde_json::json;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until, timeout},
};

use crate::{
    caller::{Caller, Credentials},
    client::{Api, Failure, unreadable},
    feed::{Feed, Waited},
    part::{Board, Pace, Part},
    script::{Book, Ending, Script, Side},
    sse::Events,
    stable,
};

/// A third of the platform's lease, so that two may be lost.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After so much silence an agent looks at the desk.
const LOOK_AFTER: Duration = Duration::from_secs(10);
/// After something went wrong, before the agent sits down again.
const BEFORE_RETURNING: Duration = Duration::from_secs(1);
/// How long an agent waits for a sign that a customer is gone.
const FAREWELL: Duration = Duration::from_secs(3);

#[derive(Deserialize)]
struct Desk {
    offers: Vec<Offer>,
    engagements: Vec<Engagement>,
}

#[derive(Deserialize)]
struct Offer {
    id: String,
    status: String,
    ticket: Brief,
}

#[derive(Deserialize)]
struct Engagement {
    id: String,
    status: String,
    ticket: Brief,
}

#[derive(Deserialize)]
struct Brief {
    source: String,
    external_id: String,
}

/// How an agent works.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Manner {
    /// Takes whatever is offered, as much as the platform allows.
    Busy,
    /// One conversation at a time, and a break after each, so that others have something to do.
    Leisurely,
}

/// What an agent needs to know to play their part.
#[derive(Clone)]
pub(crate) struct Clerk {
    caller: Arc<Caller>,
    book: Arc<Book>,
    board: Arc<Board>,
    pace: Pace,
    manner: Manner,
}

/// The state of one sitting at the desk.
struct Sitting {
    desk: Events,
    hands: JoinSet<(String, bool)>,
    /// The offers that have been answered and the engagements that have been ended: the desk may
    /// be told late.
    settled: HashSet<String>,
    /// The engagements that are being worked on.
    busy: HashSet<String>,
    /// The end of a break.
    back_at: Option<Instant>,
    presence: &'static str,
}

impl Clerk {
    pub(crate) fn new(
        (api, agent): (&Api, &Credentials),
        book: &Arc<Book>,
        board: &Arc<Board>,
        (pace, manner): (Pace, Manner),
    ) -> Self {
        Self {
            caller: Arc::new(Caller::person(api, agent)),
            book: Arc::clone(book),
            board: Arc::clone(board),
            pace,
            manner,
        }
    }

    /// Works until told to stop. Whatever goes wrong, the agent sits down again and goes on with
    /// the conversations that are then on the desk.
    pub(crate) async fn work(self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let sat = tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                sat = self.sit() => sat,
            };
            if let Err(failure) = sat {
                tracing::warn!(%failure, "an agent had to leave the desk for a moment");
            }
            sleep(BEFORE_RETURNING).await;
        }
        // Nobody waits for somebody who is going home.
        let goodbye = self.set_presence("offline");
        let _ = timeout(Duration::from_secs(2), goodbye).await;
    }

    async fn set_presence(&self, status: &str) -> Result<(), Failure> {
        let body = json!({ "status": status });
        self.caller.put::<IgnoredAny>("/presence", &body).await?;
        Ok(())
    }

    async fn sit(&self) -> Result<(), Failure> {
        self.set_presence("available").await?;
        let mut sitting = Sitting {
            desk: Events::new(&self.caller, "/desk/events".to_owned()),
            hands: JoinSet::new(),
            settled: HashSet::new(),
            busy: HashSet::new(),
            back_at: None,
            presence: "available",
        };
        let mut heartbeat = interval(HEARTBEAT);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let back_at = sitting.back_at;
            tokio::select! {
                _ = heartbeat.tick() => self.beat(sitting.presence).await?,
                Some(done) = sitting.hands.join_next() => {
                    if let Ok((engagement, is_ended)) = done {
                        self.put_down(&mut sitting, engagement, is_ended);
                    }
                }
                () = sleep_until(back_at.unwrap_or_else(Instant::now)), if back_at.is_some() => {
                    sitting.back_at = None;
                    self.announce(&mut sitting, "available").await?;
                }
                event = sitting.desk.next(LOOK_AFTER) => {
                    let desk = match event? {
                        Some(event) if event.name == "desk" => {
                            serde_json::from_str(&event.data)
                                .map_err(|error| unreadable("/desk/events", &error))?
                        }
                        Some(_) => continue,
                        None => self.caller.get("/desk").await?,
                    };
                    self.look(&mut sitting, desk).await?;
                }
            }
        }
    }

    /// Stays present; where the platform has given us up meanwhile, comes back.
    async fn beat(&self, presence: &str) -> Result<(), Failure> {
        match self.caller.step::<IgnoredAny>("/presence/heartbeat").await {
            Err(failure) if failure.is_conflict() => self.set_presence(presence).await,
            answer => answer.map(|_| ()),
        }
    }

    async fn announce(&self, sitting: &mut Sitting, presence: &'static str) -> Result<(), Failure> {
        if sitting.presence != presence {
            sitting.presence = presence;
            self.set_presence(presence).await?;
        }
        Ok(())
    }

    fn put_down(&self, sitting: &mut Sitting, engagement: String, is_ended: bool) {
        sitting.busy.remove(&engagement);
        if self.manner == Manner::Leisurely && sitting.busy.is_empty() {
            let break_ = stable::between("break", &engagement, 10_000, 30_000);
            sitting.back_at = Some(Instant::now() + break_);
        }
        if is_ended {
            sitting.settled.insert(engagement);
        }
    }

    /// Accepts what is offered and takes up what lies on the desk.
    async fn look(&self, sitting: &mut Sitting, desk: Desk) -> Result<(), Failure> {
        let mut engagements = desk.engagements;
        for offer in desk.offers.iter().filter(|offer| offer.status == "pending") {
            let ticket = &offer.ticket;
            if self
                .book
                .find(&ticket.source, &ticket.external_id)
                .is_none()
            {
                let path = format!("/offers/{}/decline", offer.id);
                let body = json!({ "reason": "other" });
                tolerate(self.caller.post::<IgnoredAny>(&path, &body).await)?;
                continue;
            }
            self.board.offered(&ticket.external_id);
            let path = format!("/offers/{}/accept", offer.id);
            engagements.extend(tolerate(self.caller.step(&path).await)?);
        }
        for engagement in engagements {
            let Engagement { id, status, ticket } = engagement;
            let Some(script) = self.book.find(&ticket.source, &ticket.external_id) else {
                continue;
            };
            let is_live = matches!(status.as_str(), "talking" | "wrapping");
            let is_new = !sitting.settled.contains(&id) && !sitting.busy.contains(&id);
            if is_live && is_new {
                sitting.busy.insert(id.clone());
                let (clerk, script) = (self.clone(), Arc::clone(script));
                sitting.hands.spawn(async move {
                    let engaged = clerk.engage(&id, &ticket.external_id, &script).await;
                    if let Err(failure) = &engaged {
                        tracing::warn!(%failure, "an agent had to interrupt a conversation");
                        sleep(BEFORE_RETURNING).await;
                    }
                    (id, engaged.unwrap_or(false))
                });
            }
        }
        if self.manner == Manner::Leisurely && !sitting.busy.is_empty() {
            sitting.back_at = None;
            self.announce(sitting, "away").await?;
        }
        Ok(())
    }

    /// One conversation, from where it stands to its end. Gives whether it has ended.
    async fn engage(&self, id: &str, external_id: &str, script: &Script) -> Result<bool, Failure> {
        let base = format!("/engagements/{id}");
        let mut feed = Feed::open(&self.caller, base.clone()).await?;
        let part = Part {
            side: Side::Agent,
            external_id,
            script,
            pace: self.pace,
            board: &self.board,
            caller: &self.caller,
            path: format!("{base}/messages"),
        };
        if feed.status() == "talking" {
            match part.play(&mut feed).await? {
                Waited::Stalled => return Ok(false),
                Waited::Done if script.ending == Ending::CustomerLeft => {
                    feed.wait(FAREWELL, Feed::has_left).await?;
                }
                Waited::Done | Waited::Over => {}
            }
            tolerate(
                self.caller
                    .step::<IgnoredAny>(&format!("{base}/wrap-up"))
                    .await,
            )?;
        }
        sleep(self.pace.wrap_up()).await;
        let disposition = match (script.ending, script.rating) {
            (Ending::CustomerLeft, _) => "customer_left",
            (Ending::Complete, Some(..3)) => "not_solved",
            (Ending::Complete, _) => "solved",
        };
        let body = json!({ "disposition": disposition });
        tolerate(
            self.caller
                .post::<IgnoredAny>(&format!("{base}/resolve"), &body)
                .await,
        )?;
        Ok(true)
    }
}

/// An answer that says "too late" is none, and no reason to stop: the desk shows what is so.
fn tolerate<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(failure) if failure.is_gone() => Ok(None),
        Err(failure) => Err(failure),
    }
}
