//! What routing knows of an agent, and the one predicate of eligibility.

use kernel::AgentId;

use crate::ticket::Ticket;

/// An agent who is there, as the other domains describe them. Whoever builds one vouches that the
/// agent is active, present, and that the skills are valid at this moment.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// Who.
    pub agent_id: AgentId,
    /// The customer that the agent is.
    pub customer_ref: String,
    /// The household that the agent belongs to.
    pub household_ref: Option<String>,
    /// ISO 639-1 codes.
    pub languages: Vec<String>,
    /// Skills with their proficiency, 1 to 5.
    pub skills: Vec<(String, i32)>,
}

impl Candidate {
    /// Why the agent cannot take the ticket; nothing where they can.
    ///
    /// Every path to a ticket asks this: a match, a claim, the list of what can be claimed.
    pub fn objection(&self, ticket: &Ticket) -> Option<&'static str> {
        if ticket.customer_ref == self.customer_ref {
            return Some("it is your own");
        }
        if ticket.household_ref.is_some() && ticket.household_ref == self.household_ref {
            return Some("it is from your household");
        }
        if !self.languages.contains(&ticket.language) {
            return Some("it needs a language that you did not declare");
        }
        if !ticket
            .required_skills
            .iter()
            .all(|skill| self.proficiency(skill).is_some())
        {
            return Some("it needs a skill that you do not hold");
        }
        None
    }

    /// The agent's proficiency in a skill, where they hold it.
    pub fn proficiency(&self, skill: &str) -> Option<i32> {
        self.skills
            .iter()
            .find(|(held, _)| held == skill)
            .map(|(_, proficiency)| *proficiency)
    }
}
