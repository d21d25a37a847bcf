//! What time drives.

use db::Tx;

use crate::{Error, dispatching, hand_over, parting, presence, resolution};

/// How many things a reconciler changed.
pub type Report = usize;

/// A function that changes what is due, and nothing where nothing is.
#[derive(Clone, Copy)]
pub struct Reconciler {
    /// Its name in the audit trail and the log.
    pub name: &'static str,
    run: fn(&mut Tx<'_>) -> Result<Report, Error>,
}

/// What is due every second, in the order in which one makes work for the next; matching comes
/// after all of them.
pub const RECONCILERS: &[Reconciler] = &[
    Reconciler {
        name: "release_lost_agents",
        run: presence::release_lost_agents,
    },
    Reconciler {
        name: "end_overlong_work",
        run: presence::end_overlong_work,
    },
    Reconciler {
        name: "end_abandoned_talks",
        run: presence::end_abandoned_talks,
    },
    Reconciler {
        name: "hand_over_after_shifts",
        run: hand_over::hand_over_after_shifts,
    },
    Reconciler {
        name: "expire_offers",
        run: dispatching::expire_offers,
    },
    Reconciler {
        name: "keep_deadlines",
        run: parting::keep_deadlines,
    },
    Reconciler {
        name: "close_wrap_ups",
        run: resolution::close_wrap_ups,
    },
    Reconciler {
        name: "put_aside",
        run: dispatching::put_aside,
    },
];

/// Deletes what is past its time; due every minute.
pub const PRUNER: Reconciler = Reconciler {
    name: "prune",
    run: prune,
};

impl Reconciler {
    /// Runs it, unless another node is at it.
    pub fn run(&self, tx: &mut Tx<'_>) -> Result<Report, Error> {
        if db::try_lock(tx, self.name)? {
            (self.run)(tx)
        } else {
            Ok(0)
        }
    }
}

/// Deletes what is past its time: answers, finished jobs, old sign-in attempts, match records.
fn prune(tx: &mut Tx<'_>) -> Result<Report, Error> {
    Ok(
        db::idempotency::prune(tx)?
            + jobs::prune(tx)?
            + identity::prune(tx)?
            + dispatch::prune(tx)?,
    )
}
