//! What comes at the same time is done in one transaction: see [`Batcher`].

use std::collections::HashSet;

use db::{
    Batcher, Db,
    idempotency::{Answer, Request},
};
use dispatch::{Escalation, Taken, Ticket};
use identity::Caller;
use kernel::{AgentId, Class, Classify as _, SessionId, TicketId};

use crate::{
    problem::{ApiError, ApiResult},
    state::ReadFailed,
};

/// Two groups keep both the database and this node at work; more make groups small.
const AT_ONCE: usize = 2;
/// More would have each wait for long.
const MOST: usize = 32;

type Outcome<T> = Result<Vec<Result<T, workflows::Error>>, workflows::Error>;

/// All in one transaction. Where that fails for the sake of one of them, each by itself.
fn all_or_each<W, T>(asked: &[W], run: &impl Fn(&[W]) -> Outcome<T>) -> Vec<ApiResult<T>> {
    match run(asked) {
        Ok(outcomes) => {
            let outcomes = outcomes.into_iter();
            outcomes.map(|one| one.map_err(ApiError::from)).collect()
        }
        Err(error) if asked.len() == 1 || error.class() == Class::Busy => {
            let error = ApiError::from(error);
            asked.iter().map(|_| Err(error.clone())).collect()
        }
        Err(_) => asked
            .chunks(1)
            .flat_map(|one| all_or_each(one, run))
            .collect(),
    }
}

/// Says who is calling.
pub(crate) struct Sessions(Batcher<SessionId, ApiResult<Option<Caller>>>);

impl Sessions {
    pub(crate) fn new(db: &Db) -> Self {
        let door = db.clone();
        let look = move |sessions: Vec<SessionId>| {
            let now = door.now();
            let found = door.look_blocking(|conn| {
                identity::callers(conn, &sessions, now).map_err(ReadFailed::from)
            });
            let found = found.map_err(ApiError::from);
            let caller = |session: SessionId| {
                let callers = found.as_ref().map_err(Clone::clone)?;
                Ok(callers
                    .iter()
                    .find(|one| one.session_id == session)
                    .cloned())
            };
            sessions.iter().copied().map(caller).collect()
        };
        Self(Batcher::new(db, AT_ONCE, MOST, look))
    }

    /// Who is calling under this session; nobody where it is over.
    pub(crate) async fn caller(&self, session: SessionId) -> ApiResult<Option<Caller>> {
        self.0.ask("", session).await.map_err(ReadFailed::from)?
    }
}

/// Takes escalations in.
pub(crate) struct Intake(Batcher<Handoff, ApiResult<Answer>>);

struct Handoff {
    db: Db,
    asked: (Request, Escalation),
}

impl Intake {
    /// With what to answer for a ticket.
    pub(crate) fn new(db: &Db, answer: impl Fn(Ticket) -> Answer + Send + Sync + 'static) -> Self {
        let take_in = move |handoffs: Vec<Handoff>| {
            let Some(door) = handoffs.first().map(|handoff| handoff.db.clone()) else {
                return Vec::new();
            };
            let asked: Vec<_> = handoffs.into_iter().map(|handoff| handoff.asked).collect();
            all_or_each(&asked, &|asked| {
                door.write_blocking("escalate", |tx| workflows::escalate(tx, asked, &answer))
            })
        };
        Self(Batcher::new(db, AT_ONCE, MOST, take_in))
    }

    /// Takes a conversation in, once under its key. Those of one machine go together.
    pub(crate) async fn take_in(
        &self,
        db: Db,
        request: Request,
        escalation: Escalation,
    ) -> ApiResult<Answer> {
        let machine = db.actor().to_owned();
        let asked = (request, escalation);
        let outcome = self.0.ask(&machine, Handoff { db, asked }).await;
        outcome.map_err(ReadFailed::from)?
    }
}

/// Gives agents the tickets that they claim.
pub(crate) struct Claims(Batcher<Wish, ApiResult<Taken>>);

struct Wish {
    db: Db,
    agent: AgentId,
    ticket: TicketId,
}

impl Claims {
    pub(crate) fn new(db: &Db) -> Self {
        let door = db.clone();
        let claim = move |wishes: Vec<Wish>| claim(&door, &wishes);
        Self(Batcher::new(db, AT_ONCE, MOST, claim))
    }

    /// Gives the agent the ticket. All agents go together.
    pub(crate) async fn claim(&self, db: Db, agent: AgentId, ticket: TicketId) -> ApiResult<Taken> {
        let outcome = self.0.ask("", Wish { db, agent, ticket }).await;
        outcome.map_err(ReadFailed::from)?
    }
}

/// Of several who want the same ticket, and of several wishes of one agent, the first is seen to with
/// all others, and the rest one after another.
fn claim(door: &Db, wishes: &[Wish]) -> Vec<ApiResult<Taken>> {
    let run = |wishes: &[&Wish]| {
        let door = door.acting_for(wishes.iter().map(|wish| (wish.ticket, &wish.db)));
        let wanted: Vec<_> = wishes
            .iter()
            .map(|wish| (wish.agent, wish.ticket))
            .collect();
        door.write_blocking("claim_ticket", |tx| workflows::claim_tickets(tx, &wanted))
    };
    let (mut agents, mut tickets) = (HashSet::new(), HashSet::new());
    let (mut first, mut rest) = (Vec::new(), Vec::new());
    for (index, wish) in wishes.iter().enumerate() {
        let is_first = agents.insert(wish.agent) & tickets.insert(wish.ticket);
        let side = if is_first { &mut first } else { &mut rest };
        side.push((index, wish));
    }
    let together: Vec<&Wish> = first.iter().map(|(_, wish)| *wish).collect();
    let done = all_or_each(&together, &run);
    let first = first.into_iter().zip(done);
    let rest = rest
        .into_iter()
        .map(|one| (one, all_or_each(&[one.1], &run)))
        .flat_map(|(one, done)| done.into_iter().map(move |done| (one, done)));
    let mut outcomes: Vec<_> = first.chain(rest).collect();
    outcomes.sort_by_key(|((index, _), _)| *index);
    outcomes.into_iter().map(|(_, done)| done).collect()
}
