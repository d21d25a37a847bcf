//! What can go wrong with a job.

use kernel::{Class, Classify};

/// Why a job cannot be queued or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lease ran out and the job is another worker's now, or is over.
    #[error("this job is no longer in this worker's hands")]
    LeaseLost,
    /// The payload cannot be written as JSON.
    #[error("the job's payload cannot be written as JSON")]
    Payload(#[from] serde_json::Error),
    /// The database did not do as it was told.
    #[error("database error")]
    Database(#[from] diesel::result::Error),
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::LeaseLost => Class::Conflict,
            Self::Payload(_) => Class::Internal,
            Self::Database(error) => db::class_of(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::LeaseLost => "lease_lost",
            Self::Payload(_) => "job_payload",
            Self::Database(error) => db::code_of(error),
        }
    }
}
