//! Shifts whose change concerns others.

use availability::{Commitment, Shift};
use db::Tx;
use kernel::{AgentId, ShiftId};

use crate::{Error, Job, presence};

/// The agent promises to work the shift, within the limits of days and weeks on their calendar.
pub fn commit_to_shift(
    tx: &mut Tx<'_>,
    shift: ShiftId,
    agent: AgentId,
) -> Result<Commitment, Error> {
    let zone = presence::calendar_of(tx, agent)?;
    Ok(availability::commit(tx, shift, agent, zone)?)
}

/// Calls a shift off, and writes to everybody who had committed to it.
pub fn cancel_shift(tx: &mut Tx<'_>, id: ShiftId) -> Result<Shift, Error> {
    let canceled = availability::cancel_shift(tx, id)?;
    for agent in canceled.agents {
        if let Some(agent) = onboarding::agent(tx.conn(), agent)? {
            let letter = Job::ShiftCanceled {
                to: agent.email,
                name: agent.display_name,
                starts_at: canceled.shift.starts_at,
                time_zone: agent.time_zone,
            };
            jobs::enqueue(tx, &letter)?;
        }
    }
    Ok(canceled.shift)
}
