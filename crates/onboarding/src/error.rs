//! What can go wrong on the way from customer to agent.

use kernel::{Class, Classify, FieldError, Invalid};

use crate::requirement::{self, Requirement};

/// Why a command was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks rules of its form.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The token is not one that the company signed.
    #[error("this invitation is not valid; please use the link exactly as you received it")]
    InvitationInvalid,
    /// The token was signed by the company, for a time that is over.
    #[error("this invitation has expired; please ask for a new one")]
    InvitationExpired,
    /// The customer or the account has an application already.
    #[error("there is an application already; please sign in to continue with it")]
    AlreadyApplied,
    /// There is no agent with this id.
    #[error("there is no such agent")]
    AgentNotFound,
    /// The application is not in a state in which this can be changed.
    #[error("this application can no longer be changed")]
    ApplicationClosed,
    /// The last code was sent less than a minute ago.
    #[error("a code is on its way; a new one can be sent in {retry_after_seconds} seconds")]
    CodeTooSoon {
        /// When the next code can be sent.
        retry_after_seconds: u32,
    },
    /// No code was sent, or it was sent too long ago.
    #[error("this code is no longer valid; please ask for a new one")]
    CodeExpired,
    /// Too many wrong codes were tried.
    #[error("too many wrong codes; please ask for a new one")]
    CodeUsedUp,
    /// There is no need for a code.
    #[error("this e-mail address is confirmed already")]
    EmailConfirmed,
    /// No agreement has been published.
    #[error("there is no agreement to accept yet")]
    AgreementNotFound,
    /// The agreement that was read is not the current one.
    #[error("a newer agreement has been published; please read and accept that one")]
    AgreementOutdated,
    /// Somebody else published an agreement in the same moment.
    #[error("another agreement was published just now; please look at it first")]
    AgreementPublishedMeanwhile,
    /// There is no skill with this code.
    #[error("there is no such skill")]
    SkillNotFound,
    /// Lists of skills are read whole, so there is an end to them.
    #[error("there are as many skills as the platform can hold")]
    SkillLimit,
    /// The assessment was tried three times in a day.
    #[error("three tries a day are the most; please try again later")]
    TooManyAttempts {
        /// When the next try can begin.
        retry_after_seconds: u32,
    },
    /// The agent has no such attempt.
    #[error("there is no such attempt")]
    AttemptNotFound,
    /// The answers were handed in before.
    #[error("this attempt has ended; its result stands")]
    AttemptEnded,
    /// The answers come too late.
    #[error("the time for this attempt is over; you can start a new one")]
    AttemptExpired,
    /// The application cannot be handed in yet.
    #[error("still to do: {}", requirement::sentence(.0))]
    RequirementsOpen(Vec<Requirement>),
    /// Nobody decides about themselves.
    #[error("you cannot decide about yourself; somebody else has to")]
    OwnApplication,
    /// Only a submitted application is approved or rejected.
    #[error("this application is not waiting for a decision")]
    NotSubmitted,
    /// Only an active agent is suspended.
    #[error("this agent is not active")]
    NotActive,
    /// Only a suspended agent is reinstated.
    #[error("this agent is not suspended")]
    NotSuspended,
    /// The agent has declared as many conflicts as one may.
    #[error("you have declared 200 contacts, which is the most; please withdraw one first")]
    ConflictLimit,
    /// The agent has declared this conflict before.
    #[error("you have declared this contact already")]
    ConflictDeclared,
    /// The agent has declared no such conflict.
    #[error("there is no such contact of yours")]
    ConflictNotFound,
    /// The database failed.
    #[error("database error")]
    Database(#[from] diesel::result::Error),
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) | Self::InvitationInvalid => Class::Invalid,
            Self::AgentNotFound
            | Self::AgreementNotFound
            | Self::SkillNotFound
            | Self::AttemptNotFound
            | Self::ConflictNotFound => Class::NotFound,
            Self::InvitationExpired
            | Self::AlreadyApplied
            | Self::ApplicationClosed
            | Self::CodeExpired
            | Self::CodeUsedUp
            | Self::EmailConfirmed
            | Self::AgreementOutdated
            | Self::AgreementPublishedMeanwhile
            | Self::SkillLimit
            | Self::AttemptEnded
            | Self::AttemptExpired
            | Self::RequirementsOpen(_)
            | Self::NotSubmitted
            | Self::NotActive
            | Self::NotSuspended
            | Self::ConflictLimit
            | Self::ConflictDeclared => Class::Conflict,
            Self::CodeTooSoon { .. } | Self::TooManyAttempts { .. } => Class::RateLimited,
            Self::OwnApplication => Class::Forbidden,
            Self::Database(error) => db::class_of(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_input",
            Self::InvitationInvalid => "invitation_invalid",
            Self::InvitationExpired => "invitation_expired",
            Self::AlreadyApplied => "already_applied",
            Self::AgentNotFound => "agent_not_found",
            Self::ApplicationClosed => "application_closed",
            Self::CodeTooSoon { .. } => "code_too_soon",
            Self::CodeExpired => "code_expired",
            Self::CodeUsedUp => "code_used_up",
            Self::EmailConfirmed => "email_confirmed",
            Self::AgreementNotFound => "agreement_not_found",
            Self::AgreementOutdated => "agreement_outdated",
            Self::AgreementPublishedMeanwhile => "agreement_published_meanwhile",
            Self::SkillNotFound => "skill_not_found",
            Self::SkillLimit => "skill_limit",
            Self::TooManyAttempts { .. } => "too_many_attempts",
            Self::AttemptNotFound => "attempt_not_found",
            Self::AttemptEnded => "attempt_ended",
            Self::AttemptExpired => "attempt_expired",
            Self::RequirementsOpen(_) => "requirements_open",
            Self::OwnApplication => "own_application",
            Self::NotSubmitted => "not_submitted",
            Self::NotActive => "not_active",
            Self::NotSuspended => "not_suspended",
            Self::ConflictLimit => "conflict_limit",
            Self::ConflictDeclared => "conflict_declared",
            Self::ConflictNotFound => "conflict_not_found",
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
            Self::CodeTooSoon {
                retry_after_seconds,
            }
            | Self::TooManyAttempts {
                retry_after_seconds,
            } => Some(*retry_after_seconds),
            _ => None,
        }
    }
}
