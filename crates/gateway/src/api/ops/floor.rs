//! The floor: what waits, who is there, what they are at.

use actix_web::{
    get,
    web::{self, Data},
};
use availability::PresenceStatus;
use chrono::{DateTime, Utc};
use kernel::AgentId;
use reports::{Floor, FloorTicket, PresentAgent, QueueLoad};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    api::tickets::TicketBrief,
    extract::Supervisor,
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(show_floor);
}

/// Everything that goes on now.
#[derive(Debug, Serialize, ToSchema)]
struct FloorView {
    queues: Vec<QueueLoadView>,
    /// The agents who are there, at most 200.
    agents: Vec<PresentAgentView>,
    /// Open tickets, those that wait first, at most 100.
    tickets: Vec<FloorTicketView>,
    /// Since midnight UTC.
    resolved_today: i64,
    /// Since midnight UTC.
    abandoned_today: i64,
}

/// A queue and its open tickets.
#[derive(Debug, Serialize, ToSchema)]
struct QueueLoadView {
    code: String,
    name: String,
    waiting: i64,
    offered: i64,
    engaged: i64,
    wrapping: i64,
    /// How long the longest has waited; none where none waits.
    oldest_waiting_seconds: Option<i64>,
}

/// An agent who is there.
#[derive(Debug, Serialize, ToSchema)]
struct PresentAgentView {
    id: AgentId,
    display_name: String,
    presence: PresenceStatus,
    since: DateTime<Utc>,
    /// Whether a heartbeat is missing: there are no new offers until one comes.
    is_unstable: bool,
    /// Units held.
    load: i32,
    /// Units the agent can hold.
    capacity: i32,
}

/// An open ticket and who has it.
#[derive(Debug, Serialize, ToSchema)]
struct FloorTicketView {
    #[serde(flatten)]
    ticket: TicketBrief,
    /// None while nobody has it.
    agent_name: Option<String>,
}

impl FloorView {
    fn at(floor: Floor, now: DateTime<Utc>) -> Self {
        Self {
            queues: floor
                .queues
                .into_iter()
                .map(|load| QueueLoadView::at(load, now))
                .collect(),
            agents: floor.agents.into_iter().map(Into::into).collect(),
            tickets: floor.tickets.into_iter().map(Into::into).collect(),
            resolved_today: floor.resolved_today,
            abandoned_today: floor.abandoned_today,
        }
    }
}

impl QueueLoadView {
    fn at(load: QueueLoad, now: DateTime<Utc>) -> Self {
        let waited = |since: DateTime<Utc>| (now - since).num_seconds().max(0);
        Self {
            code: load.code,
            name: load.name,
            waiting: load.waiting,
            offered: load.offered,
            engaged: load.engaged,
            wrapping: load.wrapping,
            oldest_waiting_seconds: load.oldest_waiting_since.map(waited),
        }
    }
}

impl From<PresentAgent> for PresentAgentView {
    fn from(agent: PresentAgent) -> Self {
        Self {
            is_unstable: agent.is_unstable,
            id: agent.id,
            display_name: agent.display_name,
            presence: agent.status,
            since: agent.since,
            load: agent.load,
            capacity: agent.capacity,
        }
    }
}

impl From<FloorTicket> for FloorTicketView {
    fn from(FloorTicket { brief, agent_name }: FloorTicket) -> Self {
        let ticket = TicketBrief {
            id: brief.id,
            source: brief.source,
            external_id: brief.external_id,
            queue: brief.queue,
            language: brief.language,
            customer_name: brief.customer_name,
            customer_tier: brief.customer_tier,
            reason: brief.reason,
            summary: brief.summary,
            intent: brief.intent,
            priority: brief.priority,
            required_skills: brief.required_skills,
            status: brief.status,
            waiting_since: brief.waiting_since,
            first_reply_due_at: brief.first_reply_due_at,
        };
        Self { ticket, agent_name }
    }
}

/// See what goes on now.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    responses((status = 200, description = "All in one look", body = FloorView), Problems),
)]
#[get("/ops/floor")]
async fn show_floor(_caller: Supervisor, state: Data<State>) -> ApiResult<web::Json<FloorView>> {
    let now = state.db.now();
    let floor = state.read(move |conn| reports::floor(conn, now)).await?;
    Ok(web::Json(FloorView::at(floor, now)))
}
