//! Tickets that arrive one by one end up as well as if all had been there at once.

use proptest::prelude::*;
use routing::matching::{Market, Standing, certify, solve};

use crate::oracle::{EXACT, Table, best_total, markets, seeded, usize_of};

/// Lets all tickets after the first ones arrive, and checks the matching after each.
fn arrive(market: &Market, table: &Table, first: usize, total: impl Fn(&Market) -> i64) {
    let mut known = market.clone();
    let later = known.tickets.split_off(first);
    let before = known.clone();
    let mut standing = Standing::new(&before, table);
    for demand in later {
        let old = standing.matching();
        let change = standing.arrive(demand);
        known.tickets.push(demand);
        let new = standing.matching();
        assert_eq!(usize_of(change.ticket) + 1, known.tickets.len());
        assert_eq!(certify(&known, table, &new), Ok(new.total));
        assert_eq!(new.total, total(&known));

        let agent_before = |t: usize| old.agent_of.get(t).copied().flatten();
        let moved: Vec<_> = (0..)
            .zip(&new.agent_of)
            .filter(|&(t, &agent)| agent_before(usize_of(t)) != agent)
            .map(|(t, &agent)| (t, agent))
            .collect();
        assert_eq!(change.moved, moved);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn every_arrival_leaves_an_optimal_matching(
        (market, table) in markets(),
        first in 0..8_usize,
    ) {
        let first = first.min(market.tickets.len());
        arrive(&market, &table, first, |known| best_total(known, &table));
    }
}

#[test]
fn arrivals_in_a_tight_market_reach_the_total_of_solving_at_once() {
    for seed in 0..4 {
        let (market, table) = seeded(seed, 260, 120);
        arrive(&market, &table, 200, |known| {
            solve(known, &table, &EXACT).total
        });
    }
}
