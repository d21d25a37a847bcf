//! What can go wrong with shifts, commitments and presence.

use chrono::TimeDelta;
use kernel::{Class, Classify, FieldError, Invalid};

use crate::working_time::Limit;

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
    /// The agent has worked as long as one may.
    #[error("{}; you can go on in {}", reached(*.limit), duration(*.again_in))]
    OverWorkingTime {
        /// Which limit was reached.
        limit: Limit,
        /// How long they must pause.
        again_in: TimeDelta,
    },
    /// With this shift the agent would have promised more than one may work.
    #[error("{}; please release another shift first, or choose another one", exceeded(*.0))]
    CommitmentOverLimit(Limit),
    /// There is no such agent.
    #[error("there is no such agent")]
    AgentNotFound,
    /// There is no such queue.
    #[error("there is no queue with this code")]
    QueueNotFound,
    /// The database did not do as it was told.
    #[error("database error")]
    Database(#[from] diesel::result::Error),
}

/// What a limit that was reached means, in words.
const fn reached(limit: Limit) -> &'static str {
    match limit {
        Limit::Day => "you have worked as long as one may in a day",
        Limit::Week => "you have worked as long as one may in a week",
        Limit::Break => "it is time for a break",
        Limit::Rest => "it is time for a night's rest",
    }
}

/// What a limit that a promise would break means, in words.
const fn exceeded(limit: Limit) -> &'static str {
    match limit {
        Limit::Day => "with this shift you would work longer in a day than one may",
        Limit::Week => "with this shift you would work longer in that week than one may",
        Limit::Break => "with this shift you would work without a break for too long",
        Limit::Rest => "with this shift you would have too little rest between two days of work",
    }
}

/// Hours and minutes in words, rounded up.
fn duration(length: TimeDelta) -> String {
    let minutes = (length.num_seconds().max(0) + 59) / 60;
    match (minutes / 60, minutes % 60) {
        (0, 1) => "1 minute".to_owned(),
        (0, minutes) => format!("{minutes} minutes"),
        (1, 0) => "1 hour".to_owned(),
        (hours, 0) => format!("{hours} hours"),
        (hours, minutes) => format!("{hours} h {minutes} min"),
    }
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) => Class::Invalid,
            Self::ShiftNotFound
            | Self::CommitmentNotFound
            | Self::AgentNotFound
            | Self::QueueNotFound => Class::NotFound,
            Self::ShiftStarted
            | Self::ShiftCanceled
            | Self::ShiftFull
            | Self::AlreadyCommitted
            | Self::CommitmentOverlaps
            | Self::CommitmentEnded
            | Self::NotPresent
            | Self::OverWorkingTime { .. }
            | Self::CommitmentOverLimit(_) => Class::Conflict,
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
            Self::OverWorkingTime { .. } => "over_working_time",
            Self::CommitmentOverLimit(_) => "commitment_over_limit",
            Self::AgentNotFound => "agent_not_found",
            Self::QueueNotFound => "queue_not_found",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_says_when_one_can_go_on() {
        let over = |seconds| Error::OverWorkingTime {
            limit: Limit::Break,
            again_in: TimeDelta::seconds(seconds),
        };
        let said = [1, 1_741, 3_600, 7_200, 39_660].map(|s| over(s).to_string());
        let ends = ["1 minute", "30 minutes", "1 hour", "2 hours", "11 h 1 min"];
        for (said, end) in said.iter().zip(ends) {
            let expected = format!("it is time for a break; you can go on in {end}");
            assert_eq!(*said, expected);
        }
    }
}
