//! Tickets: escalated conversations.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Checks, Language, TicketId, text_enum};
use routing::Policy;
use rust_decimal::Decimal;

use crate::{
    control::{Control, Holder},
    error::Error,
    message,
    note::{self, Note},
    offer::{self, OfferStatus},
    queue::Queue,
    schema::tickets,
    store::{self, Change},
};

/// The most turns of a transcript that come with a ticket.
const TRANSCRIPT_TURNS: usize = 200;
/// The levels of a skill or a language.
const LEVELS: std::ops::RangeInclusive<i32> = 1..=5;

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
        /// Given back to the assistant.
        Returned = "returned",
        /// Nobody could be found in time; it lies among the dead letters.
        Expired = "expired",
    }
}

text_enum! {
    /// By what a conversation is carried.
    pub Channel {
        /// Both are there at the same time.
        Chat = "chat",
        /// An answer may take its time.
        Message = "message",
    }
}

text_enum! {
    /// What the platform does next about an open ticket. There always is something.
    pub NextAction {
        /// Put it aside, because nobody was found.
        DeadLetter = "dead_letter",
        /// End its offers.
        ExpireOffer = "expire_offer",
        /// See that the customer gets a first reply.
        FirstReply = "first_reply",
        /// See that the customer gets an answer.
        NextReply = "next_reply",
        /// End a conversation in which nobody says anything.
        EndSilence = "end_silence",
        /// Close the wrap-up.
        CloseWrapUp = "close_wrap_up",
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
#[derive(Clone, Debug, Identifiable, Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg))]
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
    /// The least level in it.
    pub language_level: i32,
    /// Codes of the skills an agent must hold, all of them.
    pub required_skills: Vec<String>,
    /// The least proficiency in each of them.
    pub skill_levels: Vec<i32>,
    /// By what it is carried.
    pub channel: Channel,
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
    /// `waiting_since` less the head start of its priority: the order in which it is served.
    pub rank_at: DateTime<Utc>,
    /// Tickets with the same needs have the same class.
    pub class: i64,
    /// Who helped this customer last.
    pub preferred_agent_id: Option<AgentId>,
    /// Until when nobody else is asked, while that agent is there.
    pub preferred_until: Option<DateTime<Utc>>,
    /// Until when an agent is looked for.
    pub put_aside_at: DateTime<Utc>,
    /// When the customer should have a first reply.
    pub first_reply_due_at: DateTime<Utc>,
    /// Set if, and only if, it is finished.
    pub closed_at: Option<DateTime<Utc>>,
    /// What the platform does next about it. Set if, and only if, it is open.
    pub next_action: Option<NextAction>,
    /// When it does so at the latest. Set together with `next_action`.
    pub deadline_at: Option<DateTime<Utc>>,
    /// When an agent last took it.
    pub taken_at: Option<DateTime<Utc>>,
    /// How often it was opened again after it was resolved.
    pub reopened_count: i32,
    /// Who may speak.
    #[diesel(embed)]
    pub control: Control,
}

/// How long a ticket that comes back is offered at least before it is put aside.
const LEAST_PATIENCE: TimeDelta = TimeDelta::minutes(5);

impl Ticket {
    /// Whether the conversation goes on.
    pub fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// Only a waiting ticket can be put to an agent, or one that others are asked about, too.
    pub(crate) fn offer(&mut self, expires_at: DateTime<Utc>) -> Result<(), Error> {
        match self.status {
            TicketStatus::Waiting | TicketStatus::Offered => {
                self.status = TicketStatus::Offered;
                let latest = self.deadline_at.filter(|_| self.is_on_offer());
                self.next(
                    NextAction::ExpireOffer,
                    expires_at.max(latest.unwrap_or(expires_at)),
                );
                Ok(())
            }
            _ => Err(Error::TicketTaken),
        }
    }

    fn is_on_offer(&self) -> bool {
        self.next_action == Some(NextAction::ExpireOffer)
    }

    /// An offered ticket that was accepted, or a waiting one that was claimed. The agent has as
    /// long for the first reply as the customer was promised on arrival. Says when an agent last
    /// took it before, if one did.
    pub(crate) fn engage(&mut self, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, Error> {
        match self.status {
            TicketStatus::Waiting | TicketStatus::Offered => {
                self.status = TicketStatus::Engaged;
                let before = self.taken_at.replace(now);
                self.hand_to(Holder::Agent);
                let promised = self.first_reply_due_at - self.waiting_since;
                self.next(NextAction::FirstReply, now + promised);
                Ok(before)
            }
            _ => Err(Error::TicketTaken),
        }
    }

    /// Back to its own place in the queue.
    pub(crate) fn wait_again(&mut self, now: DateTime<Utc>) {
        self.status = TicketStatus::Waiting;
        if self.control.holder == Holder::Agent {
            self.hand_to(Holder::Queue);
        }
        self.put_aside_at = self.put_aside_at.max(now + LEAST_PATIENCE);
        self.next(NextAction::DeadLetter, self.put_aside_at);
    }

    pub(crate) fn wrap(&mut self, until: DateTime<Utc>) {
        self.status = TicketStatus::Wrapping;
        self.next(NextAction::CloseWrapUp, until);
    }

    pub(crate) fn next(&mut self, action: NextAction, deadline: DateTime<Utc>) {
        self.next_action = Some(action);
        self.deadline_at = Some(deadline);
    }

    /// Ends it; the company's assistant has the customer again.
    pub(crate) fn close(&mut self, status: TicketStatus, now: DateTime<Utc>) {
        self.status = status;
        self.hand_to(Holder::Assistant);
        self.closed_at = Some(now);
        self.next_action = None;
        self.deadline_at = None;
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

/// A skill that an agent must hold.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Need {
    /// The code of the skill.
    pub skill: String,
    /// The least proficiency, 1 to 5.
    pub level: i32,
}

impl From<&str> for Need {
    /// The skill at any level.
    fn from(skill: &str) -> Self {
        Self {
            skill: skill.to_owned(),
            level: 1,
        }
    }
}

/// Whether agents can hold these skills, at these levels.
pub(crate) fn check_needs(checks: &mut Checks, needs: &[Need], skills: &[String]) {
    checks.check("required_skills", needs.len() <= 10, "must be at most 10");
    for (index, need) in needs.iter().take(10).enumerate() {
        let field = format!("required_skills[{index}]");
        let again = |earlier: &Need| earlier.skill == need.skill;
        checks
            .check(
                &field,
                skills.contains(&need.skill),
                "is not a skill of this platform",
            )
            .check(
                &field,
                LEVELS.contains(&need.level),
                "must be at level 1 to 5",
            )
            .check(&field, !needs[..index].iter().any(again), "is named twice");
    }
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
    /// The least level in it, 1 to 5.
    pub language_level: i32,
    /// The skills needed, at most 10.
    pub required_skills: Vec<Need>,
    /// By what it is carried.
    pub channel: Channel,
    /// Whether the customer would like the agent who helped them last.
    pub same_agent: bool,
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
    pub(crate) fn check(&self, now: DateTime<Utc>, skills: &[String]) -> Result<(), Error> {
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
        check_needs(&mut checks, &self.required_skills, skills);
        checks.check(
            "language_level",
            LEVELS.contains(&self.language_level),
            "must be 1 to 5",
        );
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

    pub(crate) fn into_ticket(self, queue: &Queue, policy: &Policy, now: DateTime<Utc>) -> Ticket {
        let priority = self.priority.unwrap_or_else(|| self.reason.priority());
        let (required_skills, skill_levels) = self
            .required_skills
            .into_iter()
            .map(|need| (need.skill, need.level))
            .unzip();
        let put_aside_at = now + TimeDelta::seconds(policy.dead_letter_seconds);
        let mut ticket = Ticket {
            id: TicketId::new(),
            source: self.source,
            external_id: self.external_id,
            queue: queue.code.clone(),
            language: self.language,
            language_level: self.language_level,
            required_skills,
            skill_levels,
            channel: self.channel,
            customer_ref: self.customer.reference,
            customer_name: self.customer.display_name,
            customer_tier: self.customer.tier,
            customer_locale: self.customer.locale,
            household_ref: self.customer.household,
            reason: self.reason,
            summary: crate::mask::mask(&self.summary).text,
            intent: self.intent,
            confidence: self.confidence.map(|value| value.round_dp(3)),
            priority,
            weight: queue.ticket_weight,
            status: TicketStatus::Waiting,
            message_count: 0,
            created_at: now,
            waiting_since: now,
            rank_at: now - TimeDelta::seconds(policy.head_start_seconds) * priority,
            class: 0,
            preferred_agent_id: None,
            preferred_until: None,
            put_aside_at,
            first_reply_due_at: now + TimeDelta::seconds(i64::from(queue.first_reply_seconds)),
            closed_at: None,
            next_action: Some(NextAction::DeadLetter),
            deadline_at: Some(put_aside_at),
            taken_at: None,
            reopened_count: 0,
            control: Control::handed_over(),
        };
        ticket.class = ticket.class();
        ticket
    }
}

impl Ticket {
    /// A hash of what it needs (FNV-1a, 64 bits). Two tickets of one class need the same.
    pub(crate) fn class(&self) -> i64 {
        let mut needs: Vec<String> = self
            .required_skills
            .iter()
            .zip(&self.skill_levels)
            .map(|(skill, level)| format!("{skill}:{level}"))
            .collect();
        needs.sort_unstable();
        let text = format!(
            "{}\u{1f}{}\u{1f}{}\u{1f}{}:{}\u{1f}{}",
            self.queue,
            self.channel,
            self.weight,
            self.language,
            self.language_level,
            needs.join("\u{1f}")
        );
        let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        hash.cast_signed()
    }

    /// The next agent should be this one, if they are there within a time.
    pub(crate) fn prefer(&mut self, agent: AgentId, until: DateTime<Utc>) {
        self.preferred_agent_id = Some(agent);
        self.preferred_until = Some(until);
    }
}

/// The customer leaves. A ticket that no agent holds is abandoned; in an agent's hands it stays,
/// with a note in the conversation, for the agent to close.
pub fn leave(tx: &mut Tx<'_>, id: TicketId) -> Result<Ticket, Error> {
    let mut asked = offer::lock_asked(tx, id)?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    match ticket.status {
        TicketStatus::Resolved
        | TicketStatus::Abandoned
        | TicketStatus::Returned
        | TicketStatus::Expired => return Ok(ticket),
        TicketStatus::Engaged | TicketStatus::Wrapping => {
            if note::has_customer_left(tx, &ticket)? {
                return Ok(ticket);
            }
            note::insert(tx, &mut ticket, &Note::CustomerLeft)?;
        }
        TicketStatus::Waiting | TicketStatus::Offered => {
            offer::end_all(tx, &ticket, &mut asked, OfferStatus::Canceled)?;
            ticket.close(TicketStatus::Abandoned, tx.now());
            store::save(tx, &[Change::Ticket(&ticket)])?;
        }
    }
    tx.ring(Topic::Ticket(id));
    tx.ring(Topic::Floor);
    Ok(ticket)
}
