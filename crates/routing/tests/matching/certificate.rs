//! What the certificate refuses. Each of these is a control: were it accepted, `certify` would
//! prove nothing.

use proptest::prelude::*;
use routing::matching::{Market, Matching, Mode, Violation, certify, solve};

use crate::oracle::{EXACT, Table, markets, score, seeded, usize_of};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_dual_that_is_off_by_one_is_refused((market, table) in markets()) {
        let matching = solve(&market, &table, &EXACT);
        for delta in [-1, 1] {
            for ticket in 0..market.tickets.len() {
                let mut forged = matching.clone();
                forged.duals.tickets[ticket] += delta;
                prop_assert!(certify(&market, &table, &forged).is_err());
            }
            for agent in (0..market.capacity.len()).filter(|&agent| market.capacity[agent] > 0) {
                let mut forged = matching.clone();
                forged.duals.agents[agent] += delta;
                prop_assert!(certify(&market, &table, &forged).is_err());
            }
        }
    }

    #[test]
    fn a_matching_that_leaves_out_a_gain_is_refused((market, table) in markets()) {
        let matching = solve(&market, &table, &EXACT);
        for ticket in 0..market.tickets.len() {
            let Some(agent) = matching.agent_of[ticket] else { continue };
            let index = u32::try_from(ticket).unwrap();
            let gain = score(&market, &table, index, agent).unwrap();
            if gain > 0 {
                let mut forged = matching.clone();
                forged.agent_of[ticket] = None;
                forged.total -= gain;
                prop_assert!(certify(&market, &table, &forged).is_err());
            }
        }
    }
}

fn solved() -> (Market, Table, Matching) {
    let (market, table) = seeded(3, 200, 80);
    let matching = solve(&market, &table, &EXACT);
    assert_eq!(certify(&market, &table, &matching), Ok(matching.total));
    (market, table, matching)
}

/// The violation after the matching was tampered with.
fn tampered(tamper: impl FnOnce(&Market, &Table, &mut Matching)) -> Violation {
    let (market, table, mut matching) = solved();
    tamper(&market, &table, &mut matching);
    certify(&market, &table, &matching).unwrap_err()
}

#[test]
fn a_total_that_is_not_the_sum_is_refused() {
    assert_eq!(
        tampered(|_, _, matching| matching.total += 1),
        Violation::Total
    );
}

#[test]
fn a_missing_or_negative_dual_is_refused() {
    let missing = tampered(|_, _, matching| matching.duals.tickets.clear());
    assert_eq!(missing, Violation::Shape);
    let negative = tampered(|_, _, matching| matching.duals.agents[0] = -1);
    assert_eq!(negative, Violation::NegativeDual);
}

#[test]
fn an_ineligible_agent_is_refused() {
    let violation = tampered(|market, table, matching| {
        let stranger = (0..80).find(|&agent| score(market, table, 0, agent).is_none());
        matching.agent_of[0] = stranger;
    });
    assert!(
        matches!(violation, Violation::Ineligible { ticket: 0, .. }),
        "{violation:?}"
    );
}

#[test]
fn an_agent_that_does_not_exist_is_refused() {
    let violation = tampered(|_, _, matching| matching.agent_of[0] = Some(u32::MAX));
    assert_eq!(
        violation,
        Violation::Ineligible {
            ticket: 0,
            agent: u32::MAX
        }
    );
}

#[test]
fn more_tickets_than_units_are_refused() {
    let (mut market, table, matching) = solved();
    let agent = matching.agent_of.iter().flatten().next().copied().unwrap();
    market.capacity[usize_of(agent)] = 0;
    let violation = certify(&market, &table, &matching).unwrap_err();
    assert_eq!(violation, Violation::OverCapacity { agent });
}

#[test]
fn a_bonus_above_its_limit_is_refused() {
    let (mut market, table, matching) = solved();
    market.bonus_max = 1;
    let violation = certify(&market, &table, &matching).unwrap_err();
    assert!(
        matches!(violation, Violation::Bonus { .. }),
        "{violation:?}"
    );
}

#[test]
fn a_bounded_matching_does_not_pass_for_an_exact_one() {
    let (market, table) = seeded(11, 600, 250);
    let limits = routing::matching::Limits {
        work: 0,
        epsilon: 60,
    };
    let mut matching = solve(&market, &table, &limits);
    assert!(certify(&market, &table, &matching).unwrap() > matching.total);
    matching.mode = Mode::Exact;
    assert!(certify(&market, &table, &matching).is_err());
}
