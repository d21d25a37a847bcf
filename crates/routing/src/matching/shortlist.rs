//! The few candidates of each group that matter at the present prices.

use std::cmp::Reverse;

use super::{Candidate, NEVER, at};

/// How many candidates a shortlist takes in beyond those that it must.
const BREADTH: usize = 8;

/// The group's candidates with the best margins, the score less the agent's price, when they were
/// listed. Prices only rise, so no candidate outside ever offers a margin above `beyond`.
#[derive(Clone, Debug)]
pub(super) struct Shortlist {
    /// By margin, highest first, then by agent: of equally good ones the first is taken. Reading
    /// can stop at the first margin that is too low.
    pub candidates: Vec<Listed>,
    /// Or `NEVER`, if there is none outside.
    pub beyond: i64,
}

/// A candidate on a shortlist.
#[derive(Clone, Copy, Debug)]
pub(super) struct Listed {
    /// When it was listed; now it is at most that.
    pub margin: i64,
    pub agent: u32,
    /// With the bonus.
    pub points: i64,
}

impl Listed {
    fn key(&self) -> (Reverse<i64>, u32) {
        (Reverse(self.margin), self.agent)
    }
}

impl Default for Shortlist {
    /// A list that says nothing yet.
    fn default() -> Self {
        Self {
            candidates: Vec::new(),
            beyond: i64::MAX,
        }
    }
}

/// What a list is read with.
pub(super) struct Reading<'a, B> {
    pub list: &'a [Candidate],
    pub price: &'a [i64],
    pub capacity: &'a [u32],
    pub bonus_max: i64,
    pub bonus: B,
}

impl Shortlist {
    /// Lists anew at the present prices, with some candidates that were outside before. Returns how
    /// many edges it looked at.
    pub fn renew<B>(&mut self, reading: &Reading<'_, B>, buffer: &mut Vec<Listed>) -> u64
    where
        B: Fn(u32) -> Option<i64>,
    {
        let margin = |agent: u32, points: i64| points - reading.price[at(agent)];
        let known = self
            .candidates
            .iter()
            .filter(|listed| margin(listed.agent, listed.points) >= self.beyond)
            .count();
        let keep = known + BREADTH;
        let mut work = 0;
        buffer.clear();
        self.beyond = NEVER;
        for candidate in reading.list {
            if candidate.points + reading.bonus_max <= self.beyond {
                break;
            }
            work += 1;
            let least = margin(candidate.agent, candidate.points);
            if least + reading.bonus_max <= self.beyond
                || reading.capacity[at(candidate.agent)] == 0
            {
                continue;
            }
            let Some(bonus) = (reading.bonus)(candidate.agent) else {
                continue;
            };
            if least + bonus > self.beyond {
                buffer.push(Listed {
                    margin: least + bonus,
                    agent: candidate.agent,
                    points: candidate.points + bonus,
                });
                if buffer.len() == 4 * keep {
                    self.beyond = best(buffer, keep);
                }
            }
        }
        if buffer.len() > keep {
            self.beyond = best(buffer, keep);
        }
        buffer.sort_unstable_by_key(Listed::key);
        self.candidates.clear();
        self.candidates.extend_from_slice(buffer);
        work
    }
}

/// Keeps the entries with the best margins, and returns the worst margin among them.
fn best(buffer: &mut Vec<Listed>, keep: usize) -> i64 {
    let (_, &mut worst, _) = buffer.select_nth_unstable_by_key(keep - 1, Listed::key);
    buffer.truncate(keep);
    worst.margin
}
