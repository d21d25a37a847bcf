//! Checks a matching against its duals, without trusting how either was found.

use super::{Market, Matching, Mode, Pairing, at, index};

/// Why a matching is not what it claims to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Violation {
    /// The matching or its duals do not have one entry for each ticket and agent.
    Shape,
    /// A dual is negative.
    NegativeDual,
    /// The pair is not eligible: not in the ticket's list, or excluded.
    Ineligible {
        /// The ticket.
        ticket: u32,
        /// The agent.
        agent: u32,
    },
    /// The agent has more tickets than units.
    OverCapacity {
        /// The agent.
        agent: u32,
    },
    /// The bonus of the pair is outside of 0 to [`Market::bonus_max`].
    Bonus {
        /// The ticket.
        ticket: u32,
        /// The agent.
        agent: u32,
    },
    /// The pair scores more than its two duals together: they prove nothing.
    Infeasible {
        /// The ticket.
        ticket: u32,
        /// The agent.
        agent: u32,
    },
    /// A matched pair scores less than its two duals, beyond the ε that the mode grants.
    Loose {
        /// The ticket.
        ticket: u32,
        /// The agent.
        agent: u32,
    },
    /// A ticket is left unserved although its dual says that serving it gains something.
    Unserved {
        /// The ticket.
        ticket: u32,
    },
    /// An agent has a free unit although its dual says that a unit is worth something.
    Idle {
        /// The agent.
        agent: u32,
    },
    /// The total is not the sum of the scores.
    Total,
}

/// Checks that the duals cover every eligible pair and that the matching makes use of all that they
/// value; returns the upper bound that they prove for any matching.
///
/// For [`Mode::Exact`] the bound equals the matching's total. For [`Mode::Bounded`] it is at most ε
/// for each ticket above it.
pub fn certify(
    market: &Market,
    pairing: &impl Pairing,
    matching: &Matching,
) -> Result<i64, Violation> {
    let duals = &matching.duals;
    if matching.agent_of.len() != market.tickets.len()
        || duals.tickets.len() != market.tickets.len()
        || duals.agents.len() != market.capacity.len()
    {
        return Err(Violation::Shape);
    }
    if duals
        .tickets
        .iter()
        .chain(&duals.agents)
        .any(|&dual| dual < 0)
    {
        return Err(Violation::NegativeDual);
    }
    let epsilon = match matching.mode {
        Mode::Exact => 0,
        Mode::Bounded { epsilon } => epsilon,
    };
    let mut load = vec![0_u32; market.capacity.len()];
    let mut total = 0;
    for (ticket, &agent) in (0..).zip(&matching.agent_of) {
        let score = check_ticket(market, pairing, matching, ticket)?;
        match (agent, score) {
            (Some(agent), Some(score)) => {
                load[at(agent)] += 1;
                total += score;
                if score + epsilon < duals.tickets[at(ticket)] + duals.agents[at(agent)] {
                    return Err(Violation::Loose { ticket, agent });
                }
            }
            (Some(agent), None) => return Err(Violation::Ineligible { ticket, agent }),
            (None, _) if duals.tickets[at(ticket)] > epsilon => {
                return Err(Violation::Unserved { ticket });
            }
            (None, _) => {}
        }
    }
    check_agents(market, matching, &load)?;
    if total != matching.total {
        return Err(Violation::Total);
    }
    let units = market.capacity.iter().zip(&duals.agents);
    Ok(duals.tickets.iter().sum::<i64>()
        + units
            .map(|(&units, dual)| i64::from(units) * dual)
            .sum::<i64>())
}

/// Every pair of the ticket against the duals; returns the score of the pair that was matched.
fn check_ticket(
    market: &Market,
    pairing: &impl Pairing,
    matching: &Matching,
    ticket: u32,
) -> Result<Option<i64>, Violation> {
    let demand = market.tickets[at(ticket)];
    let dual = matching.duals.tickets[at(ticket)];
    let mut matched = None;
    for &candidate in &market.lists[at(demand.list)] {
        let agent = candidate.agent;
        let Some(bonus) = pairing.bonus(ticket, agent) else {
            continue;
        };
        if !(0..=market.bonus_max).contains(&bonus) {
            return Err(Violation::Bonus { ticket, agent });
        }
        let score = demand.points + candidate.points + bonus;
        if market.capacity[at(agent)] > 0 && score > dual + matching.duals.agents[at(agent)] {
            return Err(Violation::Infeasible { ticket, agent });
        }
        if matching.agent_of[at(ticket)] == Some(agent) {
            matched = Some(score);
        }
    }
    Ok(matched)
}

/// No agent is over capacity, and none with a free unit has a price.
fn check_agents(market: &Market, matching: &Matching, load: &[u32]) -> Result<(), Violation> {
    for (position, (&load, &capacity)) in load.iter().zip(&market.capacity).enumerate() {
        let agent = index(position);
        if load > capacity {
            return Err(Violation::OverCapacity { agent });
        }
        if load < capacity && matching.duals.agents[position] > 0 {
            return Err(Violation::Idle { agent });
        }
    }
    Ok(())
}
