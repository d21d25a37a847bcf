//! The platform's clock: the database's, as measured by this node.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use chrono::{DateTime, DurationRound as _, TimeDelta, Utc};

/// Tells the time. All nodes agree, because each corrects its own clock by the distance to the
/// database's; a test moves it by hand.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds to add to this machine's clock.
    offset_micros: Arc<AtomicI64>,
}

impl Clock {
    /// The instant now, in whole microseconds, which is what PostgreSQL stores.
    pub fn now(&self) -> DateTime<Utc> {
        let offset = TimeDelta::microseconds(self.offset_micros.load(Ordering::Relaxed));
        Self::machine() + offset
    }

    /// Moves the clock.
    pub fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap_or(0);
        self.offset_micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// Corrects the clock by what the database said its time is. The first reading counts whole;
    /// later ones only when they are more than `tolerance` apart, so that instants do not jitter.
    pub(crate) fn follow(&self, database: DateTime<Utc>, tolerance: TimeDelta) {
        let distance = database - self.now();
        if distance.abs() > tolerance {
            self.advance(distance);
        }
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the clock"
    )]
    fn machine() -> DateTime<Utc> {
        let now = Utc::now();
        now.duration_trunc(TimeDelta::microseconds(1))
            .unwrap_or(now)
    }
}
