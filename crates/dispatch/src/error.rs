//! Why dispatch refuses.

use kernel::{Class, Classify, FieldError, Invalid};

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
    /// Only one offer at a time.
    #[error("this ticket is on offer to somebody")]
    TicketOnOffer,
    /// Own ticket, own household, or a skill or language is missing.
    #[error("you cannot take this ticket: {0}")]
    NotEligible(&'static str),
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
    /// The conversation is over.
    #[error("this conversation has ended")]
    ConversationClosed,
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
            | Self::OfferNotFound
            | Self::EngagementNotFound
            | Self::AgentNotFound
            | Self::LinkInvalid => Class::NotFound,
            Self::NotEligible(_) => Class::Forbidden,
            Self::TicketExists
            | Self::TicketTaken
            | Self::TicketOnOffer
            | Self::AtCapacity
            | Self::CapacityBelowLoad
            | Self::OfferExpired
            | Self::OfferClosed
            | Self::EngagementEnded
            | Self::EngagementWrapping
            | Self::ConversationClosed
            | Self::NotRateable
            | Self::AlreadyRated => Class::Conflict,
            Self::Contended => Class::Busy,
            Self::Database(error) => db::class_of(error),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "invalid_input",
            Self::TicketNotFound => "ticket_not_found",
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
            Self::ConversationClosed => "conversation_closed",
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
}
