//! Why this agent, and why not that one.

use std::{collections::BTreeMap, fmt::Write as _};

use actix_web::{
    get,
    web::{self, Data, Path, Query},
};
use chrono::{DateTime, Utc};
use dispatch::agent_of;
use kernel::{AgentId, OfferId};
use routing::{Needs, Parts};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    explained::{Explained, in_words},
    extract::Explainee,
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(explain_offer);
}

/// About whom is asked.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct About {
    /// Explain what was made of this agent, too. Operations only: an agent is always told about
    /// themselves.
    agent: Option<AgentId>,
}

/// Why an offer came about.
#[derive(Debug, Serialize, ToSchema)]
struct ExplanationView {
    offer_id: OfferId,
    /// When it was decided.
    decided_at: DateTime<Utc>,
    /// The version of the queue's policy that decided.
    policy_version: Option<i32>,
    /// SHA-256 of all that was known, in hexadecimal digits.
    inputs_sha256: String,
    /// Whether no other assignment of that moment has a higher total of points.
    is_best_total: bool,
    /// What the ticket asked of an agent at that moment.
    needs: Option<Needs>,
    /// How many agents were there.
    room: usize,
    /// How many of them could take the ticket.
    eligible: usize,
    /// How many others could not, by the reason.
    objections: BTreeMap<String, u64>,
    /// The reason in a few sentences. For an agent, the sentences about others are left out.
    words: String,
    /// The best candidates, with the parts of their scores. For operations only.
    candidates: Vec<CandidateView>,
    /// What was made of the agent that was asked about, or who asks.
    about: Option<AboutView>,
}

/// An agent who could take the ticket.
#[derive(Debug, Serialize, ToSchema)]
struct CandidateView {
    agent_id: AgentId,
    display_name: String,
    total: i64,
    parts: Parts,
    /// Whether the agent was asked.
    asked: bool,
    /// Whether the agent was asked about another ticket at the same moment.
    asked_elsewhere: bool,
}

/// What was made of one agent.
#[derive(Debug, Serialize, ToSchema)]
struct AboutView {
    agent_id: AgentId,
    words: String,
}

impl ExplanationView {
    /// For operations: everything. For an agent: about themselves.
    fn of(explained: Explained, about: Option<AgentId>, is_agent: bool) -> Self {
        let about = about.map(|agent_id| AboutView {
            agent_id,
            words: in_words(&explained.why_not(agent_id)),
        });
        let Explained {
            offer,
            record,
            explanation,
            names,
            ..
        } = explained;
        let candidates = explanation.candidates.into_iter().map(|ranked| {
            let agent_id = agent_of(ranked.agent);
            CandidateView {
                agent_id,
                display_name: names.get(&agent_id).cloned().unwrap_or_default(),
                total: ranked.total,
                parts: ranked.parts,
                asked: ranked.asked,
                asked_elsewhere: ranked.asked_elsewhere,
            }
        });
        Self {
            offer_id: offer.id,
            decided_at: record.decided_at,
            policy_version: offer.policy_version,
            inputs_sha256: hex(&record.inputs_sha256),
            is_best_total: explanation.epsilon == 0,
            needs: explanation.needs,
            room: explanation.room,
            eligible: explanation.eligible,
            objections: explanation.objections,
            words: match (&about, is_agent) {
                (Some(about), true) => about.words.clone(),
                _ => explanation.words,
            },
            candidates: if is_agent {
                Vec::new()
            } else {
                candidates.collect()
            },
            about,
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Be told why an offer came about.
///
/// An agent may ask about an offer that was made to them, and is told about themselves; operations
/// about any offer and any agent.
#[utoipa::path(
    tag = "Offers",
    security(("bearer" = ["agent", "supervisor", "admin"])),
    params(("offer_id" = OfferId, Path), About),
    responses((status = 200, description = "Why", body = ExplanationView), Problems),
)]
#[get("/offers/{offer_id}/explanation")]
async fn explain_offer(
    caller: Explainee,
    state: Data<State>,
    offer: Path<OfferId>,
    query: Query<About>,
) -> ApiResult<web::Json<ExplanationView>> {
    let (id, agent) = (offer.into_inner(), caller.agent_id());
    let explained = state.db.read(move |conn| Explained::look(conn, id)).await?;
    if agent.is_some_and(|agent| agent != explained.offer.agent_id) {
        return Err(dispatch::Error::OfferNotFound.into());
    }
    let about = agent.or(query.agent);
    Ok(web::Json(ExplanationView::of(
        explained,
        about,
        agent.is_some(),
    )))
}
