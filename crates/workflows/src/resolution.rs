//! Work ends, and is paid.

use db::Tx;
use dispatch::{Resolved, WrapUp};
use kernel::{AgentId, EngagementId};
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

/// Closes wrap-ups whose time is up, and books what they earned.
pub fn close_wrap_ups(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let closed = dispatch::close_wrap_ups(tx)?;
    let count = closed.len();
    for resolved in closed {
        settle(tx, resolved)?;
    }
    Ok(count)
}

fn settle(tx: &mut Tx<'_>, resolved: Resolved) -> Result<Settled, Error> {
    let engagement = &resolved.engagement;
    let work = Work {
        agent_id: engagement.agent_id,
        engagement_id: engagement.id,
        ticket_id: engagement.ticket_id,
        queue: resolved.ticket.queue.clone(),
        handled_seconds: resolved.handled_seconds,
        earned_at: tx.now(),
    };
    let earning = payouts::accrue(tx, &work)?;
    Ok(Settled { resolved, earning })
}
