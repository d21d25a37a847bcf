//! Why an offer came about, with names instead of ids.

use std::collections::BTreeMap;

use dispatch::{MatchRecord, Offer, agent_key, agent_of, ticket_key, ticket_of};
use kernel::{AgentId, OfferId, diesel::PgConnection};
use routing::{Explanation, Inputs, Outcome, WhyNot};

/// An offer, the run of the matcher that made it, and what its agents are called.
pub struct Explained {
    /// The offer.
    pub offer: Offer,
    /// By which version of the policy.
    pub record: MatchRecord,
    /// What the run knew.
    pub inputs: Inputs,
    /// What it decided.
    pub outcome: Outcome,
    /// The explanation; its words call agents by their names.
    pub explanation: Explanation,
    /// What the agents are called that it names.
    pub names: BTreeMap<AgentId, String>,
}

impl Explained {
    /// Reads and explains an offer, whoever it was made to.
    pub fn look(conn: &mut PgConnection, id: OfferId) -> Result<Self, dispatch::Error> {
        let (offer, record) =
            dispatch::queries::explained_offer(conn, id)?.ok_or(dispatch::Error::OfferNotFound)?;
        let record = record.ok_or(dispatch::Error::NotExplained)?;
        let (inputs, outcome) = record.read()?;
        let mut explanation = routing::explain(&inputs, &outcome, ticket_key(offer.ticket_id))
            .ok_or(dispatch::Error::NotExplained)?;
        let ids: Vec<AgentId> = explanation
            .candidates
            .iter()
            .map(|candidate| agent_of(candidate.agent))
            .collect();
        let names = reports::agent_names(conn, &ids)?;
        for (id, name) in &names {
            let called = agent_key(*id).to_string();
            explanation.words = explanation.words.replace(&called, name);
        }
        Ok(Self {
            offer,
            record,
            inputs,
            outcome,
            explanation,
            names,
        })
    }

    /// What the run made of one agent.
    pub fn why_not(&self, agent: AgentId) -> WhyNot {
        let ticket = ticket_key(self.offer.ticket_id);
        routing::why_not(&self.inputs, &self.outcome, ticket, agent_key(agent))
    }
}

/// What a run made of an agent, as a sentence about them.
pub fn in_words(verdict: &WhyNot) -> String {
    match verdict {
        WhyNot::Asked => "Was asked.".to_owned(),
        WhyNot::Objection { objection } => format!("Could not be asked: {objection}."),
        WhyNot::AskedElsewhere { ticket } => format!(
            "Was asked about {} instead, where it adds more to the total of points.",
            ticket_of(*ticket)
        ),
        WhyNot::Outranked { place, total, best } => match best {
            Some(best) => format!(
                "Could have been asked, in place {place} with {total} points; who was asked had \
                 {best}."
            ),
            None => format!("Could have been asked, in place {place} with {total} points."),
        },
        WhyNot::Unknown => "Was not available at that moment, or ranked too low in a large room \
                            to be on record."
            .to_owned(),
    }
}
