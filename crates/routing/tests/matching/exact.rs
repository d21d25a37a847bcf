//! The exact mode finds the optimum, and always the same one.

use proptest::prelude::*;
use routing::matching::{Candidate, Demand, Limits, Market, Mode, certify, solve};

use crate::oracle::{BONUS_MAX, EXACT, Table, best_total, markets, seeded};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]

    #[test]
    fn no_matching_has_a_higher_total((market, table) in markets()) {
        let matching = solve(&market, &table, &EXACT);
        prop_assert_eq!(matching.mode, Mode::Exact);
        prop_assert_eq!(certify(&market, &table, &matching), Ok(matching.total));
        prop_assert_eq!(matching.total, best_total(&market, &table));
    }

    #[test]
    fn the_order_inside_a_list_changes_nothing(
        (market, table) in markets(),
        seed in any::<u64>(),
    ) {
        let mut other = market.clone();
        for list in &mut other.lists {
            list.sort_by_key(|c| (u64::from(c.agent) + 1).wrapping_mul(seed | 1));
        }
        prop_assert_eq!(solve(&market, &table, &EXACT), solve(&other, &table, &EXACT));
    }

    #[test]
    fn the_order_of_the_lists_changes_nothing((market, table) in markets()) {
        let mut other = market.clone();
        other.lists.rotate_left(1);
        for demand in &mut other.tickets {
            demand.list = (demand.list + 2) % 3;
        }
        prop_assert_eq!(solve(&market, &table, &EXACT), solve(&other, &table, &EXACT));
    }

    #[test]
    fn knowing_which_tickets_are_alike_does_not_change_the_total((market, table) in markets()) {
        let apart = Table { kinds: false, ..table.clone() };
        let alike = Table { kinds: true, ..table };
        let total = |table| solve(&market, table, &EXACT).total;
        prop_assert_eq!(total(&apart), total(&alike));
    }
}

#[test]
fn hundreds_of_tickets_are_matched_with_a_certificate() {
    for seed in 0..20 {
        for (tickets, agents) in [(300, 400), (500, 300), (400, 150)] {
            let (market, table) = seeded(seed, tickets, agents);
            let matching = solve(&market, &table, &EXACT);
            assert_eq!(
                certify(&market, &table, &matching),
                Ok(matching.total),
                "seed {seed}"
            );

            let apart = Table {
                kinds: false,
                ..table
            };
            let alone = solve(&market, &apart, &EXACT);
            assert_eq!(
                certify(&market, &apart, &alone),
                Ok(matching.total),
                "seed {seed}"
            );
        }
    }
}

#[test]
fn scores_far_beyond_the_buckets_are_matched_all_the_same() {
    for seed in 0..10 {
        let (mut market, table) = seeded(seed, 200, 100);
        let points = market.tickets.iter_mut().map(|t| &mut t.points);
        points
            .chain(market.lists.iter_mut().flatten().map(|c| &mut c.points))
            .for_each(|p| *p *= 1_000_003);
        let matching = solve(&market, &table, &EXACT);
        assert_eq!(
            certify(&market, &table, &matching),
            Ok(matching.total),
            "seed {seed}"
        );
    }
}

fn market(lists: Vec<Vec<Candidate>>, tickets: &[i64], capacity: &[u32]) -> (Market, Table) {
    let demand = |&points: &i64| Demand { list: 0, points };
    let market = Market {
        lists,
        tickets: tickets.iter().map(demand).collect(),
        capacity: capacity.to_vec(),
        bonus_max: BONUS_MAX,
    };
    let row = vec![Some(0); capacity.len()];
    let table = Table {
        rows: vec![row],
        row_of: vec![0; tickets.len()],
        kinds: true,
    };
    (market, table)
}

fn candidate(agent: u32, points: i64) -> Candidate {
    Candidate { agent, points }
}

#[test]
fn of_equal_agents_and_of_equal_tickets_the_first_is_taken() {
    let (market, mut table) = market(
        vec![vec![candidate(1, 9), candidate(0, 7)]],
        &[5, 5, 5],
        &[1, 1],
    );
    table.rows = vec![vec![Some(2), Some(0)]];
    let matching = solve(&market, &table, &EXACT);
    assert_eq!(matching.agent_of, [Some(0), Some(1), None]);
}

#[test]
fn a_pair_with_a_negative_score_is_never_matched() {
    let (market, table) = market(vec![vec![candidate(0, 3)]], &[-4, -2], &[2]);
    let matching = solve(&market, &table, &EXACT);
    assert_eq!(
        (matching.agent_of, matching.total),
        (vec![None, Some(0)], 1)
    );
}

#[test]
fn an_empty_market_and_an_empty_list_match_nothing() {
    for (lists, tickets) in [(vec![], &[][..]), (vec![vec![]], &[7][..])] {
        let (market, table) = market(lists, tickets, &[]);
        for limits in [
            EXACT,
            Limits {
                work: 0,
                epsilon: 3,
            },
        ] {
            let matching = solve(&market, &table, &limits);
            assert_eq!(matching.total, 0);
            assert_eq!(certify(&market, &table, &matching), Ok(0));
        }
    }
}

#[test]
fn a_huge_capacity_costs_nothing() {
    let (market, table) = market(vec![vec![candidate(0, 1)]], &[1; 50], &[u32::MAX]);
    let matching = solve(&market, &table, &EXACT);
    assert_eq!(matching.total, 100);
    assert_eq!(certify(&market, &table, &matching), Ok(100));
}
