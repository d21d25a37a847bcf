//! The floor: what waits, who is there, what they are at.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, get,
    web::{self, Data},
};
use availability::PresenceStatus;
use chrono::{DateTime, Utc};
use db::Topic;
use kernel::AgentId;
use reports::{Floor, FloorTicket, PresentAgent, QueueLoad};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::metrics::MetricsView;
use crate::{
    api::{changes, tickets::TicketBrief},
    extract::Supervisor,
    problem::{ApiResult, Problems},
    sse::{self, Resume},
    state::{ReadFailed, State},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_floor)
        .service(show_metrics)
        .service(watch_floor);
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
    /// When the customer should have an answer; none while it is the customer's turn.
    reply_due_at: Option<DateTime<Utc>>,
    /// When that had passed, and the agent had not answered: somebody should look after it.
    alerted_at: Option<DateTime<Utc>>,
}

impl FloorView {
    async fn look(state: &State) -> Result<Self, ReadFailed> {
        let now = state.db.now();
        let floor = state.read(move |conn| reports::floor(conn, now)).await?;
        Ok(Self::at(floor, now))
    }

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
    fn from(ticket: FloorTicket) -> Self {
        let FloorTicket {
            brief,
            agent_name,
            reply_due_at,
            alerted_at,
        } = ticket;
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
        Self {
            ticket,
            agent_name,
            reply_due_at,
            alerted_at,
        }
    }
}

/// However much happens, the whole floor is told no more often than this.
const PAUSE: Duration = Duration::from_millis(400);

/// Watch what goes on.
///
/// Server-sent events: `floor`, everything that goes on, at once and whenever it differs; and for
/// each change of a ticket, an offer, an engagement or a presence one named after it, such as
/// `ticket.waiting`. After `Last-Event-ID` the changes that were missed come first; `reset` tells
/// that it was of no use.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    responses(
        (status = 200, description = "A stream of floors and changes", body = FloorView, content_type = "text/event-stream"),
        Problems,
    ),
)]
#[get("/ops/events")]
async fn watch_floor(
    request: HttpRequest,
    caller: Supervisor,
    state: Data<State>,
) -> ApiResult<HttpResponse> {
    let resume = Resume::from_text(sse::last_event_id(&request));
    let shared = state.clone();
    sse::stream(&state, &*caller, Topic::Floor, move |events| async move {
        let mut events = events.looking_at_most_every(PAUSE);
        events.resume(resume, changes::in_full).await?;
        while events.time_to_look(changes::in_full).await? {
            let floor = FloorView::look(&shared).await?;
            events.send_if_changed("floor", &floor).await?;
        }
        Ok(())
    })
}

/// See how it goes: waiting, service level, offers, agents.
///
/// The figures of `/metrics`, at most five seconds old. docs/OPERATIONS.md defines them.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    responses((status = 200, description = "All figures", body = MetricsView), Problems),
)]
#[get("/ops/metrics")]
async fn show_metrics(
    _caller: Supervisor,
    state: Data<State>,
) -> ApiResult<web::Json<MetricsView>> {
    let figures = state.figures.figures(&state.db).await?;
    Ok(web::Json(MetricsView::of(&figures)))
}

/// See what goes on now.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    responses((status = 200, description = "All in one look", body = FloorView), Problems),
)]
#[get("/ops/floor")]
async fn show_floor(_caller: Supervisor, state: Data<State>) -> ApiResult<web::Json<FloorView>> {
    Ok(web::Json(FloorView::look(&state).await?))
}
