//! Rules, one at a time.

use rehearsal::{Answers, Arrival, Ending, Refusal, Report, Rule, Scenario, rehearse};
use routing::{Key, Overflow, Policy, RelaxationStep, Weights, fact::Admitted};

use crate::world::{
    HOUR, SECOND, arrival, endings, level, member, scenario, served, span, under, units,
};

fn with_priority(id: u128, at: i64, priority: i64) -> Arrival {
    let mut arrival = arrival(id, at);
    arrival.ticket.priority = priority;
    arrival
}

#[test]
fn one_agent_takes_one_after_the_other() {
    let day = scenario(vec![arrival(1, 0), arrival(2, 10)], vec![member(9)]);
    let rehearsed = rehearse(&day).unwrap();
    assert_eq!(endings(&rehearsed), [served(9, 0), served(9, 60 * SECOND)]);
    let report = Report::of(&rehearsed);
    assert_eq!(report.total.answered.mean, 25 * SECOND);
    assert_eq!(report.total.queued.count, 1);
    // Two minutes of an hour.
    assert_eq!(report.occupancy_per_mille, 33);
}

#[test]
fn a_head_start_lets_a_later_ticket_go_first_and_the_plain_rule_does_not() {
    let day = scenario(
        vec![
            arrival(1, 0),
            with_priority(2, 10, 0),
            with_priority(3, 20, 1),
        ],
        vec![member(9)],
    );
    let order = |day: &Scenario| {
        let rehearsed = rehearse(day).unwrap();
        let mut answered: Vec<_> = rehearsed.tickets.iter().collect();
        answered.sort_by_key(|told| told.came_at + told.wait());
        answered
            .iter()
            .map(|told| told.ticket.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(order(&day), [1, 3, 2]);
    let head_start = |head_start_seconds| {
        let policy = Policy {
            head_start_seconds,
            ..Policy::default()
        };
        let day = Scenario {
            rule: Rule::InOrder,
            ..day.clone()
        };
        order(&under(policy, day))
    };
    assert_eq!(head_start(0), [1, 2, 3]);
    assert_eq!(head_start(9), [1, 2, 3]);
    assert_eq!(head_start(11), [1, 3, 2]);
}

#[test]
fn the_plain_rule_asks_whoever_has_been_idle_for_the_longest() {
    let mut early = member(9);
    early.spans = vec![span(0, HOUR)];
    let mut late = member(3);
    late.spans = vec![span(5 * SECOND, HOUR)];
    // The later one would score more, being better at it.
    late.agent.skills = vec![level("cards", 5)];
    let day = scenario(vec![arrival(1, 10)], vec![early, late]);
    assert_eq!(endings(&rehearse(&day).unwrap()), [served(3, 10 * SECOND)]);
    let plain = Scenario {
        rule: Rule::InOrder,
        ..day
    };
    assert_eq!(
        endings(&rehearse(&plain).unwrap()),
        [served(9, 10 * SECOND)]
    );
}

#[test]
fn a_customer_leaves_when_patience_ends_but_not_when_answered_at_that_moment() {
    let patient = |id, seconds: i64| Arrival {
        patience: Some(seconds * SECOND),
        ..arrival(id, 0)
    };
    // The agent answers after a second, so is free again after 61 and answers the next after 62.
    let second = |patience| {
        let day = Scenario {
            answers: Answers {
                least: SECOND,
                most: SECOND,
                ..Answers::default()
            },
            ..scenario(vec![patient(1, 500), patient(2, patience)], vec![member(9)])
        };
        endings(&rehearse(&day).unwrap())[1]
    };
    assert_eq!(second(59), Ending::Abandoned { at: 59 * SECOND });
    // While it is on offer.
    assert_eq!(second(61), Ending::Abandoned { at: 61 * SECOND });
    assert_eq!(second(62), served(9, 62 * SECOND));
}

#[test]
fn wrap_up_keeps_the_agent_busy_and_counts_as_work() {
    let mut first = arrival(1, 0);
    first.wrap_up = 30 * SECOND;
    let rehearsed = rehearse(&scenario(vec![first, arrival(2, 0)], vec![member(9)])).unwrap();
    assert_eq!(endings(&rehearsed)[1], served(9, 90 * SECOND));
    assert_eq!(rehearsed.agents[&Key(9)].handled, 150 * SECOND);
}

#[test]
fn an_agent_finishes_what_is_in_hand_and_is_asked_nothing_more() {
    let mut leaving = member(9);
    leaving.spans = vec![span(0, 30 * SECOND)];
    let rehearsed = rehearse(&scenario(
        vec![arrival(1, 0), arrival(2, 10)],
        vec![leaving],
    ))
    .unwrap();
    let aside = 10 * SECOND + 24 * HOUR;
    assert_eq!(
        endings(&rehearsed),
        [served(9, 0), Ending::PutAside { at: aside }]
    );
    // Half a minute beyond the end of the span.
    assert_eq!(rehearsed.agents[&Key(9)].there, 60 * SECOND);
}

#[test]
fn who_declines_is_not_asked_again_and_who_misses_is_away_for_a_while() {
    let declines = Scenario {
        answers: Answers {
            declines_per_mille: 1_000,
            ..Answers::default()
        },
        ..scenario(vec![arrival(1, 0)], vec![member(8), member(9)])
    };
    let rehearsed = rehearse(&declines).unwrap();
    assert_eq!(rehearsed.tickets[0].offers, 2);
    assert_eq!(rehearsed.agents[&Key(9)].missed, 0);

    let misses = Scenario {
        answers: Answers {
            least: HOUR,
            most: HOUR,
            away: 70 * SECOND,
            ..Answers::default()
        },
        ..scenario(vec![arrival(1, 0)], vec![member(9)])
    };
    let policy = Policy {
        dead_letter_seconds: 150,
        ..Policy::default()
    };
    let rehearsed = rehearse(&under(policy, misses)).unwrap();
    // Asked at 0 and at 30 + 70 s; put aside at 150 s.
    assert_eq!(rehearsed.agents[&Key(9)].missed, 2);
    let aside = Ending::PutAside { at: 150 * SECOND };
    assert_eq!(endings(&rehearsed), [aside]);
}

#[test]
fn a_ticket_on_offer_past_its_time_is_put_aside_when_it_comes_back() {
    let misses = Scenario {
        answers: Answers {
            least: HOUR,
            most: HOUR,
            ..Answers::default()
        },
        ..scenario(vec![arrival(1, 0)], vec![member(9)])
    };
    let policy = Policy {
        offer_seconds: 45,
        dead_letter_seconds: 60,
        ..Policy::default()
    };
    let aside = Ending::PutAside { at: 90 * SECOND };
    assert_eq!(endings(&rehearse(&under(policy, misses)).unwrap()), [aside]);
}

#[test]
fn the_first_of_several_who_accepts_has_it() {
    let policy = Policy {
        simultaneous_offers: 3,
        ..Policy::default()
    };
    let several = |seed| Scenario {
        answers: Answers {
            seed,
            most: 20 * SECOND,
            ..Answers::default()
        },
        ..scenario(vec![arrival(1, 0)], vec![member(7), member(8), member(9)])
    };
    let quickest = |seed| {
        let rehearsed = rehearse(&under(policy.clone(), several(seed))).unwrap();
        assert_eq!(rehearsed.tickets[0].offers, 3);
        rehearsed.tickets[0].wait()
    };
    let alone = |seed| rehearse(&several(seed)).unwrap().tickets[0].wait();
    let sum = |wait: &dyn Fn(u64) -> i64| (0..50).map(wait).sum::<i64>();
    assert!((0..50).all(|seed| quickest(seed) <= alone(seed)));
    assert!(sum(&quickest) * 3 < sum(&alone) * 2);
}

#[test]
fn relaxation_and_overflow_take_effect_at_their_instant() {
    let mut hard = arrival(1, 0);
    hard.ticket.skills = vec![level("cards", 5)];
    let relaxed = Policy {
        relaxation: vec![RelaxationStep {
            after_seconds: 40,
            skill_levels: 2,
            ..RelaxationStep::default()
        }],
        ..Policy::default()
    };
    let day = scenario(vec![hard], vec![member(9)]);
    let rehearsed = rehearse(&under(relaxed, day)).unwrap();
    assert_eq!(endings(&rehearsed), [served(9, 40 * SECOND)]);

    let mut elsewhere = member(9);
    elsewhere.agent.admitted = Admitted::AllBut(vec!["care".to_owned()]);
    let overflowing = Policy {
        overflow: Some(Overflow {
            queue: "other".to_owned(),
            after_seconds: 25,
        }),
        ..Policy::default()
    };
    let day = scenario(vec![arrival(1, 0)], vec![elsewhere]);
    let rehearsed = rehearse(&under(overflowing, day)).unwrap();
    assert_eq!(endings(&rehearsed), [served(9, 25 * SECOND)]);
}

#[test]
fn a_ticket_is_kept_for_the_preferred_agent_while_there_and_for_a_time() {
    let mut kept = arrival(2, 1);
    kept.ticket.preferred_agent = Some(Key(9));
    // Agent 9 is busy with the first ticket, 8 is free from the second second on.
    let mut other = member(8);
    other.spans = vec![span(SECOND / 2, HOUR)];
    let mut preferred = member(9);
    let day = |preferred| {
        let policy = Policy {
            preferred_agent_seconds: 20,
            ..Policy::default()
        };
        under(
            policy,
            scenario(
                vec![arrival(1, 0), kept.clone()],
                vec![other.clone(), preferred],
            ),
        )
    };
    let rehearsed = rehearse(&day(preferred.clone())).unwrap();
    assert_eq!(endings(&rehearsed)[1], served(8, 21 * SECOND));
    preferred.spans = vec![span(0, 5 * SECOND)];
    let rehearsed = rehearse(&day(preferred)).unwrap();
    assert_eq!(endings(&rehearsed)[1], served(8, 5 * SECOND));
}

#[test]
fn several_units_hold_several_tickets() {
    let mut able = member(9);
    able.agent.free = units(3);
    let heavy = |id, weight| {
        let mut arrival = arrival(id, 0);
        arrival.ticket.weight = weight;
        arrival
    };
    let rehearsed = rehearse(&scenario(
        vec![heavy(1, 2), heavy(2, 2), heavy(3, 1)],
        vec![able],
    ));
    let rehearsed = rehearsed.unwrap();
    assert_eq!(
        endings(&rehearsed),
        [served(9, 0), served(9, 60 * SECOND), served(9, 0)]
    );
    let worked = &rehearsed.agents[&Key(9)];
    assert_eq!((worked.most_units, worked.busy), (3, 120 * SECOND));
}

#[test]
fn a_policy_without_any_points_still_serves_once_the_wait_counts() {
    let policy = Policy {
        weights: Weights {
            skill: 0,
            language: 0,
            tier: 0,
            service_level: 0,
            preferred_agent: 0,
            idle: 0,
            fairness: 0,
            room: 0,
        },
        ..Policy::default()
    };
    let day = under(policy, scenario(vec![arrival(1, 0)], vec![member(9)]));
    assert_eq!(endings(&rehearse(&day).unwrap()), [served(9, 30 * SECOND)]);
}

#[test]
fn fairness_gives_work_to_who_had_less() {
    let fair = |fairness| Policy {
        weights: Weights {
            fairness,
            ..Policy::default().weights
        },
        ..Policy::default()
    };
    let mut better = member(9);
    better.agent.skills = vec![level("cards", 5)];
    let arrivals = (0..20)
        .map(|n| arrival(n.try_into().unwrap(), n * 90))
        .collect();
    let day = scenario(arrivals, vec![member(8), better]);
    let gini = |fairness| {
        let rehearsed = rehearse(&under(fair(fairness), day.clone())).unwrap();
        Report::of(&rehearsed).handled.gini_per_mille
    };
    assert_eq!(gini(0), 500);
    assert!(gini(100) <= 50, "{}", gini(100));
}

#[test]
fn what_cannot_be_rehearsed_is_refused_by_name() {
    let day = scenario(vec![arrival(1, 0)], vec![member(9)]);
    let refusal = |day: Scenario| rehearse(&day).unwrap_err();

    let mut twice = day.clone();
    twice.members.push(member(9));
    assert_eq!(refusal(twice), Refusal::Twice(Key(9)));

    let mut unknown = day.clone();
    unknown.arrivals[0].ticket.queue = "other".to_owned();
    assert!(refusal(unknown).to_string().contains("other"));

    let mut backwards = day.clone();
    backwards.members[0].spans = vec![span(5, 4)];
    assert_eq!(refusal(backwards), Refusal::Time(Key(9)));

    let mut impatient = day.clone();
    impatient.arrivals[0].patience = Some(-1);
    assert_eq!(refusal(impatient), Refusal::Time(Key(1)));

    let mut odd = day.clone();
    odd.answers.declines_per_mille = 1_001;
    assert_eq!(refusal(odd), Refusal::Answers);

    let bad = Policy {
        offer_seconds: 4,
        ..Policy::default()
    };
    let refused = refusal(under(bad, day)).to_string();
    assert!(
        refused.contains("offer_seconds must be 5 to 600"),
        "{refused}"
    );
}
