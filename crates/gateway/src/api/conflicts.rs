//! Customers whom an agent knows, and whose tickets they are not given.

use actix_web::{
    HttpResponse, delete, get, post,
    web::{self, Data, Path},
};
use chrono::{DateTime, Utc};
use onboarding::Conflict;
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
        .service(list_conflicts)
        .service(declare_conflict)
        .service(withdraw_conflict);
}

/// A customer whom the agent knows.
#[derive(Debug, Serialize, ToSchema)]
struct ConflictView {
    id: i64,
    /// The company's reference of the customer.
    customer_ref: String,
    /// Why, if that was said.
    reason: String,
    declared_at: DateTime<Utc>,
}

impl From<Conflict> for ConflictView {
    fn from(conflict: Conflict) -> Self {
        Self {
            id: conflict.id,
            customer_ref: conflict.customer_ref,
            reason: conflict.reason,
            declared_at: conflict.declared_at,
        }
    }
}

/// The customers whom an agent knows.
#[derive(Debug, Serialize, ToSchema)]
struct Conflicts {
    items: Vec<ConflictView>,
}

/// A customer whom the agent knows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConflictBody {
    /// The company's reference of the customer.
    customer_ref: String,
    /// Why, if you like to say so; at most 500 characters.
    #[serde(default)]
    reason: String,
}

/// List the customers whom you have declared to know.
#[utoipa::path(
    tag = "Conflicts of interest",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "The latest first, at most 200", body = Conflicts), Problems),
)]
#[get("/conflicts")]
async fn list_conflicts(agent: Agent, state: Data<State>) -> ApiResult<web::Json<Conflicts>> {
    let id = agent.agent_id;
    let conflicts = state
        .read(move |conn| onboarding::conflicts(conn, id))
        .await?;
    Ok(web::Json(Conflicts {
        items: conflicts.into_iter().map(Into::into).collect(),
    }))
}

/// Declare that you know a customer.
///
/// Their tickets do not come to you; one that is on offer to you goes back. At most 200.
#[utoipa::path(
    tag = "Conflicts of interest",
    security(("bearer" = ["agent"])),
    request_body = ConflictBody,
    responses((status = 201, description = "Declared", body = ConflictView), Problems),
)]
#[post("/conflicts")]
async fn declare_conflict(agent: Agent, body: Json<ConflictBody>) -> ApiResult<HttpResponse> {
    let (id, db) = (agent.agent_id, agent.acting_db());
    let ConflictBody {
        customer_ref,
        reason,
    } = body.0;
    let write = db.write("declare_conflict", move |tx| {
        workflows::declare_conflict(tx, id, &customer_ref, &reason)
    });
    Ok(HttpResponse::Created().json(ConflictView::from(write.await?)))
}

/// Withdraw what you declared; it stays on record.
#[utoipa::path(
    tag = "Conflicts of interest",
    security(("bearer" = ["agent"])),
    params(("conflict_id" = i64, Path)),
    responses((status = 204, description = "Withdrawn"), Problems),
)]
#[delete("/conflicts/{conflict_id}")]
async fn withdraw_conflict(agent: Agent, conflict: Path<i64>) -> ApiResult<HttpResponse> {
    let (id, conflict, db) = (agent.agent_id, conflict.into_inner(), agent.acting_db());
    db.write("withdraw_conflict", move |tx| {
        workflows::withdraw_conflict(tx, id, conflict)
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}
