//! Random small markets, and the best matching by trying every one.

use proptest::collection::vec;
use proptest::prelude::*;
use routing::matching::{Candidate, Demand, Limits, Market, Pairing};

pub const EXACT: Limits = Limits {
    work: u64::MAX,
    epsilon: 1,
};
pub const BONUS_MAX: i64 = 6;

/// The bonus of each ticket and agent. Tickets with the same row and kind are alike.
#[derive(Clone, Debug)]
pub struct Table {
    pub rows: Vec<Vec<Option<i64>>>,
    pub row_of: Vec<u32>,
    /// Whether to say which tickets are alike.
    pub kinds: bool,
}

impl Pairing for Table {
    fn bonus(&self, ticket: u32, agent: u32) -> Option<i64> {
        self.rows[usize_of(self.row_of[usize_of(ticket)])][usize_of(agent)]
    }

    fn kind(&self, ticket: u32) -> Option<u64> {
        self.kinds
            .then_some(u64::from(self.row_of[usize_of(ticket)]))
    }
}

pub fn usize_of(index: u32) -> usize {
    usize::try_from(index).unwrap()
}

/// Few agents and tickets, few different points: ties, negative scores, exclusions and agents
/// without capacity are common.
pub fn markets() -> impl Strategy<Value = (Market, Table)> {
    (1..7_usize, 0..8_usize, any::<bool>()).prop_flat_map(|(agents, tickets, kinds)| {
        let points = prop_oneof![3 => -4..12_i64, 1 => -20..40_i64];
        let list = vec(proptest::option::weighted(0.7, points), agents);
        let demand = (0..3_u32, -10..8_i64).prop_map(|(list, points)| Demand { list, points });
        let bonus = proptest::option::weighted(0.9, prop_oneof![Just(0), 0..=BONUS_MAX]);
        (
            vec(list, 3),
            vec(demand, tickets),
            vec(0..4_u32, agents),
            vec(vec(bonus, agents), 3),
            vec(0..3_u32, tickets),
        )
            .prop_map(move |(lists, tickets, capacity, rows, row_of)| {
                let lists = lists.into_iter().map(listed).collect();
                let market = Market {
                    lists,
                    tickets,
                    capacity,
                    bonus_max: BONUS_MAX,
                };
                (
                    market,
                    Table {
                        rows,
                        row_of,
                        kinds,
                    },
                )
            })
    })
}

fn listed(points: Vec<Option<i64>>) -> Vec<Candidate> {
    let candidates = (0..).zip(points);
    candidates
        .filter_map(|(agent, points)| {
            Some(Candidate {
                agent,
                points: points?,
            })
        })
        .collect()
}

/// The score of a pair, if the two may meet.
pub fn score(market: &Market, pairing: &impl Pairing, ticket: u32, agent: u32) -> Option<i64> {
    let demand = market.tickets[usize_of(ticket)];
    let candidates = &market.lists[usize_of(demand.list)];
    let candidate = candidates
        .iter()
        .find(|candidate| candidate.agent == agent)?;
    Some(demand.points + candidate.points + pairing.bonus(ticket, agent)?)
}

/// The highest total of all matchings: agent by agent, every set of tickets that it could take of
/// those that are left.
pub fn best_total(market: &Market, pairing: &impl Pairing) -> i64 {
    let tickets = u32::try_from(market.tickets.len()).unwrap();
    let mut best = vec![0; 1 << tickets];
    for (agent, &capacity) in (0..).zip(&market.capacity) {
        let worth = |set: u32| -> Option<i64> {
            let members = (0..tickets).filter(|ticket| set >> ticket & 1 == 1);
            members
                .map(|ticket| score(market, pairing, ticket, agent))
                .sum()
        };
        let sets: Vec<_> = (0..1_u32 << tickets)
            .filter(|set| set.count_ones() <= capacity)
            .filter_map(|set| Some((set, worth(set)?)))
            .collect();
        let before = best.clone();
        for (taken, total) in (0_u32..).zip(&mut best) {
            let options = sets.iter().filter(|(set, _)| set & taken == *set);
            let totals = options.map(|&(set, worth)| before[usize_of(taken ^ set)] + worth);
            *total = totals.max().unwrap();
        }
    }
    best[(1 << tickets) - 1]
}

/// A market of some hundred tickets from a seed, with scores as in practice.
pub fn seeded(seed: u64, tickets: u32, agents: u32) -> (Market, Table) {
    let mut state = seed;
    let mut below = |bound: u32| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from(state >> 33).unwrap() % bound
    };
    let mut list = |share: u32| {
        let eligible: Vec<_> = (0..agents).filter(|_| below(100) < share).collect();
        eligible
            .into_iter()
            .map(|agent| Candidate {
                agent,
                points: i64::from(below(400)),
            })
            .collect::<Vec<_>>()
    };
    let lists = (1..=12).map(|rank| list(60 / rank)).collect();
    let capacity = (0..agents).map(|_| below(4)).collect();
    let tickets: Vec<_> = (0..tickets)
        .map(|_| Demand {
            list: below(12).min(below(12)),
            points: i64::from(below(200)) - 40,
        })
        .collect();
    let row_of = tickets.iter().map(|_| below(5)).collect();
    let mut bonus = || (below(50) > 0).then(|| i64::from(below(61)));
    let rows = (0..5)
        .map(|_| (0..agents).map(|_| bonus()).collect())
        .collect();
    let market = Market {
        lists,
        tickets,
        capacity,
        bonus_max: 60,
    };
    (
        market,
        Table {
            rows,
            row_of,
            kinds: true,
        },
    )
}
