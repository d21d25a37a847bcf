//! A solved market that takes in one ticket after the other.

use super::search::State;
use super::{Demand, Market, Matching, NONE, Pairing, at};

/// Keeps a solved market and inserts one more ticket by one augmenting path: exactly as good as
/// solving again, at a small part of the price.
pub struct Standing<'m, P> {
    state: State<'m, P>,
}

/// What an arrival changed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// The index of the new ticket.
    pub ticket: u32,
    /// Every ticket whose agent is another one now, by index, with the new agent. The new ticket is
    /// among them if it is served.
    pub moved: Vec<(u32, Option<u32>)>,
}

impl<'m, P: Pairing> Standing<'m, P> {
    /// Solves the market exactly.
    pub fn new(market: &'m Market, pairing: &'m P) -> Self {
        let mut state = State::new(market, pairing);
        state.insert_all(u64::MAX);
        Self { state }
    }

    /// Inserts one more ticket, whose index is the number of tickets so far: the pairing must know
    /// it under this index.
    pub fn arrive(&mut self, demand: Demand) -> Change {
        let (group, position) = self.state.add(demand);
        let ticket = self.state.groups.all[at(group)].tickets[position];
        let mut moved = Vec::new();
        self.state.insert(group, position, &mut moved);
        moved.sort_unstable();
        let agent_of = &self.state.seats.agent_of;
        let changed = moved
            .into_iter()
            .filter(|&(ticket, before)| agent_of[at(ticket)] != before);
        let agent = |ticket: u32| Some(agent_of[at(ticket)]).filter(|&agent| agent != NONE);
        let moved = changed.map(|(ticket, _)| (ticket, agent(ticket))).collect();
        Change { ticket, moved }
    }

    /// The matching as it stands.
    pub fn matching(&self) -> Matching {
        self.state.matching()
    }
}
