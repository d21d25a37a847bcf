//! One side's part in a conversation: what it says, when it is its turn.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde::de::IgnoredAny;
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::{
    caller::Caller,
    client::Failure,
    feed::{Feed, Waited},
    script::{Script, Side, Turn},
    stable,
};

/// The longest pause of a recording that is kept, in milliseconds: people went for coffee.
const LONGEST_PAUSE_MS: u64 = 20_000;

/// How long a speaker takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// As in the recording, each pause cut at twenty seconds, and so many times faster; 0 stands
    /// for no pauses at all.
    Recorded { speed: u32 },
    /// As somebody who has time, for a demo that is pleasant to watch.
    Leisurely,
}

impl Pace {
    fn pause(self, turn: &Turn) -> Duration {
        match self {
            Self::Recorded { speed } => faster(turn.pause_ms.min(LONGEST_PAUSE_MS), speed),
            Self::Leisurely => stable::between("reply", &turn.text, 7000, 16_000),
        }
    }

    /// What is done after a conversation takes so long, at this pace.
    pub(crate) fn wrap_up(self) -> Duration {
        match self {
            Self::Recorded { speed } => faster(2000, speed),
            Self::Leisurely => Duration::from_secs(6),
        }
    }
}

/// A recorded time, so many times faster; none at all for 0.
pub(crate) fn faster(milliseconds: u64, speed: u32) -> Duration {
    let faster = milliseconds.checked_div(u64::from(speed));
    Duration::from_millis(faster.unwrap_or_default())
}

/// When things happened to one conversation, in milliseconds after it was asked for.
#[derive(Clone, Copy, Debug)]
struct Times {
    asked_at: Instant,
    offered_ms: Option<u64>,
    replied_ms: Option<u64>,
}

/// What all sides of all conversations write down.
#[derive(Debug, Default)]
pub(crate) struct Board {
    sent: AtomicU64,
    times: Mutex<HashMap<String, Times>>,
}

impl Board {
    fn times(&self) -> MutexGuard<'_, HashMap<String, Times>> {
        self.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many messages have been sent.
    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// The company asks for an agent.
    pub(crate) fn asked(&self, external_id: &str) {
        let times = Times {
            asked_at: Instant::now(),
            offered_ms: None,
            replied_ms: None,
        };
        self.times().insert(external_id.to_owned(), times);
    }

    /// An agent sees the offer. Only the first counts.
    pub(crate) fn offered(&self, external_id: &str) {
        if let Some(times) = self.times().get_mut(external_id) {
            times
                .offered_ms
                .get_or_insert_with(|| milliseconds(times.asked_at.elapsed()));
        }
    }

    /// The customer sees an agent's first words.
    fn replied(&self, external_id: &str) {
        if let Some(times) = self.times().get_mut(external_id) {
            times
                .replied_ms
                .get_or_insert_with(|| milliseconds(times.asked_at.elapsed()));
        }
    }

    /// All the times to an offer, and to a first reply.
    pub(crate) fn durations(&self) -> (Vec<u64>, Vec<u64>) {
        let times = self.times();
        let offered = times
            .values()
            .filter_map(|times| times.offered_ms)
            .collect();
        (
            offered,
            times
                .values()
                .filter_map(|times| times.replied_ms)
                .collect(),
        )
    }
}

/// A duration in whole milliseconds.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// The name under which a turn is sent: the same however often, so that it is stored once.
pub(crate) fn client_id(index: usize) -> String {
    format!("turn-{index}")
}

/// One side of one conversation.
pub(crate) struct Part<'a> {
    pub(crate) side: Side,
    pub(crate) external_id: &'a str,
    pub(crate) script: &'a Script,
    pub(crate) pace: Pace,
    pub(crate) board: &'a Board,
    /// Who sends this side's words, and to what address.
    pub(crate) caller: &'a Caller,
    pub(crate) path: String,
}

impl Part<'_> {
    /// Says this side's turns, each when all before it can be seen. What has been said already,
    /// by an agent who was lost or before a restart, is not said again.
    pub(crate) async fn play(&self, feed: &mut Feed) -> Result<Waited, Failure> {
        for (index, turn) in self.script.turns.iter().enumerate() {
            if turn.side == self.side {
                if feed.seen(turn.side) >= turn.nth {
                    continue;
                }
                sleep(self.pace.pause(turn)).await;
                match self.say(index, turn).await {
                    Ok(()) => {}
                    Err(failure) if failure.is_gone() => return Ok(Waited::Over),
                    Err(failure) => return Err(failure),
                }
            } else {
                let waited = feed.wait_for(turn.side, turn.nth).await?;
                if waited != Waited::Done {
                    return Ok(waited);
                }
                if self.side == Side::Customer {
                    self.board.replied(self.external_id);
                }
            }
        }
        Ok(Waited::Done)
    }

    async fn say(&self, index: usize, turn: &Turn) -> Result<(), Failure> {
        let body = json!({ "client_id": client_id(index), "body": turn.text });
        self.caller.post::<IgnoredAny>(&self.path, &body).await?;
        self.board.sent.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(pause_ms: u64) -> Turn {
        Turn {
            side: Side::Agent,
            text: "Hello".into(),
            pause_ms,
            at: 0,
            nth: 1,
        }
    }

    #[test]
    fn a_pause_is_cut_and_then_shortened() {
        let pause = |speed, ms| milliseconds(Pace::Recorded { speed }.pause(&turn(ms)));
        assert_eq!(pause(1, 7000), 7000);
        assert_eq!(pause(1, 870_000), 20_000);
        assert_eq!(pause(60, 870_000), 333);
        assert_eq!(pause(0, 870_000), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn only_the_first_offer_and_the_first_reply_count() {
        let board = Board::default();
        board.offered("star:1");
        board.asked("star:1");
        sleep(Duration::from_millis(40)).await;
        board.offered("star:1");
        sleep(Duration::from_millis(60)).await;
        board.offered("star:1");
        board.replied("star:1");
        sleep(Duration::from_millis(60)).await;
        board.replied("star:1");
        assert_eq!(board.durations(), (vec![40], vec![100]));
    }
}
