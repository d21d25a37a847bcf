//! Tickets, agents and policies for tests.

use std::collections::BTreeMap;

use proptest::prelude::*;
use routing::{
    Inputs, Key, Policy, Room, Versioned, Weights,
    fact::{Admitted, Agent, Channel, Level, Presence, Ticket, Units},
};

pub const NOW: i64 = 1_800_000_000_000;

pub fn level(code: &str, level: i64) -> Level {
    Level {
        code: code.to_owned(),
        level,
    }
}

/// A ticket that came so many seconds ago, and any [`agent`] can take.
pub fn ticket(id: u128, seconds_ago: i64) -> Ticket {
    let came_at = NOW - seconds_ago * 1_000;
    Ticket {
        id: Key(id),
        queue: "vip".to_owned(),
        channel: Channel::Chat,
        weight: 1,
        language: level("en", 1),
        skills: vec![level("care", 1)],
        customer: format!("cus-{id}"),
        household: None,
        tier: "gold".to_owned(),
        priority: 0,
        came_at,
        rank_at: came_at,
        first_reply_due_at: came_at + 60_000,
        preferred_agent: None,
        preferred_until: None,
        declined_by: Vec::new(),
    }
}

/// An agent with two units.
pub fn agent(id: u128) -> Agent {
    Agent {
        id: Key(id),
        customer: format!("agent-{id}"),
        household: None,
        contacts: Vec::new(),
        tier: "gold".to_owned(),
        languages: vec![level("en", 4)],
        skills: vec![level("care", 3)],
        is_active: true,
        agreement_current: true,
        presence: Presence::Available,
        admitted: Admitted::All,
        seconds_left: None,
        free: Units {
            total: 2,
            chat: 2,
            message: 2,
        },
        idle_since: NOW,
        worked_minutes: 0,
    }
}

pub fn inputs(policy: &Policy, tickets: Vec<Ticket>, agents: &[Agent]) -> Inputs {
    let mut room = Room::new();
    for agent in agents {
        room.enter(agent.clone());
    }
    Inputs::gather(NOW, policies(policy), tickets, &room)
}

/// The same policy for the queues `vip` and `care`.
pub fn policies(policy: &Policy) -> BTreeMap<String, Versioned> {
    ["vip", "care"]
        .map(|queue| {
            let policy = policy.clone();
            (queue.to_owned(), Versioned { version: 1, policy })
        })
        .into()
}

fn levels(codes: &'static [&'static str], most: usize) -> impl Strategy<Value = Vec<Level>> {
    proptest::sample::subsequence(codes, 0..=most).prop_flat_map(|codes| {
        let each = codes
            .into_iter()
            .map(|code| (1_i64..=5).prop_map(move |points| level(code, points)));
        each.collect::<Vec<_>>()
    })
}

prop_compose! {
    pub fn any_ticket()(
        skills in levels(&["care", "pay", "trip"], 2),
        speaks in 0_usize..2, speaks_level in 1_i64..4,
        queue in 0_usize..2,
        ago in 0_i64..20_000, priority in 0_i64..10,
        chat in any::<bool>(), household in 0_u8..6, customer in 0_u8..20, tier in 0_usize..2,
        preferred in proptest::option::weighted(0.2, 0_u128..12),
        declined in proptest::collection::vec(0_u128..12, 0..2),
    ) -> Ticket {
        let mut ticket = ticket(0, ago);
        ticket.skills = skills;
        ticket.language = level(["en", "de"][speaks], speaks_level);
        ["vip", "care"][queue].clone_into(&mut ticket.queue);
        ticket.priority = priority;
        ticket.rank_at = ticket.came_at - priority * 600_000;
        ticket.channel = if chat { Channel::Chat } else { Channel::Message };
        ticket.household = (household == 0).then(|| "h-1".to_owned());
        ticket.customer = format!("c-{customer}");
        ["gold", "vip"][tier].clone_into(&mut ticket.tier);
        ticket.preferred_agent = preferred.map(Key);
        ticket.preferred_until = preferred.map(|_| NOW + 30_000);
        ticket.declined_by = declined.into_iter().map(Key).collect();
        ticket
    }
}

prop_compose! {
    pub fn any_agent()(
        skills in levels(&["care", "pay", "trip"], 3),
        languages in levels(&["en", "de"], 2),
        total in 0_i64..4, chat in 0_i64..4, message in 0_i64..4,
        presence in 0_u8..8, agreement in 0_u8..10, admitted in 0_u8..4,
        left in proptest::option::weighted(0.2, 0_i64..900),
        household in 0_u8..5, customer in 0_u8..20, idle in 0_i64..5_000, worked in 0_i64..600,
    ) -> Agent {
        let mut agent = agent(0);
        agent.skills = skills;
        agent.languages = languages;
        agent.free = Units { total, chat, message };
        agent.presence = match presence {
            0 => Presence::Away,
            1 => Presence::Unstable,
            _ => Presence::Available,
        };
        agent.agreement_current = agreement > 0;
        agent.admitted = match admitted {
            0 => Admitted::AllBut(vec!["care".to_owned()]),
            _ => Admitted::All,
        };
        agent.seconds_left = left;
        agent.household = (household == 0).then(|| "h-1".to_owned());
        agent.contacts = vec![format!("c-{customer}")];
        agent.idle_since = NOW - idle * 1_000;
        agent.worked_minutes = worked;
        agent
    }
}

prop_compose! {
    pub fn any_policy()(
        skill in 0_i64..100, language in 0_i64..20, tier in 0_i64..50, service_level in 0_i64..200,
        preferred_agent in 0_i64..300, idle in 0_i64..3, fairness in 0_i64..2, room in 0_i64..30,
        simultaneous_offers in 1_i64..4, per_point in 1_i64..60,
    ) -> Policy {
        Policy {
            weights: Weights {
                skill, language, tier, service_level, preferred_agent, idle, fairness, room,
            },
            simultaneous_offers,
            seconds_per_waiting_point: per_point,
            ..Policy::default()
        }
    }
}

/// Tickets and agents with ids of their own.
pub fn numbered(mut tickets: Vec<Ticket>, mut agents: Vec<Agent>) -> (Vec<Ticket>, Vec<Agent>) {
    for (id, ticket) in (100..).zip(&mut tickets) {
        ticket.id = Key(id);
    }
    for (id, agent) in (0..).zip(&mut agents) {
        agent.id = Key(id);
        agent.customer = format!("agent-{id}");
    }
    (tickets, agents)
}
