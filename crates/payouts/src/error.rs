//! What can go wrong with money owed and paid.

use kernel::{Class, Classify, FieldError, Invalid, MoneyError};

use crate::run::RunStatus;

/// Why a command of this crate was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input breaks rules of its form.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// Two price lists would be in force at one instant.
    #[error(
        "another rate card of this currency is in force or planned for that time; \
         let the new one begin later"
    )]
    RateCardOverlaps,
    /// Work in this queue has no price.
    #[error("no rate card in force covers queue {queue}; finance publishes one")]
    NoRate {
        /// The queue's code.
        queue: String,
    },
    /// The engagement is paid for already.
    #[error("this engagement has been priced and booked already")]
    AlreadyAccrued,
    /// There is no such agent.
    #[error("no such agent")]
    AgentNotFound,
    /// No line is due to anybody who can be paid.
    #[error(
        "there is nothing to pay: what was earned before the period's end is in a payout run \
         already, or its agents have yet to give their payout details"
    )]
    NothingToPay,
    /// There is no such payout run.
    #[error("no such payout run")]
    RunNotFound,
    /// Four eyes: who prepared a run does not approve it.
    #[error("a payout run is approved by somebody other than the person who prepared it")]
    ApproverPrepared,
    /// The run is not in a state for this.
    #[error("this payout run is {status}; only one that is {needed} can be {action}")]
    WrongState {
        /// What it is.
        status: RunStatus,
        /// What it would have to be.
        needed: &'static str,
        /// What was asked for.
        action: &'static str,
    },
    /// The secret for account numbers is too short to be one.
    #[error("the secret that protects account numbers must have at least 32 bytes")]
    SecretTooShort,
    /// An account number cannot be read: another secret, another agent, or damage.
    #[error("an encrypted account number cannot be opened with this secret")]
    Sealed,
    /// The ledger would not be, or is not, as it has to be.
    #[error("the ledger refuses: {0}")]
    Ledger(&'static str),
    /// An amount cannot be computed.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// The file cannot be written.
    #[error("the payout file cannot be written")]
    File(#[from] csv::Error),
    /// The database refused or is not there.
    #[error("database error")]
    Database(#[from] diesel::result::Error),
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) => Class::Invalid,
            Self::RateCardOverlaps
            | Self::NoRate { .. }
            | Self::AlreadyAccrued
            | Self::NothingToPay
            | Self::WrongState { .. } => Class::Conflict,
            Self::AgentNotFound | Self::RunNotFound => Class::NotFound,
            Self::ApproverPrepared => Class::Forbidden,
            Self::SecretTooShort
            | Self::Sealed
            | Self::Ledger(_)
            | Self::Amount(_)
            | Self::File(_) => Class::Internal,
            Self::Database(error) => db::class_of(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_input",
            Self::RateCardOverlaps => "rate_card_overlaps",
            Self::NoRate { .. } => "no_rate",
            Self::AlreadyAccrued => "already_accrued",
            Self::AgentNotFound => "agent_not_found",
            Self::NothingToPay => "nothing_to_pay",
            Self::RunNotFound => "payout_run_not_found",
            Self::ApproverPrepared => "approver_prepared",
            Self::WrongState { .. } => "wrong_state",
            Self::SecretTooShort => "secret_too_short",
            Self::Sealed => "sealed",
            Self::Ledger(_) => "ledger",
            Self::Amount(_) => "amount",
            Self::File(_) => "file",
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
