//! Rules of routing that hold for every input.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod decisions;
mod eligibility;
mod world;
