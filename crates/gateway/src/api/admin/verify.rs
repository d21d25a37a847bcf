//! Whether the platform's promises hold.

use actix_web::{
    get,
    web::{self, Data},
};
use db::verify::{self, Broken};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::Admin,
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(verify_promises);
}

/// How the promises stand.
#[derive(Debug, Serialize, ToSchema)]
struct VerifyView {
    /// How many were checked.
    promises: usize,
    /// Those that do not hold. None, if all is well.
    broken: Vec<BrokenView>,
}

/// A promise that does not hold.
#[derive(Debug, Serialize, ToSchema)]
struct BrokenView {
    promise: String,
    /// How many rows break it.
    rows: i64,
    /// Up to five of them.
    #[schema(value_type = Vec<Object>)]
    examples: serde_json::Value,
}

impl From<Broken> for BrokenView {
    fn from(
        Broken {
            promise,
            rows,
            examples,
        }: Broken,
    ) -> Self {
        Self {
            promise,
            rows,
            examples,
        }
    }
}

/// Check every promise of the platform against its data.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    responses((status = 200, description = "How they stand", body = VerifyView), Problems),
)]
#[get("/admin/verify")]
async fn verify_promises(_caller: Admin, state: Data<State>) -> ApiResult<web::Json<VerifyView>> {
    let broken = state.read(verify::broken).await?;
    Ok(web::Json(VerifyView {
        promises: verify::promises().len(),
        broken: broken.into_iter().map(Into::into).collect(),
    }))
}
