//! The candidate lists in the order in which they are read, and tickets of one kind as a group.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Candidate, Demand, Market, Pairing, at, index};

/// Tickets of the same list and kind: for every agent they score the same, but for the points that
/// each brings along. So the ones with the most points are served, and it does not matter by whom.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub list: u32,
    /// Members, by points, highest first, then by index. The first `served` have an agent.
    pub tickets: Vec<u32>,
    pub served: usize,
}

/// Each list by points, highest first, then by agent.
pub(super) fn sorted(lists: &[Vec<Candidate>]) -> Cow<'_, [Vec<Candidate>]> {
    let key = |candidate: &Candidate| (std::cmp::Reverse(candidate.points), candidate.agent);
    if lists.iter().all(|list| list.is_sorted_by_key(key)) {
        return Cow::Borrowed(lists);
    }
    let mut lists = lists.to_vec();
    for list in &mut lists {
        list.sort_unstable_by_key(key);
    }
    Cow::Owned(lists)
}

/// Puts tickets into groups, in the order of their indices.
#[derive(Debug, Default)]
pub(super) struct Groups {
    pub all: Vec<Group>,
    /// The group of each ticket.
    pub of: Vec<u32>,
    by_kind: HashMap<(u32, u64), u32>,
}

impl Groups {
    pub fn new(market: &Market, pairing: &impl Pairing) -> Self {
        let mut groups = Self::default();
        for (ticket, demand) in (0..).zip(&market.tickets) {
            let group = groups.place(ticket, demand.list, pairing);
            groups.all[at(group)].tickets.push(ticket);
        }
        for group in &mut groups.all {
            group
                .tickets
                .sort_by_key(|&t| std::cmp::Reverse(market.tickets[at(t)].points));
        }
        groups
    }

    /// Finds or founds the ticket's group, without putting it in.
    pub fn place(&mut self, ticket: u32, list: u32, pairing: &impl Pairing) -> u32 {
        let new = index(self.all.len());
        let group = match pairing.kind(ticket) {
            Some(kind) => *self.by_kind.entry((list, kind)).or_insert(new),
            None => new,
        };
        if group == new {
            self.all.push(Group {
                list,
                tickets: Vec::new(),
                served: 0,
            });
        }
        self.of.push(group);
        group
    }

    /// Puts a ticket that arrived late behind all members with as many points.
    pub fn insert(&mut self, group: u32, ticket: u32, demands: &[Demand]) -> usize {
        let tickets = &mut self.all[at(group)].tickets;
        let points = demands[at(ticket)].points;
        let position = tickets.partition_point(|&other| demands[at(other)].points >= points);
        tickets.insert(position, ticket);
        position
    }
}
