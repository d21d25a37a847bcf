//! The middle and the tail of a set of durations, without a fraction anywhere.

use serde::Serialize;

/// Durations in milliseconds: the median, and what 95 in 100 stay within.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Spread {
    /// How many there were.
    pub count: usize,
    /// The median.
    pub p50_ms: u64,
    /// What 95 in 100 stay within.
    pub p95_ms: u64,
    /// The longest.
    pub max_ms: u64,
}

impl Spread {
    pub(crate) fn of(mut durations: Vec<u64>) -> Self {
        durations.sort_unstable();
        Self {
            count: durations.len(),
            p50_ms: percentile(&durations, 50),
            p95_ms: percentile(&durations, 95),
            max_ms: durations.last().copied().unwrap_or_default(),
        }
    }
}

/// The nearest rank: the smallest value that at least `percent` in 100 do not exceed.
fn percentile(sorted: &[u64], percent: usize) -> u64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let spread = Spread::of((1..=100).rev().collect());
        assert_eq!(
            spread,
            Spread {
                count: 100,
                p50_ms: 50,
                p95_ms: 95,
                max_ms: 100
            }
        );
        assert_eq!(Spread::of(vec![15, 20, 35, 40, 50]).p50_ms, 35);
        assert_eq!(Spread::of(vec![15, 20, 35, 40, 50]).p95_ms, 50);
    }

    #[test]
    fn one_value_is_all_of_them_and_none_is_zero() {
        let spread = Spread {
            count: 1,
            p50_ms: 7,
            p95_ms: 7,
            max_ms: 7,
        };
        assert_eq!(Spread::of(vec![7]), spread);
        assert_eq!(Spread::of(Vec::new()), Spread::default());
    }
}
