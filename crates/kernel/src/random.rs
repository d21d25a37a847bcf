//! The one place randomness comes from: the operating system's generator.

/// `N` unpredictable bytes.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that draws randomness"
)]
#[expect(
    clippy::expect_used,
    reason = "without randomness no secret is safe: stop"
)]
pub fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    bytes
}

/// A number in `0..bound`, each equally likely. `bound` must not be zero.
pub fn below(bound: u32) -> u32 {
    debug_assert!(bound > 0, "there is no number below zero");
    // Draws that would favour small numbers are thrown away.
    let zone = u32::MAX - u32::MAX % bound;
    loop {
        let draw = u32::from_le_bytes(bytes());
        if draw < zone {
            return draw % bound;
        }
    }
}

/// Puts the items into a random order (Fisher–Yates).
pub fn shuffle<T>(items: &mut [T]) {
    for last in (1..items.len()).rev() {
        let bound = u32::try_from(last + 1).unwrap_or(u32::MAX);
        let other = usize::try_from(below(bound)).unwrap_or(0);
        items.swap(last, other);
    }
}
