//! Letters as they are written and as they leave.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod files;
mod letters;
mod smtp;
mod support;
