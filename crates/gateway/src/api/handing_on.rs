//! An agent parts from a conversation that goes on: hands it on, gives it back, or returns it to
//! the assistant.

use actix_web::{
    get, post,
    web::{self, Data, Path},
};
use dispatch::{Destination, ReleaseReason};
use kernel::{AgentId, EngagementId, Invalid, diesel};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use workflows::PaidPart;

use super::{earnings::EarningLineView, engagements::EngagementView, escalations::SkillBody};
use crate::{
    extract::{Agent, Json},
    problem::{ApiError, ApiResult, Problems},
    state::State,
};

/// So many colleagues are shown.
const COLLEAGUES: usize = 50;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_colleagues)
        .service(transfer_engagement)
        .service(release_engagement)
        .service(return_engagement)
        .service(hand_over);
}

/// An engagement that ended while the conversation goes on, and what it earned.
#[derive(Debug, Serialize, ToSchema)]
struct PartView {
    engagement: EngagementView,
    /// None where nothing is owed.
    earning: Option<EarningLineView>,
}

impl From<PaidPart> for PartView {
    fn from(paid: PaidPart) -> Self {
        Self {
            engagement: (paid.parted.engagement, paid.parted.ticket).into(),
            earning: paid.earning.map(Into::into),
        }
    }
}

/// Somebody who could take a conversation.
#[derive(Debug, Serialize, ToSchema)]
struct Colleague {
    id: AgentId,
    display_name: String,
}

/// Who could take a conversation now.
#[derive(Debug, Serialize, ToSchema)]
struct Colleagues {
    items: Vec<Colleague>,
}

/// List who could take your conversation now: who is available, has room, and may.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    responses((status = 200, description = "At most 50", body = Colleagues), Problems),
)]
#[get("/engagements/{engagement_id}/colleagues")]
async fn list_colleagues(
    agent: Agent,
    state: Data<State>,
    id: Path<EngagementId>,
) -> ApiResult<web::Json<Colleagues>> {
    let (id, agent_id, now) = (id.into_inner(), agent.agent_id, state.db.now());
    let found = state.db.read(move |conn| -> Result<_, workflows::Error> {
        let (_, ticket) = dispatch::queries::engagement(conn, id, agent_id)?
            .ok_or(dispatch::Error::EngagementNotFound)?;
        let mut suited = workflows::suited_agents(conn, &ticket, now)?;
        suited.retain(|one| *one != agent_id);
        suited.truncate(COLLEAGUES);
        Ok(named(conn, suited)?)
    });
    Ok(web::Json(Colleagues {
        items: found.await?,
    }))
}

fn named(
    conn: &mut diesel::PgConnection,
    agents: Vec<AgentId>,
) -> diesel::QueryResult<Vec<Colleague>> {
    let mut named = Vec::with_capacity(agents.len());
    for id in agents {
        if let Some(agent) = onboarding::agent(conn, id)? {
            named.push(Colleague {
                id,
                display_name: agent.display_name,
            });
        }
    }
    named.sort_by(|one, other| one.display_name.cmp(&other.display_name));
    Ok(named)
}

/// Where the conversation is to go: to a queue, or to a colleague.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct TransferBody {
    /// The code of a queue, which may be its own.
    queue: Option<String>,
    /// The skills it needs there, if others than so far; only with a queue.
    required_skills: Option<Vec<SkillBody>>,
    /// A colleague who is available and could take it.
    agent_id: Option<AgentId>,
    /// For the next agent, at most 2,000 characters. The customer never sees it.
    note: Option<String>,
}

/// Hand the conversation on, to a queue or to a colleague. Your time is paid by the minute.
///
/// The customer is told at the same moment. A colleague gets an offer; should they not take it,
/// the conversation waits in its queue at its place.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    request_body = TransferBody,
    responses((status = 200, description = "Handed on", body = PartView), Problems),
)]
#[post("/engagements/{engagement_id}/transfer")]
async fn transfer_engagement(
    agent: Agent,
    id: Path<EngagementId>,
    body: Json<TransferBody>,
) -> ApiResult<web::Json<PartView>> {
    let (id, agent_id) = (id.into_inner(), agent.agent_id);
    let TransferBody {
        queue,
        required_skills,
        agent_id: colleague,
        note,
    } = body.0;
    let db = agent.acting_db();
    let paid = match (queue, colleague) {
        (Some(queue), None) => {
            let to = Destination {
                queue,
                required_skills: required_skills
                    .map(|needs| needs.into_iter().map(Into::into).collect()),
                note,
            };
            db.write("transfer", move |tx| {
                workflows::transfer_to_queue(tx, id, agent_id, &to)
            })
            .await?
        }
        (None, Some(colleague)) => {
            db.write("transfer", move |tx| {
                workflows::transfer_to_agent(tx, id, agent_id, colleague, note.as_deref())
            })
            .await?
        }
        _ => {
            let message = "name either a queue or an agent_id";
            return Err(ApiError::invalid(Invalid::field("queue", message).fields));
        }
    };
    Ok(web::Json(paid.into()))
}

/// Why the agent gives it back.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReleaseBody {
    reason: ReleaseReason,
}

/// Give the conversation back to its place in the queue.
///
/// If you have answered, your time is paid by the minute. The customer is told at the same moment.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    request_body = ReleaseBody,
    responses((status = 200, description = "Given back", body = PartView), Problems),
)]
#[post("/engagements/{engagement_id}/release")]
async fn release_engagement(
    agent: Agent,
    id: Path<EngagementId>,
    body: Json<ReleaseBody>,
) -> ApiResult<web::Json<PartView>> {
    let (id, agent_id, reason) = (id.into_inner(), agent.agent_id, body.0.reason);
    let paid = agent
        .acting_db()
        .write("release", move |tx| {
            workflows::release_engagement(tx, id, agent_id, reason)
        })
        .await?;
    Ok(web::Json(paid.into()))
}

/// Give the conversation back to the company's assistant.
///
/// If you have answered, your time is paid by the minute.
#[utoipa::path(
    tag = "Engagements",
    security(("bearer" = ["agent"])),
    params(("engagement_id" = EngagementId, Path)),
    responses((status = 200, description = "The assistant has it", body = PartView), Problems),
)]
#[post("/engagements/{engagement_id}/return")]
async fn return_engagement(agent: Agent, id: Path<EngagementId>) -> ApiResult<web::Json<PartView>> {
    let (id, agent_id) = (id.into_inner(), agent.agent_id);
    let paid = agent
        .acting_db()
        .write("return", move |tx| workflows::hand_back(tx, id, agent_id))
        .await?;
    Ok(web::Json(paid.into()))
}

/// What the agent leaves for whoever takes the conversations.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct HandOverBody {
    /// For the next agents, at most 2,000 characters. Customers never see it.
    note: Option<String>,
}

/// What was handed on.
#[derive(Debug, Serialize, ToSchema)]
struct Parts {
    items: Vec<PartView>,
}

/// Hand all your talks on to their queues, as at the end of a shift.
///
/// One whose customer has left stays with you; close it.
#[utoipa::path(
    tag = "Desk",
    security(("bearer" = ["agent"])),
    request_body = HandOverBody,
    responses((status = 200, description = "Handed on", body = Parts), Problems),
)]
#[post("/desk/hand-over")]
async fn hand_over(agent: Agent, body: Json<HandOverBody>) -> ApiResult<web::Json<Parts>> {
    let (agent_id, note) = (agent.agent_id, body.0.note);
    let paid = agent
        .acting_db()
        .write("hand_over", move |tx| {
            workflows::hand_over(tx, agent_id, note.as_deref())
        })
        .await?;
    Ok(web::Json(Parts {
        items: paid.into_iter().map(Into::into).collect(),
    }))
}
