//! Whether the agent is there.

use actix_web::{
    HttpRequest, HttpResponse, get, post, put,
    web::{self, Data},
};
use availability::{
    Cause, Connection, ConnectionState, Limit, Presence, PresenceStatus, WARNING_MINUTES,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Agent, Json},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_presence)
        .service(set_presence)
        .service(heartbeat)
        .service(leave);
}

/// Where a device or tab names itself.
const CONNECTION_HEADER: &str = "x-connection-id";

/// Whether an agent is there, and until when that holds without a heartbeat.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PresenceView {
    /// What the agent said last; offline after 45 seconds of silence.
    pub status: PresenceStatus,
    /// Why it is so.
    pub cause: Cause,
    /// Since when; none before the agent was first there.
    pub since: Option<DateTime<Utc>>,
    /// Whether we hear of the agent; none for one who has gone offline by their own word.
    pub connection: Option<ConnectionState>,
    /// Until when a heartbeat is needed.
    pub lease_expires_at: Option<DateTime<Utc>>,
    /// How long the agent may work yet; none while they are not available.
    pub working_time: Option<WorkingTimeView>,
}

/// How long an agent may work yet.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct WorkingTimeView {
    /// Whole minutes without a pause.
    pub left_minutes: i64,
    /// What ends the work then.
    pub limit: Limit,
    /// When that is.
    pub ends_at: DateTime<Utc>,
    /// Whether it is time to come to an end: from 15 minutes before.
    pub is_ending: bool,
}

impl PresenceView {
    /// Of an agent who may never have been there.
    pub(crate) fn of(presence: Option<Presence>, now: DateTime<Utc>) -> Self {
        let Some(presence) = presence else {
            return Self {
                status: PresenceStatus::Offline,
                cause: Cause::Said,
                since: None,
                connection: None,
                lease_expires_at: None,
                working_time: None,
            };
        };
        let working_time = presence.time_left().map(|left| WorkingTimeView {
            left_minutes: left.minutes(now),
            limit: left.limit,
            ends_at: left.until,
            is_ending: left.minutes(now) < WARNING_MINUTES,
        });
        Self {
            status: presence.status,
            cause: presence.cause,
            since: Some(presence.since),
            connection: presence.connection(now),
            lease_expires_at: presence.lease_expires_at,
            working_time,
        }
    }
}

/// What the agent says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PresenceBody {
    status: PresenceStatus,
    /// What the device or tab calls itself, instead of the header `X-Connection-Id`: 1 to 64 of
    /// `a-z`, `0-9`, `-`, `_` and `.`.
    connection_id: Option<String>,
}

/// Which device or tab is closed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LeaveBody {
    /// What it called itself in its heartbeats.
    connection_id: Option<String>,
}

/// What the device or tab calls itself: in the body, or else in the header.
fn connection(request: &HttpRequest, named: Option<&str>) -> ApiResult<Connection> {
    let header = request.headers().get(CONNECTION_HEADER);
    // What is no text is no name either, and is refused as such.
    let in_header = header.map(|value| value.to_str().unwrap_or_default());
    Ok(Connection::named(named.or(in_header))?)
}

/// See whether you are there.
#[utoipa::path(
    tag = "Presence",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "As it is", body = PresenceView), Problems),
)]
#[get("/presence")]
async fn show_presence(agent: Agent, state: Data<State>) -> ApiResult<web::Json<PresenceView>> {
    let (id, now) = (agent.agent_id, state.db.now());
    let presence = state
        .read(move |conn| availability::presence(conn, id))
        .await?;
    Ok(web::Json(PresenceView::of(presence, now)))
}

/// Say whether you are there.
///
/// Available: offers come. Away or offline: pending offers go back to the queue.
#[utoipa::path(
    tag = "Presence",
    security(("bearer" = ["agent"])),
    request_body = PresenceBody,
    responses((status = 200, description = "As it is now", body = PresenceView), Problems),
)]
#[put("/presence")]
async fn set_presence(
    agent: Agent,
    state: Data<State>,
    request: HttpRequest,
    body: Json<PresenceBody>,
) -> ApiResult<web::Json<PresenceView>> {
    let (id, status) = (agent.agent_id, body.0.status);
    let connection = connection(&request, body.0.connection_id.as_deref())?;
    let db = agent.acting_db();
    let presence = db
        .write("go_present", move |tx| {
            workflows::go_present(tx, id, status, &connection)
        })
        .await?;
    Ok(web::Json(PresenceView::of(Some(presence), state.db.now())))
}

/// Say that you are still there; every 15 seconds.
///
/// Each device or tab names itself in the header `X-Connection-Id`; an agent is as present as the
/// best of up to eight. After 20 seconds of silence there are no new offers, after 45 you are
/// offline.
#[utoipa::path(
    tag = "Presence",
    security(("bearer" = ["agent"])),
    params(("X-Connection-Id" = Option<String>, Header)),
    responses((status = 200, description = "The lease is renewed", body = PresenceView), Problems),
)]
#[post("/presence/heartbeat")]
async fn heartbeat(
    agent: Agent,
    state: Data<State>,
    request: HttpRequest,
) -> ApiResult<web::Json<PresenceView>> {
    let (id, connection) = (agent.agent_id, connection(&request, None)?);
    let db = agent.acting_db();
    let presence = db
        .write("heartbeat", move |tx| {
            workflows::heartbeat(tx, id, &connection)
        })
        .await?;
    Ok(web::Json(PresenceView::of(Some(presence), state.db.now())))
}

/// Say goodbye as a page or app that is closed.
///
/// Only this connection ends. Where it was the last, there are no new offers, and all else stays
/// yours until the lease ends.
#[utoipa::path(
    tag = "Presence",
    security(("bearer" = ["agent"])),
    request_body = LeaveBody,
    responses((status = 204, description = "The connection has ended"), Problems),
)]
#[post("/presence/leave")]
async fn leave(
    agent: Agent,
    request: HttpRequest,
    body: Json<LeaveBody>,
) -> ApiResult<HttpResponse> {
    let (id, named) = (agent.agent_id, body.0.connection_id);
    let connection = connection(&request, named.as_deref())?;
    let db = agent.acting_db();
    db.write("leave_connection", move |tx| {
        workflows::leave_connection(tx, id, &connection)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
