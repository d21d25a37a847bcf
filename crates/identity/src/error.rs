//! What can go wrong when somebody signs in, or is set up to.

use kernel::{Class, Classify, FieldError, Invalid};

/// Why a request about accounts, sessions or keys was not met.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The token is forged, expired or not ours.
    #[error("please sign in")]
    NotSignedIn,
    /// Too many sign-ins failed for this account or from this address.
    #[error(
        "too many sign-ins have failed; please try again in {}",
        Self::wait(*.retry_after_seconds)
    )]
    TooManyAttempts {
        /// Until the window of attempts is over.
        retry_after_seconds: u32,
    },
    /// Too many letters were asked for.
    #[error(
        "a letter is on its way already; please look into your mail, or try again in {}",
        Self::wait(*.retry_after_seconds)
    )]
    TooManyLetters {
        /// Until the window is over.
        retry_after_seconds: u32,
    },
    /// Somebody has this address already.
    #[error("there is already an account with this e-mail address; please sign in instead")]
    EmailTaken,
    /// No account has this id.
    #[error("there is no such account")]
    AccountNotFound,
    /// Somebody could lock everybody out.
    #[error("you cannot suspend yourself; another admin has to")]
    OwnAccount,
    /// An applicant's or agent's account.
    #[error("this is the account of an applicant or agent; operations decide about them")]
    NotStaff,
    /// No machine key has this id.
    #[error("there is no such machine key")]
    MachineKeyNotFound,
    /// The installation's signing secret could be guessed.
    #[error(
        "the signing secret has {bytes} bytes and needs at least 32; \
         `openssl rand -base64 48` makes a good one"
    )]
    WeakSecret {
        /// How many it has.
        bytes: usize,
    },
    /// A hash or a signature could not be computed.
    #[error("cryptography failed: {0}")]
    Cryptography(String),
    /// The input breaks a rule of its form.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database did not do as it was asked.
    #[error("database error")]
    Database(#[from] diesel::result::Error),
}

impl Error {
    /// Seconds as a person says them: rounded up to minutes where it is more than one.
    fn wait(seconds: u32) -> String {
        match seconds {
            0..=1 => "a second".to_owned(),
            2..=60 => format!("{seconds} seconds"),
            _ => format!("{} minutes", seconds.div_ceil(60)),
        }
    }
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::NotSignedIn => Class::Unauthenticated,
            Self::TooManyAttempts { .. } | Self::TooManyLetters { .. } => Class::RateLimited,
            Self::EmailTaken | Self::NotStaff => Class::Conflict,
            Self::OwnAccount => Class::Forbidden,
            Self::AccountNotFound | Self::MachineKeyNotFound => Class::NotFound,
            Self::WeakSecret { .. } | Self::Cryptography(_) => Class::Internal,
            Self::Invalid(_) => Class::Invalid,
            Self::Database(error) => db::class_of(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::NotSignedIn => "not_signed_in",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::TooManyLetters { .. } => "too_many_letters",
            Self::EmailTaken => "email_taken",
            Self::AccountNotFound => "account_not_found",
            Self::OwnAccount => "own_account",
            Self::NotStaff => "not_staff",
            Self::MachineKeyNotFound => "machine_key_not_found",
            Self::WeakSecret { .. } => "weak_secret",
            Self::Cryptography(_) => "cryptography",
            Self::Invalid(_) => "invalid_input",
            Self::Database(error) => db::code_of(error),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(invalid) => &invalid.fields,
            _ => &[],
        }
    }

    fn retry_after_seconds(&self) -> Option<u32> {
        match self {
            Self::TooManyAttempts {
                retry_after_seconds,
            }
            | Self::TooManyLetters {
                retry_after_seconds,
            } => Some(*retry_after_seconds),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_said_in_words() {
        let text = |retry_after_seconds| {
            Error::TooManyAttempts {
                retry_after_seconds,
            }
            .to_string()
        };
        assert!(text(1).ends_with("try again in a second"));
        assert!(text(59).ends_with("try again in 59 seconds"));
        assert!(text(61).ends_with("try again in 2 minutes"));
        assert!(text(900).ends_with("try again in 15 minutes"));
    }
}
