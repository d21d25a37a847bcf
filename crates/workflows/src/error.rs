//! Why a use case that spans domains was refused: the domain's own error.

use kernel::{Class, Classify, Fence, FieldError};

macro_rules! errors {
    ($( $(#[$meta:meta])* $variant:ident($error:ty) ),+ $(,)?) => {
        /// The refusal of one of the domains that a use case called.
        #[derive(Debug, thiserror::Error)]
        pub enum Error {
            $( $(#[$meta])* #[error(transparent)] $variant(#[from] $error), )+
            /// There is no such customer in the directory.
            #[error("no customer of the directory has this reference")]
            CustomerNotFound,
            /// The agent may not work at present: not active, or the agreement is not accepted.
            #[error("you cannot take work at present: your application is not approved, you are suspended, or a new agreement is to be accepted")]
            NotQualified,
            /// The agent is not available.
            #[error("go available first")]
            NotAvailable,
            /// The person whom a conversation is to be handed on to is not available.
            #[error("this person is not available at the moment; hand the conversation on to a queue instead")]
            PersonNotAvailable,
            /// The same idempotency key was used with another body.
            #[error("this Idempotency-Key was used with another body; use a new key for a new request")]
            KeyReused,
            /// The same request is being done at this moment.
            #[error("this request is being processed; ask again in a moment")]
            InFlight,
            /// The database's own.
            #[error("database error: {0}")]
            Database(#[from] diesel::result::Error),
        }

        impl Classify for Error {
            fn class(&self) -> Class {
                match self {
                    $( Self::$variant(error) => error.class(), )+
                    Self::CustomerNotFound => Class::NotFound,
                    Self::NotQualified => Class::Forbidden,
                    Self::NotAvailable | Self::PersonNotAvailable | Self::InFlight => Class::Conflict,
                    Self::KeyReused => Class::Invalid,
                    Self::Database(error) => db::class_of(error),
                }
            }

            fn code(&self) -> &'static str {
                match self {
                    $( Self::$variant(error) => error.code(), )+
                    Self::CustomerNotFound => "customer_not_found",
                    Self::NotQualified => "not_qualified",
                    Self::NotAvailable => "not_available",
                    Self::PersonNotAvailable => "person_not_available",
                    Self::KeyReused => "idempotency_key_reused",
                    Self::InFlight => "request_in_flight",
                    Self::Database(error) => db::code_of(error),
                }
            }

            fn fields(&self) -> &[FieldError] {
                match self {
                    $( Self::$variant(error) => error.fields(), )+
                    _ => &[],
                }
            }

            fn retry_after_seconds(&self) -> Option<u32> {
                match self {
                    $( Self::$variant(error) => error.retry_after_seconds(), )+
                    Self::InFlight => Some(1),
                    _ => None,
                }
            }

            fn fence(&self) -> Option<Fence> {
                match self {
                    $( Self::$variant(error) => error.fence(), )+
                    _ => None,
                }
            }
        }
    };
}

errors! {
    /// Of identity.
    Identity(identity::Error),
    /// Of onboarding.
    Onboarding(onboarding::Error),
    /// Of availability.
    Availability(availability::Error),
    /// Of dispatch.
    Dispatch(dispatch::Error),
    /// Of payouts.
    Payouts(payouts::Error),
    /// Of the job queue.
    Jobs(jobs::Error),
}
