//! How long customers would have waited, had nobody answered.
//!
//! Who hung up showed it. Who was answered showed only that it is longer than the wait: the
//! observation is censored. The Kaplan–Meier estimator of a group uses both: of the `n` who were
//! still waiting after `t`, `d` hung up then, so the share that lasts longer falls by `d/n`. Beyond
//! the longest observation nothing is known, and patience is taken to end there (Efron's
//! convention). A customer who was answered draws a patience from what is left of the curve beyond
//! the wait.

use std::collections::BTreeMap;

use rehearsal::Draw;

/// All of a share.
const WHOLE: i64 = 1_000_000_000_000;

/// How a group's patience falls: for each time at which somebody hung up, the share that lasts
/// longer, in parts of 10¹².
#[derive(Clone, Debug, Default)]
pub struct Curve {
    steps: Vec<(i64, i64)>,
    longest: i64,
}

impl Curve {
    /// The curve of some waits, and whether each ended by hanging up.
    pub fn of(waits: impl Iterator<Item = (i64, bool)>) -> Self {
        let mut at: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        let mut left: i64 = 0;
        for (wait, hung_up) in waits {
            let counted = at.entry(wait).or_default();
            counted.0 += 1;
            counted.1 += i64::from(hung_up);
            left += 1;
        }
        let longest = at.keys().next_back().copied().unwrap_or(0);
        let mut share = WHOLE;
        let mut steps = Vec::new();
        for (wait, (ended, hung_up)) in at {
            if hung_up > 0 {
                let lasting = i128::from(share) * i128::from(left - hung_up) / i128::from(left);
                share = i64::try_from(lasting).unwrap_or(0);
                steps.push((wait, share));
            }
            left -= ended;
        }
        Self { steps, longest }
    }

    /// The share that lasts longer than so long, in parts of 10¹².
    pub fn lasting(&self, wait: i64) -> i64 {
        let passed = self.steps.partition_point(|(at, _)| *at <= wait);
        passed
            .checked_sub(1)
            .map_or(WHOLE, |last| self.steps[last].1)
    }

    /// A patience that exceeds a wait.
    pub fn beyond(&self, wait: i64, draw: &mut Draw) -> i64 {
        let level = draw.between(1, self.lasting(wait).max(1));
        // The first time at which fewer last longer than the level drawn.
        let at = self.steps.partition_point(|(_, share)| *share >= level);
        let drawn = self.steps.get(at).map_or(self.longest, |(at, _)| *at);
        // The record is in whole seconds; one more than the longest where nothing is known.
        drawn.max(wait + 1_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Freireich's remission times under treatment (1963), which every textbook estimates.
    #[test]
    fn the_estimate_is_that_of_the_textbook() {
        let relapses = [6, 6, 6, 7, 10, 13, 16, 22, 23];
        let censored = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35];
        let curve = Curve::of(
            relapses
                .map(|week| (week, true))
                .into_iter()
                .chain(censored.map(|week| (week, false))),
        );
        let published = [
            (5, 1_000),
            (6, 857),
            (7, 806),
            (10, 752),
            (13, 690),
            (16, 627),
            (22, 537),
            (23, 448),
            (35, 448),
        ];
        for (week, per_mille) in published {
            // The published figures are cut or rounded to three digits.
            let lasting = curve.lasting(week) / (WHOLE / 1_000);
            assert!((lasting - per_mille).abs() <= 1, "week {week}: {lasting}");
        }
    }

    #[test]
    fn what_is_drawn_exceeds_the_wait_and_follows_the_curve() {
        // Half of them leave after 10 s, half of the rest after 20 s; one stays for 100 s.
        let waits = [(10, true), (10, true), (20, true), (100, false)];
        let curve = Curve::of(waits.map(|(s, hung_up)| (s * 1_000, hung_up)).into_iter());
        let mut counts: BTreeMap<i64, i64> = BTreeMap::new();
        for seed in 0..4_000 {
            let drawn = curve.beyond(0, &mut Draw::new(seed));
            *counts.entry(drawn).or_default() += 1;
        }
        assert_eq!(
            counts.keys().copied().collect::<Vec<_>>(),
            [10_000, 20_000, 100_000]
        );
        let near = |found: i64, expected: i64| (found - expected).abs() < 120;
        assert!(near(counts[&10_000], 2_000) && near(counts[&20_000], 1_000));
        for seed in 0..100 {
            assert!(curve.beyond(15_000, &mut Draw::new(seed)) >= 20_000);
            assert!(curve.beyond(100_000, &mut Draw::new(seed)) == 101_000);
        }
    }

    #[test]
    fn without_any_observation_patience_is_the_least() {
        let curve = Curve::of(std::iter::empty());
        assert_eq!(curve.beyond(0, &mut Draw::new(1)), 1_000);
    }
}
