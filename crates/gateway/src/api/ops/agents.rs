//! Applicants and agents, and what people decide about them.

use actix_web::{
    get, post, put,
    web::{self, Data, Path, Query},
};
use chrono::{DateTime, Utc};
use kernel::{AgentId, Page, PageRequest};
use onboarding::{AgentStatus, DecisionKind};
use reports::{AgentDetail, NamedDecision};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    api::{
        application::{AgentView, ChecklistItemView, agent_view},
        assessments::GrantView,
        people::PersonView,
        shifts::CommitmentView,
    },
    extract::{Json, Supervisor},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_agents)
        .service(show_agent)
        .service(approve_agent)
        .service(reject_agent)
        .service(suspend_agent)
        .service(reinstate_agent)
        .service(set_capacity);
}

/// Which agents.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AgentsQuery {
    /// Only those of this status.
    status: Option<AgentStatus>,
    /// The `next` of the page before.
    after: Option<AgentId>,
    /// 1 to 100; 50 when not given.
    limit: Option<i64>,
}

/// All that operations see of an agent.
#[derive(Debug, Serialize, ToSchema)]
struct AgentDetailView {
    agent: AgentView,
    checklist: Vec<ChecklistItemView>,
    grants: Vec<GrantView>,
    /// What was decided, the latest first.
    decisions: Vec<DecisionView>,
    /// What the agent promised to work from now on.
    commitments: Vec<CommitmentView>,
}

/// A decision on record.
#[derive(Debug, Serialize, ToSchema)]
struct DecisionView {
    kind: DecisionKind,
    reason: String,
    decided_at: DateTime<Utc>,
    decided_by: PersonView,
}

impl From<NamedDecision> for DecisionView {
    fn from(
        NamedDecision {
            decision,
            decided_by_name,
        }: NamedDecision,
    ) -> Self {
        Self {
            kind: decision.kind,
            reason: decision.reason,
            decided_at: decision.decided_at,
            decided_by: PersonView::new(decision.decided_by, decided_by_name),
        }
    }
}

impl From<AgentDetail> for AgentDetailView {
    fn from(detail: AgentDetail) -> Self {
        Self {
            agent: detail.line.into(),
            checklist: detail.checklist.into_iter().map(Into::into).collect(),
            grants: detail.grants.into_iter().map(Into::into).collect(),
            decisions: detail.decisions.into_iter().map(Into::into).collect(),
            commitments: detail.commitments.into_iter().map(Into::into).collect(),
        }
    }
}

/// Why something is decided. The agent can read it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ReasonBody {
    reason: String,
}

/// How much an agent can have in hand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CapacityBody {
    /// 1 to 20 units; a ticket takes as many as its queue says.
    capacity: i32,
    /// Of these, the most that may be chats, 0 to 20; as it is where nothing is said.
    chat_capacity: Option<i32>,
    /// Of these, the most that may be messages, 0 to 20; as it is where nothing is said.
    message_capacity: Option<i32>,
}

/// How much an agent can have in hand, and has.
#[derive(Debug, Serialize, ToSchema)]
struct CapacityView {
    /// Units the agent can hold.
    capacity: i32,
    /// Of these, the most that may be chats.
    chat_capacity: i32,
    /// Of these, the most that may be messages.
    message_capacity: i32,
    /// Units held.
    load: i32,
}

/// List applicants and agents in the order in which they applied.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(AgentsQuery),
    responses((status = 200, description = "A page of agents", body = Page<AgentView>), Problems),
)]
#[get("/ops/agents")]
async fn list_agents(
    _caller: Supervisor,
    state: Data<State>,
    query: Query<AgentsQuery>,
) -> ApiResult<web::Json<Page<AgentView>>> {
    let AgentsQuery {
        status,
        after,
        limit,
    } = query.into_inner();
    let page = PageRequest::new(after, limit);
    let agents = state
        .read(move |conn| reports::agent_lines(conn, status, &page))
        .await?;
    Ok(web::Json(agents.map(Into::into)))
}

/// Look an applicant or agent up.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    responses((status = 200, description = "All there is", body = AgentDetailView), Problems),
)]
#[get("/ops/agents/{agent_id}")]
async fn show_agent(
    _caller: Supervisor,
    state: Data<State>,
    agent: Path<AgentId>,
) -> ApiResult<web::Json<AgentDetailView>> {
    let (id, now) = (agent.into_inner(), state.db.now());
    let detail = state
        .read(move |conn| reports::agent_detail(conn, id, now))
        .await?;
    Ok(web::Json(
        detail.ok_or(onboarding::Error::AgentNotFound)?.into(),
    ))
}

/// Make a submitted applicant an agent.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "An agent from now on", body = AgentView), Problems),
)]
#[post("/ops/agents/{agent_id}/approve")]
async fn approve_agent(
    caller: Supervisor,
    state: Data<State>,
    agent: Path<AgentId>,
    body: Json<ReasonBody>,
) -> ApiResult<web::Json<AgentView>> {
    let (id, by, reason) = (agent.into_inner(), caller.account_id, body.0.reason);
    let db = caller.acting_db();
    db.write("approve_agent", move |tx| {
        workflows::approve_agent(tx, id, by, &reason)
    })
    .await?;
    Ok(web::Json(agent_view(&state, id).await?))
}

/// Turn a submitted applicant down.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Turned down, by letter", body = AgentView), Problems),
)]
#[post("/ops/agents/{agent_id}/reject")]
async fn reject_agent(
    caller: Supervisor,
    state: Data<State>,
    agent: Path<AgentId>,
    body: Json<ReasonBody>,
) -> ApiResult<web::Json<AgentView>> {
    let (id, by, reason) = (agent.into_inner(), caller.account_id, body.0.reason);
    let db = caller.acting_db();
    db.write("reject_agent", move |tx| {
        workflows::reject_agent(tx, id, by, &reason)
    })
    .await?;
    Ok(web::Json(agent_view(&state, id).await?))
}

/// Keep an agent from working until further notice.
///
/// Their sessions end, and what they had not answered goes back to its queue.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Suspended from now on", body = AgentView), Problems),
)]
#[post("/ops/agents/{agent_id}/suspend")]
async fn suspend_agent(
    caller: Supervisor,
    state: Data<State>,
    agent: Path<AgentId>,
    body: Json<ReasonBody>,
) -> ApiResult<web::Json<AgentView>> {
    let (id, by, reason) = (agent.into_inner(), caller.account_id, body.0.reason);
    let db = caller.acting_db();
    db.write("suspend_agent", move |tx| {
        workflows::suspend_agent(tx, id, by, &reason)
    })
    .await?;
    Ok(web::Json(agent_view(&state, id).await?))
}

/// Let a suspended agent work again.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    request_body = ReasonBody,
    responses((status = 200, description = "Can sign in again", body = AgentView), Problems),
)]
#[post("/ops/agents/{agent_id}/reinstate")]
async fn reinstate_agent(
    caller: Supervisor,
    state: Data<State>,
    agent: Path<AgentId>,
    body: Json<ReasonBody>,
) -> ApiResult<web::Json<AgentView>> {
    let (id, by, reason) = (agent.into_inner(), caller.account_id, body.0.reason);
    let db = caller.acting_db();
    db.write("reinstate_agent", move |tx| {
        workflows::reinstate_agent(tx, id, by, &reason)
    })
    .await?;
    Ok(web::Json(agent_view(&state, id).await?))
}

/// Decide how much an agent can have in hand.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    params(("agent_id" = AgentId, Path)),
    request_body = CapacityBody,
    responses((status = 200, description = "As decided", body = CapacityView), Problems),
)]
#[put("/ops/agents/{agent_id}/capacity")]
async fn set_capacity(
    caller: Supervisor,
    agent: Path<AgentId>,
    body: Json<CapacityBody>,
) -> ApiResult<web::Json<CapacityView>> {
    let (id, db) = (agent.into_inner(), caller.acting_db());
    let capacity = dispatch::Capacity {
        total: body.0.capacity,
        chat: body.0.chat_capacity,
        message: body.0.message_capacity,
    };
    let workload = db
        .write("set_capacity", move |tx| {
            workflows::set_capacity(tx, id, capacity)
        })
        .await?;
    Ok(web::Json(CapacityView {
        capacity: workload.capacity,
        chat_capacity: workload.chat_capacity,
        message_capacity: workload.message_capacity,
        load: workload.load,
    }))
}
