//! What routing knows of an agent, and the one predicate of eligibility.

use chrono::{DateTime, Utc};
use kernel::{AgentId, TicketId};
use routing::{
    Key, Needs, Objection, Policy,
    fact::{
        Admitted, Agent, Channel as RoutedChannel, Level, Presence, Ticket as RoutedTicket, Units,
    },
};

use crate::{
    ticket::{Channel, Ticket},
    workload::Workload,
};

/// An agent, as the other domains describe them. Whoever builds one vouches for it at this moment.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who.
    pub agent_id: AgentId,
    /// The customer that the agent is.
    pub customer_ref: String,
    /// The household that the agent belongs to.
    pub household_ref: Option<String>,
    /// Customers whom the agent declared to know.
    pub contacts: Vec<String>,
    /// The agent's standing as a customer.
    pub tier: String,
    /// ISO 639-1 codes, each with its level, 1 to 5.
    pub languages: Vec<(String, i32)>,
    /// Skills that are valid, each with its proficiency, 1 to 5.
    pub skills: Vec<(String, i32)>,
    /// Approved, and not suspended.
    pub is_active: bool,
    /// Has accepted the agreement that is current.
    pub agreement_current: bool,
    /// Whether they are there.
    pub presence: Presence,
    /// For which queues they may work now.
    pub admitted: Admitted,
    /// Seconds that they may still work; none where nothing limits them.
    pub seconds_left: Option<i64>,
}

impl Candidate {
    /// The agent as the matcher sees them, with the units that are free.
    pub fn facts(&self, workload: &Workload, now: DateTime<Utc>) -> Agent {
        Agent {
            id: agent_key(self.agent_id),
            customer: self.customer_ref.clone(),
            household: self.household_ref.clone(),
            contacts: self.contacts.clone(),
            tier: self.tier.clone(),
            languages: levels(&self.languages),
            skills: levels(&self.skills),
            is_active: self.is_active,
            agreement_current: self.agreement_current,
            presence: self.presence,
            admitted: self.admitted.clone(),
            seconds_left: self.seconds_left,
            free: Units {
                total: workload.free().into(),
                chat: workload.free_of(Channel::Chat).into(),
                message: workload.free_of(Channel::Message).into(),
            },
            idle_since: workload.idle_since.timestamp_millis(),
            worked_minutes: i64::from(workload.worked_seconds_on(now)) / 60,
        }
    }

    /// Why the agent cannot take the ticket; nothing where they can.
    ///
    /// Every path to a ticket asks this: a match, a claim, a transfer, the list of what can be
    /// claimed. `declined_by` names who declined this ticket before.
    pub fn objection(
        &self,
        workload: &Workload,
        asked: &AskedOf<'_>,
        now: DateTime<Utc>,
    ) -> Option<Objection> {
        let ticket = asked.ticket.facts(asked.declined_by);
        let needs = Needs::of(&ticket, asked.policy, now.timestamp_millis());
        routing::objection(&ticket, &needs, &self.facts(workload, now))
    }
}

/// A ticket, by which policy it is routed, and who declined it.
#[derive(Clone, Copy, Debug)]
pub struct AskedOf<'a> {
    /// The ticket.
    pub ticket: &'a Ticket,
    /// The policy of its queue.
    pub policy: &'a Policy,
    /// Agents who declined it before.
    pub declined_by: &'a [AgentId],
}

impl Ticket {
    /// The ticket as the matcher sees it.
    pub fn facts(&self, declined_by: &[AgentId]) -> RoutedTicket {
        let skills = self.required_skills.iter().zip(&self.skill_levels);
        RoutedTicket {
            id: ticket_key(self.id),
            queue: self.queue.clone(),
            channel: match self.channel {
                Channel::Chat => RoutedChannel::Chat,
                Channel::Message => RoutedChannel::Message,
            },
            weight: self.weight.into(),
            language: Level {
                code: self.language.clone(),
                level: self.language_level.into(),
            },
            skills: skills
                .map(|(code, level)| Level {
                    code: code.clone(),
                    level: i64::from(*level),
                })
                .collect(),
            customer: self.customer_ref.clone(),
            household: self.household_ref.clone(),
            tier: self.customer_tier.clone(),
            priority: self.priority.into(),
            came_at: self.waiting_since.timestamp_millis(),
            rank_at: self.rank_at.timestamp_millis(),
            first_reply_due_at: self.first_reply_due_at.timestamp_millis(),
            preferred_agent: self.preferred_agent_id.map(agent_key),
            preferred_until: self.preferred_until.map(|until| until.timestamp_millis()),
            declined_by: declined_by.iter().copied().map(agent_key).collect(),
        }
    }
}

fn levels(held: &[(String, i32)]) -> Vec<Level> {
    held.iter()
        .map(|(code, level)| Level {
            code: code.clone(),
            level: i64::from(*level),
        })
        .collect()
}

/// An agent's id as routing calls it.
pub fn agent_key(id: AgentId) -> Key {
    Key(id.uuid().as_u128())
}

/// A ticket's id as routing calls it.
pub fn ticket_key(id: TicketId) -> Key {
    Key(id.uuid().as_u128())
}

/// The agent that routing calls by a key.
pub fn agent_of(key: Key) -> AgentId {
    AgentId::from_bytes(key.0.to_be_bytes())
}

/// The ticket that routing calls by a key.
pub fn ticket_of(key: Key) -> TicketId {
    TicketId::from_bytes(key.0.to_be_bytes())
}
