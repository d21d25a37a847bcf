//! How well an agent fits a ticket, in whole points.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    eligibility::{Needs, level_of},
    fact::{Agent, Ticket},
    policy::{FAIR_MINUTES, IDLE_MINUTES, Policy},
    room::Glance,
};

/// The parts of a score. Their sum is what the matcher compares.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize, ToSchema)]
pub struct Parts {
    /// For proficiency in the skills that are needed.
    pub skill: i64,
    /// For the level in the language.
    pub language: i64,
    /// For an agent of the customer's tier.
    pub tier: i64,
    /// For time without work.
    pub idle: i64,
    /// For having worked less than others today.
    pub fairness: i64,
    /// For units that are free.
    pub room: i64,
    /// For having helped this customer last.
    pub preferred_agent: i64,
    /// For the ticket's wait and priority, whoever takes it.
    pub waiting: i64,
    /// For the nearness of the first reply's due time, whoever takes it.
    pub service_level: i64,
}

/// How many skills are needed, as a divisor.
fn needed(needs: &Needs) -> i64 {
    i64::try_from(needs.skills.len()).unwrap_or(1).max(1)
}

fn idle(policy: &Policy, idle_since: i64, now: i64) -> i64 {
    policy.weights.idle * ((now - idle_since) / 60_000).clamp(0, IDLE_MINUTES)
}

fn fairness(policy: &Policy, worked_minutes: i64) -> i64 {
    policy.weights.fairness * (FAIR_MINUTES - worked_minutes).clamp(0, FAIR_MINUTES)
}

impl Parts {
    /// All parts of a pair that may meet.
    pub fn of(policy: &Policy, needs: &Needs, ticket: &Ticket, agent: &Agent, now: i64) -> Self {
        let weights = &policy.weights;
        let levels: i64 = needs
            .skills
            .iter()
            .map(|need| level_of(&agent.skills, &need.code))
            .sum();
        let is_preferred = ticket.preferred_agent == Some(agent.id);
        Self {
            skill: weights.skill * levels / needed(needs),
            language: weights.language * level_of(&agent.languages, &needs.language.code),
            tier: if agent.tier == ticket.tier {
                weights.tier
            } else {
                0
            },
            idle: idle(policy, agent.idle_since, now),
            fairness: fairness(policy, agent.worked_minutes),
            room: weights.room * agent.free.total.max(0),
            preferred_agent: if is_preferred {
                weights.preferred_agent
            } else {
                0
            },
            ..Self::of_ticket(policy, ticket, now)
        }
    }

    /// What an agent brings to every ticket of one kind, at most: [`Parts::of_agent`] is no more.
    /// No weight is negative.
    pub fn at_most(policy: &Policy, needs: &Needs, glance: &Glance, now: i64) -> i64 {
        let weights = &policy.weights;
        weights.skill * glance.skill_levels / needed(needs)
            + weights.language * glance.language_level
            + weights.tier
            + idle(policy, glance.idle_since, now)
            + fairness(policy, glance.worked_minutes)
            + weights.room * glance.free.max(0)
    }

    /// The parts that are the same whoever takes the ticket.
    pub fn of_ticket(policy: &Policy, ticket: &Ticket, now: i64) -> Self {
        let target = (ticket.first_reply_due_at - ticket.came_at).max(1);
        let elapsed = (now - ticket.came_at).clamp(0, target);
        Self {
            waiting: (now - ticket.rank_at).max(0) / (policy.seconds_per_waiting_point * 1_000),
            service_level: policy.weights.service_level * elapsed / target,
            ..Self::default()
        }
    }

    /// The points that the agent brings to every ticket of one kind.
    pub fn of_agent(&self) -> i64 {
        self.skill + self.language + self.tier + self.idle + self.fairness + self.room
    }

    /// The points that the ticket has whoever takes it.
    pub fn whoever(&self) -> i64 {
        self.waiting + self.service_level
    }

    /// The sum.
    pub fn total(&self) -> i64 {
        self.of_agent() + self.whoever() + self.preferred_agent
    }

    /// Each part that counts, by its name, the largest first.
    pub fn named(&self) -> Vec<(&'static str, i64)> {
        let mut named = vec![
            ("skill", self.skill),
            ("language", self.language),
            ("tier", self.tier),
            ("idle", self.idle),
            ("fairness", self.fairness),
            ("room", self.room),
            ("preferred_agent", self.preferred_agent),
            ("waiting", self.waiting),
            ("service_level", self.service_level),
        ];
        named.retain(|(_, points)| *points != 0);
        named.sort_by_key(|(name, points)| (std::cmp::Reverse(*points), *name));
        named
    }
}
