//! How long we go on asking when the platform does not answer.

use std::time::Duration;

use tokio::time::Instant;

/// A request is given up when it could not be answered for this long. A restart of the server or
/// of the database is over well before.
const PATIENCE: Duration = Duration::from_secs(90);
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// The longest `Retry-After` that is waited out in one go.
const LONGEST_WISH: Duration = Duration::from_secs(30);

/// Pauses between attempts: they double up to a few seconds, and end when patience does.
#[derive(Debug)]
pub(crate) struct Patience {
    next: Duration,
    until: Instant,
}

impl Patience {
    pub(crate) fn from(now: Instant) -> Self {
        Self {
            next: FIRST_PAUSE,
            until: now + PATIENCE,
        }
    }

    /// How long to wait before the next attempt; `None` when it is time to give up. What the
    /// server wishes goes before our own idea.
    pub(crate) fn pause(&mut self, now: Instant, wished: Option<Duration>) -> Option<Duration> {
        let pause = wished.map_or(self.next, |wish| wish.clamp(FIRST_PAUSE, LONGEST_WISH));
        self.next = (self.next * 2).min(LONGEST_PAUSE);
        (now + pause <= self.until).then_some(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_end_after_ninety_seconds() {
        let start = Instant::now();
        let mut patience = Patience::from(start);
        let mut now = start;
        let mut pauses = Vec::new();
        while let Some(pause) = patience.pause(now, None) {
            now += pause;
            pauses.push(pause);
        }
        assert_eq!(pauses[0], FIRST_PAUSE);
        assert_eq!(pauses[1], FIRST_PAUSE * 2);
        assert_eq!(pauses.last(), Some(&LONGEST_PAUSE));
        assert!(now - start <= PATIENCE && now - start + LONGEST_PAUSE > PATIENCE);
    }

    #[test]
    fn the_servers_wish_is_honoured_within_bounds() {
        let now = Instant::now();
        let mut patience = Patience::from(now);
        let wish = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(patience.pause(now, wish(7)), wish(7));
        assert_eq!(patience.pause(now, wish(3600)), Some(LONGEST_WISH));
        assert_eq!(patience.pause(now, wish(0)), Some(FIRST_PAUSE));
    }
}
