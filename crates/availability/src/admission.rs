//! Which queues' work an agent may be given: that of the shift they are on, and that of queues
//! that take whoever is there.

use std::{collections::HashMap, sync::Arc};

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AccountId, AgentId, Checks};

use crate::{Error, queries, schema::admissions, store};

/// How long before its start a shift admits to its work.
pub const EARLY: TimeDelta = TimeDelta::minutes(5);

/// Whether a queue's work goes to agents who are not on a shift for it, too.
#[derive(Clone, Debug, Eq, Insertable, AsChangeset, PartialEq, Queryable, Selectable)]
#[diesel(table_name = admissions, check_for_backend(diesel::pg::Pg))]
pub struct QueueAdmission {
    /// The queue's code.
    pub queue: String,
    /// Whether it does.
    pub on_demand: bool,
    /// When that was decided.
    pub changed_at: DateTime<Utc>,
    /// By whom.
    pub changed_by: AccountId,
}

kernel::text_enum! {
    /// Why an agent is admitted to work.
    pub Basis {
        /// They are on a shift that they committed to.
        OnShift = "on_shift",
        /// They are there, and queues take whoever is.
        OnDemand = "on_demand",
    }
}

/// The queues whose work an agent may be given.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Admitted {
    /// Every queue.
    All,
    /// Every queue but these, which are closed to whoever is not on a shift for them.
    AllBut(Arc<[String]>),
}

impl Admitted {
    /// Whether the queue is among them.
    pub fn admits(&self, queue: &str) -> bool {
        match self {
            Self::All => true,
            Self::AllBut(closed) => !closed.iter().any(|code| code == queue),
        }
    }
}

/// What work an agent is admitted to at an instant.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admission {
    /// The agent.
    pub agent_id: AgentId,
    /// To which queues.
    pub queues: Admitted,
    /// Why.
    pub basis: Basis,
    /// When the shift ends that they are on.
    pub shift_ends_at: Option<DateTime<Utc>>,
}

/// A shift that an agent is on.
#[derive(Queryable)]
pub(crate) struct RunningShift {
    pub(crate) agent_id: AgentId,
    pub(crate) queue: String,
    pub(crate) ends_at: DateTime<Utc>,
}

/// Decides whether a queue's work goes to agents who are not on a shift for it. An offer that is
/// being made is finished first.
pub fn set_on_demand(
    tx: &mut Tx<'_>,
    queue: &str,
    on_demand: bool,
    by: AccountId,
) -> Result<QueueAdmission, Error> {
    let mut checks = Checks::new();
    checks.code("queue", queue);
    checks.done()?;
    let admission = QueueAdmission {
        queue: queue.to_owned(),
        on_demand,
        changed_at: tx.now(),
        changed_by: by,
    };
    store::lock_admissions(tx)?;
    store::upsert_admission(tx, &admission)?;
    // It concerns whoever is there.
    tx.ring(Topic::Everything);
    tx.ring(Topic::Match);
    tx.ring(Topic::Floor);
    Ok(admission)
}

/// What work each of the agents is admitted to, in their order.
pub fn admitted(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Admission>> {
    let closed = queries::closed_queues(conn)?;
    let running = queries::running_shifts(conn, agents, now)?;
    Ok(admissions_of(agents, &closed, running))
}

/// To which queues each of the agents is admitted, in their order. Neither what queues take nor the
/// commitments by which agents are admitted can change before this transaction is over.
pub fn hold_admitted(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<Vec<(AgentId, Admitted)>> {
    let closed = store::share_closed_queues(tx)?;
    if closed.is_empty() {
        // Nobody's shift makes a difference.
        return Ok(agents.iter().map(|agent| (*agent, Admitted::All)).collect());
    }
    let running = store::share_running_shifts(tx, agents)?;
    let admissions = admissions_of(agents, &closed, running).into_iter();
    Ok(admissions.map(|a| (a.agent_id, a.queues)).collect())
}

/// An agent can be on two shifts for the minutes before one ends and the next begins; both count.
fn admissions_of(
    agents: &[AgentId],
    closed: &[String],
    running: Vec<RunningShift>,
) -> Vec<Admission> {
    let mut shifts: HashMap<AgentId, (Vec<String>, DateTime<Utc>)> =
        HashMap::with_capacity(running.len());
    for shift in running {
        let (queues, ends_at) = shifts
            .entry(shift.agent_id)
            .or_insert_with(|| (Vec::with_capacity(1), shift.ends_at));
        *ends_at = shift.ends_at.max(*ends_at);
        queues.push(shift.queue);
    }
    // Few lists are different, so that agents share them.
    let mut lists: HashMap<&[String], Admitted> = HashMap::new();
    let mut list = |own| {
        let make = || all_but(closed, own);
        lists.entry(own).or_insert_with(make).clone()
    };
    let admission = |&agent_id: &AgentId| match shifts.get(&agent_id) {
        None => Admission {
            agent_id,
            queues: list(&[]),
            basis: Basis::OnDemand,
            shift_ends_at: None,
        },
        Some((queues, ends_at)) => Admission {
            agent_id,
            queues: list(queues),
            basis: Basis::OnShift,
            shift_ends_at: Some(*ends_at),
        },
    };
    agents.iter().map(admission).collect()
}

fn all_but(closed: &[String], own: &[String]) -> Admitted {
    let left: Arc<[String]> = closed
        .iter()
        .filter(|code| !own.contains(code))
        .cloned()
        .collect();
    if left.is_empty() {
        Admitted::All
    } else {
        Admitted::AllBut(left)
    }
}
