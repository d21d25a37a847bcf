//! The matching against an exhaustive search, against its certificate, and against attempts to
//! cheat the certificate.

mod bounded;
mod certificate;
mod exact;
mod oracle;
mod standing;
