//! What came of it, in figures. All are whole: milliseconds, counts, and parts of a thousand.

use std::collections::BTreeMap;

use routing::Key;
use serde::{Deserialize, Serialize};

use crate::scenario::{Ending, Rehearsed, Told};

/// Waits, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Waits {
    /// Of how many.
    pub count: u64,
    /// On average.
    pub mean: i64,
    /// Half of them waited no longer.
    pub p50: i64,
    /// Nine in ten waited no longer.
    pub p90: i64,
    /// The longest.
    pub max: i64,
}

impl Waits {
    /// The figures of some waits.
    pub fn of(mut waits: Vec<i64>) -> Self {
        waits.sort_unstable();
        let Some(max) = waits.last().copied() else {
            return Self::default();
        };
        let count = waits.len();
        // The smallest wait that so many in a hundred do not exceed.
        let percentile = |percent: usize| waits[(count * percent).div_ceil(100).max(1) - 1];
        Self {
            count: u64::try_from(count).unwrap_or(u64::MAX),
            mean: mean(waits.iter().copied()),
            p50: percentile(50),
            p90: percentile(90),
            max,
        }
    }
}

/// What happened to the tickets of a group.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Figures {
    /// Tickets that came.
    pub arrivals: u64,
    /// Those that an agent answered.
    pub served: u64,
    /// Those whose customers left.
    pub abandoned: u64,
    /// Those for whom nobody was found in the policy's time.
    pub put_aside: u64,
    /// Abandoned of a thousand that came.
    pub abandoned_per_mille: i64,
    /// Answered by the time the first reply was due, of a thousand that came.
    pub service_level_per_mille: i64,
    /// Waits of those who were served; their mean is the average speed of answer.
    pub answered: Waits,
    /// Waits of all, however they ended.
    pub all: Waits,
    /// Waits of all who waited at all.
    pub queued: Waits,
    /// Abandoned of a thousand who waited at all.
    pub abandoned_of_queued_per_mille: i64,
}

impl Figures {
    /// The figures of some tickets.
    pub fn of<'a>(tickets: impl Iterator<Item = &'a Told>) -> Self {
        let mut figures = Self::default();
        let (mut in_time, mut abandoned_queued) = (0, 0);
        let (mut answered, mut all) = (Vec::new(), Vec::new());
        for told in tickets {
            let wait = told.wait();
            figures.arrivals += 1;
            all.push(wait);
            match told.ending {
                Ending::Served { at, .. } => {
                    figures.served += 1;
                    in_time += u64::from(at <= told.due_at);
                    answered.push(wait);
                }
                Ending::Abandoned { .. } => {
                    figures.abandoned += 1;
                    abandoned_queued += u64::from(wait > 0);
                }
                Ending::PutAside { .. } => figures.put_aside += 1,
            }
        }
        let queued = all.iter().copied().filter(|wait| *wait > 0);
        figures.queued = Waits::of(queued.collect());
        figures.answered = Waits::of(answered);
        figures.all = Waits::of(all);
        figures.abandoned_per_mille = per_mille(figures.abandoned, figures.arrivals);
        figures.service_level_per_mille = per_mille(in_time, figures.arrivals);
        figures.abandoned_of_queued_per_mille = per_mille(abandoned_queued, figures.queued.count);
        figures
    }
}

/// What an agent did.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct AgentFigures {
    /// Who.
    pub agent: Key,
    /// Tickets answered.
    pub served: u32,
    /// Milliseconds there.
    pub there: i64,
    /// Of a thousand of them, those with a ticket in hand.
    pub occupancy_per_mille: i64,
    /// Milliseconds of work, summed over tickets, wrap-up included: what is paid by the minute.
    pub handled: i64,
    /// Offers missed.
    pub missed: u32,
}

/// How evenly something is spread over the agents who were there.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Spread {
    /// The least that one has.
    pub least: i64,
    /// On average.
    pub mean: i64,
    /// The most.
    pub most: i64,
    /// Gini's coefficient in thousandths: 0 where all have the same.
    pub gini_per_mille: i64,
}

impl Spread {
    /// The spread of some amounts, none of them negative.
    pub fn of(amounts: &[i64]) -> Self {
        Self {
            least: amounts.iter().copied().min().unwrap_or(0),
            mean: mean(amounts.iter().copied()),
            most: amounts.iter().copied().max().unwrap_or(0),
            gini_per_mille: gini_per_mille(amounts),
        }
    }
}

/// All figures of a rehearsal.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Report {
    /// By group.
    pub groups: BTreeMap<String, Figures>,
    /// Of all tickets.
    pub total: Figures,
    /// Of each agent who was there, by id.
    pub agents: Vec<AgentFigures>,
    /// Of a thousand milliseconds that agents were there, those with a ticket in hand.
    pub occupancy_per_mille: i64,
    /// How evenly the work is spread, in milliseconds handled.
    pub handled: Spread,
    /// Tickets overtaken by more than the rule allows: always 0.
    pub overtakes: u32,
}

impl Report {
    /// The figures of what happened.
    pub fn of(rehearsed: &Rehearsed) -> Self {
        let mut groups: BTreeMap<String, Vec<&Told>> = BTreeMap::new();
        for told in &rehearsed.tickets {
            groups.entry(told.group.clone()).or_default().push(told);
        }
        let (mut busy, mut there) = (0, 0);
        let mut agents = Vec::new();
        for (agent, worked) in &rehearsed.agents {
            if worked.there == 0 {
                continue;
            }
            busy += worked.busy;
            there += worked.there;
            agents.push(AgentFigures {
                agent: *agent,
                served: worked.served,
                there: worked.there,
                occupancy_per_mille: share(worked.busy, worked.there),
                handled: worked.handled,
                missed: worked.missed,
            });
        }
        let handled: Vec<i64> = agents.iter().map(|agent| agent.handled).collect();
        Self {
            groups: (groups.into_iter())
                .map(|(group, told)| (group, Figures::of(told.into_iter())))
                .collect(),
            total: Figures::of(rehearsed.tickets.iter()),
            agents,
            occupancy_per_mille: share(busy, there),
            handled: Spread::of(&handled),
            overtakes: rehearsed.overtakes,
        }
    }
}

/// Gini's coefficient of amounts that are not negative, in thousandths: 0 where all have the same,
/// close to 1,000 where one of many has everything, and 0 where there is nothing to have.
pub fn gini_per_mille(amounts: &[i64]) -> i64 {
    let mut sorted: Vec<i128> = amounts.iter().map(|amount| i128::from(*amount)).collect();
    sorted.sort_unstable();
    let count = i128::try_from(sorted.len()).unwrap_or(0);
    let sum: i128 = sorted.iter().sum();
    if count == 0 || sum <= 0 {
        return 0;
    }
    // Σ (2·rank − n − 1)·amount ÷ (n·Σ amount), ranks from 1.
    let ranked = (1..).zip(&sorted);
    let apart: i128 = ranked
        .map(|(rank, amount): (i128, _)| (2 * rank - count - 1) * amount)
        .sum();
    i64::try_from(apart * 1_000 / (count * sum)).unwrap_or(0)
}

fn mean(amounts: impl ExactSizeIterator<Item = i64>) -> i64 {
    let count = i128::try_from(amounts.len()).unwrap_or(0).max(1);
    let sum: i128 = amounts.map(i128::from).sum();
    i64::try_from(sum / count).unwrap_or(0)
}

fn per_mille(part: u64, whole: u64) -> i64 {
    i64::try_from(u128::from(part) * 1_000 / u128::from(whole).max(1)).unwrap_or(0)
}

fn share(part: i64, whole: i64) -> i64 {
    let whole = i128::from(whole).max(1);
    i64::try_from(i128::from(part) * 1_000 / whole).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_summed_up_by_nearest_rank() {
        let waits = Waits::of(vec![40, 10, 30, 20]);
        let expected = Waits {
            count: 4,
            mean: 25,
            p50: 20,
            p90: 40,
            max: 40,
        };
        assert_eq!(waits, expected);
        assert_eq!(Waits::of(vec![]), Waits::default());
        assert_eq!(Waits::of((1..=100).collect()).p90, 90);
    }

    #[test]
    fn gini_is_nought_where_all_have_the_same_and_near_one_where_one_has_all() {
        assert_eq!(gini_per_mille(&[]), 0);
        assert_eq!(gini_per_mille(&[0, 0]), 0);
        assert_eq!(gini_per_mille(&[7, 7, 7]), 0);
        assert_eq!(gini_per_mille(&[0, 0, 0, 8]), 750);
        // Half of the mean difference over the mean: (2·(3−1)) ÷ (2·2²·2).
        assert_eq!(gini_per_mille(&[3, 1]), 250);
        let huge = i64::MAX / 4;
        assert_eq!(gini_per_mille(&[huge, huge, 0, 0]), 500);
    }

    #[test]
    fn a_group_counts_those_who_left_against_the_service_level() {
        let told = |wait: i64, due_at, is_served| Told {
            ticket: Key(1),
            group: String::new(),
            came_at: 100,
            due_at,
            ending: if is_served {
                Ending::Served {
                    agent: Key(2),
                    at: 100 + wait,
                }
            } else {
                Ending::Abandoned { at: 100 + wait }
            },
            offers: 1,
        };
        let tickets = [
            told(0, 110, true),
            told(10, 110, true),
            told(11, 110, true),
            told(5, 110, false),
        ];
        let figures = Figures::of(tickets.iter());
        assert_eq!(figures.service_level_per_mille, 500);
        assert_eq!(figures.abandoned_per_mille, 250);
        assert_eq!(figures.abandoned_of_queued_per_mille, 333);
        assert_eq!(figures.answered.mean, 7);
        assert_eq!((figures.all.mean, figures.queued.count), (6, 3));
    }
}
