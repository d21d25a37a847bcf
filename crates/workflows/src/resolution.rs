//! Work ends, and is paid.

use db::Tx;
use dispatch::{Resolved, WrapUp};
use kernel::{AgentId, Class, Classify as _, EngagementId};
use payouts::{EarningLine, Work};

use crate::Error;

/// An engagement that is closed, and what it earned.
#[derive(Clone, Debug)]
pub struct Settled {
    /// What was done.
    pub resolved: Resolved,
    /// What it earned.
    pub earning: EarningLine,
}

/// Closes an engagement and books what the agent earned by it: both, or neither.
pub fn resolve_engagement(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    wrap_up: &WrapUp,
) -> Result<Settled, Error> {
    let resolved = dispatch::resolve(tx, id, agent, wrap_up)?;
    settle(tx, resolved)
}

/// Closes wrap-ups whose time is up, and books what they earned. One that cannot be booked, such
/// as for want of a rate, stays open and holds nobody else up.
pub fn close_wrap_ups(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let now = tx.now();
    let mut closed = 0;
    for (id, agent) in dispatch::queries::due_wrap_ups(tx.conn(), now)? {
        let settled = or_later(tx, id, |tx| match dispatch::close_wrap_up(tx, id, agent)? {
            Some(resolved) => settle(tx, resolved).map(Some),
            None => Ok(None),
        })?;
        closed += usize::from(settled.flatten().is_some());
    }
    Ok(closed)
}

/// Ends a piece of work that nobody waits for. Where that fails it is undone, on record, and tried
/// again by the next run; only a busy database ends the run.
pub(crate) fn or_later<T>(
    tx: &mut Tx<'_>,
    id: EngagementId,
    work: impl FnOnce(&mut Tx<'_>) -> Result<T, Error>,
) -> Result<Option<T>, Error> {
    match tx.attempt(work) {
        Ok(done) => Ok(Some(done)),
        Err(error) if error.class() == Class::Busy => Err(error),
        Err(error) => {
            tracing::error!(%id, code = error.code(), %error, "an engagement stays as it is");
            Ok(None)
        }
    }
}

fn settle(tx: &mut Tx<'_>, resolved: Resolved) -> Result<Settled, Error> {
    let engagement = &resolved.engagement;
    let work = Work {
        agent_id: engagement.agent_id,
        engagement_id: engagement.id,
        ticket_id: engagement.ticket_id,
        queue: resolved.ticket.queue.clone(),
        handled_seconds: resolved.handled_seconds,
        is_part: false,
        earned_at: tx.now(),
    };
    let earning = payouts::accrue(tx, &work)?;
    Ok(Settled { resolved, earning })
}
