//! Who may take which ticket: one predicate for every path to one.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    fact::{Agent, Channel, Level, Presence, Ticket},
    policy::Policy,
};

/// An agent with less time left than this is given nothing new.
pub const LEAST_SECONDS_LEFT: i64 = 300;

/// What a ticket asks of an agent at one instant, after relaxation.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize, ToSchema)]
pub struct Needs {
    /// Queues whose agents may take it: its own, and the overflow's once it waited so long.
    pub queues: Vec<String>,
    /// By what it is carried.
    pub channel: Channel,
    /// Units free.
    pub weight: i64,
    /// The language, at this level.
    pub language: Level,
    /// Skills, at these levels, by code.
    pub skills: Vec<Level>,
    /// How many steps of relaxation applied.
    pub relaxed: usize,
}

impl Needs {
    /// What the ticket asks of an agent at an instant.
    pub fn of(ticket: &Ticket, policy: &Policy, now: i64) -> Self {
        let waited = (now - ticket.came_at) / 1_000;
        let steps: Vec<_> = policy
            .relaxation
            .iter()
            .filter(|step| step.after_seconds <= waited)
            .collect();
        let skill_levels: i64 = steps.iter().map(|step| step.skill_levels).sum();
        let language_levels: i64 = steps.iter().map(|step| step.language_levels).sum();
        let floor = &policy.floor;
        // Relaxation never asks for more than the ticket did.
        let lower = |asked: i64, by: i64, least: i64| (asked - by).max(least).min(asked);
        let is_dropped = |code: &String| {
            !floor.skills.contains(code) && steps.iter().any(|step| step.drop_skills.contains(code))
        };
        let mut skills: Vec<Level> = ticket
            .skills
            .iter()
            .filter(|need| !is_dropped(&need.code))
            .map(|need| Level {
                code: need.code.clone(),
                level: lower(need.level, skill_levels, floor.skill_level),
            })
            .collect();
        skills.sort();
        let mut queues = vec![ticket.queue.clone()];
        let overflow = policy.overflow.as_ref();
        queues.extend(
            overflow
                .filter(|overflow| overflow.after_seconds <= waited)
                .map(|overflow| overflow.queue.clone()),
        );
        Self {
            queues,
            channel: ticket.channel,
            weight: ticket.weight,
            language: Level {
                code: ticket.language.code.clone(),
                level: lower(ticket.language.level, language_levels, floor.language_level),
            },
            skills,
            relaxed: steps.len(),
        }
    }
}

/// Why an agent may not take a ticket.
#[derive(Clone, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum Objection {
    /// Not approved, or suspended.
    Inactive,
    /// A newer agreement has not been accepted.
    AgreementMissing,
    /// Offline, away, or silent for too long.
    Absent,
    /// A heartbeat is missing.
    Unstable,
    /// Neither on a shift of the queue nor admitted on demand.
    NotAdmitted,
    /// At a limit of working time.
    OutOfTime,
    /// The agent is the customer.
    OwnTicket,
    /// The customer lives with the agent.
    Household,
    /// The agent declared to know the customer.
    DeclaredContact,
    /// The language is missing, or its level.
    Language {
        /// Which language, at which level.
        needed: Level,
    },
    /// A skill is missing, or its level.
    Skill {
        /// Which skill, at which level.
        needed: Level,
    },
    /// Too few units are free.
    AtCapacity,
    /// Too few units of the channel are free.
    ChannelFull,
    /// Declined before, or on offer to the agent at this moment.
    Declined,
    /// For a while nobody is asked but the agent who helped this customer last.
    Reserved,
}

impl Objection {
    /// A name that never changes.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Inactive => "inactive",
            Self::AgreementMissing => "agreement_missing",
            Self::Absent => "absent",
            Self::Unstable => "unstable",
            Self::NotAdmitted => "not_admitted",
            Self::OutOfTime => "out_of_time",
            Self::OwnTicket => "own_ticket",
            Self::Household => "household",
            Self::DeclaredContact => "declared_contact",
            Self::Language { .. } => "language",
            Self::Skill { .. } => "skill",
            Self::AtCapacity => "at_capacity",
            Self::ChannelFull => "channel_full",
            Self::Declined => "declined",
            Self::Reserved => "reserved",
        }
    }
}

/// As the end of "you cannot take this ticket: …" and of "not asked: …", for whoever it is about.
impl fmt::Display for Objection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inactive => f.write_str("the application is not approved, or suspended"),
            Self::AgreementMissing => f.write_str("the new agreement is not accepted yet"),
            Self::Absent => f.write_str("not available at that moment"),
            Self::Unstable => f.write_str("the connection was unstable at that moment"),
            Self::NotAdmitted => {
                f.write_str("neither on a shift of this queue nor admitted on demand")
            }
            Self::OutOfTime => f.write_str("at a limit of working time"),
            Self::OwnTicket => f.write_str("it is the agent's own ticket"),
            Self::Household => f.write_str("it is from the agent's own household"),
            Self::DeclaredContact => f.write_str("the customer is a declared contact"),
            Self::Language { needed } => write!(
                f,
                "it needs the language {} at level {}",
                needed.code, needed.level
            ),
            Self::Skill { needed } => write!(
                f,
                "it needs the skill {} at level {}",
                needed.code, needed.level
            ),
            Self::AtCapacity => f.write_str("no room: at the limit of capacity"),
            Self::ChannelFull => f.write_str("no room: at the limit of this channel"),
            Self::Declined => f.write_str("declined before, or asked already"),
            Self::Reserved => {
                f.write_str("kept for a while for the agent who helped this customer last")
            }
        }
    }
}

/// Why the agent may not take a ticket with these needs, whichever ticket it is; nothing where
/// they may. `is_reserved` is left to [`objection_to_pair`].
pub fn objection_to_needs(needs: &Needs, agent: &Agent) -> Option<Objection> {
    if !agent.is_active {
        return Some(Objection::Inactive);
    }
    if !agent.agreement_current {
        return Some(Objection::AgreementMissing);
    }
    match agent.presence {
        Presence::Available => {}
        Presence::Unstable => return Some(Objection::Unstable),
        Presence::Away | Presence::Offline => return Some(Objection::Absent),
    }
    if !needs.queues.iter().any(|queue| agent.admitted.to(queue)) {
        return Some(Objection::NotAdmitted);
    }
    if agent
        .seconds_left
        .is_some_and(|left| left < LEAST_SECONDS_LEFT)
    {
        return Some(Objection::OutOfTime);
    }
    if level_of(&agent.languages, &needs.language.code) < needs.language.level {
        let needed = needs.language.clone();
        return Some(Objection::Language { needed });
    }
    let missing = needs
        .skills
        .iter()
        .find(|need| level_of(&agent.skills, &need.code) < need.level);
    if let Some(needed) = missing.cloned() {
        return Some(Objection::Skill { needed });
    }
    if agent.free.total < needs.weight {
        return Some(Objection::AtCapacity);
    }
    (agent.free.of(needs.channel) < needs.weight).then_some(Objection::ChannelFull)
}

/// Why this agent may not take this very ticket.
pub fn objection_to_pair(ticket: &Ticket, agent: &Agent) -> Option<Objection> {
    if ticket.customer == agent.customer {
        return Some(Objection::OwnTicket);
    }
    if ticket.household.is_some() && ticket.household == agent.household {
        return Some(Objection::Household);
    }
    if agent.contacts.contains(&ticket.customer) {
        return Some(Objection::DeclaredContact);
    }
    ticket
        .declined_by
        .contains(&agent.id)
        .then_some(Objection::Declined)
}

/// The one predicate: why the agent may not take the ticket; nothing where they may.
pub fn objection(ticket: &Ticket, needs: &Needs, agent: &Agent) -> Option<Objection> {
    // What concerns a conflict of interest is said first: it is the more important to know.
    objection_to_pair(ticket, agent).or_else(|| objection_to_needs(needs, agent))
}

/// The level in a skill or language; 0 where it is not held.
pub fn level_of(held: &[Level], code: &str) -> i64 {
    held.iter()
        .find(|level| level.code == code)
        .map_or(0, |level| level.level)
}
