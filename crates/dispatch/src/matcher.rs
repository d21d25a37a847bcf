//! The matcher: waiting tickets are put to agents with room.
//!
//! A run has two halves. [`plan`] reads what waits and decides, as a pure function of what it read
//! and of the room it is given; it locks nothing. [`make_offers`] then locks the few agents and
//! tickets that the plan names, asks the one predicate once more of what it finds, and makes the
//! offers: all in the caller's transaction. So a run costs what the tickets cost, however many
//! agents are there, and no offer rests on a look that may be stale.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use kernel::{AgentId, MatchRecordId, TicketId};
use routing::{Inputs, Key, Needs, Outcome, Policy, Room, Versioned};

use crate::{
    candidate::{AskedOf, Candidate, agent_key, agent_of, ticket_key, ticket_of},
    error::Error,
    offer::Offer,
    queries,
    record::MatchRecord,
    store::{self, Change},
    ticket::Ticket,
    workload::Workload,
};

/// How many kinds of waiting tickets one run looks at, those that waited longest first.
const CLASSES: i64 = 1_000;
/// How many tickets of one kind one run looks at, at most.
const OF_CLASS: i64 = 500;
/// How many tickets of one kind it looks at, at least.
const LEAST_OF_CLASS: i64 = 50;
/// How many it looks at in between, for each free unit that could take one: those that are served
/// first, with some to choose from. What is behind them waits for units that are not there.
const FOR_A_UNIT: i64 = 8;
/// How many tickets one run looks at in all.
const BATCH: usize = 5_000;

/// Who is to be asked about what, if they still may and would.
#[derive(Debug)]
pub struct Plan {
    inputs: Inputs,
    outcome: Outcome,
}

impl Plan {
    /// The agents whom the plan names, in the order of their ids.
    pub fn agents(&self) -> Vec<AgentId> {
        let mut agents: Vec<AgentId> = self
            .outcome
            .matches
            .iter()
            .map(|matched| agent_of(matched.agent))
            .collect();
        agents.sort_unstable();
        agents.dedup();
        agents
    }

    fn tickets(&self) -> Vec<TicketId> {
        let mut tickets: Vec<TicketId> = self
            .outcome
            .matches
            .iter()
            .map(|matched| ticket_of(matched.ticket))
            .collect();
        tickets.sort_unstable();
        tickets.dedup();
        tickets
    }
}

/// Decides whom of the room to ask about what waits; none where there is nothing to ask.
pub fn plan(tx: &mut Tx<'_>, room: &Room) -> Result<Option<Plan>, Error> {
    if room.is_empty() {
        return Ok(None);
    }
    let classes = store::list_waiting_classes(tx, CLASSES)?;
    if classes.is_empty() {
        return Ok(None);
    }
    let policies = policies_in_force(tx)?;
    let mut tickets: Vec<Ticket> = Vec::new();
    for (class, count) in classes {
        if tickets.len() >= BATCH {
            break;
        }
        let first = store::list_waiting_of_class(tx, class, 1)?;
        let units = first
            .first()
            .map_or(0, |ticket| servable_units(ticket, &policies, room));
        if units > 0 && count > 1 {
            let window = (FOR_A_UNIT * units).clamp(LEAST_OF_CLASS, OF_CLASS);
            tickets.extend(store::list_waiting_of_class(tx, class, count.min(window))?);
        } else if units > 0 {
            tickets.extend(first);
        }
    }
    if tickets.is_empty() {
        return Ok(None);
    }
    let declined = declined_by_ticket(tx, &tickets)?;
    let facts = tickets.iter().map(|ticket| {
        let declined_by = declined.get(&ticket.id).map_or(&[][..], Vec::as_slice);
        ticket.facts(declined_by)
    });
    let inputs = Inputs::gather(tx.now().timestamp_millis(), policies, facts.collect(), room);
    let outcome = routing::decide(&inputs);
    Ok((!outcome.matches.is_empty()).then_some(Plan { inputs, outcome }))
}

fn policies_in_force(tx: &mut Tx<'_>) -> Result<BTreeMap<String, Versioned>, Error> {
    queries::policies_in_force(tx.conn())?
        .into_iter()
        .map(|found| {
            let policy = found.policy()?;
            let version = found.version;
            Ok((found.queue, Versioned { version, policy }))
        })
        .collect()
}

/// How many units in the room could take tickets of this kind, however long they waited; counted as
/// far as it matters. Kinds that nobody can serve at this moment are left alone, so that they keep
/// nobody else waiting.
fn servable_units(ticket: &Ticket, policies: &BTreeMap<String, Versioned>, room: &Room) -> i64 {
    let Some(versioned) = policies.get(&ticket.queue) else {
        return 0;
    };
    let facts = ticket.facts(&[]);
    let needs = Needs::of(&facts, &versioned.policy, i64::MAX / 2);
    // A dropped skill may be the rarest, so the room is asked for what is needed at least.
    let mut units = 0;
    for agent in room.with_rarest(&needs) {
        if routing::eligibility::objection_to_needs(&needs, agent).is_none() {
            units += agent.free.total;
        }
        if units * FOR_A_UNIT >= OF_CLASS {
            break;
        }
    }
    units
}

fn declined_by_ticket(
    tx: &mut Tx<'_>,
    tickets: &[Ticket],
) -> Result<HashMap<TicketId, Vec<AgentId>>, Error> {
    let ids: Vec<TicketId> = tickets.iter().map(|ticket| ticket.id).collect();
    let mut declined = queries::declines(tx.conn(), &ids)?;
    // Who handed a ticket on is not asked to take it back.
    for (ticket, agent) in store::list_partings(tx, &ids)? {
        declined.entry(ticket).or_default().push(agent);
    }
    Ok(declined)
}

/// Makes the offers of a plan to those of its agents who are there: `present` describes them as
/// they are now, held until the transaction ends. What is locked or has changed is left for the
/// next run.
pub fn make_offers(
    tx: &mut Tx<'_>,
    plan: &Plan,
    present: &[Candidate],
) -> Result<Vec<Offer>, Error> {
    let workloads = store::lock_idle_workloads(tx, &plan.agents())?;
    let tickets = store::lock_waiting_tickets(tx, &plan.tickets())?;
    let declined = declined_by_ticket(tx, &tickets)?;
    let id = MatchRecordId::new();
    let mut making = Making {
        now: tx.now(),
        record: id,
        plan,
        present: present.iter().map(|c| (agent_key(c.agent_id), c)).collect(),
        workloads: workloads
            .into_iter()
            .map(|w| (agent_key(w.agent_id), w))
            .collect(),
        tickets: tickets.into_iter().map(|t| (ticket_key(t.id), t)).collect(),
        declined,
        offers: Vec::new(),
    };
    making.make_all();
    let offers = making.offers;
    if offers.is_empty() {
        return Ok(offers);
    }
    let record = MatchRecord::new(id, &plan.inputs, &plan.outcome, tx.now())?;
    store::save(tx, &[Change::NewRecord(&record), Change::Matched(&offers)])?;
    for offer in &offers {
        tx.ring(Topic::Agent(offer.agent_id));
        tx.ring(Topic::Ticket(offer.ticket_id));
    }
    tx.ring(Topic::Floor);
    Ok(offers)
}

/// Offers that are being made.
struct Making<'a> {
    now: DateTime<Utc>,
    record: MatchRecordId,
    plan: &'a Plan,
    present: HashMap<Key, &'a Candidate>,
    workloads: HashMap<Key, Workload>,
    tickets: HashMap<Key, Ticket>,
    declined: HashMap<TicketId, Vec<AgentId>>,
    offers: Vec<Offer>,
}

impl Making<'_> {
    fn make_all(&mut self) {
        for matched in &self.plan.outcome.matches {
            let offer = self.make(matched);
            self.offers.extend(offer);
        }
    }

    /// One offer, if the agent is there and may take the ticket as both are now.
    fn make(&mut self, matched: &routing::Match) -> Option<Offer> {
        let candidate = *self.present.get(&matched.agent)?;
        let ticket = self.tickets.get(&matched.ticket)?;
        let workload = self.workloads.get_mut(&matched.agent)?;
        let versioned = self.plan.inputs.policies.get(&ticket.queue)?;
        let declined_by = self.declined.get(&ticket.id);
        let asked = AskedOf {
            ticket,
            policy: &versioned.policy,
            declined_by: declined_by.map_or(&[][..], Vec::as_slice),
        };
        if candidate.objection(workload, &asked, self.now).is_some() {
            return None;
        }
        workload.take(ticket.channel, ticket.weight).ok()?;
        let mut offer = Offer::new(ticket, candidate.agent_id, self.now);
        offer.score = matched.score;
        offer.expires_at = self.now + offer_time(&versioned.policy);
        offer.match_record_id = Some(self.record);
        offer.policy_version = Some(versioned.version);
        offer.policy_queue = Some(ticket.queue.clone());
        Some(offer)
    }
}

fn offer_time(policy: &Policy) -> TimeDelta {
    TimeDelta::seconds(policy.offer_seconds)
}
