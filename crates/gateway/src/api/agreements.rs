//! The agreement on which agents work.

use actix_web::{
    HttpResponse, get, post,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use onboarding::{Acceptance, Agreement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Applicant, Json},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(show_agreement).service(accept_agreement);
}

/// A published version of the agreement.
#[derive(Debug, Serialize, ToSchema)]
pub struct AgreementView {
    version: i32,
    title: String,
    body: String,
    /// The digest of the body, as 64 hexadecimal digits.
    sha256: String,
    published_at: DateTime<Utc>,
    /// From when on it counts; until then the version before does.
    effective_at: DateTime<Utc>,
}

impl From<Agreement> for AgreementView {
    fn from(agreement: Agreement) -> Self {
        let sha256 = agreement.sha256_hex();
        let Agreement {
            version,
            title,
            body,
            published_at,
            effective_at,
            ..
        } = agreement;
        Self {
            version,
            title,
            body,
            sha256,
            published_at,
            effective_at,
        }
    }
}

/// An agreement that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct AcceptanceView {
    version: i32,
    /// The digest of the body that was accepted.
    sha256: String,
    accepted_at: DateTime<Utc>,
}

impl From<Acceptance> for AcceptanceView {
    fn from(acceptance: Acceptance) -> Self {
        Self {
            version: acceptance.version,
            sha256: acceptance.sha256_hex(),
            accepted_at: acceptance.accepted_at,
        }
    }
}

/// What is agreed to: the text that was shown, and no other.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct AcceptanceBody {
    version: i32,
    sha256: String,
}

/// Read the newest agreement, which is the one to accept.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    responses((status = 200, description = "The current version", body = AgreementView), Problems),
)]
#[get("/agreements/current")]
async fn show_agreement(
    _applicant: Applicant,
    state: Data<State>,
) -> ApiResult<web::Json<AgreementView>> {
    let agreement = state.read(onboarding::current_agreement).await?;
    Ok(web::Json(
        agreement
            .ok_or(onboarding::Error::AgreementNotFound)?
            .into(),
    ))
}

/// Accept the newest agreement.
///
/// Agents get no new work between the instant at which it is effective and their acceptance.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    request_body = AcceptanceBody,
    responses((status = 204, description = "On record"), Problems),
)]
#[post("/application/agreement")]
async fn accept_agreement(
    applicant: Applicant,
    body: Json<AcceptanceBody>,
) -> ApiResult<HttpResponse> {
    let (id, db) = (applicant.agent_id, applicant.acting_db());
    let AcceptanceBody { version, sha256 } = body.0;
    let write = db.write("accept_agreement", move |tx| {
        workflows::accept_agreement(tx, id, version, &sha256)
    });
    write.await?;
    Ok(HttpResponse::NoContent().finish())
}
