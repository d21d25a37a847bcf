//! Shortest augmenting paths over the implicit graph.
//!
//! The state always holds an optimal matching of the tickets inserted so far, and duals that prove
//! it: an agent's price and a group's utility, the best margin of score over price that any agent
//! still offers it. Inserting a ticket searches, by Dijkstra's algorithm over reduced scores, the
//! cheapest chain of moves that ends at a free unit or at a ticket better left waiting.

use std::borrow::Cow;

use super::lists::{Groups, sorted};
use super::queue::Queue;
use super::seats::Seats;
use super::shortlist::{Listed, Reading, Shortlist};
use super::{
    Candidate, Demand, Duals, FAR, Market, Matching, Mode, NEVER, NONE, Pairing, at, index,
};

/// A matching that is optimal for the tickets inserted so far.
pub(super) struct State<'m, P> {
    pub market: &'m Market,
    pairing: &'m P,
    lists: Cow<'m, [Vec<Candidate>]>,
    pub demands: Vec<Demand>,
    pub groups: Groups,
    pub seats: Seats,
    pub price: Vec<i64>,
    /// Of each group: never less than the best margin that any agent offers, and exactly that once
    /// a ticket of it is served.
    pub utility: Vec<i64>,
    pub shortlists: Vec<Shortlist>,
    pub work: u64,
    found: Found,
    buffer: Vec<Listed>,
}

/// What a search found out; cleared by walking what it touched.
struct Found {
    /// Of each agent.
    distance: Vec<i64>,
    /// The group from which each agent was reached.
    parent: Vec<u32>,
    /// Agents with a distance, some more than once.
    touched: Vec<u32>,
    /// Agents with a final distance.
    settled: Vec<u32>,
    reached: Vec<Reached>,
    /// Position in `reached`, of each group.
    place: Vec<u32>,
    queue: Queue<Event>,
    /// The cheapest end so far, and its distance.
    best: i64,
    end: End,
}

/// A group from which the search went on.
#[derive(Clone, Copy)]
struct Reached {
    group: u32,
    distance: i64,
    /// The agent whose ticket of the group may move, or `NONE` for the source.
    from: u32,
}

/// What the search looks at next.
#[derive(Clone, Copy, Eq, Ord, PartialEq, PartialOrd)]
enum Event {
    Settle {
        agent: u32,
    },
    /// From here on, candidates outside of the group's shortlist could matter.
    ReadOn {
        group: u32,
    },
}

/// Where a chain of moves ends.
#[derive(Clone, Copy)]
enum End {
    /// At an agent with a free unit, reached from the group.
    Free { agent: u32, group: u32 },
    /// A ticket of the group is left waiting.
    Wait { group: u32 },
}

impl<'m, P: Pairing> State<'m, P> {
    pub fn new(market: &'m Market, pairing: &'m P) -> Self {
        let groups = Groups::new(market, pairing);
        let (agents, tickets) = (market.capacity.len(), market.tickets.len());
        let count = groups.all.len();
        Self {
            market,
            pairing,
            lists: sorted(&market.lists),
            demands: market.tickets.clone(),
            groups,
            seats: Seats::new(tickets, agents),
            price: vec![0; agents],
            utility: vec![NEVER; count],
            shortlists: vec![Shortlist::default(); count],
            work: 0,
            found: Found {
                distance: vec![FAR; agents],
                parent: vec![NONE; agents],
                touched: Vec::new(),
                settled: Vec::new(),
                reached: Vec::new(),
                place: vec![NONE; count],
                queue: Queue::new(),
                best: FAR,
                end: End::Wait { group: NONE },
            },
            buffer: Vec::new(),
        }
    }

    /// Inserts every ticket of the market; gives up after so many edges, and says so.
    pub fn insert_all(&mut self, work: u64) -> bool {
        let mut changes = Vec::new();
        for group in 0..index(self.groups.all.len()) {
            for position in 0..self.groups.all[at(group)].tickets.len() {
                if self.work > work {
                    return false;
                }
                changes.clear();
                self.insert(group, position, &mut changes);
                if self.groups.all[at(group)].served <= position {
                    break;
                }
            }
        }
        true
    }

    /// Adds a ticket to its group; returns the group, and the ticket's position in it.
    pub fn add(&mut self, demand: Demand) -> (u32, usize) {
        let ticket = index(self.demands.len());
        self.demands.push(demand);
        self.seats.add_ticket();
        let group = self.groups.place(ticket, demand.list, self.pairing);
        if at(group) == self.utility.len() {
            self.utility.push(NEVER);
            self.shortlists.push(Shortlist::default());
            self.found.place.push(NONE);
        }
        (group, self.groups.insert(group, ticket, &self.demands))
    }

    /// Inserts the group's ticket at the position, and notes each ticket that had to move, with the
    /// agent that it had.
    pub fn insert(&mut self, group: u32, position: usize, changes: &mut Vec<(u32, u32)>) {
        let entry = &self.groups.all[at(group)];
        let ticket = entry.tickets[position];
        if position > entry.served {
            // One with as many points is left waiting already.
            return;
        }
        self.utility[at(group)] = self.best_margin(group);
        self.search(group);
        self.raise();
        self.augment(group, ticket, changes);
        self.forget();
    }

    pub fn renew(&mut self, group: u32) {
        let entry = &self.groups.all[at(group)];
        let ticket = entry.tickets[0];
        let reading = Reading {
            list: &self.lists[at(entry.list)],
            price: &self.price,
            capacity: &self.market.capacity,
            bonus_max: self.market.bonus_max,
            bonus: |agent| self.pairing.bonus(ticket, agent),
        };
        self.work += self.shortlists[at(group)].renew(&reading, &mut self.buffer);
    }

    /// What the best agent offers the group over the agent's price.
    pub fn best_margin(&mut self, group: u32) -> i64 {
        loop {
            let shortlist = &self.shortlists[at(group)];
            let mut best = NEVER;
            for listed in &shortlist.candidates {
                if listed.margin <= best {
                    break;
                }
                best = best.max(listed.points - self.price[at(listed.agent)]);
            }
            if best >= shortlist.beyond {
                return best;
            }
            self.renew(group);
        }
    }

    /// The ticket that the group gives up first: the last served one, or the next if one more comes
    /// in. Those behind it have no more points.
    fn lowest(&self, group: u32, incoming: bool) -> u32 {
        let entry = &self.groups.all[at(group)];
        entry.tickets[if incoming {
            entry.served
        } else {
            entry.served - 1
        }]
    }

    /// What the group loses if its lowest ticket is left waiting.
    fn stake(&self, group: u32, incoming: bool) -> i64 {
        self.utility[at(group)] + self.demands[at(self.lowest(group, incoming))].points
    }

    fn search(&mut self, source: u32) {
        self.found.best = self.stake(source, true).max(0);
        self.found.end = End::Wait { group: source };
        if self.found.best == 0 {
            return;
        }
        self.reach(Reached {
            group: source,
            distance: 0,
            from: NONE,
        });
        while let Some((distance, event)) = self.found.queue.pop() {
            if distance >= self.found.best {
                break;
            }
            match event {
                Event::Settle { agent } if distance == self.found.distance[at(agent)] => {
                    self.settle(agent, distance);
                }
                Event::Settle { .. } => {}
                Event::ReadOn { group } => {
                    self.renew(group);
                    let place = self.found.place[at(group)];
                    self.relax(group, self.found.reached[at(place)].distance);
                }
            }
        }
    }

    /// Goes on from each group that has a ticket at the agent.
    fn settle(&mut self, agent: u32, distance: i64) {
        self.found.settled.push(agent);
        let mut held = self.seats.first(agent);
        while held != NONE {
            let group = self.groups.of[at(held)];
            if self.found.place[at(group)] == NONE {
                let wait = distance + self.stake(group, false);
                if wait < self.found.best {
                    self.found.best = wait;
                    self.found.end = End::Wait { group };
                }
                self.reach(Reached {
                    group,
                    distance,
                    from: agent,
                });
            }
            held = self.seats.next(held);
        }
    }

    fn reach(&mut self, reached: Reached) {
        self.found.place[at(reached.group)] = index(self.found.reached.len());
        self.found.reached.push(reached);
        self.relax(reached.group, reached.distance);
    }

    /// Looks at the agents on the group's shortlist.
    fn relax(&mut self, group: u32, distance: i64) {
        let found = &mut self.found;
        let base = distance + self.utility[at(group)];
        let shortlist = &self.shortlists[at(group)];
        for &Listed {
            margin,
            agent,
            points,
        } in &shortlist.candidates
        {
            if base - margin >= found.best {
                break;
            }
            self.work += 1;
            let reached = base + self.price[at(agent)] - points;
            if reached >= found.best || reached >= found.distance[at(agent)] {
                continue;
            }
            if self.seats.load[at(agent)] < self.market.capacity[at(agent)] {
                found.best = reached;
                found.end = End::Free { agent, group };
                continue;
            }
            found.distance[at(agent)] = reached;
            found.parent[at(agent)] = group;
            found.touched.push(agent);
            found.queue.push(reached, Event::Settle { agent });
        }
        if shortlist.beyond > NEVER && base - shortlist.beyond < found.best {
            let from_here = (base - shortlist.beyond).max(distance);
            found.queue.push(from_here, Event::ReadOn { group });
        }
    }

    /// Raises the price of each settled agent by what the end is farther away than the agent, so
    /// that every move of the chain costs nothing.
    fn raise(&mut self) {
        let length = self.found.best;
        for &agent in &self.found.settled {
            self.price[at(agent)] += length - self.found.distance[at(agent)];
        }
        for reached in &self.found.reached {
            self.utility[at(reached.group)] -= length - reached.distance;
        }
    }

    fn forget(&mut self) {
        let found = &mut self.found;
        for agent in found.touched.drain(..) {
            found.distance[at(agent)] = FAR;
        }
        for reached in found.reached.drain(..) {
            found.place[at(reached.group)] = NONE;
        }
        found.settled.clear();
        found.queue.clear();
    }

    /// Moves the tickets along the chain, from its end to the source.
    fn augment(&mut self, source: u32, ticket: u32, changes: &mut Vec<(u32, u32)>) {
        self.groups.all[at(source)].served += 1;
        let (mut group, mut target) = match self.found.end {
            End::Free { agent, group } => (group, agent),
            End::Wait { group } => (group, NONE),
        };
        loop {
            let from = match self.found.place[at(group)] {
                NONE => NONE,
                place => self.found.reached[at(place)].from,
            };
            let taker = if from == NONE {
                ticket
            } else {
                self.unseat(group, from)
            };
            changes.push((taker, from));
            if target == NONE {
                self.leave_lowest(group, taker, changes);
            } else {
                self.seats.seat(taker, target);
            }
            if from == NONE {
                break;
            }
            target = from;
            group = self.found.parent[at(from)];
        }
    }

    /// Leaves the group's lowest ticket waiting; the taker takes its seat.
    fn leave_lowest(&mut self, group: u32, taker: u32, changes: &mut Vec<(u32, u32)>) {
        let lowest = self.lowest(group, false);
        self.groups.all[at(group)].served -= 1;
        if lowest != taker {
            let seat = self.seats.agent_of[at(lowest)];
            self.seats.unseat(lowest);
            self.seats.seat(taker, seat);
            changes.push((lowest, seat));
        }
    }

    /// Takes a ticket of the group from the agent.
    fn unseat(&mut self, group: u32, agent: u32) -> u32 {
        let mut held = self.seats.first(agent);
        while self.groups.of[at(held)] != group {
            held = self.seats.next(held);
        }
        self.seats.unseat(held);
        held
    }

    /// The agent of each ticket.
    pub fn agents(&self) -> Vec<Option<u32>> {
        self.seats
            .agent_of
            .iter()
            .map(|&agent| (agent != NONE).then_some(agent))
            .collect()
    }

    /// The matching of the tickets inserted so far.
    pub fn matching(&self) -> Matching {
        let mut duals = Duals {
            tickets: vec![0; self.demands.len()],
            agents: self.price.clone(),
        };
        let mut total = 0;
        for (ticket, &agent) in self.seats.agent_of.iter().enumerate() {
            if agent != NONE {
                // The agent is as good as any for the ticket, so its score is what the two gain.
                let gain = self.utility[at(self.groups.of[ticket])] + self.demands[ticket].points;
                duals.tickets[ticket] = gain;
                total += gain + self.price[at(agent)];
            }
        }
        Matching {
            agent_of: self.agents(),
            total,
            mode: Mode::Exact,
            duals,
            work: self.work,
        }
    }
}
