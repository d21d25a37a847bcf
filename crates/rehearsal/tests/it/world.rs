//! Scenarios for tests. Instants are milliseconds, most of them a few seconds after 0.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rehearsal::{Answers, Arrival, Ending, Member, Rehearsed, Rule, Scenario, Span};
use routing::{
    Key, Policy, RelaxationStep, Weights,
    fact::{Admitted, Agent, Channel, Level, Presence, Ticket, Units},
};

pub const SECOND: i64 = 1_000;
pub const HOUR: i64 = 3_600 * SECOND;

pub fn level(code: &str, level: i64) -> Level {
    Level {
        code: code.to_owned(),
        level,
    }
}

/// A ticket that comes at a second, talks for a minute, and waits for as long as it takes.
pub fn arrival(id: u128, at_second: i64) -> Arrival {
    let came_at = at_second * SECOND;
    Arrival {
        ticket: Ticket {
            id: Key(id),
            queue: "care".to_owned(),
            channel: Channel::Chat,
            weight: 1,
            language: level("en", 1),
            skills: vec![level("cards", 1)],
            customer: format!("cus-{id}"),
            household: None,
            tier: "gold".to_owned(),
            priority: 0,
            came_at,
            rank_at: 0,
            first_reply_due_at: came_at + 60 * SECOND,
            preferred_agent: None,
            preferred_until: None,
            declined_by: Vec::new(),
        },
        group: "all".to_owned(),
        patience: None,
        talk: 60 * SECOND,
        wrap_up: 0,
    }
}

/// An agent with one unit who is there for an hour.
pub fn member(id: u128) -> Member {
    Member {
        agent: Agent {
            id: Key(id),
            customer: format!("agent-{id}"),
            household: None,
            contacts: Vec::new(),
            tier: "gold".to_owned(),
            languages: vec![level("en", 4)],
            skills: vec![level("cards", 3)],
            is_active: true,
            agreement_current: true,
            presence: Presence::Available,
            admitted: Admitted::All,
            seconds_left: None,
            free: units(1),
            idle_since: 0,
            worked_minutes: 0,
        },
        spans: vec![span(0, HOUR)],
    }
}

pub fn units(total: i64) -> Units {
    Units {
        total,
        chat: total,
        message: total,
    }
}

pub fn span(from: i64, until: i64) -> Span {
    Span { from, until }
}

/// Everybody accepts at once, under the default policy.
pub fn scenario(arrivals: Vec<Arrival>, members: Vec<Member>) -> Scenario {
    Scenario {
        policies: BTreeMap::from([("care".to_owned(), Policy::default())]),
        rule: Rule::Policies,
        answers: Answers::default(),
        arrivals,
        members,
    }
}

pub fn under(policy: Policy, scenario: Scenario) -> Scenario {
    Scenario {
        policies: BTreeMap::from([("care".to_owned(), policy)]),
        ..scenario
    }
}

/// How each ticket ended, in the order of their ids.
pub fn endings(rehearsed: &Rehearsed) -> Vec<Ending> {
    rehearsed.tickets.iter().map(|told| told.ending).collect()
}

pub fn served(agent: u128, at: i64) -> Ending {
    Ending::Served {
        agent: Key(agent),
        at,
    }
}

prop_compose! {
    pub fn any_policy()(
        skill in 0..100_i64, idle in 0..5_i64, service_level in 0..200_i64, room in 0..30_i64,
        fairness in 0..3_i64, preferred_agent in 0..300_i64,
        head_start_seconds in prop_oneof![Just(0_i64), 1..900_i64],
        seconds_per_waiting_point in 1..60_i64,
        offer_seconds in 5..40_i64, simultaneous_offers in 1..4_i64,
        preferred_agent_seconds in 0..90_i64,
        dead_letter_seconds in 60..2_000_i64,
        relaxes in any::<bool>(),
    ) -> Policy {
        Policy {
            weights: Weights {
                skill, language: 0, tier: 0, service_level, preferred_agent, idle, fairness, room,
            },
            head_start_seconds,
            seconds_per_waiting_point,
            offer_seconds,
            simultaneous_offers,
            preferred_agent_seconds,
            relaxation: if relaxes {
                vec![RelaxationStep { after_seconds: 45, skill_levels: 2, ..RelaxationStep::default() }]
            } else {
                Vec::new()
            },
            dead_letter_seconds,
            ..Policy::default()
        }
    }
}

prop_compose! {
    fn any_arrival()(
        at in 0..600_i64, needs in 1..4_i64, weight in 1..3_i64, priority in 0..3_i64,
        patience in proptest::option::of(0..300_i64), talk in 0..200_i64, wrap_up in 0..30_i64,
        preferred in proptest::option::of(0..6_u128), is_message in any::<bool>(),
    ) -> Arrival {
        let mut arrival = arrival(0, at);
        let ticket = &mut arrival.ticket;
        ticket.skills = vec![level("cards", needs)];
        ticket.weight = weight;
        ticket.priority = priority;
        ticket.preferred_agent = preferred.map(Key);
        if is_message {
            ticket.channel = Channel::Message;
        }
        Arrival {
            group: priority.to_string(),
            patience: patience.map(|seconds| seconds * SECOND),
            talk: talk * SECOND,
            wrap_up: wrap_up * SECOND,
            ..arrival
        }
    }
}

prop_compose! {
    fn any_member()(
        holds in 0..5_i64, total in 1..4_i64, chat in 0..4_i64,
        from in 0..300_i64, length in 0..600_i64, pause in 0..60_i64, again in 0..600_i64,
    ) -> Member {
        let mut member = member(0);
        member.agent.skills = vec![level("cards", holds)];
        member.agent.free = Units { total, chat, message: total };
        let (from, until) = (from * SECOND, (from + length) * SECOND);
        let back = until + pause * SECOND;
        member.spans = vec![span(from, until), span(back, back + again * SECOND)];
        member
    }
}

prop_compose! {
    /// A small floor on which anything may go wrong.
    pub fn any_scenario()(
        policy in any_policy(),
        in_order in any::<bool>(),
        seed in any::<u64>(),
        (least, longer) in (0..6_000_i64, 0..40_000_i64),
        declines_per_mille in 0..400_i64,
        misses_per_mille in 0..200_i64,
        away in 0..120_i64,
        mut arrivals in proptest::collection::vec(any_arrival(), 0..40),
        mut members in proptest::collection::vec(any_member(), 0..7),
    ) -> Scenario {
        for (id, arrival) in (1..).zip(&mut arrivals) {
            arrival.ticket.id = Key(id);
            arrival.ticket.customer = format!("cus-{}", id % 8);
        }
        for (id, member) in (0..).zip(&mut members) {
            member.agent.id = Key(id);
            member.agent.customer = format!("agent-{id}");
            // Now and then the customer is somebody whom the agent knows.
            member.agent.contacts = vec![format!("cus-{}", id % 5)];
        }
        let rule = if in_order { Rule::InOrder } else { Rule::Policies };
        let answers = Answers {
            seed,
            least,
            most: least + longer,
            declines_per_mille,
            misses_per_mille,
            away: away * SECOND,
        };
        under(policy, Scenario { rule, answers, ..scenario(arrivals, members) })
    }
}
