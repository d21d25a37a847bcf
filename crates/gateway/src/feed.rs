//! What changed, handed to the streams of this node.
//!
//! One reader follows the feed of the database for all of them, and one listens to the bell. A
//! stream that has nothing to tell therefore costs no query: it is woken when something concerns
//! it. What each gets is bounded; a stream that falls behind reads on in the database by itself.
//!
//! Bells say that a value may look different; the feed says what happened, once each and in order.
//! Rings may be lost, and the feed waits for the oldest transaction that runs. So either wakes a
//! stream.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use db::{
    Db, Topic,
    feed::{self, Batch, Change, Cursor, Scope},
};
use kernel::{AgentId, Role, SessionId, TicketId};
use tokio::{
    sync::{Notify, broadcast::error::RecvError},
    time::{Instant, MissedTickBehavior, interval, sleep, sleep_until},
};
use tokio_util::sync::CancellationToken;

use crate::{problem::ApiError, state::ReadFailed};

/// The feed is read no more often than this, however often the bell rings.
const GATHER: Duration = Duration::from_millis(20);
/// Without any bell it is read so often.
const TICK: Duration = Duration::from_secs(1);
/// Changes that are read at once.
const BATCH: i64 = 1_000;
/// Changes that wait for one stream. One that has more of them reads the table instead.
const WAITING: usize = 256;
/// Sessions of open streams are checked so often: who signs out hears nothing a second later.
const CHECK: Duration = Duration::from_secs(1);
/// Messages of watched conversations are counted so often, in case a bell was lost.
const COUNT: Duration = Duration::from_secs(3);
/// Streams that one session or one link may have open.
pub const STREAMS_EACH: usize = 8;

/// Whose stream it is, for counting them.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Holder {
    /// Somebody who is signed in with this session, in this role.
    Session(SessionId, Role),
    /// Whoever holds the link to this conversation.
    Link(TicketId),
}

/// Where the streams of a node hear what concerns them.
pub struct Feed {
    rooms: Mutex<Rooms>,
    /// Most streams at the same time.
    limit: usize,
    /// Tells the reader that the bell rang.
    rung: Notify,
    /// How often something has happened on the floor.
    floor_news: AtomicU64,
    /// How many changes were seen, by kind and state.
    seen: Mutex<HashMap<(&'static str, String), u64>>,
}

/// Who listens to what.
struct Rooms {
    /// Everything up to here was handed out.
    place: Cursor,
    by_topic: HashMap<Topic, Vec<Arc<Listener>>>,
    by_holder: HashMap<Holder, usize>,
    open: usize,
}

impl Rooms {
    /// Makes streams find out whether their client is there: one that went away without a word is
    /// noticed when it is written to.
    fn nudge(&self, whose: impl Fn(Holder) -> bool) {
        for listener in self.by_topic.values().flatten() {
            if whose(listener.holder) {
                listener.tell(|news| news.is_nudged = true);
            }
        }
    }
}

struct Listener {
    topic: Topic,
    holder: Holder,
    wake: Notify,
    news: Mutex<News>,
}

/// What a stream has not yet dealt with.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each stands for a thing that can happen, and all can at the same time"
)]
pub struct News {
    /// What happened.
    pub changes: Vec<Arc<Change>>,
    /// Whether more happened than fits here: the table tells it.
    pub is_behind: bool,
    /// Whether the value that the stream shows may look different.
    pub may_differ: bool,
    /// Whether the stream should find out whether its client is there.
    pub is_nudged: bool,
    /// Whether the session has ended.
    pub is_over: bool,
}

/// A place among the listeners, for as long as it is kept.
pub struct Subscription {
    feed: Arc<Feed>,
    listener: Arc<Listener>,
    place: Cursor,
}

impl Feed {
    /// Begins where the feed is now.
    pub fn start(db: &Db, limit: usize) -> Result<Arc<Self>, String> {
        let place = db
            .read_blocking(|conn| feed::horizon(conn).map_err(ReadFailed::from))
            .map_err(|error| error.to_string())?;
        Ok(Arc::new(Self {
            rooms: Mutex::new(Rooms {
                place,
                by_topic: HashMap::new(),
                by_holder: HashMap::new(),
                open: 0,
            }),
            limit,
            rung: Notify::new(),
            floor_news: AtomicU64::new(0),
            seen: Mutex::new(HashMap::new()),
        }))
    }

    /// Takes a place among the listeners; refuses one too many.
    pub fn subscribe(
        self: &Arc<Self>,
        topic: Topic,
        holder: Holder,
    ) -> Result<Subscription, ApiError> {
        let mut rooms = self.rooms();
        if rooms.open >= self.limit {
            rooms.nudge(|_| true);
            return Err(ApiError::too_many_streams_here());
        }
        let held = rooms.by_holder.entry(holder).or_default();
        if *held >= STREAMS_EACH {
            rooms.nudge(|other| other == holder);
            return Err(ApiError::too_many_streams(STREAMS_EACH));
        }
        *held += 1;
        rooms.open += 1;
        let listener = Arc::new(Listener {
            topic,
            holder,
            wake: Notify::new(),
            news: Mutex::default(),
        });
        let room = rooms.by_topic.entry(topic).or_default();
        room.push(Arc::clone(&listener));
        Ok(Subscription {
            feed: Arc::clone(self),
            listener,
            place: rooms.place,
        })
    }

    /// How many streams are open.
    pub fn open_streams(&self) -> usize {
        self.rooms().open
    }

    /// How often something has happened on the floor.
    pub fn floor_news(&self) -> u64 {
        self.floor_news.load(Ordering::Relaxed)
    }

    /// How many changes this node has seen, by kind and state, in their order.
    pub fn changes_seen(&self) -> Vec<((&'static str, String), u64)> {
        let mut seen: Vec<_> = lock(&self.seen)
            .iter()
            .map(|(key, count)| (key.clone(), *count))
            .collect();
        seen.sort();
        seen
    }

    /// Does the work for all streams until `stop` is cancelled.
    pub async fn run(self: Arc<Self>, db: Db, stop: CancellationToken) {
        tokio::select! {
            () = stop.cancelled() => (),
            () = self.hear(&db) => (),
            () = self.follow(&db) => (),
            () = self.check_sessions(&db) => (),
            () = self.count_messages(&db) => (),
        }
    }

    fn rooms(&self) -> MutexGuard<'_, Rooms> {
        lock(&self.rooms)
    }

    /// Wakes the streams that a ring concerns, and the reader.
    async fn hear(&self, db: &Db) {
        let mut bell = db.bell().listen();
        loop {
            match bell.recv().await {
                Ok(Topic::Match | Topic::Jobs) => continue,
                // A ring, or so many that some were lost.
                Ok(Topic::Everything) | Err(RecvError::Lagged(_)) => self.wake_all(),
                Ok(topic) => self.wake(topic),
                Err(RecvError::Closed) => return,
            }
            self.rung.notify_one();
        }
    }

    fn wake(&self, topic: Topic) {
        if topic == Topic::Floor {
            self.floor_news.fetch_add(1, Ordering::Relaxed);
        }
        for listener in self.rooms().by_topic.get(&topic).into_iter().flatten() {
            listener.tell(|news| news.may_differ = true);
        }
    }

    fn wake_all(&self) {
        self.floor_news.fetch_add(1, Ordering::Relaxed);
        for listener in self.rooms().by_topic.values().flatten() {
            listener.tell(|news| news.may_differ = true);
        }
    }

    /// Reads what is new and hands it out.
    async fn follow(&self, db: &Db) {
        loop {
            let place = self.rooms().place;
            let read = db.read(move |conn| {
                feed::after(conn, place, Scope::All, BATCH).map_err(ReadFailed::from)
            });
            let began = Instant::now();
            let is_unfinished = match read.await {
                Ok(batch) => {
                    let is_unfinished = batch.is_full || batch.is_held_back;
                    self.hand_out(batch);
                    is_unfinished
                }
                Err(error) => {
                    tracing::debug!(%error, "the feed was not read");
                    false
                }
            };
            sleep_until(began + GATHER).await;
            if !is_unfinished {
                tokio::select! {
                    () = self.rung.notified() => (),
                    () = sleep_until(began + TICK) => (),
                }
            }
        }
    }

    fn hand_out(&self, batch: Batch) {
        let mut rooms = self.rooms();
        let mut seen = lock(&self.seen);
        for change in batch.changes {
            let key = (change.subject.noun(), change.state.clone());
            *seen.entry(key).or_default() += 1;
            let change = Arc::new(change);
            let topics = [
                change.agent_id.map(Topic::Agent),
                change.ticket_id.map(Topic::Ticket),
                Some(Topic::Floor),
            ];
            for topic in topics.into_iter().flatten() {
                for listener in rooms.by_topic.get(&topic).into_iter().flatten() {
                    listener.tell(|news| news.add(&change));
                }
            }
            self.floor_news.fetch_add(1, Ordering::Relaxed);
        }
        rooms.place = batch.next;
    }

    /// Ends the streams of sessions that have ended.
    async fn check_sessions(&self, db: &Db) {
        let mut checks = interval(CHECK);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            checks.tick().await;
            let sessions: BTreeSet<SessionId> = self
                .rooms()
                .by_holder
                .keys()
                .filter_map(|holder| match holder {
                    Holder::Session(id, _) => Some(*id),
                    Holder::Link(_) => None,
                })
                .collect();
            if sessions.is_empty() {
                continue;
            }
            let now = db.now();
            let asked: Vec<SessionId> = sessions.iter().copied().collect();
            let live = db.read(move |conn| {
                identity::live_sessions(conn, &asked, now).map_err(ReadFailed::from)
            });
            // A database that does not answer has not signed anybody out.
            if let Ok(live) = live.await {
                self.end_all_but(&sessions, &live.into_iter().collect());
            }
        }
    }

    /// Of the sessions that were asked about, only these go on, in these roles.
    fn end_all_but(&self, asked: &BTreeSet<SessionId>, live: &HashMap<SessionId, Role>) {
        for listener in self.rooms().by_topic.values().flatten() {
            if let Holder::Session(id, role) = listener.holder
                && asked.contains(&id)
                && live.get(&id) != Some(&role)
            {
                listener.tell(|news| news.is_over = true);
            }
        }
    }

    /// Messages are not in the feed: their numbers have no gap, and a stream knows which it sent.
    /// For a lost bell, the conversations that are watched are counted.
    async fn count_messages(&self, db: &Db) {
        let mut known: HashMap<Topic, i64> = HashMap::new();
        loop {
            sleep(COUNT).await;
            let (tickets, agents) = self.watched();
            if tickets.is_empty() && agents.is_empty() {
                known.clear();
                continue;
            }
            let counted = db.read(move |conn| {
                let tickets = dispatch::queries::message_counts(conn, &tickets)?;
                let agents = dispatch::queries::message_counts_in_hand(conn, &agents)?;
                Ok::<_, ReadFailed>((tickets, agents))
            });
            let Ok((tickets, agents)) = counted.await else {
                continue;
            };
            let tickets = tickets
                .into_iter()
                .map(|(id, count)| (Topic::Ticket(id), i64::from(count)));
            let agents = agents
                .into_iter()
                .map(|(id, count)| (Topic::Agent(id), count));
            let now: HashMap<Topic, i64> = tickets.chain(agents).collect();
            for (topic, count) in &now {
                if known.get(topic) != Some(count) {
                    self.wake(*topic);
                }
            }
            known = now;
        }
    }

    fn watched(&self) -> (Vec<TicketId>, Vec<AgentId>) {
        let (mut tickets, mut agents) = (Vec::new(), Vec::new());
        for topic in self.rooms().by_topic.keys() {
            match topic {
                Topic::Ticket(id) => tickets.push(*id),
                Topic::Agent(id) => agents.push(*id),
                Topic::Match | Topic::Jobs | Topic::Floor | Topic::Everything => {}
            }
        }
        (tickets, agents)
    }

    fn leave(&self, listener: &Arc<Listener>) {
        let mut rooms = self.rooms();
        rooms.open = rooms.open.saturating_sub(1);
        if let Some(room) = rooms.by_topic.get_mut(&listener.topic) {
            room.retain(|other| !Arc::ptr_eq(other, listener));
            if room.is_empty() {
                rooms.by_topic.remove(&listener.topic);
            }
        }
        if let Some(held) = rooms.by_holder.get_mut(&listener.holder) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                rooms.by_holder.remove(&listener.holder);
            }
        }
    }
}

impl Listener {
    fn tell(&self, what: impl FnOnce(&mut News)) {
        what(&mut lock(&self.news));
        self.wake.notify_one();
    }
}

impl News {
    fn add(&mut self, change: &Arc<Change>) {
        self.may_differ = true;
        if self.changes.len() < WAITING && !self.is_behind {
            self.changes.push(Arc::clone(change));
        } else {
            self.changes.clear();
            self.is_behind = true;
        }
    }
}

impl Subscription {
    /// Where the feed was when this began: everything after it comes, or is told to be missing.
    pub fn place(&self) -> Cursor {
        self.place
    }

    /// Whose changes come.
    pub fn scope(&self) -> Scope {
        match self.listener.topic {
            Topic::Agent(id) => Scope::Agent(id),
            Topic::Ticket(id) => Scope::Ticket(id),
            Topic::Match | Topic::Jobs | Topic::Floor | Topic::Everything => Scope::All,
        }
    }

    /// Waits until there is something to take.
    pub async fn woken(&self) {
        self.listener.wake.notified().await;
    }

    /// Takes what there is.
    pub fn take(&self) -> News {
        std::mem::take(&mut *lock(&self.listener.news))
    }

    /// How often something has happened on the floor.
    pub fn floor_news(&self) -> u64 {
        self.feed.floor_news()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.feed.leave(&self.listener);
    }
}

/// What a panicking thread left is as good as before: nothing here is changed in two steps.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
