//! Forgetting what nobody needs any more.

use chrono::TimeDelta;
use db::Tx;

use crate::{Error, attempts, store};

/// How long a session that is over stays on record, for whoever looks into an incident.
const KEPT: TimeDelta = TimeDelta::days(30);
/// How many rows of each kind one call deletes at most, so that it holds no lock for long.
const BATCH: i64 = 1_000;

/// Deletes failed sign-ins whose window is over and sessions that were over a month ago, a batch
/// of each. Returns how many rows went; call again while it is not zero.
pub fn prune(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let forgotten = tx.now() - attempts::WINDOW;
    let over = tx.now() - KEPT;
    let attempts = store::delete_attempts_before(tx, forgotten, BATCH)?;
    let sessions = store::delete_sessions_before(tx, over, BATCH)?;
    Ok(attempts.saturating_add(sessions))
}
