//! Why dispatch refuses.

use kernel::{Class, Classify, Fence, FieldError, Invalid, MatchRecordId};
use routing::Objection;

use crate::control::Control;

/// A rule of dispatch that does not allow it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A field breaks a rule.
    #[error("{0}")]
    Invalid(#[from] Invalid),
    /// Unknown, or not the caller's.
    #[error("no such ticket")]
    TicketNotFound,
    /// Unknown, or not the caller's.
    #[error("no such offer")]
    OfferNotFound,
    /// Unknown, or not the caller's.
    #[error("no such engagement")]
    EngagementNotFound,
    /// The link is forged, cut off or too old.
    #[error("this link is not valid, or no longer")]
    LinkInvalid,
    /// The company's id stands for a ticket already.
    #[error("this source and external id have been escalated before")]
    TicketExists,
    /// Another agent has the ticket, or the customer left.
    #[error("this ticket is no longer waiting")]
    TicketTaken,
    /// There is no such queue.
    #[error("there is no such queue")]
    QueueNotFound,
    /// Somebody published a policy after the editor looked.
    #[error(
        "another version of this policy was published meanwhile; look at it, and publish again"
    )]
    PolicyChanged,
    /// A stored policy has fields that this program does not know.
    #[error("version {version} of the policy of {queue} cannot be read: {cause}")]
    PolicyUnreadable {
        /// Whose.
        queue: String,
        /// Which.
        version: i32,
        /// Why.
        cause: String,
    },
    /// A stored run of the matcher cannot be read.
    #[error("the record {record} of a run of the matcher cannot be read: {cause}")]
    RecordUnreadable {
        /// Which.
        record: MatchRecordId,
        /// Why.
        cause: String,
    },
    /// There is no such dead letter.
    #[error("there is no such dead letter")]
    DeadLetterNotFound,
    /// Somebody decided about it before.
    #[error("this dead letter has been settled before")]
    DeadLetterSettled,
    /// The offer was claimed, or its record is past its time.
    #[error("this offer has no record of how it came about: it was claimed, or is too old")]
    NotExplained,
    /// Only one offer at a time.
    #[error("this ticket is on offer to somebody")]
    TicketOnOffer,
    /// The one predicate of eligibility refuses.
    #[error("you cannot take this ticket: {0}")]
    NotEligible(Objection),
    /// The agent has no unit free.
    #[error("you are at your limit; finish a conversation first")]
    AtCapacity,
    /// Fewer units than the agent holds.
    #[error("the agent has more in hand than that; wait until they have closed a conversation")]
    CapacityBelowLoad,
    /// There is no such agent.
    #[error("there is no such agent")]
    AgentNotFound,
    /// Too late.
    #[error("this offer has expired")]
    OfferExpired,
    /// Once only.
    #[error("this offer has been answered or withdrawn")]
    OfferClosed,
    /// The engagement has ended.
    #[error("this engagement has ended")]
    EngagementEnded,
    /// Talking is over; only the wrap-up is left.
    #[error("this conversation is in wrap-up; nothing more can be sent")]
    EngagementWrapping,
    /// There is no wrap-up yet.
    #[error("this conversation is not in wrap-up")]
    EngagementTalking,
    /// The conversation is over.
    #[error("this conversation has ended")]
    ConversationClosed,
    /// Too long ago.
    #[error(
        "this conversation ended more than {0} days ago; please ask the assistant again, and a new \
         one begins"
    )]
    ReopenTooLate(i32),
    /// Somebody else was given the control since the caller looked.
    #[error("the control of this conversation has changed hands since; look again")]
    StaleEpoch(Control),
    /// Only who has the control may speak, or give it away.
    #[error("the assistant does not hold this conversation; request its control")]
    NotInControl(Control),
    /// Nothing is there to be accepted.
    #[error("the control of this conversation is not on offer; request it, or wait for the agent")]
    ControlNotOffered(Control),
    /// The person whom a conversation is to be handed on to cannot take it.
    #[error("this person cannot take the conversation: {0}; hand it on to a queue instead")]
    PersonUnsuited(String),
    /// Who is there no longer cannot be handed on.
    #[error("the customer has left; close the conversation instead")]
    CustomerGone,
    /// As often as the queue allows.
    #[error("this wrap-up has been extended as often as it can be; please close it")]
    NoMoreExtensions,
    /// There is nothing to rate yet.
    #[error("a conversation can be rated once it is resolved")]
    NotRateable,
    /// One rating for each engagement.
    #[error("this conversation has been rated; thank you")]
    AlreadyRated,
    /// The state changed between two looks at it; the transaction is run again.
    #[error("somebody else changed this at the same moment; try again")]
    Contended,
    /// The database's own.
    #[error("database error: {0}")]
    Database(#[from] diesel::result::Error),
}

impl Classify for Error {
    fn class(&self) -> Class {
        match self {
            Self::Invalid(_) => Class::Invalid,
            Self::TicketNotFound
            | Self::QueueNotFound
            | Self::DeadLetterNotFound
            | Self::NotExplained
            | Self::OfferNotFound
            | Self::EngagementNotFound
            | Self::AgentNotFound
            | Self::LinkInvalid => Class::NotFound,
            Self::NotEligible(_) => Class::Forbidden,
            Self::TicketExists
            | Self::PolicyChanged
            | Self::DeadLetterSettled
            | Self::TicketTaken
            | Self::TicketOnOffer
            | Self::AtCapacity
            | Self::CapacityBelowLoad
            | Self::OfferExpired
            | Self::OfferClosed
            | Self::EngagementEnded
            | Self::EngagementWrapping
            | Self::EngagementTalking
            | Self::ConversationClosed
            | Self::ReopenTooLate(_)
            | Self::StaleEpoch(_)
            | Self::NotInControl(_)
            | Self::ControlNotOffered(_)
            | Self::PersonUnsuited(_)
            | Self::CustomerGone
            | Self::NoMoreExtensions
            | Self::NotRateable
            | Self::AlreadyRated => Class::Conflict,
            Self::Contended => Class::Busy,
            Self::PolicyUnreadable { .. } | Self::RecordUnreadable { .. } => Class::Internal,
            Self::Database(error) => db::class_of(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_input",
            Self::TicketNotFound => "ticket_not_found",
            Self::QueueNotFound => "queue_not_found",
            Self::DeadLetterNotFound => "dead_letter_not_found",
            Self::DeadLetterSettled => "dead_letter_settled",
            Self::NotExplained => "not_explained",
            Self::RecordUnreadable { .. } => "record_unreadable",
            Self::PolicyChanged => "policy_changed",
            Self::PolicyUnreadable { .. } => "policy_unreadable",
            Self::OfferNotFound => "offer_not_found",
            Self::EngagementNotFound => "engagement_not_found",
            Self::LinkInvalid => "link_invalid",
            Self::TicketExists => "ticket_exists",
            Self::TicketTaken => "ticket_taken",
            Self::TicketOnOffer => "ticket_on_offer",
            Self::NotEligible(_) => "not_eligible",
            Self::AtCapacity => "at_capacity",
            Self::CapacityBelowLoad => "capacity_below_load",
            Self::AgentNotFound => "agent_not_found",
            Self::OfferExpired => "offer_expired",
            Self::OfferClosed => "offer_closed",
            Self::EngagementEnded => "engagement_ended",
            Self::EngagementWrapping => "engagement_wrapping",
            Self::EngagementTalking => "engagement_talking",
            Self::ConversationClosed => "conversation_closed",
            Self::ReopenTooLate(_) => "reopen_too_late",
            Self::StaleEpoch(_) => "stale_epoch",
            Self::NotInControl(_) => "not_in_control",
            Self::ControlNotOffered(_) => "control_not_offered",
            Self::PersonUnsuited(_) => "person_unsuited",
            Self::CustomerGone => "customer_gone",
            Self::NoMoreExtensions => "no_more_extensions",
            Self::NotRateable => "not_rateable",
            Self::AlreadyRated => "already_rated",
            Self::Contended => db::CONTENTION,
            Self::Database(error) => db::code_of(error),
        }
    }

    fn fields(&self) -> &[FieldError] {
        match self {
            Self::Invalid(invalid) => &invalid.fields,
            _ => &[],
        }
    }

    fn fence(&self) -> Option<Fence> {
        match self {
            Self::StaleEpoch(control)
            | Self::NotInControl(control)
            | Self::ControlNotOffered(control) => Some(Fence {
                holder: control.holder.as_str(),
                epoch: control.epoch,
            }),
            _ => None,
        }
    }
}
