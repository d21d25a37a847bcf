//! What can go wrong with shifts, commitments and presence.

use kernel::{Class, Classify, FieldError, Invalid};

/// Why a shift, a commitment or a presence cannot be had or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks a rule of its form.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// There is no such shift.
    #[error("there is no such shift")]
    ShiftNotFound,
    /// The shift has begun, or is over.
    #[error("this shift has already started")]
    ShiftStarted,
    /// The shift was canceled.
    #[error("this shift was cancelled; please choose another one")]
    ShiftCanceled,
    /// Every seat is taken.
    #[error("every seat of this shift is taken; please choose another one")]
    ShiftFull,
    /// The agent has promised to work this shift already.
    #[error("you have already committed to this shift")]
    AlreadyCommitted,
    /// The agent has promised to work at that time elsewhere.
    #[error("you have committed to another shift at this time; release that one first")]
    CommitmentOverlaps,
    /// The agent has no such commitment.
    #[error("there is no such commitment of yours")]
    CommitmentNotFound,
    /// The commitment was released, or canceled with its shift.
    #[error("this commitment has already been released or cancelled")]
    CommitmentEnded,
    /// The agent is offline, or was not heard of for too long.
    #[error("you are offline; go available again to receive tickets")]
    NotPresent,
    /// The database did not do as it was told.
    #[error("database error")]
    Database(#[from] diesel::result::Error),
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) => Class::Invalid,
            Self::ShiftNotFound | Self::CommitmentNotFound => Class::NotFound,
            Self::ShiftStarted
            | Self::ShiftCanceled
            | Self::ShiftFull
            | Self::AlreadyCommitted
            | Self::CommitmentOverlaps
            | Self::CommitmentEnded
            | Self::NotPresent => Class::Conflict,
            Self::Database(error) => db::class_of(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_input",
            Self::ShiftNotFound => "shift_not_found",
            Self::ShiftStarted => "shift_started",
            Self::ShiftCanceled => "shift_canceled",
            Self::ShiftFull => "shift_full",
            Self::AlreadyCommitted => "already_committed",
            Self::CommitmentOverlaps => "commitment_overlaps",
            Self::CommitmentNotFound => "commitment_not_found",
            Self::CommitmentEnded => "commitment_ended",
            Self::NotPresent => "not_present",
            Self::Database(error) => db::code_of(error),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(invalid) => &invalid.fields,
            _ => &[],
        }
    }
}
