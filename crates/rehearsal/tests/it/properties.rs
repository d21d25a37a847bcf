//! What holds whatever the scenario.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rehearsal::{Answers, Ending, Report, Scenario, rehearse};
use routing::{Key, eligibility::objection_to_pair, fact::Agent};

use crate::world::{HOUR, any_scenario, span, units};

fn agents(scenario: &Scenario) -> BTreeMap<Key, &Agent> {
    let known = scenario.members.iter();
    known
        .map(|member| (member.agent.id, &member.agent))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_ticket_ends_once(scenario in any_scenario()) {
        let rehearsed = rehearse(&scenario).unwrap();
        let came: BTreeSet<Key> = scenario.arrivals.iter().map(|one| one.ticket.id).collect();
        let ended: Vec<Key> = rehearsed.tickets.iter().map(|told| told.ticket).collect();
        prop_assert_eq!(ended, came.into_iter().collect::<Vec<_>>());
        let total = Report::of(&rehearsed).total;
        prop_assert_eq!(total.served + total.abandoned + total.put_aside, total.arrivals);
        let served: u32 = rehearsed.agents.values().map(|worked| worked.served).sum();
        prop_assert_eq!(u64::from(served), total.served);
    }

    #[test]
    fn nobody_is_over_capacity_or_given_what_is_not_theirs_to_take(scenario in any_scenario()) {
        let rehearsed = rehearse(&scenario).unwrap();
        let agents = agents(&scenario);
        for (agent, worked) in &rehearsed.agents {
            prop_assert!(worked.most_units <= agents[agent].free.total);
            prop_assert!(worked.busy <= worked.there && worked.busy <= worked.handled);
            prop_assert!(worked.handled <= worked.busy * agents[agent].free.total);
        }
        for (told, arrival) in rehearsed.tickets.iter().zip(&scenario.arrivals) {
            if let Ending::Served { agent, .. } = told.ending {
                prop_assert_eq!(objection_to_pair(&arrival.ticket, agents[&agent]), None);
            }
        }
    }

    #[test]
    fn agents_answer_only_while_they_are_there(scenario in any_scenario()) {
        let rehearsed = rehearse(&scenario).unwrap();
        for told in &rehearsed.tickets {
            let Ending::Served { agent, at } = told.ending else { continue };
            let member = scenario.members.iter().find(|one| one.agent.id == agent).unwrap();
            prop_assert!(member.spans.iter().any(|span| span.from <= at && at < span.until));
        }
    }

    #[test]
    fn customers_leave_when_their_patience_ends_and_not_before(scenario in any_scenario()) {
        let rehearsed = rehearse(&scenario).unwrap();
        for (told, arrival) in rehearsed.tickets.iter().zip(&scenario.arrivals) {
            match told.ending {
                Ending::Abandoned { .. } => prop_assert_eq!(Some(told.wait()), arrival.patience),
                _ => prop_assert!(arrival.patience.is_none_or(|most| told.wait() <= most)),
            }
            prop_assert!(told.wait() >= 0);
        }
    }

    #[test]
    fn nobody_is_overtaken_beyond_the_bound(scenario in any_scenario()) {
        prop_assert_eq!(rehearse(&scenario).unwrap().overtakes, 0);
    }

    #[test]
    fn the_order_of_the_input_makes_no_difference(scenario in any_scenario()) {
        let mut turned = scenario.clone();
        turned.arrivals.reverse();
        turned.members.reverse();
        for member in &mut turned.members {
            member.spans.reverse();
        }
        prop_assert_eq!(rehearse(&turned).unwrap(), rehearse(&scenario).unwrap());
    }

    #[test]
    fn a_later_beginning_changes_nothing_but_the_instants(scenario in any_scenario()) {
        let mut later = scenario.clone();
        for arrival in &mut later.arrivals {
            arrival.ticket.came_at += HOUR;
            arrival.ticket.first_reply_due_at += HOUR;
        }
        for member in &mut later.members {
            for span in &mut member.spans {
                span.from += HOUR;
                span.until += HOUR;
            }
        }
        let (before, after) = (rehearse(&scenario).unwrap(), rehearse(&later).unwrap());
        prop_assert_eq!(Report::of(&before), Report::of(&after));
    }

    /// With a free hand for everybody at every moment, nobody waits longer than an answer takes.
    #[test]
    fn with_enough_agents_nobody_waits(scenario in any_scenario()) {
        let mut scenario = scenario;
        let Some(mut able) = scenario.members.first().cloned() else { return Ok(()) };
        able.agent.contacts.clear();
        able.agent.skills = vec![crate::world::level("cards", 5)];
        able.agent.free = units(1_000);
        able.spans = vec![span(0, HOUR)];
        scenario.members = vec![able];
        scenario.answers = Answers::default();
        for arrival in &mut scenario.arrivals {
            arrival.ticket.preferred_agent = None;
        }
        // Whoever has no patience at all is there to be answered at once all the same.
        let rehearsed = rehearse(&scenario).unwrap();
        for (told, arrival) in rehearsed.tickets.iter().zip(&scenario.arrivals) {
            if arrival.patience != Some(0) {
                prop_assert!(matches!(told.ending, Ending::Served { .. }), "{:?}", told);
                prop_assert_eq!(told.wait(), 0);
            }
        }
    }
}
