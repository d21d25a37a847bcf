//! Engagements: an accepted ticket in one agent's hands.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Checks, EngagementId, OfferId, TicketId, text_enum};

use crate::{
    error::Error,
    offer::Offer,
    schema::engagements,
    store::{self, Change},
    ticket::{Channel, Ticket, TicketStatus},
    workload::Workload,
};

text_enum! {
    /// Where an engagement stands.
    pub EngagementStatus {
        /// Agent and customer talk.
        Talking = "talking",
        /// The agent writes it up.
        Wrapping = "wrapping",
        /// Done; paid.
        Resolved = "resolved",
        /// The agent disappeared or fell silent; the ticket went back to the queue.
        Lost = "lost",
        /// The agent handed the ticket on to a queue or a colleague.
        Transferred = "transferred",
        /// The agent gave the ticket back to its queue.
        Released = "released",
        /// The ticket went back to the assistant.
        Returned = "returned",
    }
}

text_enum! {
    /// Why an engagement was lost.
    pub LostReason {
        /// The agent is gone.
        Gone = "gone",
        /// The agent is there, and did not answer.
        Silent = "silent",
    }
}

text_enum! {
    /// Why an agent gives a ticket back.
    pub ReleaseReason {
        /// Needs a break.
        Break = "break",
        /// Has to stop working.
        EndOfShift = "end_of_shift",
        /// Is not up to it.
        TooComplex = "too_complex",
        /// It is about something else.
        WrongSkill = "wrong_skill",
        /// It is in another language than it says.
        WrongLanguage = "wrong_language",
        /// Knows the customer.
        KnowsCustomer = "knows_customer",
        /// Something of the agent's own does not work.
        Technical = "technical",
        /// None of these.
        Other = "other",
    }
}

text_enum! {
    /// How a conversation ended.
    pub Disposition {
        /// The customer has what they needed.
        Solved = "solved",
        /// Helped along, not cured.
        Workaround = "workaround",
        /// The company has to do something more.
        FollowUpNeeded = "follow_up_needed",
        /// The customer went away.
        CustomerLeft = "customer_left",
        /// It could not be helped.
        NotSolved = "not_solved",
        /// The wrap-up ran out before the agent said; set by the platform only.
        NotRecorded = "not_recorded",
    }
}

/// An accepted ticket in one agent's hands.
#[derive(AsChangeset, Clone, Debug, Identifiable, Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Engagement {
    /// Its id.
    pub id: EngagementId,
    /// Which ticket.
    pub ticket_id: TicketId,
    /// Whose.
    pub agent_id: AgentId,
    /// The offer it came from.
    pub offer_id: OfferId,
    /// Units of the agent's capacity it takes while it lives.
    pub weight: i32,
    /// Of which channel they are.
    pub channel: Channel,
    /// Where it stands.
    pub status: EngagementStatus,
    /// When the agent took the ticket.
    pub started_at: DateTime<Utc>,
    /// When the agent first wrote to the customer.
    pub first_reply_at: Option<DateTime<Utc>>,
    /// When the wrap-up began, where there was one.
    pub wrapping_at: Option<DateTime<Utc>>,
    /// When the wrap-up ends by itself.
    pub wrap_up_due_at: Option<DateTime<Utc>>,
    /// Set if, and only if, it is over.
    pub ended_at: Option<DateTime<Utc>>,
    /// Set if, and only if, it is resolved.
    pub disposition: Option<Disposition>,
    /// What the agent wrote for the company.
    pub note: Option<String>,
    /// When the customer should have an answer; none while it is the customer's turn.
    pub reply_due_at: Option<DateTime<Utc>>,
    /// When that had passed, and a supervisor was told.
    pub alerted_at: Option<DateTime<Utc>>,
    /// When the customer was asked whether they are still there.
    pub asked_at: Option<DateTime<Utc>>,
    /// How often its wrap-up was extended.
    pub extensions: i32,
    /// What the agent wrote for the next one.
    pub handover_note: Option<String>,
    /// Set if, and only if, it is released.
    pub release_reason: Option<ReleaseReason>,
    /// Set if, and only if, it is lost.
    pub lost_reason: Option<LostReason>,
    /// The last message that its agent may read, once another agent has the conversation.
    pub read_until: Option<i32>,
}

impl Engagement {
    pub(crate) fn new(offer: &Offer, ticket: &Ticket, now: DateTime<Utc>) -> Self {
        Self {
            id: EngagementId::new(),
            ticket_id: offer.ticket_id,
            agent_id: offer.agent_id,
            offer_id: offer.id,
            weight: offer.weight,
            channel: offer.channel,
            status: EngagementStatus::Talking,
            started_at: now,
            first_reply_at: None,
            wrapping_at: None,
            wrap_up_due_at: None,
            ended_at: None,
            disposition: None,
            note: None,
            reply_due_at: ticket.deadline_at,
            alerted_at: None,
            asked_at: None,
            extensions: 0,
            handover_note: None,
            release_reason: None,
            lost_reason: None,
            read_until: None,
        }
    }

    /// Only in a conversation that goes on something can be said, or handed on.
    pub(crate) fn must_be_talking(&self) -> Result<(), Error> {
        match self.status {
            EngagementStatus::Talking => Ok(()),
            EngagementStatus::Wrapping => Err(Error::EngagementWrapping),
            _ => Err(Error::EngagementEnded),
        }
    }

    /// Ends it otherwise than by resolving.
    pub(crate) fn end(&mut self, status: EngagementStatus, at: DateTime<Utc>) {
        self.status = status;
        self.reply_due_at = None;
        self.ended_at = Some(at);
    }

    /// Whether its agent is owed something: for an engagement that came to its end or was handed
    /// on, and else for one in which they spoke.
    pub(crate) fn is_payable(&self) -> bool {
        match self.status {
            EngagementStatus::Talking | EngagementStatus::Wrapping => false,
            EngagementStatus::Resolved | EngagementStatus::Transferred => true,
            EngagementStatus::Lost | EngagementStatus::Released | EngagementStatus::Returned => {
                self.first_reply_at.is_some()
            }
        }
    }

    /// Gives the agent more time to write it up, as often as the queue allows.
    fn extend(&mut self, most: i32, seconds: i32, now: DateTime<Utc>) -> Result<(), Error> {
        match (self.status, self.wrap_up_due_at) {
            (EngagementStatus::Wrapping, Some(due)) if now < due => {
                if self.extensions >= most {
                    return Err(Error::NoMoreExtensions);
                }
                self.extensions += 1;
                self.wrap_up_due_at = Some(due + TimeDelta::seconds(i64::from(seconds)));
                Ok(())
            }
            (EngagementStatus::Talking, _) => Err(Error::EngagementTalking),
            _ => Err(Error::EngagementEnded),
        }
    }

    fn wrap(&mut self, seconds: i32, now: DateTime<Utc>) -> Result<(), Error> {
        match self.status {
            EngagementStatus::Talking => {
                self.status = EngagementStatus::Wrapping;
                self.reply_due_at = None;
                self.wrapping_at = Some(now);
                self.wrap_up_due_at = Some(now + TimeDelta::seconds(i64::from(seconds)));
                Ok(())
            }
            EngagementStatus::Wrapping => Err(Error::EngagementWrapping),
            _ => Err(Error::EngagementEnded),
        }
    }

    fn resolve(&mut self, wrap_up: &WrapUp, now: DateTime<Utc>) -> Result<(), Error> {
        if self.ended_at.is_some() {
            return Err(Error::EngagementEnded);
        }
        self.status = EngagementStatus::Resolved;
        self.reply_due_at = None;
        self.disposition = Some(wrap_up.disposition);
        self.note.clone_from(&wrap_up.note);
        // Work ends when the wrap-up runs out, however late somebody notices.
        self.ended_at = Some(self.wrap_up_due_at.map_or(now, |due| due.min(now)));
        Ok(())
    }

    /// Whole seconds from taking the ticket to its end, wrap-up included.
    fn handled_seconds(&self) -> i32 {
        self.ended_at.map_or(0, |end| self.seconds_until(end))
    }

    /// Whole seconds from taking the ticket to an instant.
    pub(crate) fn seconds_until(&self, at: DateTime<Utc>) -> i32 {
        let seconds = (at - self.started_at).num_seconds();
        i32::try_from(seconds.max(0)).unwrap_or(i32::MAX)
    }
}

/// How the agent closes a conversation.
#[derive(Clone, Debug)]
pub struct WrapUp {
    /// How it ended.
    pub disposition: Disposition,
    /// For the company; at most 2,000 characters.
    pub note: Option<String>,
}

/// A piece of work that is done and is to be paid.
#[must_use = "resolved work is paid in the same transaction"]
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The engagement as it ended.
    pub engagement: Engagement,
    /// The ticket, closed.
    pub ticket: Ticket,
    /// Whole seconds of work, wrap-up included.
    pub handled_seconds: i32,
}

/// A ticket that an agent took.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Their work on it.
    pub engagement: Engagement,
    /// The ticket.
    pub ticket: Ticket,
    /// When an agent last took it before, if one did.
    pub before: Option<DateTime<Utc>>,
}

/// Starts the work on an accepted offer of a ticket that is engaged by it. The offer's units carry
/// over, and whoever had the conversation `before` reads no further.
pub(crate) fn begin(
    tx: &mut Tx<'_>,
    offer: &Offer,
    ticket: Ticket,
    before: Option<DateTime<Utc>>,
) -> Result<Taken, Error> {
    let engagement = Engagement::new(offer, &ticket, tx.now());
    let had = [(ticket.id, ticket.message_count)];
    let mut changes = vec![Change::Ticket(&ticket)];
    if before.is_some() {
        changes.push(Change::ReadUntil(&had));
    }
    let begun = [&engagement];
    changes.push(Change::NewEngagements(&begun));
    store::save(tx, &changes)?;
    ring(tx, &engagement);
    Ok(Taken {
        engagement,
        ticket,
        before,
    })
}

/// Ends the talking; the wrap-up begins.
pub fn wrap_up(tx: &mut Tx<'_>, id: EngagementId, agent: AgentId) -> Result<Engagement, Error> {
    let (_, mut ticket, mut engagement) = lock(tx, id, agent)?;
    wrap(tx, &mut ticket, &mut engagement)?;
    Ok(engagement)
}

pub(crate) fn wrap(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    engagement: &mut Engagement,
) -> Result<(), Error> {
    let seconds = store::find_queue(tx, &ticket.queue)?.map_or(0, |queue| queue.wrap_up_seconds);
    engagement.wrap(seconds, tx.now())?;
    ticket.wrap(engagement.wrap_up_due_at.unwrap_or(tx.now()));
    store::save(
        tx,
        &[Change::Engagement(engagement), Change::Ticket(ticket)],
    )?;
    ring(tx, engagement);
    Ok(())
}

/// Gives the agent more time for the wrap-up, as much and as often as the queue allows.
pub fn extend_wrap_up(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
) -> Result<Engagement, Error> {
    let (_, mut ticket, mut engagement) = lock(tx, id, agent)?;
    let rules = store::find_queue(tx, &ticket.queue)?
        .ok_or(Error::QueueNotFound)?
        .rules;
    engagement.extend(
        rules.wrap_up_extensions,
        rules.wrap_up_extension_seconds,
        tx.now(),
    )?;
    ticket.wrap(engagement.wrap_up_due_at.unwrap_or(tx.now()));
    store::save(
        tx,
        &[Change::Engagement(&engagement), Change::Ticket(&ticket)],
    )?;
    ring(tx, &engagement);
    Ok(engagement)
}

/// Closes the conversation.
pub fn resolve(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    wrap_up: &WrapUp,
) -> Result<Resolved, Error> {
    let mut checks = Checks::new();
    checks
        .check(
            "disposition",
            wrap_up.disposition != Disposition::NotRecorded,
            "is set by the platform only; say how it ended",
        )
        .optional_text("note", wrap_up.note.as_deref(), 2_000);
    checks.done()?;
    let locked = lock(tx, id, agent)?;
    finish(tx, locked, wrap_up)
}

/// Closes a wrap-up whose time is up; nothing where the agent was quicker.
pub fn close_wrap_up(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
) -> Result<Option<Resolved>, Error> {
    let locked = lock(tx, id, agent)?;
    if locked.2.ended_at.is_some() {
        return Ok(None);
    }
    let wrap_up = WrapUp {
        disposition: Disposition::NotRecorded,
        note: None,
    };
    finish(tx, locked, &wrap_up).map(Some)
}

/// An agent, a ticket and the engagement between them, locked in this order.
pub(crate) type Locked = (Workload, Ticket, Engagement);

fn finish(
    tx: &mut Tx<'_>,
    (mut workload, mut ticket, mut engagement): Locked,
    wrap_up: &WrapUp,
) -> Result<Resolved, Error> {
    engagement.resolve(wrap_up, tx.now())?;
    // A message may have been sent while this waited for its turn: the work lasted that long.
    let last_said = store::find_last_said_in(tx, engagement.id)?;
    engagement.ended_at = engagement.ended_at.max(last_said);
    let handled_seconds = engagement.handled_seconds();
    workload.give_back(engagement.channel, engagement.weight, tx.now());
    workload.add_work(handled_seconds, tx.now());
    ticket.close(TicketStatus::Resolved, tx.now());
    store::save(
        tx,
        &[
            Change::Workload(&workload),
            Change::Engagement(&engagement),
            Change::Ticket(&ticket),
        ],
    )?;
    ring(tx, &engagement);
    tx.ring(Topic::Match);
    Ok(Resolved {
        engagement,
        ticket,
        handled_seconds,
    })
}

/// Locks agent, ticket and engagement, in this order.
pub(crate) fn lock(tx: &mut Tx<'_>, id: EngagementId, agent: AgentId) -> Result<Locked, Error> {
    let workload = store::lock_workload(tx, agent)?.ok_or(Error::EngagementNotFound)?;
    let ticket_id = store::find_engaged_ticket(tx, id, agent)?.ok_or(Error::EngagementNotFound)?;
    let ticket = store::lock_ticket(tx, ticket_id)?.ok_or(Error::EngagementNotFound)?;
    let engagement = store::lock_engagement(tx, id)?.ok_or(Error::EngagementNotFound)?;
    Ok((workload, ticket, engagement))
}

pub(crate) fn ring(tx: &mut Tx<'_>, engagement: &Engagement) {
    tx.ring(Topic::Agent(engagement.agent_id));
    tx.ring(Topic::Ticket(engagement.ticket_id));
    tx.ring(Topic::Floor);
}
