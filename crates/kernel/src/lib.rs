//! Words that every domain shares: ids, money, currencies, roles, error classes, pages.
//!
//! Nothing here does I/O. What a word means is decided once, here; what is done with it
//! belongs to the domains.

// Lets `text_enum!` name this crate by its name, here as elsewhere.
extern crate self as kernel;

pub mod error;
pub mod ids;
pub mod language;
pub mod money;
pub mod page;
pub mod random;
pub mod role;
pub mod text_enum;
pub mod validate;

pub use error::{Class, Classify, Fence, FieldError, Invalid};
pub use ids::{
    AccountId, AgentId, AttemptId, CommitmentId, DeadLetterId, EngagementId, EntryId, JobId,
    LedgerAccountId, LineId, MachineKeyId, MatchRecordId, OfferId, PayoutItemId, PayoutRunId,
    RateCardId, SessionId, ShiftId, TicketId,
};
pub use language::Language;
pub use money::{Currency, Money, MoneyError};
pub use page::{PAGE_LIMIT, Page, PageRequest};
pub use role::Role;
pub use validate::Checks;

#[doc(hidden)]
pub use {diesel, serde, utoipa};
