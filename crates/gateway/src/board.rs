//! What agents may claim, kept in mind.
//!
//! Whoever opens their desk looks at the same board, and most of them looked a moment ago. So a
//! node reads it once, and anew after it heard that something changed; what it knows of an agent
//! likewise. Nothing depends on this being up to date: a claim looks again, at what it locks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use db::{Db, Topic};
use dispatch::{Board, Candidate, Ticket, Workload};
use kernel::{
    AgentId,
    diesel::{PgConnection, QueryResult},
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// What changes without a ring, such as by the passing of time, is seen after so long: of the board,
const BOARD_LIFETIME: TimeDelta = TimeDelta::seconds(2);
/// and of an agent, whose skills run out and whose shifts begin at times that are known long before.
const AGENT_LIFETIME: TimeDelta = TimeDelta::seconds(10);
/// Of so many agents it keeps in mind what they may take; about a kilobyte each.
const AGENTS: usize = 10_000;

/// What this node knows of the board and of who looks at it.
#[derive(Debug)]
pub struct Boards {
    mind: Mutex<Mind>,
    // Who comes while somebody reads the board waits for that, and reads it only if it changed.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Debug)]
struct Mind {
    heard: Receiver<Topic>,
    board: Option<Known<Board>>,
    /// How often the board has changed.
    changes: u64,
    agents: HashMap<AgentId, Looked>,
    /// How often somebody looked an agent up.
    looks: u64,
}

#[derive(Clone, Debug)]
struct Known<T> {
    at: DateTime<Utc>,
    value: Arc<T>,
}

/// An agent who was looked up, or is being looked up by whoever has this number.
#[derive(Debug)]
enum Looked {
    Up(Known<Option<Facts>>),
    Now(u64),
}

/// What decides about what an agent may claim; none for who may not work.
#[derive(Debug)]
struct Facts {
    candidate: Candidate,
    workload: Workload,
}

/// What an agent may claim.
#[derive(Debug)]
pub struct Claimable {
    board: Arc<Board>,
    facts: Arc<Option<Facts>>,
    now: DateTime<Utc>,
}

impl Claimable {
    /// The tickets, the most urgent first; at most 50.
    pub fn tickets(&self) -> impl Iterator<Item = &Ticket> {
        let facts = self.facts.as_ref().as_ref();
        facts
            .into_iter()
            .flat_map(|facts| {
                self.board
                    .claimable_by(&facts.candidate, &facts.workload, self.now)
            })
            .take(50)
    }
}

impl Boards {
    /// Hears of changes from now on.
    pub fn new(db: &Db) -> Self {
        Self {
            mind: Mutex::new(Mind {
                heard: db.bell().listen(),
                board: None,
                changes: 0,
                agents: HashMap::new(),
                looks: 0,
            }),
            reading: tokio::sync::Mutex::new(()),
        }
    }

    /// What an agent may claim.
    pub async fn claimable(&self, db: &Db, agent: AgentId) -> Result<Claimable, dispatch::Error> {
        Ok(Claimable {
            board: self.board(db).await?,
            facts: self.facts(db, agent).await?,
            now: db.now(),
        })
    }

    async fn board(&self, db: &Db) -> Result<Arc<Board>, dispatch::Error> {
        if let Some(board) = self.mind().board(db.now()) {
            return Ok(board);
        }
        let _reading = self.reading.lock().await;
        let (known, before) = {
            let mut mind = self.mind();
            (mind.board(db.now()), mind.changes)
        };
        if let Some(board) = known {
            return Ok(board);
        }
        let now = db.now();
        let board = db.read(move |conn| Board::read(conn, now)).await?;
        let board = Arc::new(board);
        let mut mind = self.mind();
        mind.catch_up();
        if mind.changes == before {
            let value = Arc::clone(&board);
            mind.board = Some(Known { at: now, value });
        }
        Ok(board)
    }

    async fn facts(&self, db: &Db, agent: AgentId) -> Result<Arc<Option<Facts>>, dispatch::Error> {
        let now = db.now();
        let look = match self.mind().look_up(agent, now) {
            Ok(known) => return Ok(known),
            Err(look) => look,
        };
        let facts = db
            .read(move |conn| facts(conn, agent, now).map_err(dispatch::Error::from))
            .await?;
        let facts = Arc::new(facts);
        self.mind().looked_up(agent, look, &facts, now);
        Ok(facts)
    }

    /// A panic elsewhere leaves it whole: each change of it is one call.
    fn mind(&self) -> MutexGuard<'_, Mind> {
        self.mind.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mind {
    /// Forgets what has changed. Rings come before the answer of whoever changed it, so nobody who
    /// has that answer sees what was before.
    fn catch_up(&mut self) {
        loop {
            match self.heard.try_recv() {
                Ok(Topic::Agent(agent)) => {
                    self.agents.remove(&agent);
                }
                Ok(Topic::Jobs) => {}
                Ok(Topic::Ticket(_) | Topic::Match | Topic::Floor) => self.board_changed(),
                Ok(Topic::Everything) | Err(TryRecvError::Lagged(_)) => {
                    self.board_changed();
                    self.agents.clear();
                }
                Err(TryRecvError::Empty | TryRecvError::Closed) => return,
            }
        }
    }

    fn board_changed(&mut self) {
        self.board = None;
        self.changes += 1;
    }

    fn board(&mut self, now: DateTime<Utc>) -> Option<Arc<Board>> {
        self.catch_up();
        let board = self.board.as_ref()?;
        board.within(BOARD_LIFETIME, now)
    }

    /// What is known of an agent, or the number of this look at them.
    fn look_up(&mut self, agent: AgentId, now: DateTime<Utc>) -> Result<Arc<Option<Facts>>, u64> {
        self.catch_up();
        if let Some(Looked::Up(known)) = self.agents.get(&agent)
            && let Some(value) = known.within(AGENT_LIFETIME, now)
        {
            return Ok(value);
        }
        if self.agents.len() >= AGENTS {
            self.agents.clear();
        }
        self.looks += 1;
        self.agents.insert(agent, Looked::Now(self.looks));
        Err(self.looks)
    }

    /// Keeps what a look found, unless the agent changed meanwhile.
    fn looked_up(
        &mut self,
        agent: AgentId,
        look: u64,
        facts: &Arc<Option<Facts>>,
        at: DateTime<Utc>,
    ) {
        self.catch_up();
        if let Some(looked) = self.agents.get_mut(&agent)
            && matches!(looked, Looked::Now(number) if *number == look)
        {
            let value = Arc::clone(facts);
            *looked = Looked::Up(Known { at, value });
        }
    }
}

impl<T> Known<T> {
    fn within(&self, lifetime: TimeDelta, now: DateTime<Utc>) -> Option<Arc<T>> {
        let is_good = (now - self.at).abs() < lifetime;
        is_good.then(|| Arc::clone(&self.value))
    }
}

fn facts(
    conn: &mut PgConnection,
    agent: AgentId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Facts>> {
    let Some(candidate) = workflows::candidate_of(conn, agent, now)? else {
        return Ok(None);
    };
    let workload = dispatch::queries::workload(conn, agent)?;
    Ok(workload.map(|workload| Facts {
        candidate,
        workload,
    }))
}
