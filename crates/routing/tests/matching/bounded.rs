//! The bounded mode keeps its bound, and takes over by work, not by time.

use proptest::prelude::*;
use routing::matching::{Limits, Mode, certify, solve};

use crate::oracle::{EXACT, best_total, markets, seeded};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn the_total_is_within_epsilon_for_each_ticket_of_the_bound(
        (market, table) in markets(),
        work in prop_oneof![Just(0_u64), 0..60_u64],
        epsilon in 0..12_i64,
    ) {
        let matching = solve(&market, &table, &Limits { work, epsilon });
        let bound = certify(&market, &table, &matching).unwrap();
        let optimum = best_total(&market, &table);
        let slack = match matching.mode {
            Mode::Exact => 0,
            Mode::Bounded { epsilon } => epsilon * i64::try_from(market.tickets.len()).unwrap(),
        };
        prop_assert!(matching.total <= optimum && optimum <= bound);
        prop_assert!(matching.total >= bound - slack, "{} of {bound}", matching.total);
    }

    #[test]
    fn an_epsilon_below_what_any_change_gains_reaches_the_optimum((market, table) in markets()) {
        let factor = i64::try_from(market.tickets.len()).unwrap() + 1;
        let mut scaled = market.clone();
        scaled.bonus_max *= factor;
        scaled.tickets.iter_mut().for_each(|t| t.points *= factor);
        scaled.lists.iter_mut().flatten().for_each(|c| c.points *= factor);
        let mut bonus = table.clone();
        bonus.rows.iter_mut().flatten().flatten().for_each(|bonus| *bonus *= factor);

        let matching = solve(&scaled, &bonus, &Limits { work: 0, epsilon: 1 });
        prop_assert_eq!(matching.total, factor * best_total(&market, &table));
    }
}

#[test]
fn the_bounded_mode_takes_over_when_the_work_exceeds_the_limit() {
    let (market, table) = seeded(7, 500, 200);
    let exact = solve(&market, &table, &EXACT);
    for (share, mode) in [
        (0, Mode::Bounded { epsilon: 3 }),
        (1, Mode::Bounded { epsilon: 3 }),
        (3, Mode::Bounded { epsilon: 3 }),
        (4, Mode::Exact),
    ] {
        let limits = Limits {
            work: exact.work * share / 4,
            epsilon: 3,
        };
        let matching = solve(&market, &table, &limits);
        assert_eq!(matching.mode, mode, "{share} quarters of the work");
        assert_eq!(
            matching,
            solve(&market, &table, &limits),
            "a replay decides the same"
        );
        let bound = certify(&market, &table, &matching).unwrap();
        assert!(matching.total <= exact.total && exact.total <= bound);
    }
}

#[test]
fn a_small_epsilon_comes_closer_than_a_large_one() {
    let (market, table) = seeded(11, 600, 250);
    let exact = solve(&market, &table, &EXACT).total;
    let missed = |epsilon| exact - solve(&market, &table, &Limits { work: 0, epsilon }).total;
    assert!(missed(1) < missed(60), "{} and {}", missed(1), missed(60));
    assert!(
        missed(60) > 0,
        "the bounded mode is not the exact one in disguise"
    );
}
