//! Offers: one ticket put to one agent for a limited time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, MatchRecordId, OfferId, TicketId, text_enum};
use routing::Objection;

use crate::{
    candidate::{AskedOf, Candidate},
    engagement::{self, Taken},
    error::Error,
    parting,
    schema::offers,
    store::{self, Change},
    ticket::{Channel, Ticket},
    workload::Workload,
};

text_enum! {
    /// How the ticket came to the agent.
    pub OfferKind {
        /// The matcher chose.
        Match = "match",
        /// The agent asked.
        Claim = "claim",
        /// Another agent handed it on to this one.
        Transfer = "transfer",
    }
}

text_enum! {
    /// What became of an offer. It ends once.
    pub OfferStatus {
        /// It can be answered.
        Pending = "pending",
        /// The agent took the ticket.
        Accepted = "accepted",
        /// The agent did not want it, which costs nothing.
        Declined = "declined",
        /// The agent did not answer in time.
        TimedOut = "timed_out",
        /// The platform took it back: the agent is gone, or another was quicker.
        Rescinded = "rescinded",
        /// The customer left.
        Canceled = "canceled",
    }
}

text_enum! {
    /// Why an agent declines.
    pub DeclineReason {
        /// Needs a break.
        Break = "break",
        /// Is not up to it.
        TooComplex = "too_complex",
        /// It is about something else.
        WrongSkill = "wrong_skill",
        /// It is in another language than it says.
        WrongLanguage = "wrong_language",
        /// Knows the customer.
        KnowsCustomer = "knows_customer",
        /// None of these.
        Other = "other",
    }
}

/// One ticket put to one agent, for a limited time.
#[derive(AsChangeset, Clone, Debug, Identifiable, Queryable, Selectable)]
#[diesel(check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Offer {
    /// Its id.
    pub id: OfferId,
    /// Which ticket.
    pub ticket_id: TicketId,
    /// To whom.
    pub agent_id: AgentId,
    /// How it came about.
    pub kind: OfferKind,
    /// What became of it.
    pub status: OfferStatus,
    /// Units of the agent's capacity it takes while it is pending.
    pub weight: i32,
    /// Of which channel they are.
    pub channel: Channel,
    /// The matcher's points; 0 for a claim.
    pub score: i64,
    /// When it was made.
    pub offered_at: DateTime<Utc>,
    /// The last instant it can be accepted is just before this.
    pub expires_at: DateTime<Utc>,
    /// Set if, and only if, it is no longer pending.
    pub closed_at: Option<DateTime<Utc>>,
    /// Set if, and only if, it was declined.
    pub decline_reason: Option<DeclineReason>,
    /// The run of the matcher that made it, while that is kept; none for a claim.
    pub match_record_id: Option<MatchRecordId>,
    /// By which version of a policy; none for a claim.
    pub policy_version: Option<i32>,
    /// Of which queue that policy is, where the ticket was then. Set together with
    /// `policy_version`.
    pub policy_queue: Option<String>,
}

impl Offer {
    pub(crate) fn new(ticket: &Ticket, agent_id: AgentId, now: DateTime<Utc>) -> Self {
        Self {
            id: OfferId::new(),
            ticket_id: ticket.id,
            agent_id,
            kind: OfferKind::Match,
            status: OfferStatus::Pending,
            weight: ticket.weight,
            channel: ticket.channel,
            score: 0,
            offered_at: now,
            expires_at: now,
            closed_at: None,
            decline_reason: None,
            match_record_id: None,
            policy_version: None,
            policy_queue: None,
        }
    }

    /// Only a pending offer can be answered, and only in time.
    fn answer(&mut self, status: OfferStatus, now: DateTime<Utc>) -> Result<(), Error> {
        match self.status {
            OfferStatus::Pending if now < self.expires_at => self.end(status, now),
            OfferStatus::Pending | OfferStatus::TimedOut => return Err(Error::OfferExpired),
            _ => return Err(Error::OfferClosed),
        }
        Ok(())
    }

    pub(crate) fn end(&mut self, status: OfferStatus, now: DateTime<Utc>) {
        self.status = status;
        self.closed_at = Some(now);
    }
}

/// Takes the ticket on, for the agent it was put to. Others who were asked, too, are told that it
/// is gone.
pub fn accept(tx: &mut Tx<'_>, id: OfferId, agent: AgentId) -> Result<Taken, Error> {
    let ticket_id = store::find_offered_ticket(tx, id, agent)?.ok_or(Error::OfferNotFound)?;
    let mut asked = lock_asked_with(tx, ticket_id, agent)?;
    let mut ticket = store::lock_ticket(tx, ticket_id)?.ok_or(Error::OfferNotFound)?;
    let mut offer = store::lock_offer(tx, id, agent)?.ok_or(Error::OfferNotFound)?;
    offer.answer(OfferStatus::Accepted, tx.now())?;
    let before = ticket.engage(tx.now())?;
    store::save(tx, &[Change::Offer(&offer)])?;
    end_all(tx, &ticket, &mut asked, OfferStatus::Rescinded)?;
    engagement::begin(tx, &offer, ticket, before)
}

/// Gives the ticket back to its place in the queue. It is not put to this agent again, and costs
/// them nothing.
pub fn decline(
    tx: &mut Tx<'_>,
    id: OfferId,
    agent: AgentId,
    reason: DeclineReason,
) -> Result<Offer, Error> {
    let (mut workload, mut ticket, mut offer) = lock(tx, id, agent)?;
    offer.answer(OfferStatus::Declined, tx.now())?;
    offer.decline_reason = Some(reason);
    withdraw(tx, &mut workload, &mut ticket, &offer)?;
    Ok(offer)
}

/// Asks the one predicate of eligibility, in the transaction that gives the ticket away and has
/// locked it and the agent.
pub(crate) fn check(
    asked: &AskedOf<'_>,
    workload: &Workload,
    candidate: &Candidate,
    now: DateTime<Utc>,
) -> Result<(), Error> {
    match candidate.objection(workload, asked, now) {
        None => Ok(()),
        Some(Objection::AtCapacity | Objection::ChannelFull) => Err(Error::AtCapacity),
        Some(objection) => Err(Error::NotEligible(objection)),
    }
}

/// An agent let an offer pass.
#[must_use = "an agent who did not answer is not there"]
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Missed {
    /// Who did not answer.
    pub agent_id: AgentId,
    /// Which offer.
    pub offer_id: OfferId,
}

/// Ends offers whose time is up; their tickets go back to their places.
pub fn expire_offers(tx: &mut Tx<'_>) -> Result<Vec<Missed>, Error> {
    let due = store::list_expired_offers(tx, 100)?;
    let mut missed = Vec::with_capacity(due.len());
    for (offer_id, agent_id) in due {
        let (mut workload, mut ticket, mut offer) = lock(tx, offer_id, agent_id)?;
        // It may have been answered between the look and the lock.
        if offer.status == OfferStatus::Pending {
            offer.end(OfferStatus::TimedOut, tx.now());
            withdraw(tx, &mut workload, &mut ticket, &offer)?;
            missed.push(Missed { agent_id, offer_id });
        }
    }
    Ok(missed)
}

/// Takes back what is on offer to an agent who is gone.
pub fn rescind_offers(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    for id in store::list_open_offers_to(tx, agent)? {
        let (mut workload, mut ticket, mut offer) = lock(tx, id, agent)?;
        if offer.status == OfferStatus::Pending {
            offer.end(OfferStatus::Rescinded, tx.now());
            withdraw(tx, &mut workload, &mut ticket, &offer)?;
        }
    }
    Ok(())
}

/// Gives back all that a lost agent had not yet answered: offers, and tickets without a reply.
/// Conversations in which the agent spoke stay theirs.
pub fn release_lost(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    rescind_offers(tx, agent)?;
    parting::lose_unanswered(tx, agent)
}

/// Locks agent, ticket and offer, in this order.
fn lock(tx: &mut Tx<'_>, id: OfferId, agent: AgentId) -> Result<(Workload, Ticket, Offer), Error> {
    let workload = store::lock_workload(tx, agent)?.ok_or(Error::OfferNotFound)?;
    let ticket_id = store::find_offered_ticket(tx, id, agent)?.ok_or(Error::OfferNotFound)?;
    let ticket = store::lock_ticket(tx, ticket_id)?.ok_or(Error::OfferNotFound)?;
    let offer = store::lock_offer(tx, id, agent)?.ok_or(Error::OfferNotFound)?;
    Ok((workload, ticket, offer))
}

/// The agents who are asked about one ticket, locked in the order of their ids.
pub(crate) type Asked = BTreeMap<AgentId, Workload>;

/// Locks those who are asked about a ticket; the ticket is the caller's to lock afterwards.
pub(crate) fn lock_asked(tx: &mut Tx<'_>, ticket: TicketId) -> Result<Asked, Error> {
    let agents = store::list_asked_agents(tx, ticket)?;
    lock_workloads(tx, &agents)
}

fn lock_asked_with(tx: &mut Tx<'_>, ticket: TicketId, agent: AgentId) -> Result<Asked, Error> {
    let mut agents = store::list_asked_agents(tx, ticket)?;
    agents.push(agent);
    lock_workloads(tx, &agents)
}

fn lock_workloads(tx: &mut Tx<'_>, agents: &[AgentId]) -> Result<Asked, Error> {
    let locked = store::lock_workloads(tx, agents)?;
    Ok(locked.into_iter().map(|w| (w.agent_id, w)).collect())
}

/// Ends every pending offer of a ticket; the ticket is locked and is the caller's to change.
pub(crate) fn end_all(
    tx: &mut Tx<'_>,
    ticket: &Ticket,
    asked: &mut Asked,
    status: OfferStatus,
) -> Result<(), Error> {
    for mut offer in store::lock_open_offers_of(tx, ticket.id)? {
        // Who was asked after the look is not locked, and agents come before tickets.
        let workload = asked.get_mut(&offer.agent_id).ok_or(Error::Contended)?;
        offer.end(status, tx.now());
        free(tx, workload, &offer)?;
    }
    Ok(())
}

/// Ends an offer that nobody accepted: the agent has room again, and the ticket waits again unless
/// others are still asked about it.
fn withdraw(
    tx: &mut Tx<'_>,
    workload: &mut Workload,
    ticket: &mut Ticket,
    offer: &Offer,
) -> Result<(), Error> {
    free(tx, workload, offer)?;
    if store::list_asked_agents(tx, ticket.id)?.is_empty() {
        ticket.wait_again(tx.now());
        store::save(tx, &[Change::Ticket(ticket)])?;
    }
    Ok(())
}

/// Stores an offer that ended, and gives the agent the units back.
fn free(tx: &mut Tx<'_>, workload: &mut Workload, offer: &Offer) -> Result<(), Error> {
    workload.give_back(offer.channel, offer.weight, tx.now());
    store::save(tx, &[Change::Workload(workload), Change::Offer(offer)])?;
    tx.ring(Topic::Match);
    tx.ring(Topic::Agent(offer.agent_id));
    tx.ring(Topic::Ticket(offer.ticket_id));
    tx.ring(Topic::Floor);
    Ok(())
}
