//! The matching against an exhaustive search, against its certificate, and against attempts to
//! cheat the certificate.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by panicking"
)]

mod bounded;
mod certificate;
mod exact;
mod oracle;
mod standing;
