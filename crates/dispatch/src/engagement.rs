//! Engagements: an accepted ticket in one agent's hands.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Checks, EngagementId, OfferId, TicketId, text_enum};

use crate::{
    error::Error,
    message::{self, Note},
    offer::Offer,
    schema::engagements,
    store,
    ticket::{Ticket, TicketStatus},
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
        /// The agent disappeared before the first reply; the ticket went back to the queue.
        Lost = "lost",
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
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
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
    /// Set if, and only if, it is resolved or lost.
    pub ended_at: Option<DateTime<Utc>>,
    /// Set if, and only if, it is resolved.
    pub disposition: Option<Disposition>,
    /// What the agent wrote for the company.
    pub note: Option<String>,
}

impl Engagement {
    fn wrap(&mut self, seconds: i32, now: DateTime<Utc>) -> Result<(), Error> {
        match self.status {
            EngagementStatus::Talking => {
                self.status = EngagementStatus::Wrapping;
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
        self.disposition = Some(wrap_up.disposition);
        self.note.clone_from(&wrap_up.note);
        // Work ends when the wrap-up runs out, however late somebody notices.
        self.ended_at = Some(self.wrap_up_due_at.map_or(now, |due| due.min(now)));
        Ok(())
    }

    fn lose(&mut self, now: DateTime<Utc>) {
        self.status = EngagementStatus::Lost;
        self.ended_at = Some(now);
    }

    /// Whole seconds from taking the ticket to its end, wrap-up included.
    fn handled_seconds(&self) -> i32 {
        let seconds = self
            .ended_at
            .map_or(0, |end| (end - self.started_at).num_seconds());
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

/// Starts the work on an accepted offer. The offer's units carry over.
pub(crate) fn begin(tx: &mut Tx<'_>, offer: &Offer) -> Result<Engagement, Error> {
    let engagement = Engagement {
        id: EngagementId::new(),
        ticket_id: offer.ticket_id,
        agent_id: offer.agent_id,
        offer_id: offer.id,
        weight: offer.weight,
        status: EngagementStatus::Talking,
        started_at: tx.now(),
        first_reply_at: None,
        wrapping_at: None,
        wrap_up_due_at: None,
        ended_at: None,
        disposition: None,
        note: None,
    };
    store::insert_engagement(tx, &engagement)?;
    ring(tx, &engagement);
    Ok(engagement)
}

/// Ends the talking; the wrap-up begins.
pub fn wrap_up(tx: &mut Tx<'_>, id: EngagementId, agent: AgentId) -> Result<Engagement, Error> {
    let (_, mut ticket, mut engagement) = lock(tx, id, agent)?;
    wrap(tx, &mut ticket, &mut engagement)?;
    Ok(engagement)
}

fn wrap(tx: &mut Tx<'_>, ticket: &mut Ticket, engagement: &mut Engagement) -> Result<(), Error> {
    let seconds = store::find_queue(tx, &ticket.queue)?.map_or(0, |queue| queue.wrap_up_seconds);
    engagement.wrap(seconds, tx.now())?;
    ticket.wrap();
    store::update_engagement(tx, engagement)?;
    store::update_ticket(tx, ticket)?;
    ring(tx, engagement);
    Ok(())
}

/// Ends the talking of an agent who is gone for good, so that nobody waits for them and their
/// time does not run on. The wrap-ups close by themselves.
pub fn wrap_up_all(tx: &mut Tx<'_>, agent: AgentId) -> Result<usize, Error> {
    let talking = store::list_talking_engagements(tx, agent)?;
    let mut wrapped = 0;
    for id in talking {
        let (_, mut ticket, mut engagement) = lock(tx, id, agent)?;
        if engagement.status == EngagementStatus::Talking {
            message::insert_note(tx, &mut ticket, Note::AgentGone)?;
            wrap(tx, &mut ticket, &mut engagement)?;
            wrapped += 1;
        }
    }
    Ok(wrapped)
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

fn finish(
    tx: &mut Tx<'_>,
    (mut workload, mut ticket, mut engagement): (Workload, Ticket, Engagement),
    wrap_up: &WrapUp,
) -> Result<Resolved, Error> {
    engagement.resolve(wrap_up, tx.now())?;
    // A message may have been sent while this waited for its turn: the work lasted that long.
    let last_said = store::find_last_said_in(tx, engagement.id)?;
    engagement.ended_at = engagement.ended_at.max(last_said);
    workload.give_back(engagement.weight, tx.now());
    ticket.close(TicketStatus::Resolved, tx.now());
    store::update_workload(tx, &workload)?;
    store::update_engagement(tx, &engagement)?;
    store::update_ticket(tx, &ticket)?;
    ring(tx, &engagement);
    tx.ring(Topic::Match);
    let handled_seconds = engagement.handled_seconds();
    Ok(Resolved {
        engagement,
        ticket,
        handled_seconds,
    })
}

/// Gives back the tickets that a lost agent took but never replied in.
pub(crate) fn lose_unanswered(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    for id in store::list_unanswered_engagements(tx, agent)? {
        let (mut workload, mut ticket, mut engagement) = lock(tx, id, agent)?;
        let unanswered = engagement.ended_at.is_none() && engagement.first_reply_at.is_none();
        if !unanswered {
            continue;
        }
        engagement.lose(tx.now());
        workload.give_back(engagement.weight, tx.now());
        if message::has_customer_left(tx, ticket.id)? {
            ticket.close(TicketStatus::Abandoned, tx.now());
        } else {
            ticket.wait_again();
        }
        store::update_workload(tx, &workload)?;
        store::update_engagement(tx, &engagement)?;
        store::update_ticket(tx, &ticket)?;
        ring(tx, &engagement);
        tx.ring(Topic::Match);
    }
    Ok(())
}

/// Locks agent, ticket and engagement, in this order.
fn lock(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
) -> Result<(Workload, Ticket, Engagement), Error> {
    let workload = store::lock_workload(tx, agent)?.ok_or(Error::EngagementNotFound)?;
    let ticket_id = store::find_engaged_ticket(tx, id, agent)?.ok_or(Error::EngagementNotFound)?;
    let ticket = store::lock_ticket(tx, ticket_id)?.ok_or(Error::EngagementNotFound)?;
    let engagement = store::lock_engagement(tx, id)?.ok_or(Error::EngagementNotFound)?;
    Ok((workload, ticket, engagement))
}

fn ring(tx: &mut Tx<'_>, engagement: &Engagement) {
    tx.ring(Topic::Agent(engagement.agent_id));
    tx.ring(Topic::Ticket(engagement.ticket_id));
    tx.ring(Topic::Floor);
}
