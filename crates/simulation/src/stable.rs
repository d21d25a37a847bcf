//! Choices that look random and are the same each time: a replay can be repeated.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// A number below `bound`, made from what it is about and whom it is for.
pub(crate) fn pick(purpose: &str, subject: &str, bound: u64) -> u64 {
    let digest = Sha256::digest(format!("{purpose}|{subject}"));
    let number = digest
        .iter()
        .take(8)
        .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    number % bound.max(1)
}

/// One of several.
pub(crate) fn choose<'a, T>(purpose: &str, subject: &str, from: &'a [T]) -> Option<&'a T> {
    let count = u64::try_from(from.len()).ok()?;
    from.get(usize::try_from(pick(purpose, subject, count)).ok()?)
}

/// A time between two bounds, in milliseconds.
pub(crate) fn between(purpose: &str, subject: &str, least: u64, most: u64) -> Duration {
    Duration::from_millis(least + pick(purpose, subject, most.saturating_sub(least) + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_question_has_the_same_answer() {
        assert_eq!(pick("tier", "star:3", 5), pick("tier", "star:3", 5));
    }

    #[test]
    fn the_choices_are_spread() {
        let mut counts = [0_u32; 4];
        for subject in 0..4000 {
            let choice = pick("tier", &subject.to_string(), 4);
            counts[usize::try_from(choice).unwrap()] += 1;
        }
        assert!(
            counts.iter().all(|count| (850..1150).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn a_choice_from_nothing_is_none() {
        assert_eq!(choose::<u8>("tier", "star:3", &[]), None);
    }
}
