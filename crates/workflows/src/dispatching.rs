//! Tickets find agents.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use chrono::{DateTime, TimeDelta, Utc};
use db::{
    Topic, Tx,
    feed::{self, Cursor},
};
use dispatch::{Candidate, Taken, Ticket, agent_key};
use kernel::{
    AgentId, TicketId,
    diesel::{PgConnection, QueryResult},
};
use onboarding::Qualification;
use routing::{
    Room,
    fact::{Admitted, Presence},
};

use crate::{Error, Report};

/// What matching is called in the audit trail, and its lock.
pub const MATCHING: &str = "match_tickets";
/// Among so many of those who are there an agent may choose a colleague.
const SUITED: usize = 1_000;
/// The whole room is read anew so often, in case that time changed something of which there is no
/// trail: a skill ran out.
const LOOK_AROUND: TimeDelta = TimeDelta::seconds(30);
/// What no bell told is asked for so often: shifts that begin, and what the trail says of agents. A
/// node that is killed rings no bell for what it has just committed.
const CATCH_UP: TimeDelta = TimeDelta::seconds(1);

/// Puts waiting tickets to available agents.
///
/// It keeps in mind who is in the room, and learns from the bells who changed. So a run reads and
/// locks what it needs for the tickets that wait, however many agents are there. Nothing depends on
/// what it keeps in mind being up to date: whom it picks is looked at again, and held, in the
/// transaction that makes the offers.
#[derive(Clone, Default)]
pub struct Matchmaker {
    mind: Arc<Mutex<Mind>>,
    news: Arc<Mutex<News>>,
}

#[derive(Default)]
struct Mind {
    room: Room,
    looked_around_at: Option<DateTime<Utc>>,
    caught_up_at: DateTime<Utc>,
    /// Whatever was there by then was taken in.
    horizon: Cursor,
}

/// Who changed since the last run.
#[derive(Default)]
struct News {
    agents: BTreeSet<AgentId>,
    is_everything: bool,
}

impl Matchmaker {
    /// Hears of a change. Cheap; call it for every ring.
    pub fn hear(&self, topic: Topic) {
        match topic {
            Topic::Agent(agent) => {
                lock(&self.news).agents.insert(agent);
            }
            Topic::Everything => lock(&self.news).is_everything = true,
            _ => {}
        }
    }

    /// Makes the offers that can be made, unless another node is at it, and says how many.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<Report, Error> {
        if !db::try_lock(tx, MATCHING)? {
            return Ok(0);
        }
        let mut mind = lock(&self.mind);
        let news = std::mem::take(&mut *lock(&self.news));
        let made = mind.catch_up(tx, &news).and_then(|()| mind.make_offers(tx));
        if made.is_err() {
            // What was heard may not have been taken in.
            lock(&self.news).is_everything = true;
        }
        made
    }
}

/// A panic in a run leaves a mind that is looked over at the next: see [`Matchmaker::run`].
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Mind {
    fn catch_up(&mut self, tx: &mut Tx<'_>, news: &News) -> Result<(), Error> {
        let now = tx.now();
        let is_due = self
            .looked_around_at
            .is_none_or(|at| (now - at).abs() >= LOOK_AROUND);
        if news.is_everything || is_due {
            self.horizon = feed::horizon(tx.conn())?;
            let present = availability::present_agents(tx.conn(), now)?;
            self.room = Room::new();
            (self.looked_around_at, self.caught_up_at) = (Some(now), now);
            return self.let_in(tx, &present);
        }
        let mut changed: Vec<AgentId> = news.agents.iter().copied().collect();
        if now - self.caught_up_at >= CATCH_UP {
            let horizon = feed::horizon(tx.conn())?;
            changed.extend(feed::agents_since(tx.conn(), self.horizon)?);
            changed.extend(availability::begun_between(
                tx.conn(),
                self.caught_up_at,
                now,
            )?);
            (self.caught_up_at, self.horizon) = (now, horizon);
        }
        for agent in &changed {
            self.room.leave(agent_key(*agent));
        }
        if changed.is_empty() {
            return Ok(());
        }
        let present = availability::present_of(tx.conn(), &changed, now)?;
        self.let_in(tx, &present)
    }

    fn let_in(&mut self, tx: &mut Tx<'_>, present: &[AgentId]) -> Result<(), Error> {
        let now = tx.now();
        for part in present.chunks(10_000) {
            let workloads = dispatch::queries::workloads(tx.conn(), part)?;
            let candidates = candidates(tx.conn(), part, now)?;
            // Both are in the order of the agents' ids.
            let mut workloads = workloads.into_iter().peekable();
            for candidate in candidates {
                while workloads
                    .next_if(|w| w.agent_id < candidate.agent_id)
                    .is_some()
                {}
                if let Some(workload) = workloads.next_if(|w| w.agent_id == candidate.agent_id) {
                    self.room.enter(candidate.facts(&workload, now));
                }
            }
        }
        Ok(())
    }

    fn make_offers(&mut self, tx: &mut Tx<'_>) -> Result<Report, Error> {
        let Some(plan) = dispatch::plan(tx, &self.room)? else {
            return Ok(0);
        };
        let present = hold_candidates(tx, &plan.agents())?;
        let offers = dispatch::make_offers(tx, &plan, &present)?;
        // Whoever the plan named is looked at again: they took something, or were not as thought.
        let named = plan.agents();
        for agent in &named {
            self.room.leave(agent_key(*agent));
        }
        let still_there: Vec<AgentId> = present.iter().map(|c| c.agent_id).collect();
        self.let_in(tx, &still_there)?;
        Ok(offers.len())
    }
}

/// Available agents take waiting tickets unasked, each the one they want. No agent and no ticket
/// comes twice.
///
/// A refusal is that of one agent. An error of the whole may be due to one of them, and nothing is
/// stored: they can be tried each by themselves.
pub fn claim_tickets(
    tx: &mut Tx<'_>,
    wishes: &[(AgentId, TicketId)],
) -> Result<Vec<Result<Taken, Error>>, Error> {
    let mut agents: Vec<AgentId> = wishes.iter().map(|(agent, _)| *agent).collect();
    agents.sort_unstable();
    let held = hold(tx, &agents)?;
    let candidate = |agent: AgentId| held.candidates.iter().find(|c| c.agent_id == agent);
    let able: Vec<(&Candidate, TicketId)> = wishes
        .iter()
        .filter_map(|(agent, ticket)| Some((candidate(*agent)?, *ticket)))
        .collect();
    let mut taken = dispatch::claim(tx, &able)?.into_iter();
    let outcome = |(agent, _): &(AgentId, TicketId)| {
        if !held.present.contains(agent) {
            return Err(Error::NotAvailable);
        }
        candidate(*agent).ok_or(Error::NotQualified)?;
        Ok(taken.next().ok_or(Error::NotAvailable)??)
    };
    Ok(wishes.iter().map(outcome).collect())
}

/// Ends offers whose time is up. Who did not answer is not there, and gets no further offer until
/// they say that they are back; it costs them nothing else.
pub fn expire_offers(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let missed = dispatch::expire_offers(tx)?;
    for missed in &missed {
        availability::step_away(tx, missed.agent_id)?;
    }
    Ok(missed.len())
}

/// Puts aside what nobody was found for in time. Each is an alarm: somebody has to look.
pub fn put_aside(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let letters = dispatch::put_aside(tx)?;
    for letter in &letters {
        tracing::error!(id = %letter.id, ticket = %letter.ticket_id, reason = letter.reason, "a ticket was put aside");
    }
    Ok(letters.len())
}

/// Agents who are there, held.
struct Held {
    /// Who is there.
    present: Vec<AgentId>,
    /// Those of them who are qualified, as they are now.
    candidates: Vec<Candidate>,
}

/// Holds those of the agents who are there: none of them can go, be suspended, or lose their
/// admission before this transaction ends.
fn hold(tx: &mut Tx<'_>, agents: &[AgentId]) -> Result<Held, Error> {
    let ends = availability::hold_present(tx, agents)?;
    let present: Vec<AgentId> = ends.iter().map(|(agent, _)| *agent).collect();
    let admitted = availability::hold_admitted(tx, &present)?;
    let qualified = onboarding::hold_qualified(tx, &present)?;
    let admitted = admitted.into_iter().collect();
    let candidates = described(qualified, admitted, ends, tx.now());
    Ok(Held {
        present,
        candidates,
    })
}

/// Those of the agents who are there and qualified, held until this transaction ends.
pub(crate) fn hold_candidates(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
) -> Result<Vec<Candidate>, Error> {
    Ok(hold(tx, agents)?.candidates)
}

/// These agents, who are there, as they are at an instant, by id.
pub fn candidates(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Candidate>> {
    let admissions = availability::admitted(conn, agents, now)?;
    let admissions = admissions.into_iter().map(|a| (a.agent_id, a.queues));
    let qualified = onboarding::qualifications(conn, agents, now)?;
    let ends = availability::work_ends(conn, agents)?;
    Ok(described(qualified, admissions.collect(), ends, now))
}

/// Puts together what the domains say of agents. Who is qualified decides who is among them.
fn described(
    qualified: Vec<Qualification>,
    mut admitted: HashMap<AgentId, availability::Admitted>,
    ends: Vec<(AgentId, Option<DateTime<Utc>>)>,
    now: DateTime<Utc>,
) -> Vec<Candidate> {
    let ends: HashMap<AgentId, DateTime<Utc>> = ends
        .into_iter()
        .filter_map(|(agent, until)| Some((agent, until?)))
        .collect();
    qualified
        .into_iter()
        .map(|qualification| {
            let agent = qualification.agent_id;
            let queues = admitted.remove(&agent);
            let left = ends.get(&agent).map(|until| (*until - now).num_seconds());
            candidate(qualification, queues, left)
        })
        .collect()
}

/// What dispatch may know of an agent who asks for a list; none while they may not work.
pub fn candidate_of(
    conn: &mut PgConnection,
    agent: AgentId,
    now: DateTime<Utc>,
) -> QueryResult<Option<Candidate>> {
    Ok(candidates(conn, &[agent], now)?.into_iter().next())
}

/// Who could take a ticket at an instant, of the first 1,000 who are there; by id.
pub fn suited_agents(
    conn: &mut PgConnection,
    ticket: &Ticket,
    now: DateTime<Utc>,
) -> Result<Vec<AgentId>, Error> {
    let mut present = availability::present_agents(conn, now)?;
    present.truncate(SUITED);
    let candidates = candidates(conn, &present, now)?;
    Ok(dispatch::queries::suited(conn, ticket, &candidates, now)?)
}

/// What dispatch knows of an agent is what the other domains vouch for.
fn candidate(
    qualification: Qualification,
    queues: Option<availability::Admitted>,
    seconds_left: Option<i64>,
) -> Candidate {
    Candidate {
        agent_id: qualification.agent_id,
        customer_ref: qualification.customer_ref,
        household_ref: qualification.household_ref,
        contacts: qualification.conflicts,
        tier: qualification.tier,
        languages: qualification.languages,
        skills: qualification.skills,
        is_active: true,
        agreement_current: qualification.agreement_current,
        presence: Presence::Available,
        admitted: match queues {
            Some(availability::Admitted::AllBut(closed)) => Admitted::AllBut(closed.to_vec()),
            Some(availability::Admitted::All) | None => Admitted::All,
        },
        seconds_left,
    }
}
