//! Which agent holds which tickets.

use super::{NONE, at};

/// The tickets of each agent as a chain, so that capacity costs no memory.
#[derive(Debug)]
pub(super) struct Seats {
    /// The agent of each ticket, or `NONE`.
    pub agent_of: Vec<u32>,
    /// How many tickets each agent holds.
    pub load: Vec<u32>,
    first: Vec<u32>,
    next: Vec<u32>,
}

impl Seats {
    pub fn new(tickets: usize, agents: usize) -> Self {
        Self {
            agent_of: vec![NONE; tickets],
            load: vec![0; agents],
            first: vec![NONE; agents],
            next: vec![NONE; tickets],
        }
    }

    /// Makes room for one more ticket.
    pub fn add_ticket(&mut self) {
        self.agent_of.push(NONE);
        self.next.push(NONE);
    }

    /// The agent's latest ticket, or `NONE`.
    pub fn first(&self, agent: u32) -> u32 {
        self.first[at(agent)]
    }

    /// The next ticket of the same agent, or `NONE`.
    pub fn next(&self, ticket: u32) -> u32 {
        self.next[at(ticket)]
    }

    pub fn seat(&mut self, ticket: u32, agent: u32) {
        self.next[at(ticket)] = self.first[at(agent)];
        self.first[at(agent)] = ticket;
        self.agent_of[at(ticket)] = agent;
        self.load[at(agent)] += 1;
    }

    /// Takes the ticket from its agent.
    pub fn unseat(&mut self, ticket: u32) {
        let agent = self.agent_of[at(ticket)];
        let after = self.next[at(ticket)];
        let mut before = self.first[at(agent)];
        if before == ticket {
            self.first[at(agent)] = after;
        } else {
            while self.next[at(before)] != ticket {
                before = self.next[at(before)];
            }
            self.next[at(before)] = after;
        }
        self.next[at(ticket)] = NONE;
        self.agent_of[at(ticket)] = NONE;
        self.load[at(agent)] -= 1;
    }
}
