//! How long customers would have waited, had nobody answered.
//!
//! Who hung up showed it. Who was answered showed only that it is longer than the wait: the
//! observation is censored. The Kaplan–Meier estimator of a group uses both: of the `n` who were
//! still waiting after `t`, `d` hung up then, so the share that lasts longer falls by `d/n`. Beyond
//! the last who hung up nothing is known. A customer who was answered draws a patience from what is
//! left of the curve beyond the wait.

use std::collections::BTreeMap;

use crate::draw::Draw;

/// All of a share.
const WHOLE: i64 = 1_000_000_000_000;

/// How a group's patience falls. It keeps, for each time at which somebody hung up, the share that lasts
/// longer, in parts of 10¹².
#[derive(Clone, Debug, Default)]
pub struct Patience {
    steps: Vec<(i64, i64)>,
}

impl Patience {
    /// The patience that shows in some waits, and whether each ended by hanging up.
    pub fn of(waits: impl Iterator<Item = (i64, bool)>) -> Self {
        let mut at: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
        let mut left: i64 = 0;
        for (wait, hung_up) in waits {
            let counted = at.entry(wait).or_default();
            counted.0 += 1;
            counted.1 += i64::from(hung_up);
            left += 1;
        }
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
        Self { steps }
    }

    /// The share that lasts longer than so long, in parts of 10¹².
    pub fn lasting(&self, wait: i64) -> i64 {
        let passed = self.steps.partition_point(|(at, _)| *at <= wait);
        passed
            .checked_sub(1)
            .map_or(WHOLE, |last| self.steps[last].1)
    }

    /// A patience that exceeds a wait; none where it exceeds all that is known.
    pub fn beyond(&self, wait: i64, draw: &mut Draw) -> Option<i64> {
        let level = draw.between(1, self.lasting(wait).max(1));
        // The first time at which fewer last longer than the level drawn.
        let at = self.steps.partition_point(|(_, share)| *share >= level);
        self.steps.get(at).map(|(at, _)| *at)
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
        let curve = Patience::of(
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
        let curve = Patience::of(waits.map(|(s, hung_up)| (s * 1_000, hung_up)).into_iter());
        let mut counts: BTreeMap<Option<i64>, i64> = BTreeMap::new();
        for seed in 0..4_000 {
            let drawn = curve.beyond(0, &mut Draw::new(seed));
            *counts.entry(drawn).or_default() += 1;
        }
        assert_eq!(
            counts.keys().copied().collect::<Vec<_>>(),
            [None, Some(10_000), Some(20_000)]
        );
        let near = |found: i64, expected: i64| (found - expected).abs() < 120;
        assert!(near(counts[&Some(10_000)], 2_000) && near(counts[&Some(20_000)], 1_000));
        for seed in 0..100 {
            let drawn = curve.beyond(15_000, &mut Draw::new(seed));
            assert!(drawn.is_none_or(|at| at == 20_000));
            assert_eq!(curve.beyond(20_000, &mut Draw::new(seed)), None);
        }
    }

    #[test]
    fn where_nobody_ever_left_nothing_is_known() {
        let curve = Patience::of([(90_000, false)].into_iter());
        assert_eq!(curve.beyond(0, &mut Draw::new(1)), None);
        assert_eq!(curve.lasting(90_000), WHOLE);
    }
}
