//! Shortest augmenting paths over the implicit graph.
//!
//! The state always holds an optimal matching of the tickets inserted so far, and duals that prove
//! it: an agent's price and a group's utility, the best margin of score over price that any agent
//! still offers it. Inserting a ticket searches, by Dijkstra's algorithm over reduced scores, the
//! cheapest chain of moves that ends at a free unit or at a ticket better left waiting.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::lists::{Groups, sorted};
use super::{Candidate, Demand, Duals, Market, Matching, Mode, Pairing, at, index};

/// No ticket, agent or group.
pub(super) const NONE: u32 = u32::MAX;
const FAR: i64 = i64::MAX;

/// A matching that is optimal for the tickets inserted so far.
pub(super) struct State<'m, P> {
    pub market: &'m Market,
    pub pairing: &'m P,
    lists: Cow<'m, [Vec<Candidate>]>,
    pub demands: Vec<Demand>,
    pub groups: Groups,
    pub price: Vec<i64>,
    /// Of each group: never less than the best margin that any agent offers.
    utility: Vec<i64>,
    pub agent_of: Vec<u32>,
    /// The tickets of an agent as a chain: the first, and the next of each ticket.
    first: Vec<u32>,
    next: Vec<u32>,
    load: Vec<u32>,
    pub work: u64,
    scratch: Scratch,
}

/// What a search finds out; cleared by walking what it touched.
struct Scratch {
    distance: Vec<i64>,
    /// The group from which an agent was reached.
    parent: Vec<u32>,
    touched: Vec<u32>,
    settled: Vec<u32>,
    /// Reached groups: group, distance, the agent it was reached from.
    reached: Vec<(u32, i64, u32)>,
    /// Position in `reached`, of each group.
    place: Vec<u32>,
    heap: BinaryHeap<Reverse<(i64, u32)>>,
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
        let agents = market.capacity.len();
        let tickets = market.tickets.len();
        Self {
            market,
            pairing,
            lists: sorted(&market.lists),
            demands: market.tickets.clone(),
            price: vec![0; agents],
            utility: vec![0; groups.groups.len()],
            agent_of: vec![NONE; tickets],
            first: vec![NONE; agents],
            next: vec![NONE; tickets],
            load: vec![0; agents],
            work: 0,
            scratch: Scratch {
                distance: vec![FAR; agents],
                parent: vec![NONE; agents],
                touched: Vec::new(),
                settled: Vec::new(),
                reached: Vec::new(),
                place: vec![NONE; groups.groups.len()],
                heap: BinaryHeap::new(),
            },
            groups,
        }
    }

    /// Inserts every ticket of the market.
    pub fn insert_all(&mut self) {
        for group in 0..index(self.groups.groups.len()) {
            for position in 0..self.groups.groups[at(group)].tickets.len() {
                if !self.insert(group, position, &mut Vec::new()) {
                    break;
                }
            }
        }
    }

    /// Inserts the group's ticket at the position; says whether one more ticket of it is served.
    pub fn insert(&mut self, group: u32, position: usize, moved: &mut Vec<u32>) -> bool {
        let entry = &self.groups.groups[at(group)];
        let ticket = entry.tickets[position];
        if position > entry.served {
            return false;
        }
        self.utility[at(group)] = self.best_margin(group);
        let (end, distance) = self.search(group);
        self.raise(distance);
        let before = self.groups.groups[at(group)].served;
        self.augment(group, ticket, end, moved);
        self.clear();
        self.groups.groups[at(group)].served > before
    }

    fn best_margin(&mut self, group: u32) -> i64 {
        let entry = &self.groups.groups[at(group)];
        let ticket = entry.tickets[0];
        let mut best = i64::MIN / 2;
        for candidate in &self.lists[at(entry.list)] {
            if candidate.points + self.market.bonus_max <= best {
                break;
            }
            self.work += 1;
            let most = candidate.points - self.price[at(candidate.agent)];
            if most + self.market.bonus_max <= best || self.market.capacity[at(candidate.agent)] == 0 {
                continue;
            }
            if let Some(bonus) = self.pairing.bonus(ticket, candidate.agent) {
                best = best.max(most + bonus);
            }
        }
        best
    }

    /// The ticket that the group gives up first: the last served one, or the next if one more comes
    /// in. Those behind it have no more points.
    fn lowest(&self, group: u32, incoming: bool) -> u32 {
        let entry = &self.groups.groups[at(group)];
        entry.tickets[if incoming { entry.served } else { entry.served - 1 }]
    }

    fn lowest_points(&self, group: u32, incoming: bool) -> i64 {
        self.demands[at(self.lowest(group, incoming))].points
    }

    fn search(&mut self, source: u32) -> (End, i64) {
        let mut best = self.utility[at(source)] + self.lowest_points(source, true);
        let mut end = End::Wait { group: source };
        if best <= 0 {
            return (end, 0);
        }
        self.reach(source, 0, NONE, &mut best, &mut end);
        while let Some(Reverse((distance, agent))) = self.scratch.heap.pop() {
            if distance >= best {
                break;
            }
            if distance > self.scratch.distance[at(agent)] {
                continue;
            }
            self.scratch.settled.push(agent);
            let mut held = self.first[at(agent)];
            while held != NONE {
                let group = self.groups.of[at(held)];
                if self.scratch.place[at(group)] == NONE {
                    let wait = distance + self.utility[at(group)] + self.lowest_points(group, false);
                    if wait < best {
                        best = wait;
                        end = End::Wait { group };
                    }
                    self.reach(group, distance, agent, &mut best, &mut end);
                }
                held = self.next[at(held)];
            }
        }
        (end, best)
    }

    fn reach(&mut self, group: u32, distance: i64, from: u32, best: &mut i64, end: &mut End) {
        let scratch = &mut self.scratch;
        scratch.place[at(group)] = index(scratch.reached.len());
        scratch.reached.push((group, distance, from));
        let entry = &self.groups.groups[at(group)];
        let ticket = entry.tickets[0];
        let base = distance + self.utility[at(group)];
        let bonus_max = self.market.bonus_max;
        for candidate in &self.lists[at(entry.list)] {
            if base - candidate.points - bonus_max >= *best {
                break;
            }
            self.work += 1;
            let agent = candidate.agent;
            let least = base + self.price[at(agent)] - candidate.points;
            if least - bonus_max >= *best.min(&mut scratch.distance[at(agent)]) {
                continue;
            }
            let capacity = self.market.capacity[at(agent)];
            let Some(bonus) = self.pairing.bonus(ticket, agent) else {
                continue;
            };
            let reached = least - bonus;
            if capacity == 0 || reached >= *best || reached >= scratch.distance[at(agent)] {
                continue;
            }
            if self.load[at(agent)] < capacity {
                *best = reached;
                *end = End::Free { agent, group };
                continue;
            }
            if scratch.distance[at(agent)] == FAR {
                scratch.touched.push(agent);
            }
            scratch.distance[at(agent)] = reached;
            scratch.parent[at(agent)] = group;
            scratch.heap.push(Reverse((reached, agent)));
        }
    }

    fn raise(&mut self, length: i64) {
        for &agent in &self.scratch.settled {
            self.price[at(agent)] += length - self.scratch.distance[at(agent)];
        }
        for &(group, distance, _) in &self.scratch.reached {
            self.utility[at(group)] -= length - distance;
        }
    }

    fn clear(&mut self) {
        let scratch = &mut self.scratch;
        for agent in scratch.touched.drain(..) {
            scratch.distance[at(agent)] = FAR;
        }
        for (group, ..) in scratch.reached.drain(..) {
            scratch.place[at(group)] = NONE;
        }
        scratch.settled.clear();
        scratch.heap.clear();
    }

    fn augment(&mut self, source: u32, ticket: u32, end: End, moved: &mut Vec<u32>) {
        let (mut group, mut target) = match end {
            End::Free { agent, group } => (group, agent),
            End::Wait { group } => (group, NONE),
        };
        loop {
            let from = match self.scratch.place[at(group)] {
                NONE => NONE,
                place => self.scratch.reached[at(place)].2,
            };
            let mover = if from == NONE { ticket } else { self.unseat(group, from) };
            if target == NONE {
                self.leave_lowest(group, mover, from == NONE, moved);
            } else {
                self.seat(mover, target);
                moved.push(mover);
            }
            if from == NONE {
                break;
            }
            target = from;
            group = self.scratch.parent[at(from)];
        }
        let _ = source;
        self.groups.groups[at(source)].served += 1;
        if let End::Wait { group } = end {
            self.groups.groups[at(group)].served -= 1;
        }
    }

    /// Leaves the group's ticket with the fewest points waiting; the mover takes its seat.
    fn leave_lowest(&mut self, group: u32, mover: u32, incoming: bool, moved: &mut Vec<u32>) {
        let lowest = self.lowest(group, incoming);
        let seat = self.agent_of[at(lowest)];
        if lowest != mover && seat != NONE {
            self.remove(lowest, seat);
            self.seat(mover, seat);
            moved.push(lowest);
        }
        moved.push(mover);
    }

    /// Takes a ticket of the group from the agent.
    fn unseat(&mut self, group: u32, agent: u32) -> u32 {
        let mut held = self.first[at(agent)];
        while self.groups.of[at(held)] != group {
            held = self.next[at(held)];
        }
        self.remove(held, agent);
        held
    }

    fn remove(&mut self, ticket: u32, agent: u32) {
        let after = self.next[at(ticket)];
        let mut held = self.first[at(agent)];
        if held == ticket {
            self.first[at(agent)] = after;
        } else {
            while self.next[at(held)] != ticket {
                held = self.next[at(held)];
            }
            self.next[at(held)] = after;
        }
        self.next[at(ticket)] = NONE;
        self.agent_of[at(ticket)] = NONE;
        self.load[at(agent)] -= 1;
    }

    fn seat(&mut self, ticket: u32, agent: u32) {
        self.next[at(ticket)] = self.first[at(agent)];
        self.first[at(agent)] = ticket;
        self.agent_of[at(ticket)] = agent;
        self.load[at(agent)] += 1;
    }

    /// The score of the pair, if the two may meet.
    fn score(&self, ticket: u32, agent: u32) -> Option<i64> {
        let demand = self.demands[at(ticket)];
        let list = &self.lists[at(demand.list)];
        let candidate = list.iter().find(|candidate| candidate.agent == agent)?;
        Some(demand.points + candidate.points + self.pairing.bonus(ticket, agent)?)
    }

    pub fn matching(&self) -> Matching {
        let mut duals =
            Duals { tickets: vec![0; self.demands.len()], agents: self.price.clone() };
        let mut total = 0;
        for (ticket, &agent) in (0..).zip(&self.agent_of) {
            if agent != NONE && let Some(score) = self.score(ticket, agent) {
                total += score;
                duals.tickets[at(ticket)] = score - self.price[at(agent)];
            }
        }
        let agent_of = self.agent_of.iter().map(|&a| (a != NONE).then_some(a)).collect();
        Matching { agent_of, total, mode: Mode::Exact, duals, work: self.work }
    }

    pub fn add(&mut self, demand: Demand) -> (u32, usize) {
        let ticket = index(self.demands.len());
        self.demands.push(demand);
        self.agent_of.push(NONE);
        self.next.push(NONE);
        let group = self.groups.place(ticket, demand.list, self.pairing);
        if at(group) == self.utility.len() {
            self.utility.push(0);
            self.scratch.place.push(NONE);
        }
        (group, self.groups.insert(group, ticket, &self.demands))
    }
}
