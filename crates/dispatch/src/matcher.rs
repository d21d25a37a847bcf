//! The matcher.

use std::collections::HashMap;

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::QueryResult;
use kernel::{AgentId, TicketId};

use crate::{
    candidate::Candidate,
    error::Error,
    matching::{self, Match, Seat, Waiting},
    offer::Offer,
    store,
    ticket::Ticket,
    workload::Workload,
};

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
    let mut ids = Vec::new();
    for (class, count) in store::list_waiting_classes(tx, 100)? {
        for ticket in store::list_waiting_of_class(tx, class, count.min(500))? {
            ids.push(ticket.id);
        }
    }
    let tickets = store::lock_waiting_tickets(tx, &ids)?;
    let declined = declined_by_ticket(tx, &tickets)?;
    let matches = assign(tx.now(), &tickets, &declined, candidates, &workloads);
    let mut offer_times: HashMap<String, i64> = HashMap::new();
    for version in store::list_policies_in_force(tx)? {
        offer_times.insert(version.queue.clone(), version.policy()?.offer_seconds);
    }
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
        let seconds = offer_times.get(&ticket.queue).copied().unwrap_or_default();
        let mut offer = Offer::new(ticket, agent_id, tx.now());
        offer.score = i64::from(score);
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
    let mut unwilling = store::list_declines(tx, &ids)?;
    // Who handed a ticket on is not asked to take it back.
    unwilling.extend(store::list_partings(tx, &ids)?);
    for (ticket, agent) in unwilling {
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
    workload.take(offer.channel, offer.weight)?;
    ticket.offer(offer.expires_at)?;
    store::update_workload(tx, workload)?;
    store::update_ticket(tx, ticket)?;
    store::insert_offers(tx, std::slice::from_ref(offer))?;
    tx.ring(Topic::Agent(offer.agent_id));
    tx.ring(Topic::Ticket(offer.ticket_id));
    tx.ring(Topic::Floor);
    Ok(())
}
