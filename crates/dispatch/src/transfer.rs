//! Transfer: an agent hands a conversation on, to a queue or to a colleague.

use std::iter;

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use kernel::{AgentId, Checks, EngagementId};
use routing::Policy;

use crate::{
    candidate::Candidate,
    engagement::{self, EngagementStatus, Locked},
    error::Error,
    note::{self, Note},
    offer::{self, Offer, OfferKind},
    parting::{self, Parted},
    queue::Queue,
    rules::Rules,
    standing,
    store::{self, Change},
    ticket::{Need, Ticket, check_needs},
    workload::Workload,
};

impl Ticket {
    /// Goes to a queue, where it has the place that its waiting time gives it.
    pub(crate) fn move_to(&mut self, queue: &Queue, policy: &Policy) {
        if self.queue != queue.code {
            self.queue.clone_from(&queue.code);
            self.weight = queue.ticket_weight;
            let head_start = TimeDelta::seconds(policy.head_start_seconds) * self.priority;
            self.rank_at = self.waiting_since - head_start;
            self.class = self.class();
        }
    }
}

/// Where an agent hands a conversation on to.
#[derive(Clone, Debug)]
pub struct Destination {
    /// The code of the queue, which may be the one it is in.
    pub queue: String,
    /// The skills it needs there; as before where none are given.
    pub required_skills: Option<Vec<Need>>,
    /// For the next agent, at most 2,000 characters. The customer never sees it.
    pub note: Option<String>,
}

/// The agent hands the conversation on to a queue, and is paid for their time. In its own queue it
/// keeps its place; in another it has the place that its waiting time gives it there.
pub fn transfer_to_queue(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    to: &Destination,
    skills: &[String],
) -> Result<Parted, Error> {
    let mut checks = Checks::new();
    checks.optional_text("note", to.note.as_deref(), 2_000);
    if let Some(needs) = &to.required_skills {
        check_needs(&mut checks, needs, skills);
    }
    let found = store::find_queue_with_policy(tx, &to.queue)?;
    checks.check("queue", found.is_some(), "is not a queue of this platform");
    checks.done()?;
    let (queue, version) = found.ok_or(Error::QueueNotFound)?;
    let policy = version.policy()?;
    let mut locked = engagement::lock(tx, id, agent)?;
    let from = locked.1.queue.clone();
    let paid_seconds = hand_on(tx, &mut locked, to.note.as_deref())?;
    let (_, mut ticket, engagement) = locked;
    ticket.move_to(&queue, &policy);
    if let Some(needs) = &to.required_skills {
        (ticket.required_skills, ticket.skill_levels) = needs
            .iter()
            .map(|need| (need.skill.clone(), need.level))
            .unzip();
    }
    ticket.class = ticket.class();
    ticket.wait_again(tx.now());
    let standing = standing::of(tx, &ticket)?;
    note::insert(tx, &mut ticket, &Note::PassedOn(queue.name, standing))?;
    Ok(Parted {
        engagement,
        ticket,
        queue: from,
        paid_seconds,
    })
}

/// The agent puts the conversation to a colleague who can take it, and is paid for their time. If
/// the colleague does not want it, it waits in its queue at its place.
pub fn transfer_to_agent(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    colleague: &Candidate,
    note: Option<&str>,
) -> Result<Parted, Error> {
    let mut checks = Checks::new();
    checks.optional_text("note", note, 2_000).check(
        "agent_id",
        colleague.agent_id != agent,
        "must be somebody else",
    );
    checks.done()?;
    let (mut locked, mut theirs) = lock_with(tx, id, agent, colleague.agent_id)?;
    let ticket = &locked.1;
    let rules = Rules::of(tx.conn(), iter::once(ticket))?;
    let asked = rules.asked_of(ticket)?;
    let expires_at = tx.now() + TimeDelta::seconds(asked.policy.offer_seconds);
    let checked = offer::check(&asked, &theirs, colleague, tx.now());
    checked.map_err(|refusal| match refusal {
        Error::NotEligible(objection) => Error::PersonUnsuited(objection.to_string()),
        Error::AtCapacity => Error::PersonUnsuited("their hands are full".to_owned()),
        other => other,
    })?;
    let paid_seconds = hand_on(tx, &mut locked, note)?;
    let (_, mut ticket, engagement) = locked;
    ticket.wait_again(tx.now());
    let offer = put_to(tx, &mut ticket, &mut theirs, expires_at)?;
    note::insert(tx, &mut ticket, &Note::PassedToColleague)?;
    store::save(tx, &[Change::NewOffers(&[&offer])])?;
    tx.ring(Topic::Agent(offer.agent_id));
    Ok(Parted {
        queue: ticket.queue.clone(),
        engagement,
        ticket,
        paid_seconds,
    })
}

/// Hands all the agent's talks on to the queues they are in, with one note for whoever takes them.
/// One whose customer has left stays, for the agent to close.
pub fn hand_over(
    tx: &mut Tx<'_>,
    agent: AgentId,
    note: Option<&str>,
) -> Result<Vec<Parted>, Error> {
    let mut handed = Vec::new();
    for (id, queue) in store::list_talks(tx, agent)? {
        let to = Destination {
            queue,
            required_skills: None,
            note: note.map(str::to_owned),
        };
        match transfer_to_queue(tx, id, agent, &to, &[]) {
            Err(Error::CustomerGone) => {}
            outcome => handed.push(outcome?),
        }
    }
    Ok(handed)
}

/// Ends the engagement by handing on; the ticket is the caller's to change.
fn hand_on(tx: &mut Tx<'_>, locked: &mut Locked, note: Option<&str>) -> Result<Option<i32>, Error> {
    locked.2.must_be_talking()?;
    if note::has_customer_left(tx, &locked.1)? {
        return Err(Error::CustomerGone);
    }
    locked.2.handover_note = note
        .map(|note| note.trim().to_owned())
        .filter(|note| !note.is_empty());
    let now = tx.now();
    parting::part(tx, locked, EngagementStatus::Transferred, now)
}

/// Locks both agents in the order of their ids, then the ticket and the engagement.
fn lock_with(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    other: AgentId,
) -> Result<(Locked, Workload), Error> {
    let theirs = store::lock_workloads(tx, &[agent, other])?
        .into_iter()
        .find(|workload| workload.agent_id == other)
        .ok_or_else(|| Error::PersonUnsuited("they have never been available".to_owned()))?;
    Ok((engagement::lock(tx, id, agent)?, theirs))
}

/// Makes the offer of a waiting ticket to one agent, and takes the units for it.
fn put_to(
    tx: &mut Tx<'_>,
    ticket: &mut Ticket,
    theirs: &mut Workload,
    expires_at: DateTime<Utc>,
) -> Result<Offer, Error> {
    let mut offer = Offer::new(ticket, theirs.agent_id, tx.now());
    offer.kind = OfferKind::Transfer;
    offer.expires_at = expires_at;
    theirs.take(offer.channel, offer.weight)?;
    ticket.offer(offer.expires_at)?;
    store::save(tx, &[Change::Workload(theirs)])?;
    Ok(offer)
}
