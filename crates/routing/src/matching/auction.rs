//! The bounded mode: tickets bid for units.
//!
//! A ticket bids for the unit that leaves it the highest margin, and raises the unit's price by as
//! much as that margin exceeds the next best one, plus ε. Whoever held the unit bids again. Each
//! ticket ends within ε of the best that the final prices offer, so the total is within ε for each
//! ticket of the optimum. The auction goes on from whatever the exact search has reached: its
//! matching and prices leave no ticket below its best.

use std::collections::VecDeque;

use super::search::State;
use super::{Duals, FAR, Matching, Mode, NEVER, NONE, Pairing, at, index};

/// An auction among the tickets that have no agent yet.
pub(super) struct Auction<'s, 'm, P> {
    state: &'s mut State<'m, P>,
    epsilon: i64,
    /// What each ticket pays for its unit.
    paid: Vec<i64>,
    /// What the agent of each ticket scores, without the ticket's own points.
    points: Vec<i64>,
    bidders: VecDeque<u32>,
}

/// The best candidate for a bidder.
struct Best {
    agent: u32,
    points: i64,
    margin: i64,
    /// The highest margin elsewhere, or more.
    next: i64,
}

/// An agent's cheapest unit.
struct Unit {
    /// Who has it, or `NONE`.
    holder: u32,
    /// What the second cheapest costs.
    next_price: i64,
}

impl<'s, 'm, P: Pairing> Auction<'s, 'm, P> {
    pub fn new(state: &'s mut State<'m, P>, epsilon: i64) -> Self {
        let mut auction = Self {
            epsilon: epsilon.max(1),
            paid: vec![0; state.demands.len()],
            points: vec![0; state.demands.len()],
            bidders: VecDeque::new(),
            state,
        };
        let state = &auction.state;
        for (ticket, &agent) in (0..).zip(&state.seats.agent_of) {
            if agent == NONE {
                auction.bidders.push_back(ticket);
            } else {
                let price = state.price[at(agent)];
                auction.paid[at(ticket)] = price;
                auction.points[at(ticket)] = price + state.utility[at(state.groups.of[at(ticket)])];
            }
        }
        auction
    }

    /// Bids until every ticket has a unit or is better left waiting.
    pub fn run(mut self) -> Matching {
        while let Some(ticket) = self.bidders.pop_front() {
            self.bid(ticket);
        }
        self.matching()
    }

    fn bid(&mut self, ticket: u32) {
        let Some(best) = self.best(self.state.groups.of[at(ticket)]) else {
            return;
        };
        let waiting = -self.state.demands[at(ticket)].points;
        if best.margin <= waiting {
            return;
        }
        let agent = best.agent;
        let unit = self.cheapest(agent);
        let next = best.next.max(best.points - unit.next_price).max(waiting);
        let paid = self.state.price[at(agent)] + best.margin - next + self.epsilon;
        if unit.holder != NONE {
            self.state.seats.unseat(unit.holder);
            self.bidders.push_back(unit.holder);
        }
        self.state.seats.seat(ticket, agent);
        self.paid[at(ticket)] = paid;
        self.points[at(ticket)] = best.points;
        self.state.price[at(agent)] = paid.min(unit.next_price);
    }

    /// The group's best candidate at the present prices, if it has any.
    fn best(&mut self, group: u32) -> Option<Best> {
        loop {
            let shortlist = &self.state.shortlists[at(group)];
            let (mut best, mut margin, mut next) = (None, NEVER, NEVER);
            for &listed in &shortlist.candidates {
                if listed.margin <= next {
                    break;
                }
                self.state.work += 1;
                let offered = listed.points - self.state.price[at(listed.agent)];
                if offered > margin {
                    (best, margin, next) = (Some(listed), offered, margin);
                } else {
                    next = next.max(offered);
                }
            }
            let beyond = shortlist.beyond;
            if margin >= beyond {
                return best.map(|listed| Best {
                    agent: listed.agent,
                    points: listed.points,
                    margin,
                    next: next.max(beyond),
                });
            }
            self.state.renew(group);
        }
    }

    /// A free unit costs nothing.
    fn cheapest(&self, agent: u32) -> Unit {
        let seats = &self.state.seats;
        let mut unit = Unit {
            holder: NONE,
            next_price: FAR / 2,
        };
        let mut price = FAR / 2;
        let mut held = seats.first(agent);
        while held != NONE {
            let paid = self.paid[at(held)];
            if paid < price {
                unit = Unit {
                    holder: held,
                    next_price: price,
                };
                price = paid;
            } else {
                unit.next_price = unit.next_price.min(paid);
            }
            held = seats.next(held);
        }
        match self.state.market.capacity[at(agent)] - seats.load[at(agent)] {
            0 => unit,
            1 => Unit {
                holder: NONE,
                next_price: price,
            },
            _ => Unit {
                holder: NONE,
                next_price: 0,
            },
        }
    }

    fn matching(self) -> Matching {
        let state = self.state;
        let margins: Vec<_> = (0..index(state.groups.all.len()))
            .map(|group| state.best_margin(group))
            .collect();
        let gains = state.demands.iter().zip(&state.groups.of);
        let tickets = gains.map(|(demand, &group)| (demand.points + margins[at(group)]).max(0));
        let tickets = tickets.collect();
        let scores = self
            .points
            .iter()
            .zip(&state.demands)
            .map(|(points, demand)| points + demand.points);
        let served = scores
            .zip(&state.seats.agent_of)
            .filter(|&(_, &agent)| agent != NONE);
        Matching {
            total: served.map(|(score, _)| score).sum(),
            agent_of: state.agents(),
            mode: Mode::Bounded {
                epsilon: self.epsilon,
            },
            duals: Duals {
                tickets,
                agents: state.price.clone(),
            },
            work: state.work,
        }
    }
}
