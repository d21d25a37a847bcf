//! Server-sent events: one answer that goes on while something changes.
//!
//! A stream tells two kinds of things. *Changes* are what happened: once each, in order, each with
//! a cursor as its id. *Values* are how something looks now: whole, whenever they differ from what
//! was sent last. A value carries the id of the last change before it, so that a client may come
//! back after any event, to any node, and hear what it missed.

use std::{
    collections::{HashMap, VecDeque, hash_map::DefaultHasher},
    future::Future,
    hash::{Hash as _, Hasher as _},
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentEncoding},
    web::{Bytes, Data},
};
use db::{
    Topic,
    feed::{self, Change, Cursor},
};
use futures_util::stream;
use kernel::TicketId;
use serde::Serialize;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    extract::Caller,
    feed::{Holder, Subscription},
    problem::{ApiError, ApiResult},
    state::State,
};

/// A comment so often tells proxies and browsers that the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// A comment, which clients pass over.
const STILL_HERE: Bytes = Bytes::from_static(b": still here\n\n");
/// The time for an answer of the network, if it has one.
const KNOCK: Duration = Duration::from_millis(50);
/// Events that wait for a slow client; a stream that has more waits itself.
const WAITING: usize = 16;
/// Who missed more changes than this begins anew.
const MISSED: i64 = 1_000;
/// A value that others' doings may change, such as one's place in a queue, is looked at so often
/// while something happens on the floor.
const GLANCE: Duration = Duration::from_secs(5);

/// Who may listen.
#[derive(Clone)]
pub enum Audience {
    /// Somebody who is signed in, and as long as they are.
    SignedIn(Caller),
    /// Whoever holds the link to this conversation.
    LinkHolder(TicketId),
}

impl Audience {
    fn holder(&self) -> Holder {
        match self {
            Self::SignedIn(caller) => Holder::Session(caller.session_id, caller.role),
            Self::LinkHolder(ticket) => Holder::Link(*ticket),
        }
    }
}

impl From<&Caller> for Audience {
    fn from(caller: &Caller) -> Self {
        Self::SignedIn(caller.clone())
    }
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    name: String,
    data: String,
}

impl Event {
    /// An event with a value as JSON.
    pub fn json(name: impl Into<String>, value: &impl Serialize) -> ApiResult<Self> {
        let data = serde_json::to_string(value).map_err(ApiError::internal)?;
        let name = name.into();
        Ok(Self { name, data })
    }

    /// As it goes out. JSON has no line breaks of its own.
    fn bytes(&self, id: &str) -> Bytes {
        Bytes::from(format!(
            "event: {}\nid: {id}\ndata: {}\n\n",
            self.name, self.data
        ))
    }
}

/// Why a stream ended. Its client reconnects, and hears there whether it may.
#[derive(Debug)]
pub enum Ended {
    /// The client went away.
    Gone,
    /// A value could not be had.
    Failed(ApiError),
}

impl<E: Into<ApiError>> From<E> for Ended {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// After which event a client wants to go on.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Resume {
    /// It has seen nothing yet.
    #[default]
    Anew,
    /// After this place in the feed.
    After(Cursor),
    /// It says something that no stream of ours says.
    Unreadable,
}

impl Resume {
    /// By the id of the last event that the client saw, if it says one.
    pub fn from_text(text: Option<&str>) -> Self {
        text.map_or(Self::Anew, |text| {
            text.parse().map_or(Self::Unreadable, Self::After)
        })
    }
}

/// The id of the last event that a client saw. What is no text counts as an empty one.
pub fn last_event_id(request: &HttpRequest) -> Option<&str> {
    let header = request.headers().get("last-event-id")?;
    Some(header.to_str().unwrap_or_default())
}

/// Why a client has to begin anew.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Its id is none of ours.
    UnreadableId,
    /// Its id is of another database, or of another conversation.
    UnknownId,
    /// It missed more than is told one by one.
    MissedTooMuch,
}

#[derive(Serialize)]
struct Reset {
    reason: Reason,
}

/// The writing end of a stream.
pub struct Events {
    state: Data<State>,
    subscription: Subscription,
    shutdown: CancellationToken,
    client: mpsc::Sender<Bytes>,
    /// All changes up to here were told.
    cursor: Cursor,
    /// The number of the last message told, where the stream tells messages.
    said: Option<i32>,
    pending: VecDeque<Arc<Change>>,
    is_behind: bool,
    /// Fingerprints of the values that were sent last.
    last: HashMap<String, u64>,
    looks: Looks,
}

/// When a value is looked at.
struct Looks {
    is_wanted: bool,
    last: Option<Instant>,
    /// However much happens, no more often than this.
    pause: Duration,
    /// Whether to look at times because of what others do.
    glances: bool,
    floor_news: u64,
}

impl Looks {
    /// Whether a look that is wanted may be made.
    fn is_due(&self, now: Instant) -> bool {
        self.is_wanted && self.last.is_none_or(|last| now >= last + self.pause)
    }

    /// So long after the last look, or after now where there was none.
    fn later(&self, pause: Duration) -> Instant {
        self.last.unwrap_or_else(Instant::now) + pause
    }
}

impl Events {
    /// Makes no more than one look in this time.
    #[must_use]
    pub fn looking_at_most_every(mut self, pause: Duration) -> Self {
        self.looks.pause = pause;
        self
    }

    /// Looks at times although nothing concerned this stream, because others' doings change what
    /// it shows.
    #[must_use]
    pub fn glancing(mut self) -> Self {
        self.looks.glances = true;
        self
    }

    /// Tells messages, too; those up to this number were told.
    #[must_use]
    pub fn telling_messages(mut self, after: i32) -> Self {
        self.said = Some(after);
        self
    }

    /// The number of the last message told.
    pub fn said(&self) -> i32 {
        self.said.unwrap_or(0)
    }

    /// Begins where the client left off: tells the changes that it missed, or that it must begin
    /// anew. Everything after that comes by [`Events::time_to_look`].
    pub async fn resume(
        &mut self,
        resume: Resume,
        describe: impl Fn(&Change) -> Option<Event>,
    ) -> Result<(), Ended> {
        self.cursor = self.subscription.place();
        let place = match resume {
            Resume::Anew => return Ok(()),
            Resume::Unreadable => return self.reset(Reason::UnreadableId).await,
            Resume::After(place) => place,
        };
        let scope = self.subscription.scope();
        let missed = self.state.read(move |conn| {
            Ok(if feed::is_known(conn, place)? {
                Some(feed::after(conn, place, scope, MISSED)?)
            } else {
                None
            })
        });
        match missed.await? {
            None => self.reset(Reason::UnknownId).await,
            Some(batch) if batch.is_full => self.reset(Reason::MissedTooMuch).await,
            Some(batch) => {
                self.cursor = place;
                for change in batch.changes {
                    self.tell(&change, &describe).await?;
                }
                Ok(())
            }
        }
    }

    /// Tells the client that it must begin anew. The whole value follows.
    pub async fn reset(&mut self, reason: Reason) -> Result<(), Ended> {
        self.send(&Event::json("reset", &Reset { reason })?).await
    }

    /// Tells changes as they come, until it is time to look at the value that the stream shows; at
    /// first that is at once. False when the stream is to end. Changes that `describe` leaves out
    /// are passed over.
    pub async fn time_to_look(
        &mut self,
        describe: impl Fn(&Change) -> Option<Event>,
    ) -> Result<bool, Ended> {
        while self.woken().await {
            self.tell_changes(&describe).await?;
            if self.is_time_to_look() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Waits until there is something to tell or a value to look at. False when the stream is to
    /// end.
    async fn woken(&mut self) -> bool {
        loop {
            let news = self.subscription.take();
            if news.is_over {
                return false;
            }
            if news.is_nudged && self.knock().await.is_err() {
                return false;
            }
            self.pending.extend(news.changes);
            self.is_behind |= news.is_behind;
            self.looks.is_wanted |= news.may_differ;
            let is_due = self.looks.is_due(Instant::now());
            if is_due || self.is_behind || !self.pending.is_empty() {
                return true;
            }
            tokio::select! {
                () = self.client.closed() => return false,
                () = self.shutdown.cancelled() => return false,
                () = self.subscription.woken() => {}
                () = sleep_until(self.looks.later(self.looks.pause)), if self.looks.is_wanted => {}
                () = sleep_until(self.looks.later(GLANCE)), if self.looks.glances => {
                    self.looks.is_wanted |= self.looks.floor_news != self.subscription.floor_news();
                    self.looks.last = Some(Instant::now());
                }
            }
        }
    }

    /// Finds out whether the client is there. What is sent first to one that is gone is refused
    /// by its machine, and what is sent after that fails.
    async fn knock(&mut self) -> Result<(), Ended> {
        let sent = self.client.send(STILL_HERE).await;
        sent.map_err(|_| Ended::Gone)?;
        sleep(KNOCK).await;
        let sent = self.client.send(STILL_HERE).await;
        sent.map_err(|_| Ended::Gone)
    }

    /// Tells the changes that have come.
    async fn tell_changes(
        &mut self,
        describe: impl Fn(&Change) -> Option<Event>,
    ) -> Result<(), Ended> {
        while self.is_behind {
            let (place, scope) = (self.cursor, self.subscription.scope());
            let batch = self
                .state
                .read(move |conn| feed::after(conn, place, scope, MISSED))
                .await?;
            self.is_behind = batch.is_full;
            for change in batch.changes {
                self.tell(&change, &describe).await?;
            }
        }
        while let Some(change) = self.pending.pop_front() {
            if change.cursor > self.cursor {
                self.tell(&change, &describe).await?;
            }
        }
        Ok(())
    }

    async fn tell(
        &mut self,
        change: &Change,
        describe: impl Fn(&Change) -> Option<Event>,
    ) -> Result<(), Ended> {
        self.cursor = change.cursor;
        match describe(change) {
            Some(event) => self.send(&event).await,
            None => Ok(()),
        }
    }

    /// Whether the value should be looked at now; then that is done with.
    fn is_time_to_look(&mut self) -> bool {
        let now = Instant::now();
        let is_time = self.looks.is_due(now);
        if is_time {
            self.looks.is_wanted = false;
            self.looks.last = Some(now);
            self.looks.floor_news = self.subscription.floor_news();
        }
        is_time
    }

    /// Sends an event, under the id of what was told last.
    pub async fn send(&mut self, event: &Event) -> Result<(), Ended> {
        let id = match self.said {
            Some(number) => format!("{number}@{}", self.cursor),
            None => self.cursor.to_string(),
        };
        let sent = self.client.send(event.bytes(&id)).await;
        sent.map_err(|_| Ended::Gone)
    }

    /// Sends the message with this number.
    pub async fn say(&mut self, number: i32, message: &impl Serialize) -> Result<(), Ended> {
        self.said = Some(number);
        self.send(&Event::json("message", message)?).await
    }

    /// Forgets which messages were told: they are told from the first on.
    pub fn begin_messages_anew(&mut self) {
        self.said = Some(0);
    }

    /// Sends a value under this name, unless it is the one that was sent last.
    pub async fn send_if_changed(
        &mut self,
        name: &str,
        value: &impl Serialize,
    ) -> Result<(), Ended> {
        let event = Event::json(name, value)?;
        let mut hasher = DefaultHasher::new();
        event.data.hash(&mut hasher);
        let fingerprint = hasher.finish();
        if self.last.get(name) == Some(&fingerprint) {
            return Ok(());
        }
        self.last.insert(name.to_owned(), fingerprint);
        self.send(&event).await
    }
}

/// Answers with a stream that `produce` writes. It loops over
/// [`Events::time_to_look`]. Refuses where as
/// many are open already as may be.
pub fn stream<F>(
    state: &Data<State>,
    audience: impl Into<Audience>,
    topic: Topic,
    produce: impl FnOnce(Events) -> F,
) -> ApiResult<HttpResponse>
where
    F: Future<Output = Result<(), Ended>> + 'static,
{
    let subscription = state.feed.subscribe(topic, audience.into().holder())?;
    let (client, events) = mpsc::channel(WAITING);
    let production = produce(Events {
        state: state.clone(),
        shutdown: state.shutdown.clone(),
        client,
        cursor: subscription.place(),
        said: None,
        pending: VecDeque::new(),
        is_behind: false,
        last: HashMap::new(),
        looks: Looks {
            is_wanted: true,
            last: None,
            pause: Duration::ZERO,
            glances: false,
            floor_news: subscription.floor_news(),
        },
        subscription,
    });
    actix_web::rt::spawn(async move {
        // The refusal was logged when it was made.
        let _ = production.await;
    });
    Ok(respond(events))
}

fn respond(events: mpsc::Receiver<Bytes>) -> HttpResponse {
    let opening = Bytes::from_static(b"retry: 1000\n\n");
    let body = stream::unfold(
        (Some(opening), events),
        |(opening, mut events)| async move {
            let bytes = match opening {
                Some(opening) => opening,
                None => match timeout(KEEP_ALIVE, events.recv()).await {
                    Ok(Some(event)) => event,
                    Ok(None) => return None,
                    Err(_) => STILL_HERE,
                },
            };
            Some((Ok::<_, std::convert::Infallible>(bytes), (None, events)))
        },
    );
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header(ContentEncoding::Identity)
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header(("x-accel-buffering", "no"))
        .streaming(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_goes_on_after_the_cursor_it_names() {
        let place: Cursor = "51.3".parse().unwrap();
        assert_eq!(Resume::from_text(Some("51.3")), Resume::After(place));
        assert_eq!(Resume::from_text(None), Resume::Anew);
        assert_eq!(Resume::from_text(Some("")), Resume::Unreadable);
        assert_eq!(Resume::from_text(Some("51")), Resume::Unreadable);
    }
}
