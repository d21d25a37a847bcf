//! Offers: one ticket put to one agent for a limited time.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, OfferId, TicketId, text_enum};

use crate::{
    candidate::Candidate,
    engagement::{self, Engagement},
    error::Error,
    matching::{self, Match, Seat, Waiting},
    schema::offers,
    store,
    ticket::Ticket,
    workload::Workload,
};

/// How many tickets and agents one run of the matcher looks at.
const BATCH: i64 = 500;

text_enum! {
    /// How the ticket came to the agent.
    pub OfferKind {
        /// The matcher chose.
        Match = "match",
        /// The agent asked.
        Claim = "claim",
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
        /// The platform took it back: the agent is gone.
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
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
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
    /// The matcher's points; 0 for a claim.
    pub score: i32,
    /// When it was made.
    pub offered_at: DateTime<Utc>,
    /// The last instant it can be accepted is just before this.
    pub expires_at: DateTime<Utc>,
    /// Set if, and only if, it is no longer pending.
    pub closed_at: Option<DateTime<Utc>>,
    /// Set if, and only if, it was declined.
    pub decline_reason: Option<DeclineReason>,
}

impl Offer {
    fn new(ticket: &Ticket, agent_id: AgentId, now: DateTime<Utc>) -> Self {
        Self {
            id: OfferId::new(),
            ticket_id: ticket.id,
            agent_id,
            kind: OfferKind::Match,
            status: OfferStatus::Pending,
            weight: ticket.weight,
            score: 0,
            offered_at: now,
            expires_at: now,
            closed_at: None,
            decline_reason: None,
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

    fn end(&mut self, status: OfferStatus, now: DateTime<Utc>) {
        self.status = status;
        self.closed_at = Some(now);
    }
}

/// Puts waiting tickets to agents with room. `candidates` are those who are there; the caller
/// holds their presence and qualification until the transaction ends.
pub fn match_tickets(tx: &mut Tx<'_>, candidates: &[Candidate]) -> Result<Vec<Offer>, Error> {
    let ids: Vec<AgentId> = candidates
        .iter()
        .map(|candidate| candidate.agent_id)
        .collect();
    let workloads = store::lock_free_workloads(tx, &ids)?;
    if workloads.is_empty() {
        return Ok(Vec::new());
    }
    let tickets = store::lock_waiting_tickets(tx, BATCH)?;
    let declined = declined_by_ticket(tx, &tickets)?;
    let matches = assign(tx.now(), &tickets, &declined, candidates, &workloads);
    let queues = store::list_queues(tx)?;
    let offer_times: HashMap<&str, i64> = queues
        .iter()
        .map(|queue| (queue.code.as_str(), i64::from(queue.offer_seconds)))
        .collect();
    let mut workloads: HashMap<AgentId, Workload> = workloads
        .into_iter()
        .map(|workload| (workload.agent_id, workload))
        .collect();
    let mut tickets: HashMap<TicketId, Ticket> = tickets
        .into_iter()
        .map(|ticket| (ticket.id, ticket))
        .collect();
    let mut made = Vec::with_capacity(matches.len());
    for Match {
        ticket_id,
        agent_id,
        score,
    } in matches
    {
        let (Some(ticket), Some(workload)) =
            (tickets.get_mut(&ticket_id), workloads.get_mut(&agent_id))
        else {
            continue;
        };
        let seconds = offer_times
            .get(ticket.queue.as_str())
            .copied()
            .unwrap_or_default();
        let mut offer = Offer::new(ticket, agent_id, tx.now());
        offer.score = score;
        offer.expires_at = tx.now() + TimeDelta::seconds(seconds);
        make(tx, ticket, workload, &offer)?;
        made.push(offer);
    }
    Ok(made)
}

fn declined_by_ticket(
    tx: &mut Tx<'_>,
    tickets: &[Ticket],
) -> QueryResult<HashMap<TicketId, Vec<AgentId>>> {
    let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.id).collect();
    let mut declined: HashMap<TicketId, Vec<AgentId>> = HashMap::new();
    for (ticket, agent) in store::list_declines(tx, &ids)? {
        declined.entry(ticket).or_default().push(agent);
    }
    Ok(declined)
}

fn assign(
    now: DateTime<Utc>,
    tickets: &[Ticket],
    declined: &HashMap<TicketId, Vec<AgentId>>,
    candidates: &[Candidate],
    workloads: &[Workload],
) -> Vec<Match> {
    let by_agent: HashMap<AgentId, &Candidate> = candidates
        .iter()
        .map(|candidate| (candidate.agent_id, candidate))
        .collect();
    let waiting: Vec<Waiting<'_>> = tickets
        .iter()
        .map(|ticket| Waiting {
            ticket,
            declined_by: declined.get(&ticket.id).map_or(&[], Vec::as_slice),
        })
        .collect();
    let seats: Vec<Seat<'_>> = workloads
        .iter()
        .filter_map(|workload| {
            let candidate = *by_agent.get(&workload.agent_id)?;
            Some(Seat {
                candidate,
                free: workload.free(),
                idle_since: workload.idle_since,
            })
        })
        .collect();
    matching::assign(&waiting, &seats, now)
}

fn make(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    workload: &mut Workload,
    offer: &Offer,
) -> Result<(), Error> {
    workload.take(offer.weight)?;
    ticket.offer()?;
    store::update_workload(tx, workload)?;
    store::update_ticket(tx, ticket)?;
    store::insert_offer(tx, offer)?;
    tx.ring(Topic::Agent(offer.agent_id));
    tx.ring(Topic::Ticket(offer.ticket_id));
    tx.ring(Topic::Floor);
    Ok(())
}

/// Takes the ticket on, for the agent it was put to.
pub fn accept(tx: &mut Tx<'_>, id: OfferId, agent: AgentId) -> Result<Engagement, Error> {
    let (_, mut ticket, mut offer) = lock(tx, id, agent)?;
    offer.answer(OfferStatus::Accepted, tx.now())?;
    ticket.engage()?;
    store::update_offer(tx, &offer)?;
    store::update_ticket(tx, &ticket)?;
    engagement::begin(tx, &offer)
}

/// Gives the ticket back to its place in the queue. It is not put to this agent again.
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

/// Takes a waiting ticket unasked: an offer made and accepted at once.
pub fn claim(tx: &mut Tx<'_>, id: TicketId, candidate: &Candidate) -> Result<Engagement, Error> {
    let mut workload = store::lock_workload(tx, candidate.agent_id)?.ok_or(Error::AtCapacity)?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or(Error::TicketNotFound)?;
    if let Some(objection) = candidate.objection(&ticket) {
        return Err(Error::NotEligible(objection));
    }
    let mut offer = Offer::new(&ticket, candidate.agent_id, tx.now());
    offer.kind = OfferKind::Claim;
    offer.end(OfferStatus::Accepted, tx.now());
    // The ticket is looked at before the load, so that who comes second hears that it is taken.
    ticket.offer()?;
    ticket.engage()?;
    workload.take(offer.weight)?;
    store::update_workload(tx, &workload)?;
    store::update_ticket(tx, &ticket)?;
    store::insert_offer(tx, &offer)?;
    engagement::begin(tx, &offer)
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
    engagement::lose_unanswered(tx, agent)
}

/// Locks agent, ticket and offer, in this order.
fn lock(tx: &mut Tx<'_>, id: OfferId, agent: AgentId) -> Result<(Workload, Ticket, Offer), Error> {
    let workload = store::lock_workload(tx, agent)?.ok_or(Error::OfferNotFound)?;
    let ticket_id = store::find_offered_ticket(tx, id, agent)?.ok_or(Error::OfferNotFound)?;
    let ticket = store::lock_ticket(tx, ticket_id)?.ok_or(Error::OfferNotFound)?;
    let offer = store::lock_offer(tx, id, agent)?.ok_or(Error::OfferNotFound)?;
    Ok((workload, ticket, offer))
}

/// Ends an offer that nobody accepted: the ticket waits again, the agent has room again.
fn withdraw(
    tx: &mut Tx<'_>,
    workload: &mut Workload,
    ticket: &mut Ticket,
    offer: &Offer,
) -> Result<(), Error> {
    ticket.wait_again();
    store::update_ticket(tx, ticket)?;
    free(tx, workload, offer)
}

/// Ends the offer of a ticket that its customer left; the ticket is the caller's to change.
pub(crate) fn cancel(
    tx: &mut Tx<'_>,
    workload: &mut Workload,
    offer: &mut Offer,
) -> Result<(), Error> {
    offer.end(OfferStatus::Canceled, tx.now());
    free(tx, workload, offer)
}

/// Stores an offer that ended, and gives the agent the units back.
fn free(tx: &mut Tx<'_>, workload: &mut Workload, offer: &Offer) -> Result<(), Error> {
    workload.give_back(offer.weight, tx.now());
    store::update_workload(tx, workload)?;
    store::update_offer(tx, offer)?;
    tx.ring(Topic::Match);
    tx.ring(Topic::Agent(offer.agent_id));
    tx.ring(Topic::Ticket(offer.ticket_id));
    tx.ring(Topic::Floor);
    Ok(())
}
