//! Tickets: escalated conversations.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{Checks, Language, TicketId, text_enum};
use rust_decimal::Decimal;

use crate::{
    error::Error,
    message::{self, Note},
    offer,
    queue::Queue,
    schema::tickets,
    store,
};

/// The most turns of a transcript that come with a ticket.
const TRANSCRIPT_TURNS: usize = 200;

text_enum! {
    /// Where a ticket stands.
    pub TicketStatus {
        /// In its queue.
        Waiting = "waiting",
        /// Put to an agent.
        Offered = "offered",
        /// In an agent's hands.
        Engaged = "engaged",
        /// The conversation is over; the agent writes it up.
        Wrapping = "wrapping",
        /// Done.
        Resolved = "resolved",
        /// The customer left before an agent took it.
        Abandoned = "abandoned",
    }
}

text_enum! {
    /// Why the assistant handed the conversation over.
    pub Reason {
        /// The customer is entitled to a human.
        Vip = "vip",
        /// The case is beyond the assistant.
        Complex = "complex",
        /// The customer is distressed or angry.
        Emotional = "emotional",
        /// The customer asked for a human.
        CustomerRequest = "customer_request",
        /// The assistant was not sure.
        LowConfidence = "low_confidence",
        /// A rule of the company demands it.
        Policy = "policy",
    }
}

impl Reason {
    /// The priority of a ticket for which the company names none.
    fn priority(self) -> i32 {
        match self {
            Self::Vip => 6,
            Self::Emotional => 5,
            Self::Complex | Self::Policy => 4,
            Self::CustomerRequest | Self::LowConfidence => 3,
        }
    }
}

text_enum! {
    /// Who spoke before the handoff.
    pub TranscriptAuthor {
        /// The customer.
        Customer = "customer",
        /// The company's assistant.
        Assistant = "assistant",
    }
}

/// One escalated conversation.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Ticket {
    /// Its id here.
    pub id: TicketId,
    /// The system it came from.
    pub source: String,
    /// Its id there.
    pub external_id: String,
    /// The code of its queue.
    pub queue: String,
    /// ISO 639-1.
    pub language: String,
    /// Codes of the skills an agent must hold, all of them.
    pub required_skills: Vec<String>,
    /// The company's name for the customer.
    pub customer_ref: String,
    /// What to call the customer.
    pub customer_name: String,
    /// The customer's standing with the company.
    pub customer_tier: String,
    /// BCP 47.
    pub customer_locale: String,
    /// The customer's household, where the company knows it.
    pub household_ref: Option<String>,
    /// Why it was handed over.
    pub reason: Reason,
    /// What it is about, in the assistant's words, masked.
    pub summary: String,
    /// What the assistant took the customer to want.
    pub intent: Option<String>,
    /// How sure the assistant was of that, 0 to 1.
    pub confidence: Option<Decimal>,
    /// 0 to 9, 9 first.
    pub priority: i32,
    /// Units of capacity it takes.
    pub weight: i32,
    /// Where it stands.
    pub status: TicketStatus,
    /// How many messages the conversation has, and so the number of the last one.
    pub message_count: i32,
    /// When it was escalated.
    pub created_at: DateTime<Utc>,
    /// Its place in the queue; it never moves back.
    pub waiting_since: DateTime<Utc>,
    /// When the customer should have a first reply.
    pub first_reply_due_at: DateTime<Utc>,
    /// Set if, and only if, it is resolved or abandoned.
    pub closed_at: Option<DateTime<Utc>>,
}

impl Ticket {
    /// Whether the conversation goes on.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// Only a waiting ticket can be put to an agent.
    pub(crate) fn offer(&mut self) -> Result<(), Error> {
        match self.status {
            TicketStatus::Waiting => self.status = TicketStatus::Offered,
            TicketStatus::Offered => return Err(Error::TicketOnOffer),
            _ => return Err(Error::TicketTaken),
        }
        Ok(())
    }

    /// An offered ticket that was accepted, or a waiting one that was claimed.
    pub(crate) fn engage(&mut self) -> Result<(), Error> {
        match self.status {
            TicketStatus::Waiting | TicketStatus::Offered => self.status = TicketStatus::Engaged,
            _ => return Err(Error::TicketTaken),
        }
        Ok(())
    }

    /// Back to its own place in the queue.
    pub(crate) fn wait_again(&mut self) {
        self.status = TicketStatus::Waiting;
    }

    pub(crate) fn wrap(&mut self) {
        self.status = TicketStatus::Wrapping;
    }

    pub(crate) fn close(&mut self, status: TicketStatus, now: DateTime<Utc>) {
        self.status = status;
        self.closed_at = Some(now);
    }
}

/// The customer, as the company describes them.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The company's name for the customer.
    pub reference: String,
    /// The customer's standing.
    pub tier: String,
    /// BCP 47, such as `en-GB`.
    pub locale: String,
    /// What to call them.
    pub display_name: String,
    /// Their household, where known.
    pub household: Option<String>,
}

/// What was said before the handoff.
#[derive(Clone, Debug)]
pub struct TranscriptTurn {
    /// By whom.
    pub author: TranscriptAuthor,
    /// What.
    pub body: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// The handoff of a conversation, with everything an agent needs to take it on.
#[derive(Clone, Debug)]
pub struct Escalation {
    /// The system it comes from.
    pub source: String,
    /// Its id there; with the source it names the ticket once and for all.
    pub external_id: String,
    /// The customer.
    pub customer: Customer,
    /// The code of a queue.
    pub queue: String,
    /// ISO 639-1.
    pub language: String,
    /// Codes of the skills needed, at most 10.
    pub required_skills: Vec<String>,
    /// Why it is handed over.
    pub reason: Reason,
    /// What it is about.
    pub summary: String,
    /// What the assistant took the customer to want.
    pub intent: Option<String>,
    /// How sure it was, 0 to 1.
    pub confidence: Option<Decimal>,
    /// 0 to 9; by the reason where none is given.
    pub priority: Option<i32>,
    /// What was said so far, at most 200 turns.
    pub transcript: Vec<TranscriptTurn>,
}

impl Escalation {
    fn check(&self, now: DateTime<Utc>, skills: &[String]) -> Result<(), Error> {
        let mut checks = Checks::new();
        let customer = &self.customer;
        checks
            .text("source", &self.source, 1, 64)
            .text("external_id", &self.external_id, 1, 200)
            .text("customer.reference", &customer.reference, 1, 100)
            .text("customer.tier", &customer.tier, 1, 64)
            .text("customer.locale", &customer.locale, 2, 35)
            .text("customer.display_name", &customer.display_name, 1, 100)
            .code("queue", &self.queue)
            .text("summary", &self.summary, 1, 2_000)
            .optional_text("intent", self.intent.as_deref(), 100);
        if let Some(household) = &customer.household {
            checks.text("customer.household", household, 1, 100);
        }
        if let Err(fault) = self.language.parse::<Language>() {
            checks.fault("language", fault);
        }
        checks.check(
            "required_skills",
            self.required_skills.len() <= 10,
            "must be at most 10",
        );
        for (index, skill) in self.required_skills.iter().enumerate() {
            let field = format!("required_skills[{index}]");
            checks.check(
                &field,
                skills.contains(skill),
                "is not a skill of this platform",
            );
        }
        let between = |value: Decimal| value >= Decimal::ZERO && value <= Decimal::ONE;
        checks
            .check(
                "confidence",
                self.confidence.is_none_or(between),
                "must be 0 to 1",
            )
            .check(
                "priority",
                self.priority.is_none_or(|p| (0..=9).contains(&p)),
                "must be 0 to 9",
            )
            .check(
                "transcript",
                self.transcript.len() <= TRANSCRIPT_TURNS,
                "must be at most 200 turns",
            );
        for (index, turn) in self.transcript.iter().take(TRANSCRIPT_TURNS).enumerate() {
            checks.text(
                &format!("transcript[{index}].body"),
                &turn.body,
                1,
                message::BODY_CHARS,
            );
            let at = format!("transcript[{index}].at");
            checks.check(
                &at,
                (DateTime::UNIX_EPOCH..=now + TimeDelta::minutes(5)).contains(&turn.at),
                "must be after 1970 and not in the future",
            );
        }
        Ok(checks.done()?)
    }

    fn into_ticket(self, queue: &Queue, now: DateTime<Utc>) -> Ticket {
        Ticket {
            id: TicketId::new(),
            source: self.source,
            external_id: self.external_id,
            queue: queue.code.clone(),
            language: self.language,
            required_skills: self.required_skills,
            customer_ref: self.customer.reference,
            customer_name: self.customer.display_name,
            customer_tier: self.customer.tier,
            customer_locale: self.customer.locale,
            household_ref: self.customer.household,
            reason: self.reason,
            summary: crate::mask::mask(&self.summary).text,
            intent: self.intent,
            confidence: self.confidence.map(|value| value.round_dp(3)),
            priority: self.priority.unwrap_or_else(|| self.reason.priority()),
            weight: queue.ticket_weight,
            status: TicketStatus::Waiting,
            message_count: 0,
            created_at: now,
            waiting_since: now,
            first_reply_due_at: now + TimeDelta::seconds(i64::from(queue.first_reply_seconds)),
            closed_at: None,
        }
    }
}

/// Takes an escalated conversation in. It waits in its queue from now on.
/// `skills` are those of the codes it names that an agent can hold: a ticket that needs another
/// would wait for ever.
pub fn escalate(
    tx: &mut Tx<'_>,
    mut escalation: Escalation,
    skills: &[String],
) -> Result<Ticket, Error> {
    let now = tx.now();
    escalation.check(now, skills)?;
    let Some(queue) = store::find_queue(tx, &escalation.queue)? else {
        return Err(kernel::Invalid::field("queue", "is not a queue of this platform").into());
    };
    let transcript = std::mem::take(&mut escalation.transcript);
    let mut ticket = escalation.into_ticket(&queue, now);
    ticket.message_count = i32::try_from(transcript.len()).unwrap_or(i32::MAX);
    store::insert_ticket(tx, &ticket)?;
    message::insert_transcript(tx, ticket.id, transcript)?;
    tx.ring(Topic::Match);
    tx.ring(Topic::Floor);
    Ok(ticket)
}

/// The customer leaves. A ticket that no agent holds is abandoned; in an agent's hands it stays,
/// with a note in the conversation, for the agent to close.
pub fn leave(tx: &mut Tx<'_>, id: TicketId) -> Result<Ticket, Error> {
    let agent = store::find_open_offer_of(tx, id)?.map(|offer| offer.agent_id);
    let workload = match agent {
        Some(agent) => store::lock_workload(tx, agent)?,
        None => None,
    };
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    match ticket.status {
        TicketStatus::Resolved | TicketStatus::Abandoned => return Ok(ticket),
        TicketStatus::Engaged | TicketStatus::Wrapping => {
            if message::has_customer_left(tx, id)? {
                return Ok(ticket);
            }
            message::insert_note(tx, &mut ticket, Note::CustomerLeft)?;
        }
        TicketStatus::Waiting | TicketStatus::Offered => {
            let open = store::lock_open_offer_of(tx, id)?;
            if let (Some(mut offer), Some(mut workload)) = (open, workload) {
                if offer.agent_id != workload.agent_id {
                    return Err(Error::Contended);
                }
                offer::cancel(tx, &mut workload, &mut offer)?;
            } else if ticket.status == TicketStatus::Offered {
                // It was put to an agent after the look above; that agent's row comes first.
                return Err(Error::Contended);
            }
            ticket.close(TicketStatus::Abandoned, tx.now());
            store::update_ticket(tx, &ticket)?;
        }
    }
    tx.ring(Topic::Ticket(id));
    tx.ring(Topic::Floor);
    Ok(ticket)
}
