//! New versions of the agreement.

use actix_web::{HttpResponse, post};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    api::agreements::AgreementView,
    extract::{Admin, Json},
    problem::{ApiResult, Problems},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(publish_agreement);
}

/// The text to agree to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AgreementBody {
    title: String,
    /// At most 100,000 characters.
    body: String,
    /// From when on agents get no work without having accepted it: now when not given, at most 90
    /// days ahead, and not before the version that is there takes effect.
    effective_at: Option<DateTime<Utc>>,
}

/// Publish the next version of the agreement.
///
/// It is the one to accept from now on; what was accepted before stays on record.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    request_body = AgreementBody,
    responses((status = 201, description = "Published", body = AgreementView), Problems),
)]
#[post("/admin/agreements")]
async fn publish_agreement(caller: Admin, body: Json<AgreementBody>) -> ApiResult<HttpResponse> {
    let db = caller.acting_db();
    let AgreementBody {
        title,
        body,
        effective_at,
    } = body.0;
    let write = db.write("publish_agreement", move |tx| {
        workflows::publish_agreement(tx, &title, &body, effective_at)
    });
    Ok(HttpResponse::Created().json(AgreementView::from(write.await?)))
}
