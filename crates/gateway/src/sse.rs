//! Server-sent events: one answer that goes on while something changes.

use std::{collections::HashMap, future::Future, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, ContentEncoding},
    web::Bytes,
};
use db::Topic;
use futures_util::stream;
use serde::Serialize;
use tokio::{
    sync::{
        broadcast::{
            self,
            error::{RecvError, TryRecvError},
        },
        mpsc,
    },
    time::{Interval, MissedTickBehavior, interval, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{extract::Caller, problem::ApiError, state::State};

/// A comment so often tells proxies and browsers that the stream lives.
const KEEP_ALIVE: Duration = Duration::from_secs(10);
/// How often a stream asks whether its caller is still signed in.
const CHECK: Duration = Duration::from_secs(1);
/// After so many checks without a bell, a stream looks at the tables anyway.
const CHECKS_PER_LOOK: u32 = 3;
/// Events that wait for a slow client; a stream that has more waits itself.
const WAITING: usize = 16;

/// Who may listen.
#[derive(Clone)]
pub enum Audience {
    /// Somebody who is signed in, and as long as they are.
    SignedIn(Caller),
    /// Whoever holds the link.
    LinkHolder,
}

impl From<&Caller> for Audience {
    fn from(caller: &Caller) -> Self {
        Self::SignedIn(caller.clone())
    }
}

/// One event.
#[derive(Clone, Debug)]
pub struct Event {
    name: &'static str,
    id: Option<String>,
    data: String,
}

impl Event {
    /// An event with a value as JSON.
    pub fn json(name: &'static str, value: &impl Serialize) -> Result<Self, ApiError> {
        let data = serde_json::to_string(value).map_err(ApiError::internal)?;
        Ok(Self {
            name,
            id: None,
            data,
        })
    }

    /// The same with an id, which a client that comes back sends as `Last-Event-ID`.
    #[must_use]
    pub fn with_id(self, id: impl Into<i64>) -> Self {
        Self {
            id: Some(id.into().to_string()),
            ..self
        }
    }

    /// As it goes out. JSON has no line breaks of its own.
    fn bytes(&self) -> Bytes {
        let id = self
            .id
            .as_ref()
            .map(|id| format!("id: {id}\n"))
            .unwrap_or_default();
        Bytes::from(format!("event: {}\n{id}data: {}\n\n", self.name, self.data))
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

/// The writing end of a stream.
pub struct Events {
    topic: Topic,
    audience: Audience,
    shutdown: CancellationToken,
    bell: broadcast::Receiver<Topic>,
    checks: Interval,
    is_new: bool,
    last: HashMap<&'static str, String>,
    client: mpsc::Sender<Event>,
}

impl Events {
    /// Waits until it is time to look: at once for the first time, then whenever the topic rings,
    /// and every three seconds in any case. False when the stream is to end.
    pub async fn woken(&mut self) -> bool {
        let mut checks = if std::mem::take(&mut self.is_new) {
            CHECKS_PER_LOOK
        } else {
            0
        };
        while checks < CHECKS_PER_LOOK {
            tokio::select! {
                () = self.client.closed() => return false,
                () = self.shutdown.cancelled() => return false,
                ring = self.bell.recv() => match ring {
                    Ok(topic) if topic != self.topic && topic != Topic::Everything => (),
                    // A ring, or so many that some were lost.
                    Ok(_) | Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return false,
                },
                _ = self.checks.tick() => {
                    checks += 1;
                    if let Audience::SignedIn(caller) = &self.audience
                        && !caller.is_still_signed_in().await
                    {
                        return false;
                    }
                }
            }
        }
        // Rings that came at the same time are answered by the same look.
        while !matches!(
            self.bell.try_recv(),
            Err(TryRecvError::Empty | TryRecvError::Closed)
        ) {}
        true
    }

    /// Sends an event.
    pub async fn send(&mut self, event: Event) -> Result<(), Ended> {
        self.client.send(event).await.map_err(|_| Ended::Gone)
    }

    /// Sends a value under this name, unless it is the one that was sent last.
    pub async fn send_if_changed(
        &mut self,
        name: &'static str,
        value: &impl Serialize,
    ) -> Result<(), Ended> {
        let event = Event::json(name, value)?;
        if self.last.get(name) == Some(&event.data) {
            return Ok(());
        }
        self.last.insert(name, event.data.clone());
        self.send(event).await
    }
}

/// Answers with a stream that `produce` writes. It loops over [`Events::woken`].
pub fn stream<F>(
    state: &State,
    audience: impl Into<Audience>,
    topic: Topic,
    produce: impl FnOnce(Events) -> F,
) -> HttpResponse
where
    F: Future<Output = Result<(), Ended>> + 'static,
{
    let (client, events) = mpsc::channel(WAITING);
    let mut checks = interval(CHECK);
    checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let production = produce(Events {
        topic,
        audience: audience.into(),
        shutdown: state.shutdown.clone(),
        bell: state.db.bell().listen(),
        checks,
        is_new: true,
        last: HashMap::new(),
        client,
    });
    actix_web::rt::spawn(async move {
        // The refusal was logged when it was made.
        let _ = production.await;
    });
    respond(events)
}

/// Answers with a stream of one value: as it is now, then again whenever it changed.
pub fn watch<T, E, F>(
    state: &State,
    audience: impl Into<Audience>,
    topic: Topic,
    name: &'static str,
    mut look: impl FnMut() -> F + 'static,
) -> HttpResponse
where
    T: Serialize,
    E: Into<ApiError>,
    F: Future<Output = Result<T, E>> + 'static,
{
    stream(state, audience, topic, move |mut events| async move {
        while events.woken().await {
            let value = look().await?;
            events.send_if_changed(name, &value).await?;
        }
        Ok(())
    })
}

/// The number of the last event that a client saw: its `Last-Event-ID`, else `after`, else none.
pub fn last_seen(request: &HttpRequest, after: Option<i64>) -> i64 {
    let header = request.headers().get("last-event-id");
    let number = header.and_then(|value| value.to_str().ok()?.parse().ok());
    number.or(after).unwrap_or(0)
}

fn respond(events: mpsc::Receiver<Event>) -> HttpResponse {
    let opening = Bytes::from_static(b"retry: 1000\n\n");
    let body = stream::unfold(
        (Some(opening), events),
        |(opening, mut events)| async move {
            let bytes = match opening {
                Some(opening) => opening,
                None => match timeout(KEEP_ALIVE, events.recv()).await {
                    Ok(Some(event)) => event.bytes(),
                    Ok(None) => return None,
                    Err(_) => Bytes::from_static(b": still here\n\n"),
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
