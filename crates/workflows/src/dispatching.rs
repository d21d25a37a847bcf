//! Tickets find agents.

use db::Tx;
use dispatch::{Candidate, Engagement};
use kernel::{AgentId, TicketId};
use onboarding::Qualification;

use crate::Error;

/// Puts waiting tickets to available agents, and says how many. Who is put on offer cannot leave,
/// nor be suspended, before the offers are made.
pub fn match_tickets(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let now = tx.now();
    let present = availability::present_agents(tx.conn(), now)?;
    let free = dispatch::queries::agents_with_room(tx.conn(), &present)?;
    if free.is_empty() || !dispatch::queries::any_waiting(tx.conn())? {
        return Ok(0);
    }
    let present = availability::hold_present(tx, &free)?;
    let candidates: Vec<Candidate> = onboarding::hold_qualified(tx, &present)?
        .into_iter()
        .map(candidate)
        .collect();
    Ok(dispatch::match_tickets(tx, &candidates)?.len())
}

/// An available agent takes a waiting ticket unasked.
pub fn claim_ticket(
    tx: &mut Tx<'_>,
    agent: AgentId,
    ticket: TicketId,
) -> Result<Engagement, Error> {
    if availability::hold_present(tx, &[agent])?.is_empty() {
        return Err(Error::NotAvailable);
    }
    let qualification = onboarding::hold_qualified(tx, &[agent])?
        .into_iter()
        .next()
        .ok_or(Error::NotQualified)?;
    Ok(dispatch::claim(tx, ticket, &candidate(qualification))?)
}

/// Ends offers whose time is up. Who did not answer is not there, and gets no further offer until
/// they say that they are back; it costs them nothing else.
pub fn expire_offers(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let missed = dispatch::expire_offers(tx)?;
    for missed in &missed {
        availability::step_away(tx, missed.agent_id)?;
    }
    Ok(missed.len())
}

/// What dispatch knows of an agent is what onboarding vouches for.
pub fn candidate(qualification: Qualification) -> Candidate {
    Candidate {
        agent_id: qualification.agent_id,
        customer_ref: qualification.customer_ref,
        household_ref: qualification.household_ref,
        languages: qualification
            .languages
            .into_iter()
            .map(|(code, _)| code)
            .collect(),
        skills: qualification.skills,
    }
}
