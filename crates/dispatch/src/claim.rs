//! Agents take waiting tickets unasked, several at a time: each an offer made and accepted at once.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use db::Tx;
use kernel::{AgentId, TicketId};

use crate::{
    candidate::Candidate,
    engagement::{self, Engagement, Taken},
    error::Error,
    offer::{self, Offer, OfferKind, OfferStatus},
    rules::Rules,
    store::{self, Change},
    ticket::{Ticket, TicketStatus},
    workload::Workload,
};

/// Gives each agent the ticket that they want, or says why not. No agent and no ticket comes twice.
///
/// An error of the whole may be due to one of them, and nothing is stored: they can be tried each by
/// itself.
pub fn claim(
    tx: &mut Tx<'_>,
    wishes: &[(&Candidate, TicketId)],
) -> Result<Vec<Result<Taken, Error>>, Error> {
    if wishes.is_empty() {
        return Ok(Vec::new());
    }
    let agents: Vec<AgentId> = wishes.iter().map(|(agent, _)| agent.agent_id).collect();
    let ids: Vec<TicketId> = wishes.iter().map(|(_, ticket)| *ticket).collect();
    let workloads = store::lock_workloads(tx, &agents)?;
    let tickets = store::lock_tickets(tx, &ids)?;
    // What the locks may have waited for is read once they are had.
    let rules = Rules::of(tx.conn(), tickets.iter())?;
    let mut counter = Counter {
        now: tx.now(),
        workloads: workloads.into_iter().map(|w| (w.agent_id, w)).collect(),
        tickets: tickets.into_iter().map(|t| (t.id, t)).collect(),
        rules,
    };
    let outcomes: Vec<_> = wishes
        .iter()
        .map(|(candidate, ticket)| counter.serve(candidate, *ticket))
        .collect();
    store_all(tx, &outcomes.iter().flatten().collect::<Vec<_>>())?;
    for claim in outcomes.iter().flatten() {
        engagement::ring(tx, &claim.engagement);
    }
    Ok(outcomes
        .into_iter()
        .map(|claim| claim.map(Taken::from))
        .collect())
}

/// Where claims are decided on, all by what was locked and read for them.
struct Counter {
    now: DateTime<Utc>,
    workloads: HashMap<AgentId, Workload>,
    tickets: HashMap<TicketId, Ticket>,
    rules: Rules,
}

/// A ticket and its agent as they are from now on.
struct Claimed {
    workload: Workload,
    ticket: Ticket,
    offer: Offer,
    engagement: Engagement,
    before: Option<DateTime<Utc>>,
}

impl Counter {
    fn serve(&mut self, candidate: &Candidate, id: TicketId) -> Result<Claimed, Error> {
        let mut ticket = self.tickets.remove(&id).ok_or(Error::TicketNotFound)?;
        let workload = self.workloads.remove(&candidate.agent_id);
        let mut workload = workload.ok_or(Error::AtCapacity)?;
        // The ticket is looked at before the agent, so that who comes second hears that it is taken.
        match ticket.status {
            TicketStatus::Waiting => {}
            TicketStatus::Offered => return Err(Error::TicketOnOffer),
            _ => return Err(Error::TicketTaken),
        }
        let asked = self.rules.asked_of(&ticket)?;
        offer::check(&asked, &workload, candidate, self.now)?;
        let before = ticket.engage(self.now)?;
        let mut offer = Offer::new(&ticket, candidate.agent_id, self.now);
        offer.kind = OfferKind::Claim;
        offer.end(OfferStatus::Accepted, self.now);
        workload.take(offer.channel, offer.weight)?;
        let engagement = Engagement::new(&offer, &ticket, self.now);
        Ok(Claimed {
            workload,
            ticket,
            offer,
            engagement,
            before,
        })
    }
}

fn store_all(tx: &mut Tx<'_>, claims: &[&Claimed]) -> Result<(), Error> {
    if claims.is_empty() {
        return Ok(());
    }
    let workloads: Vec<&Workload> = claims.iter().map(|claim| &claim.workload).collect();
    let offers: Vec<&Offer> = claims.iter().map(|claim| &claim.offer).collect();
    let tickets: Vec<&Ticket> = claims.iter().map(|claim| &claim.ticket).collect();
    let engagements: Vec<&Engagement> = claims.iter().map(|claim| &claim.engagement).collect();
    let had: Vec<(TicketId, i32)> = claims
        .iter()
        .filter(|claim| claim.before.is_some())
        .map(|claim| (claim.ticket.id, claim.ticket.message_count))
        .collect();
    let mut changes = vec![
        Change::Workloads(&workloads),
        Change::NewOffers(&offers),
        Change::Tickets(&tickets),
    ];
    if !had.is_empty() {
        changes.push(Change::ReadUntil(&had));
    }
    changes.push(Change::NewEngagements(&engagements));
    store::save(tx, &changes)
}

impl From<Claimed> for Taken {
    fn from(claim: Claimed) -> Self {
        Self {
            engagement: claim.engagement,
            ticket: claim.ticket,
            before: claim.before,
        }
    }
}
