//! Invitations to apply.

use actix_web::{HttpResponse, post, web::Data};
use chrono::{DateTime, Utc};
use onboarding::Invitation;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    applications::invitation_link,
    extract::{Json, Supervisor},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(invite_customer);
}

/// Who is to be invited.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct InvitationBody {
    /// The company's reference of a customer in the directory.
    customer_ref: String,
}

/// An invitation that is on its way by letter.
#[derive(Debug, Serialize, ToSchema)]
struct InvitationView {
    /// Where the customer takes it up.
    link: String,
    /// Until when.
    expires_at: DateTime<Utc>,
}

/// Invite a customer of the directory.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    request_body = InvitationBody,
    responses((status = 201, description = "The letter is on its way", body = InvitationView), Problems),
)]
#[post("/ops/invitations")]
async fn invite_customer(
    caller: Supervisor,
    state: Data<State>,
    body: Json<InvitationBody>,
) -> ApiResult<HttpResponse> {
    let (customer, db) = (body.0.customer_ref, caller.acting_db());
    let link = move |invitation: &Invitation| invitation_link(&state, invitation);
    let write = db.write("invite_customer", move |tx| {
        workflows::invite_customer(tx, &customer, &link)
    });
    let workflows::Invited { link, expires_at } = write.await?;
    Ok(HttpResponse::Created().json(InvitationView { link, expires_at }))
}
