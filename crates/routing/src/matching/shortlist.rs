//! The few candidates of each group that matter at the present prices.

use super::{Candidate, NEVER, at};

/// How many candidates a shortlist takes in beyond those that it must.
const BREADTH: usize = 16;

/// The group's candidates with the best margins, the score less the agent's price, when they were
/// listed. Prices only rise, so no candidate outside ever offers a margin above `beyond`.
#[derive(Clone, Debug)]
pub(super) struct Shortlist {
    /// Candidates with the bonus in their points, by agent: of equally good ones the first is taken.
    pub candidates: Vec<Candidate>,
    /// Or `NEVER`, if there is none outside.
    pub beyond: i64,
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
    pub fn renew<B>(&mut self, reading: &Reading<'_, B>, buffer: &mut Vec<(i64, Candidate)>) -> u64
    where
        B: Fn(u32) -> Option<i64>,
    {
        let margin = |c: &Candidate| c.points - reading.price[at(c.agent)];
        let known = self
            .candidates
            .iter()
            .filter(|c| margin(c) >= self.beyond)
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
            let least = margin(candidate);
            if least + reading.bonus_max <= self.beyond
                || reading.capacity[at(candidate.agent)] == 0
            {
                continue;
            }
            let Some(bonus) = (reading.bonus)(candidate.agent) else {
                continue;
            };
            if least + bonus > self.beyond {
                let points = candidate.points + bonus;
                buffer.push((
                    least + bonus,
                    Candidate {
                        points,
                        ..*candidate
                    },
                ));
                if buffer.len() == 4 * keep {
                    self.beyond = best(buffer, keep);
                }
            }
        }
        if buffer.len() > keep {
            self.beyond = best(buffer, keep);
        }
        self.candidates.clear();
        self.candidates
            .extend(buffer.iter().map(|&(_, candidate)| candidate));
        self.candidates
            .sort_unstable_by_key(|candidate| candidate.agent);
        work
    }
}

/// Keeps the entries with the best margins, and returns the worst margin among them.
fn best(buffer: &mut Vec<(i64, Candidate)>, keep: usize) -> i64 {
    let key =
        |&(margin, candidate): &(i64, Candidate)| (std::cmp::Reverse(margin), candidate.agent);
    let (_, &mut (worst, _), _) = buffer.select_nth_unstable_by_key(keep - 1, key);
    buffer.truncate(keep);
    worst
}
