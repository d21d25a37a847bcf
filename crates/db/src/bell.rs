//! Tells other tasks and nodes that something changed.
//!
//! A bell carries no facts: whoever hears one reads the tables. Rings of this node reach its own
//! listeners at once; a thread gathers them for some milliseconds and passes them on to the other
//! nodes in one NOTIFY, so that no commit waits for the notification lock.

use std::{
    collections::BTreeSet,
    fmt,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

use diesel::{Connection as _, PgConnection, RunQueryDsl as _, sql_types::Text};
use kernel::{AgentId, TicketId};
use tokio::sync::broadcast;

const CHANNEL: &str = "gigdesk";
/// How long the thread sleeps between looks, and so how long rings gather.
const PAUSE: Duration = Duration::from_millis(20);
/// PostgreSQL takes payloads under 8,000 bytes.
const PAYLOAD_BYTES: usize = 7_000;
/// A listener that falls further behind than this is told to look at everything.
const BACKLOG: usize = 4_096;

/// What changed.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub enum Topic {
    /// Something on this agent's desk.
    Agent(AgentId),
    /// Something in this ticket or its conversation.
    Ticket(TicketId),
    /// Tickets or capacity that the matcher should look at.
    Match,
    /// Jobs that are due.
    Jobs,
    /// What operations watch: queues, presence.
    Floor,
    /// Rings may have been missed: look at everything.
    Everything,
}

/// A ring, as heard by a listener.
pub type Ring = Topic;

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Agent(id) => write!(f, "{id}"),
            Self::Ticket(id) => write!(f, "{id}"),
            Self::Match => f.write_str("match"),
            Self::Jobs => f.write_str("jobs"),
            Self::Floor => f.write_str("floor"),
            Self::Everything => f.write_str("everything"),
        }
    }
}

impl FromStr for Topic {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "match" => Ok(Self::Match),
            "jobs" => Ok(Self::Jobs),
            "floor" => Ok(Self::Floor),
            "everything" => Ok(Self::Everything),
            _ => text
                .parse()
                .map(Self::Agent)
                .or_else(|_| text.parse().map(Self::Ticket))
                .map_err(|_| ()),
        }
    }
}

/// Rings, and lets others hear.
#[derive(Clone)]
pub struct Bell {
    heard: broadcast::Sender<Topic>,
    outgoing: mpsc::Sender<Topic>,
    // The thread ends when the last bell is dropped.
    _running: Arc<StopOnDrop>,
}

struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Bell {
    /// Starts the thread that connects this node's bell with those of the others.
    pub(crate) fn start(url: String) -> Self {
        let (heard, _) = broadcast::channel(BACKLOG);
        let (outgoing, incoming) = mpsc::channel();
        let stop = Arc::new(AtomicBool::new(false));
        let node = hex(kernel::random::bytes::<4>());
        let wire = Wire {
            url,
            node,
            heard: heard.clone(),
            incoming,
            stop: stop.clone(),
        };
        let thread = thread::Builder::new().name("bell".to_owned());
        if let Err(error) = thread.spawn(move || wire.run()) {
            tracing::error!(%error, "no thread for the bell; polling only");
        }
        Self {
            heard,
            outgoing,
            _running: Arc::new(StopOnDrop(stop)),
        }
    }

    /// Tells this node's listeners at once and the other nodes shortly.
    pub fn ring(&self, topics: &BTreeSet<Topic>) {
        for topic in topics {
            // Without a listener, or with the thread gone, there is nobody to tell.
            let _ = self.heard.send(*topic);
            let _ = self.outgoing.send(*topic);
        }
    }

    /// Hears every ring from now on.
    pub fn listen(&self) -> broadcast::Receiver<Ring> {
        self.heard.subscribe()
    }
}

fn hex(bytes: [u8; 4]) -> String {
    format!("{:08x}", u32::from_be_bytes(bytes))
}

/// The thread's side: one connection that both listens and notifies.
struct Wire {
    url: String,
    node: String,
    heard: broadcast::Sender<Topic>,
    incoming: mpsc::Receiver<Topic>,
    stop: Arc<AtomicBool>,
}

impl Wire {
    fn run(self) {
        while !self.stop.load(Ordering::Relaxed) {
            match self.connect() {
                Ok(mut conn) => {
                    let _ = self.heard.send(Topic::Everything);
                    if let Err(error) = self.relay(&mut conn) {
                        tracing::warn!(%error, "the bell lost its connection; polling until it is back");
                    }
                }
                Err(error) => tracing::debug!(%error, "the bell cannot connect yet"),
            }
            thread::sleep(Duration::from_millis(500));
        }
    }

    fn connect(&self) -> Result<PgConnection, Box<dyn std::error::Error>> {
        let mut conn = PgConnection::establish(&self.url)?;
        diesel::sql_query(format!("LISTEN {CHANNEL}")).execute(&mut conn)?;
        Ok(conn)
    }

    fn relay(&self, conn: &mut PgConnection) -> diesel::QueryResult<()> {
        while !self.stop.load(Ordering::Relaxed) {
            thread::sleep(PAUSE);
            self.pass_on(conn)?;
            let heard: Vec<_> = conn.notifications_iter().collect::<Result<_, _>>()?;
            for notification in heard {
                self.hear(&notification.payload);
            }
        }
        Ok(())
    }

    fn pass_on(&self, conn: &mut PgConnection) -> diesel::QueryResult<()> {
        let topics: BTreeSet<Topic> = self.incoming.try_iter().collect();
        let mut payload = self.node.clone();
        for topic in topics {
            if payload.len() > PAYLOAD_BYTES {
                notify(conn, &payload)?;
                payload.clone_from(&self.node);
            }
            payload.push(' ');
            payload.push_str(&topic.to_string());
        }
        if payload.len() > self.node.len() {
            notify(conn, &payload)
        } else {
            Ok(())
        }
    }

    fn hear(&self, payload: &str) {
        let mut words = payload.split(' ');
        if words.next() == Some(self.node.as_str()) {
            return;
        }
        for topic in words.filter_map(|word| word.parse().ok()) {
            let _ = self.heard.send(topic);
        }
    }
}

fn notify(conn: &mut PgConnection, payload: &str) -> diesel::QueryResult<()> {
    diesel::sql_query(format!("SELECT pg_notify('{CHANNEL}', $1)"))
        .bind::<Text, _>(payload)
        .execute(conn)
        .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_topic_survives_the_wire() {
        for topic in [
            Topic::Agent(AgentId::new()),
            Topic::Ticket(TicketId::new()),
            Topic::Match,
            Topic::Jobs,
            Topic::Floor,
            Topic::Everything,
        ] {
            assert_eq!(topic.to_string().parse(), Ok(topic));
        }
    }
}
