//! Shifts whose change concerns others.

use availability::Shift;
use db::Tx;
use kernel::ShiftId;

use crate::{Error, Job};

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
