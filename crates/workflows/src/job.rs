//! What leaves the process: letters.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use jobs::{Claimed, Payload};
use mail::{
    ApprovedLetter, EmailCodeLetter, InvitationLetter, Letter, Mailer, RejectedLetter,
    ShiftCanceledLetter, Template as _,
};
use serde::{Deserialize, Serialize};

/// How long the code in a letter is good for, in minutes.
const CODE_MINUTES: i64 = 30;

/// Work for after the commit.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Job {
    /// The code that confirms an address.
    EmailCode {
        /// To this address.
        to: String,
        /// To this person.
        name: String,
        /// The six digits.
        code: String,
    },
    /// An invitation to apply.
    Invitation {
        /// To this address.
        to: String,
        /// To this person.
        name: String,
        /// Where to take it up.
        link: String,
        /// Until when.
        expires_at: DateTime<Utc>,
    },
    /// The application was approved.
    Approved {
        /// To this address.
        to: String,
        /// To this person.
        name: String,
    },
    /// The application was turned down.
    Rejected {
        /// To this address.
        to: String,
        /// To this person.
        name: String,
        /// Why, in the words of who decided.
        reason: String,
    },
    /// A shift that the agent had committed to was called off.
    ShiftCanceled {
        /// To this address.
        to: String,
        /// To this person.
        name: String,
        /// When it would have begun.
        starts_at: DateTime<Utc>,
        /// The agent's time zone.
        time_zone: Option<String>,
    },
}

impl Payload for Job {
    fn kind(&self) -> &'static str {
        match self {
            Self::EmailCode { .. } => "email_code",
            Self::Invitation { .. } => "invitation",
            Self::Approved { .. } => "approved",
            Self::Rejected { .. } => "rejected",
            Self::ShiftCanceled { .. } => "shift_canceled",
        }
    }
}

/// What a job may reach outside.
#[derive(Clone)]
pub struct Outside {
    /// Sends letters.
    pub mailer: Arc<Mailer>,
    /// Where the platform is found, without a slash at the end.
    pub public_url: String,
}

/// Why a job was not done.
#[derive(Debug)]
pub enum Failure {
    /// Trying again may help.
    Passing(String),
    /// It never will.
    Final(String),
}

/// Does a claimed job, outside any transaction. Doing it twice does no harm: a letter sent again
/// carries the same Message-ID.
pub fn run_job(job: &Claimed, outside: &Outside) -> Result<(), Failure> {
    let work: Job = serde_json::from_value(job.payload.clone())
        .map_err(|error| Failure::Final(format!("not a job of this version: {error}")))?;
    let letter = work
        .into_letter(&outside.public_url)
        .map_err(|error| failure(&error))?;
    outside
        .mailer
        .send(&letter, &job.id.to_string())
        .map_err(|error| failure(&error))
}

fn failure(error: &mail::Error) -> Failure {
    if error.is_permanent() {
        Failure::Final(error.to_string())
    } else {
        Failure::Passing(error.to_string())
    }
}

impl Job {
    fn into_letter(self, public_url: &str) -> Result<Letter, mail::Error> {
        match self {
            Self::EmailCode { to, name, code } => EmailCodeLetter {
                to,
                name,
                code,
                minutes: CODE_MINUTES,
            }
            .letter(),
            Self::Invitation {
                to,
                name,
                link,
                expires_at,
            } => {
                let expires_on = expires_at.format("%-d %B %Y").to_string();
                InvitationLetter {
                    to,
                    name,
                    link,
                    expires_on,
                }
                .letter()
            }
            Self::Approved { to, name } => ApprovedLetter {
                to,
                name,
                link: format!("{public_url}/sign-in"),
            }
            .letter(),
            Self::Rejected { to, name, reason } => RejectedLetter { to, name, reason }.letter(),
            Self::ShiftCanceled {
                to,
                name,
                starts_at,
                time_zone,
            } => {
                let starts_at = local(starts_at, time_zone.as_deref());
                ShiftCanceledLetter {
                    to,
                    name,
                    starts_at,
                }
                .letter()
            }
        }
    }
}

/// An instant as the agent's clock shows it.
fn local(at: DateTime<Utc>, time_zone: Option<&str>) -> String {
    let zone: Tz = time_zone
        .and_then(|name| name.parse().ok())
        .unwrap_or(Tz::UTC);
    at.with_timezone(&zone)
        .format("%A %-d %B %Y, %H:%M (%Z)")
        .to_string()
}
