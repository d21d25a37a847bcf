//! The code that proves an applicant's e-mail address.

use actix_web::{
    HttpResponse, post,
    web::{self},
};
use onboarding::Confirmation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Applicant, Json},
    problem::{ApiResult, Problems},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(send_code).service(confirm_email);
}

/// The code from the letter.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct CodeBody {
    #[schema(example = "042815")]
    code: String,
}

/// What came of a code that was tried.
#[derive(Debug, Serialize, ToSchema)]
struct ConfirmationView {
    /// Whether it was the code.
    confirmed: bool,
    /// How many tries this code has left; none once the address is confirmed.
    tries_left: Option<i32>,
}

impl From<Confirmation> for ConfirmationView {
    fn from(confirmation: Confirmation) -> Self {
        match confirmation {
            Confirmation::Confirmed => Self {
                confirmed: true,
                tries_left: None,
            },
            Confirmation::Wrong { tries_left } => Self {
                confirmed: false,
                tries_left: Some(tries_left),
            },
        }
    }
}

/// Have a letter with a code sent.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    responses((status = 202, description = "The letter is on its way"), Problems),
)]
#[post("/application/email-code")]
async fn send_code(applicant: Applicant) -> ApiResult<HttpResponse> {
    let (id, db) = (applicant.agent_id, applicant.acting_db());
    db.write("request_email_code", move |tx| {
        workflows::request_email_code(tx, id)
    })
    .await?;
    Ok(HttpResponse::Accepted().finish())
}

/// Confirm your address with the code.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    request_body = CodeBody,
    responses((status = 200, description = "Right or wrong", body = ConfirmationView), Problems),
)]
#[post("/application/email-confirmation")]
async fn confirm_email(
    applicant: Applicant,
    body: Json<CodeBody>,
) -> ApiResult<web::Json<ConfirmationView>> {
    let (id, code, db) = (applicant.agent_id, body.0.code, applicant.acting_db());
    let write = db.write("confirm_email", move |tx| {
        workflows::confirm_email(tx, id, &code)
    });
    Ok(web::Json(write.await?.into()))
}
