//! What we owe and pay: rate cards, earnings, ledger, payees, payout runs.
//!
//! An engagement that ends well is priced by the rate card in force and becomes an [`EarningLine`];
//! with it the ledger gains one entry, by which the agent is owed the amount. A payout run gathers
//! lines, is approved by a second person, is written to a file for the bank, and is settled.
//!
//! ```text
//! payout run:  closed ──► approved ──► exported ──► settled
//!                 └──────────┴──► void
//! ```
//!
//! Promises, each kept by the database:
//! - An engagement accrues once (`earning_lines_one_per_engagement`, `entries_one_per_fact`).
//! - An entry balances in each currency, never changes, never vanishes and never grows later.
//! - An agent's balance is the sum of the agent's postings, written in their transaction.
//! - A line is in at most one run that is not void (`payout_item_lines_pkey`).
//! - A run's figures are frozen from the start; its state only moves along the arrows above.
//! - Nobody approves a run of their own (`payout_runs_approved_by_another`).
//! - A file, once made, is kept: exporting again gives the same bytes.
//!
//! Locks are taken in the order ledger accounts (ascending id), payout run.

mod error;
mod rate_card;

mod earning;
mod entry;

mod account_number;
mod payee;
mod vault;

mod export;
mod run;

pub mod queries;
mod schema;
mod store;

pub use earning::{EarningLine, Work, accrue};
pub use entry::AccountKind;
pub use error::Error;
pub use export::{PayoutFile, export_run};
pub use payee::{Payee, PayeeInput, save_payee};
pub use queries::{
    AccountBalance, Payment, Summary, earning_lines, earnings_summary, item_lines, items, payee,
    payments, payout_file, rate_card_in_force, rate_cards, rates, rates_on, run, runs,
    trial_balance,
};
pub use rate_card::{
    PLATFORM_CURRENCY, Rate, RateCard, RateCardInput, RateInput, publish_rate_card,
};
pub use run::{
    Held, HeldReason, PayoutItem, PayoutRun, Prepared, RunStatus, approve_run, prepare_run,
    settle_run, void_run,
};
pub use vault::Vault;
