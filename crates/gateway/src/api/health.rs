//! Whether this node can do its work.

use actix_web::{
    get,
    web::{Data, Json},
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(health);
}

/// How this node is.
#[derive(Debug, Serialize, ToSchema)]
struct HealthView {
    /// Always `ok`: a node that is not answers 503.
    #[schema(example = "ok")]
    status: &'static str,
}

/// Ask whether this node and its database answer.
#[utoipa::path(
    tag = "Platform",
    responses((status = 200, description = "They do", body = HealthView), Problems),
)]
#[get("/health")]
async fn health(state: Data<State>) -> ApiResult<Json<HealthView>> {
    state.read(|_| Ok(())).await?;
    Ok(Json(HealthView { status: "ok" }))
}
