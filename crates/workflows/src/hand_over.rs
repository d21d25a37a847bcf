//! The end of a shift: what its agent has not finished is handed on.
//!
//! It concerns queues that take only who is on a shift for them. Where whoever is there is taken,
//! an agent may go on, and hands on what they want to.

use chrono::{DateTime, TimeDelta, Utc};
use db::Tx;
use dispatch::{Destination, Error as DispatchError, queries::Talk};
use kernel::{
    AgentId,
    diesel::{PgConnection, QueryResult},
};

use crate::{Error, parting, resolution::or_later};

/// How long after the end of their shift an agent may finish what they have in hand.
pub const GRACE: TimeDelta = TimeDelta::minutes(15);
/// No conversation is older than the shift in which it was taken, and no shift is longer.
const LONGEST: TimeDelta = TimeDelta::days(1);

/// When the first of an agent's talks is handed on; none while nothing will be.
pub fn hand_over_at(
    conn: &mut PgConnection,
    agent: AgentId,
    now: DateTime<Utc>,
) -> QueryResult<Option<DateTime<Utc>>> {
    let due = due(conn, Some(agent), now)?;
    Ok(due.into_iter().map(|(_, due_at)| due_at).min())
}

/// Hands on the talks of agents whose shift is over, and pays the agents for their part. Talks keep
/// their place, and their customers are told.
pub fn hand_over_after_shifts(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let now = tx.now();
    let mut handed = 0;
    for (talk, due_at) in due(tx.conn(), None, now)? {
        if due_at <= now {
            let done = or_later(tx, talk.engagement_id, |tx| hand_on(tx, &talk))?;
            handed += usize::from(done.unwrap_or_default());
        }
    }
    Ok(handed)
}

fn hand_on(tx: &mut Tx<'_>, talk: &Talk) -> Result<bool, Error> {
    let to = Destination {
        queue: talk.queue.clone(),
        required_skills: None,
        note: Some("The shift of the agent before you has ended.".to_owned()),
    };
    match parting::transfer_to_queue(tx, talk.engagement_id, talk.agent_id, &to) {
        // The agent closes what is over, or has done so meanwhile.
        Err(Error::Dispatch(
            DispatchError::CustomerGone
            | DispatchError::EngagementWrapping
            | DispatchError::EngagementEnded,
        )) => Ok(false),
        outcome => outcome.map(|_| true),
    }
}

/// Talks that their agents have by a shift, each with when it is handed on.
fn due(
    conn: &mut PgConnection,
    agent: Option<AgentId>,
    now: DateTime<Utc>,
) -> QueryResult<Vec<(Talk, DateTime<Utc>)>> {
    let closed = availability::closed_queues(conn)?;
    if closed.is_empty() {
        return Ok(Vec::new());
    }
    let talks = dispatch::queries::talks_in(conn, &closed, agent)?;
    let mut agents: Vec<AgentId> = talks.iter().map(|talk| talk.agent_id).collect();
    agents.dedup();
    let shifts = availability::started_shifts(conn, &agents, now - LONGEST, now)?;
    let due_at = |talk: &Talk| {
        let theirs = shifts
            .iter()
            .filter(|shift| shift.agent_id == talk.agent_id && shift.queue == talk.queue);
        // Who took it without a shift, while the queue was open, may finish it.
        let ends = theirs.map(|shift| shift.ends_at).max();
        ends.filter(|ends_at| *ends_at >= talk.started_at)
            .map(|ends_at| ends_at + GRACE)
    };
    let due = talks.into_iter().filter_map(|talk| {
        let at = due_at(&talk)?;
        Some((talk, at))
    });
    Ok(due.collect())
}
