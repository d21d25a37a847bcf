//! Who gets what: a pure function of what waits and who has room.
//!
//! Tickets are served in order of priority, then of waiting time; each goes to the free agent
//! with the highest score. All arithmetic is in whole points, and the result depends on neither
//! the order of the input nor the clock.

use chrono::{DateTime, Utc};
use kernel::{AgentId, TicketId};

use crate::{candidate::Candidate, ticket::Ticket};

/// Points for each level of proficiency, averaged over the skills that the ticket needs.
const PER_LEVEL: i32 = 60;
/// Points for each minute without work, up to [`IDLE_MINUTES`] of them.
const PER_IDLE_MINUTE: i32 = 1;
const IDLE_MINUTES: i64 = 60;
/// Points for each unit that stays free: work spreads before it piles up.
const PER_FREE_UNIT: i32 = 20;

/// A ticket to be matched, and who is not to be asked about it again.
#[derive(Clone, Debug)]
pub struct Waiting<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// Agents who declined it.
    pub declined_by: &'a [AgentId],
}

/// An agent with room.
#[derive(Clone, Debug)]
pub struct Seat<'a> {
    /// The agent.
    pub candidate: &'a Candidate,
    /// Units free.
    pub free: i32,
    /// Since when the agent has had nothing to do.
    pub idle_since: DateTime<Utc>,
}

/// One ticket for one agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Match {
    /// The ticket.
    pub ticket_id: TicketId,
    /// The agent.
    pub agent_id: AgentId,
    /// In points; the higher, the better the fit.
    pub score: i32,
}

/// Matches waiting tickets with agents who have room. Every ticket and unit is used at most once.
pub fn assign(waiting: &[Waiting<'_>], seats: &[Seat<'_>], now: DateTime<Utc>) -> Vec<Match> {
    let mut order: Vec<&Waiting<'_>> = waiting.iter().collect();
    order.sort_by_key(|w| (-w.ticket.priority, w.ticket.waiting_since, w.ticket.id));
    let mut free: Vec<i32> = seats.iter().map(|seat| seat.free).collect();
    let mut matches = Vec::new();
    for wanted in order {
        let best = seats
            .iter()
            .enumerate()
            .filter(|(index, seat)| {
                free[*index] >= wanted.ticket.weight
                    && !wanted.declined_by.contains(&seat.candidate.agent_id)
                    && seat.candidate.objection(wanted.ticket).is_none()
            })
            .map(|(index, seat)| (score(wanted.ticket, seat, free[index], now), index))
            // Among equals the lower id, whatever the order of the input.
            .max_by_key(|(score, index)| {
                (*score, std::cmp::Reverse(seats[*index].candidate.agent_id))
            });
        if let Some((score, index)) = best {
            free[index] -= wanted.ticket.weight;
            let agent_id = seats[index].candidate.agent_id;
            matches.push(Match {
                ticket_id: wanted.ticket.id,
                agent_id,
                score,
            });
        }
    }
    matches
}

/// How well the agent fits the ticket.
fn score(ticket: &Ticket, seat: &Seat<'_>, free: i32, now: DateTime<Utc>) -> i32 {
    let levels: i32 = ticket
        .required_skills
        .iter()
        .filter_map(|skill| seat.candidate.proficiency(skill))
        .sum();
    let skills = i32::try_from(ticket.required_skills.len())
        .unwrap_or(i32::MAX)
        .max(1);
    let idle = (now - seat.idle_since).num_minutes().clamp(0, IDLE_MINUTES);
    PER_LEVEL * levels / skills
        + PER_IDLE_MINUTE * i32::try_from(idle).unwrap_or(0)
        + PER_FREE_UNIT * free
}
