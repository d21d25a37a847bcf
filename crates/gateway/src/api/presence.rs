//! Whether the agent is there.

use actix_web::{
    get, post, put,
    web::{self, Data},
};
use availability::{Presence, PresenceStatus};
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
        .service(heartbeat);
}

/// Whether an agent is there, and until when that holds without a heartbeat.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PresenceView {
    /// What the agent said last; offline after 45 seconds of silence.
    pub status: PresenceStatus,
    /// Since when; none before the agent was first there.
    pub since: Option<DateTime<Utc>>,
    /// Until when a heartbeat is needed.
    pub lease_expires_at: Option<DateTime<Utc>>,
}

impl PresenceView {
    /// Of an agent who may never have been there.
    pub(crate) fn of(presence: Option<Presence>) -> Self {
        presence.map_or(
            Self {
                status: PresenceStatus::Offline,
                since: None,
                lease_expires_at: None,
            },
            Self::from,
        )
    }
}

impl From<Presence> for PresenceView {
    fn from(presence: Presence) -> Self {
        let Presence {
            status,
            since,
            lease_expires_at,
            ..
        } = presence;
        Self {
            status,
            since: Some(since),
            lease_expires_at,
        }
    }
}

/// What the agent says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PresenceBody {
    status: PresenceStatus,
}

/// See whether you are there.
#[utoipa::path(
    tag = "Presence",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "As it is", body = PresenceView), Problems),
)]
#[get("/presence")]
async fn show_presence(agent: Agent, state: Data<State>) -> ApiResult<web::Json<PresenceView>> {
    let id = agent.agent_id;
    let presence = state
        .read(move |conn| availability::presence(conn, id))
        .await?;
    Ok(web::Json(PresenceView::of(presence)))
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
    body: Json<PresenceBody>,
) -> ApiResult<web::Json<PresenceView>> {
    let (id, status) = (agent.agent_id, body.0.status);
    let db = agent.acting_db();
    let presence = db
        .write("go_present", move |tx| {
            workflows::go_present(tx, id, status)
        })
        .await?;
    Ok(web::Json(presence.into()))
}

/// Say that you are still there; every 15 seconds.
#[utoipa::path(
    tag = "Presence",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "The lease is renewed", body = PresenceView), Problems),
)]
#[post("/presence/heartbeat")]
async fn heartbeat(agent: Agent) -> ApiResult<web::Json<PresenceView>> {
    let id = agent.agent_id;
    let db = agent.acting_db();
    let presence = db
        .write("heartbeat", move |tx| workflows::heartbeat(tx, id))
        .await?;
    Ok(web::Json(presence.into()))
}
