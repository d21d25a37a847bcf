//! How a customer becomes an applicant.

use actix_web::{HttpRequest, HttpResponse, post, web::Data};
use identity::SessionKind;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use super::sessions::TokensView;
use crate::{
    applications::{self, Candidacy},
    extract::Json,
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(request_invitation).service(apply);
}

/// Who would like to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationRequestBody {
    /// The address the company knows.
    #[schema(example = "ada@example.com")]
    email: String,
}

/// What everybody is told.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationRequestView {
    message: &'static str,
}

/// An invitation that is taken up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ApplicationBody {
    /// The token in the invitation's link.
    #[schema(value_type = String)]
    invitation: SecretString,
    /// Where letters go and with what to sign in; by default the address in the invitation.
    email: Option<String>,
    /// The name that customers will see.
    display_name: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Ask for an invitation.
///
/// The answer is the same for everybody; a letter goes to customers of the company only.
#[utoipa::path(
    tag = "Applications",
    request_body = InvitationRequestBody,
    responses((status = 202, description = "Noted", body = InvitationRequestView), Problems),
)]
#[post("/invitation-requests")]
async fn request_invitation(
    state: Data<State>,
    request: HttpRequest,
    body: Json<InvitationRequestBody>,
) -> ApiResult<HttpResponse> {
    applications::request_invitation(&state, &request, body.0.email).await?;
    let message = "if this is the address of a customer, an invitation is on its way to it";
    Ok(HttpResponse::Accepted().json(InvitationRequestView { message }))
}

/// Take an invitation up.
///
/// You are signed in from now on; a letter with a code to confirm the address is on its way.
#[utoipa::path(
    tag = "Applications",
    request_body = ApplicationBody,
    responses((status = 201, description = "The application is begun", body = TokensView), Problems),
)]
#[post("/applications")]
async fn apply(state: Data<State>, body: Json<ApplicationBody>) -> ApiResult<HttpResponse> {
    let ApplicationBody {
        invitation,
        email,
        display_name,
        password,
    } = body.0;
    let candidacy = Candidacy {
        invitation,
        email,
        display_name,
        password,
    };
    let session = applications::apply(&state, candidacy, SessionKind::Api)
        .await?
        .session;
    Ok(HttpResponse::Created().json(TokensView::issue(&state, session)?))
}
