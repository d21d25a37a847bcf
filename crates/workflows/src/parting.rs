//! An agent parts from a conversation that goes on, and is paid for their part.

use db::Tx;
use dispatch::{Destination, Kept, Parted, ReleaseReason, Ticket};
use kernel::{AgentId, EngagementId, TicketId};
use payouts::{EarningLine, Work};

use crate::{Error, dispatching, resolution::or_later};

/// An engagement that ended while the conversation goes on, and what it earned.
#[derive(Clone, Debug)]
pub struct PaidPart {
    /// What was done.
    pub parted: Parted,
    /// What it earned; none where nothing is owed.
    pub earning: Option<EarningLine>,
}

/// The agent hands a conversation on to a queue.
pub fn transfer_to_queue(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    to: &Destination,
) -> Result<PaidPart, Error> {
    let needed = to.required_skills.iter().flatten();
    let needed: Vec<String> = needed.map(|need| need.skill.clone()).collect();
    let skills = onboarding::skills_among(tx.conn(), &needed)?;
    let parted = dispatch::transfer_to_queue(tx, id, agent, to, &skills)?;
    pay(tx, parted)
}

/// The agent puts a conversation to a colleague, who must be there, qualified, and able to take it.
pub fn transfer_to_agent(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    colleague: AgentId,
    note: Option<&str>,
) -> Result<PaidPart, Error> {
    let colleague = dispatching::hold_candidates(tx, &[colleague])?
        .into_iter()
        .next()
        .ok_or(Error::PersonNotAvailable)?;
    let parted = dispatch::transfer_to_agent(tx, id, agent, &colleague, note)?;
    pay(tx, parted)
}

/// The agent gives a conversation back to its queue.
pub fn release_engagement(
    tx: &mut Tx<'_>,
    id: EngagementId,
    agent: AgentId,
    reason: ReleaseReason,
) -> Result<PaidPart, Error> {
    let parted = dispatch::release(tx, id, agent, reason)?;
    pay(tx, parted)
}

/// The agent gives a conversation back to the company's assistant.
pub fn hand_back(tx: &mut Tx<'_>, id: EngagementId, agent: AgentId) -> Result<PaidPart, Error> {
    let parted = dispatch::hand_back(tx, id, agent)?;
    pay(tx, parted)
}

/// Operations give a conversation back to the company's assistant, whoever has it.
pub fn hand_back_for_all(tx: &mut Tx<'_>, id: TicketId) -> Result<Ticket, Error> {
    let returned = dispatch::hand_back_for_all(tx, id)?;
    if let Some(parted) = returned.parted {
        pay(tx, parted)?;
    }
    Ok(returned.ticket)
}

/// The agent hands all their talks on at once, as at the end of a shift.
pub fn hand_over(
    tx: &mut Tx<'_>,
    agent: AgentId,
    note: Option<&str>,
) -> Result<Vec<PaidPart>, Error> {
    let handed = dispatch::hand_over(tx, agent, note)?;
    handed.into_iter().map(|parted| pay(tx, parted)).collect()
}

/// Does what is due about talks whose deadline has passed, and pays whoever loses one by it. Who
/// did not answer is not there, and gets no further offer until they say that they are back.
pub fn keep_deadlines(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let now = tx.now();
    let mut kept = 0;
    for (id, agent) in dispatch::queries::due_talks(tx.conn(), now)? {
        let done = or_later(tx, id, |tx| match dispatch::keep_deadline(tx, id, agent)? {
            Kept::InTime => Ok(false),
            Kept::Alerted | Kept::Asked | Kept::Ended => Ok(true),
            Kept::Lost(parted) => {
                pay(tx, *parted)?;
                availability::step_away(tx, agent)?;
                Ok(true)
            }
        })?;
        kept += usize::from(done.unwrap_or_default());
    }
    Ok(kept)
}

/// Takes the talks from an agent who is gone for good, and says how many.
pub(crate) fn lose_talks(tx: &mut Tx<'_>, agent: AgentId) -> Result<usize, Error> {
    let mut lost = 0;
    for id in dispatch::queries::talks(tx.conn(), agent)? {
        let paid = or_later(tx, id, |tx| match dispatch::lose_talk(tx, id, agent)? {
            Some(parted) => pay(tx, parted).map(Some),
            None => Ok(None),
        })?;
        lost += usize::from(paid.flatten().is_some());
    }
    Ok(lost)
}

fn pay(tx: &mut Tx<'_>, parted: Parted) -> Result<PaidPart, Error> {
    let Some(handled_seconds) = parted.paid_seconds else {
        return Ok(PaidPart {
            parted,
            earning: None,
        });
    };
    let work = Work {
        agent_id: parted.engagement.agent_id,
        engagement_id: parted.engagement.id,
        ticket_id: parted.engagement.ticket_id,
        queue: parted.queue.clone(),
        handled_seconds,
        is_part: true,
        earned_at: tx.now(),
    };
    let earning = payouts::accrue(tx, &work)?;
    Ok(PaidPart {
        parted,
        earning: Some(earning),
    })
}
