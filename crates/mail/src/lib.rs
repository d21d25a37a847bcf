//! Letters: one askama struct per letter; SMTP, file and memory transports.
//!
//! A letter is a struct with what it says ([`letters`]) and two templates, one of plain text and
//! one of HTML, under `templates/<letter>/`. [`Template::letter`] renders it; a [`Mailer`] sends
//! it, from a job and never from a request, for sending blocks.
//!
//! - What becomes a header is one line, so nobody can add headers through a name or an address.
//! - A letter sent again under the same id has the same Message-ID, and is the same file.
//! - An [`Error`] says whether trying again can help.

mod compose;
mod error;
pub mod letters;
mod mailer;

pub use error::Error;
pub use letters::{
    ApprovedLetter, EmailCodeLetter, InvitationLetter, Letter, RejectedLetter, ShiftCanceledLetter,
    Template,
};
pub use mailer::{Mailer, Settings};
