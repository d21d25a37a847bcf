//! What every decision keeps.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use routing::{
    Inputs, Key, Outcome, Policy, Room, WhyNot, decide, explain,
    fact::{Agent, Channel, Ticket},
    objection_in, why_not,
};

use crate::world::{
    NOW, agent, any_agent, any_policy, any_ticket, inputs, numbered, policies, ticket,
};

fn by_id(inputs: &Inputs, ticket: Key, agent: Key) -> (&Ticket, &Agent) {
    (
        inputs.tickets.iter().find(|t| t.id == ticket).unwrap(),
        inputs.agents.iter().find(|a| a.id == agent).unwrap(),
    )
}

fn points(outcome: &Outcome) -> i64 {
    outcome.matches.iter().map(|matched| matched.score).sum()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nobody_is_asked_who_objects_or_has_no_room(
        policy in any_policy(),
        tickets in proptest::collection::vec(any_ticket(), 0..14),
        agents in proptest::collection::vec(any_agent(), 0..12),
    ) {
        let (tickets, agents) = numbered(tickets, agents);
        let inputs = inputs(&policy, tickets, &agents);
        let outcome = decide(&inputs);
        let mut held: BTreeMap<(Key, Channel), i64> = BTreeMap::new();
        let mut pairs = BTreeSet::new();
        let mut asked: BTreeMap<Key, i64> = BTreeMap::new();
        for matched in &outcome.matches {
            let (ticket, agent) = by_id(&inputs, matched.ticket, matched.agent);
            prop_assert_eq!(objection_in(&inputs, ticket, agent), None);
            prop_assert!(pairs.insert((matched.ticket, matched.agent)), "asked twice");
            *held.entry((matched.agent, ticket.channel)).or_default() += ticket.weight;
            *asked.entry(matched.ticket).or_default() += 1;
        }
        for agent in &agents {
            let of = |channel| held.get(&(agent.id, channel)).copied().unwrap_or(0);
            let (chats, messages) = (of(Channel::Chat), of(Channel::Message));
            prop_assert!(chats <= agent.free.chat.max(0) && messages <= agent.free.message.max(0));
            prop_assert!(chats + messages <= agent.free.total.max(0));
        }
        prop_assert!(asked.values().all(|count| *count <= policy.simultaneous_offers));
    }

    #[test]
    fn the_order_of_the_input_and_a_trip_through_json_make_no_difference(
        policy in any_policy(),
        tickets in proptest::collection::vec(any_ticket(), 0..14),
        agents in proptest::collection::vec(any_agent(), 0..12),
    ) {
        let (tickets, agents) = numbered(tickets, agents);
        let forth = inputs(&policy, tickets, &agents);
        let mut back = forth.clone();
        back.tickets.reverse();
        back.agents.reverse();
        prop_assert_eq!(decide(&forth), decide(&back));
        let text = serde_json::to_string(&forth).unwrap();
        let again: Inputs = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(&again, &forth);
        prop_assert_eq!(serde_json::to_string(&again).unwrap(), text);
    }

    /// Who could have helped a ticket that was left waiting was not given one whose place in the
    /// queue is later by more than the policy says: so nobody starves.
    #[test]
    fn nobody_is_overtaken_by_more_than_the_policys_bound(
        policy in any_policy(),
        tickets in proptest::collection::vec(any_ticket(), 2..14),
        agents in proptest::collection::vec(any_agent(), 1..4),
    ) {
        let (mut tickets, agents) = numbered(tickets, agents);
        for ticket in &mut tickets {
            // One channel and nothing kept back, so that any two compete.
            ticket.channel = Channel::Chat;
            ticket.preferred_until = None;
        }
        let policy = Policy { simultaneous_offers: 1, ..policy };
        let bound = (policy.spread() + 1) * policy.seconds_per_waiting_point * 1_000;
        let inputs = inputs(&policy, tickets, &agents);
        let outcome = decide(&inputs);
        for left in &inputs.tickets {
            if outcome.matches.iter().any(|matched| matched.ticket == left.id) {
                continue;
            }
            for matched in &outcome.matches {
                let (taken, agent) = by_id(&inputs, matched.ticket, matched.agent);
                if objection_in(&inputs, left, agent).is_none() {
                    prop_assert!(
                        taken.rank_at - left.rank_at <= bound,
                        "{:?} overtook {:?} by {} s", taken.id, left.id,
                        (taken.rank_at - left.rank_at) / 1_000
                    );
                }
            }
        }
    }

    #[test]
    fn every_agent_can_be_told_why(
        policy in any_policy(),
        tickets in proptest::collection::vec(any_ticket(), 1..10),
        agents in proptest::collection::vec(any_agent(), 1..10),
    ) {
        let (tickets, agents) = numbered(tickets, agents);
        let inputs = inputs(&policy, tickets, &agents);
        let outcome = decide(&inputs);
        for ticket in &inputs.tickets {
            let told = explain(&inputs, &outcome, ticket.id).unwrap();
            let asked = outcome.matches.iter().filter(|m| m.ticket == ticket.id).count();
            prop_assert_eq!(told.candidates.iter().filter(|c| c.asked).count(), asked);
            let objected: u64 = told.objections.values().sum();
            prop_assert_eq!(usize::try_from(objected).unwrap() + told.eligible, agents.len());
            for agent in &inputs.agents {
                let why = why_not(&inputs, &outcome, ticket.id, agent.id);
                let objects = objection_in(&inputs, ticket, agent).is_some();
                prop_assert_eq!(objects, matches!(why, WhyNot::Objection { .. }));
                prop_assert!(why != WhyNot::Unknown);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// A large room is put on record in part, and the part decides like the whole.
    #[test]
    fn a_shortlist_decides_like_the_whole_room(
        policy in any_policy(),
        tickets in proptest::collection::vec(any_ticket(), 1..12),
        agents in proptest::collection::vec(any_agent(), 300..400),
    ) {
        let (tickets, agents) = numbered(tickets, agents);
        let mut room = Room::new();
        for agent in &agents {
            room.enter(agent.clone());
        }
        let short = Inputs::gather(NOW, policies(&policy), tickets, &room);
        let mut whole = short.clone();
        whole.agents.clone_from(&agents);
        prop_assert!(short.agents.len() < agents.len());
        prop_assert_eq!(points(&decide(&short)), points(&decide(&whole)));
    }

    /// Nobody is better than they look at a glance, also after they changed.
    #[test]
    fn a_glance_promises_no_less_than_there_is(
        policy in any_policy(),
        asked in any_ticket(),
        agents in proptest::collection::vec((any_agent(), any_agent()), 1..60),
    ) {
        let mut room = Room::new();
        for (number, (before, after)) in (0_u128..).zip(agents) {
            for mut agent in [before, after] {
                agent.id = Key(number);
                room.enter(agent);
            }
        }
        let needs = routing::Needs::of(&asked, &policy, NOW);
        let glances: Vec<_> = room.glances(&needs).collect();
        let agents: Vec<_> = room.with_rarest(&needs).collect();
        prop_assert_eq!(glances.len(), agents.len());
        for (glance, agent) in glances.iter().zip(agents) {
            prop_assert_eq!(glance.id, agent.id);
            let points = routing::Parts::of(&policy, &needs, &asked, agent, NOW).of_agent();
            let at_most = routing::Parts::at_most(&policy, &needs, glance, NOW);
            prop_assert!(points <= at_most, "{points} > {at_most}: {agent:?}");
        }
    }

    #[test]
    fn a_room_knows_who_is_there_after_any_coming_and_going(
        moves in proptest::collection::vec((0_u128..8, any::<bool>(), any_agent()), 0..60),
        asked in any_ticket(),
    ) {
        let mut room = Room::new();
        let mut there: BTreeMap<Key, Agent> = BTreeMap::new();
        for (id, comes, mut agent) in moves {
            agent.id = Key(id);
            if comes {
                there.insert(agent.id, agent.clone());
                room.enter(agent);
            } else {
                there.remove(&Key(id));
                room.leave(Key(id));
            }
        }
        prop_assert_eq!(room.len(), there.len());
        let needs = routing::Needs::of(&asked, &Policy::default(), NOW);
        let fits = |agent: &&Agent| routing::objection(&asked, &needs, agent).is_none();
        let found: BTreeSet<Key> = room.with_rarest(&needs).filter(fits).map(|a| a.id).collect();
        let expected: BTreeSet<Key> = there.values().filter(fits).map(|a| a.id).collect();
        prop_assert_eq!(found, expected);
    }
}

/// Two tickets and two agents: greedy serves the older with whoever fits it best, and leaves the
/// other with nobody.
#[test]
fn the_total_counts_and_not_the_first_in_line() {
    let mut specialist = agent(1);
    specialist.skills = vec![
        crate::world::level("care", 5),
        crate::world::level("pay", 5),
    ];
    specialist.free.total = 1;
    let mut generalist = agent(2);
    generalist.free.total = 1;
    let older = ticket(10, 100);
    let mut younger = ticket(11, 10);
    younger.skills = vec![crate::world::level("pay", 1)];
    let inputs = inputs(
        &Policy::default(),
        vec![older, younger],
        &[specialist, generalist],
    );
    let pairs: Vec<_> = decide(&inputs)
        .matches
        .iter()
        .map(|m| (m.ticket.0, m.agent.0))
        .collect();
    assert_eq!(pairs, [(10, 2), (11, 1)]);
}

#[test]
fn a_ticket_is_kept_for_the_agent_of_last_time_while_they_are_there() {
    let mut kept = ticket(10, 5);
    kept.preferred_agent = Some(Key(1));
    kept.preferred_until = Some(NOW + 1);
    let (mut known, other) = (agent(1), agent(2));
    known.free.total = 0;
    let busy = inputs(
        &Policy::default(),
        vec![kept.clone()],
        &[known.clone(), other.clone()],
    );
    assert_eq!(decide(&busy).matches, [], "waits for the one who is busy");
    let why = why_not(&busy, &decide(&busy), Key(10), Key(2));
    assert!(matches!(why, WhyNot::Objection { objection } if objection.code() == "reserved"));

    known.presence = routing::fact::Presence::Away;
    let gone = inputs(
        &Policy::default(),
        vec![kept.clone()],
        &[known.clone(), other.clone()],
    );
    assert_eq!(decide(&gone).matches[0].agent, Key(2), "no use in waiting");

    kept.preferred_until = Some(NOW);
    known.presence = routing::fact::Presence::Available;
    let late = inputs(&Policy::default(), vec![kept], &[known, other]);
    assert_eq!(decide(&late).matches[0].agent, Key(2), "the time is over");
}

#[test]
fn several_are_asked_at_once_where_the_policy_says_so() {
    let policy = Policy {
        simultaneous_offers: 3,
        ..Policy::default()
    };
    let agents: Vec<Agent> = (1..=5).map(agent).collect();
    let inputs = inputs(&policy, vec![ticket(10, 5)], &agents);
    let asked: BTreeSet<Key> = decide(&inputs).matches.iter().map(|m| m.agent).collect();
    assert_eq!(asked.len(), 3);
}

#[test]
fn an_explanation_says_it_in_words() {
    let inputs = inputs(&Policy::default(), vec![ticket(10, 300)], &[agent(1)]);
    let told = explain(&inputs, &decide(&inputs), Key(10)).unwrap();
    assert!(
        told.words
            .starts_with("1 agent was there; 1 could take this ticket.")
    );
    assert!(told.words.contains("180 for skill"), "{}", told.words);
    assert!(told.words.contains("in place 1 of 1"), "{}", told.words);
}
