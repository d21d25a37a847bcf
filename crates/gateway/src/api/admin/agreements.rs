//! New versions of the agreement.

use actix_web::{HttpResponse, post};
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
    let (AgreementBody { title, body }, db) = (body.0, caller.acting_db());
    let write = db.write("publish_agreement", move |tx| {
        workflows::publish_agreement(tx, &title, &body)
    });
    Ok(HttpResponse::Created().json(AgreementView::from(write.await?)))
}
