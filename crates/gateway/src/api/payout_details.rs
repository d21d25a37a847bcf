//! Where an agent's money goes.

use actix_web::{
    get, put,
    web::{self, Data},
};
use payouts::{Payee, PayeeInput};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Applicant, Json},
    problem::{ApiError, ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(show_payout_details)
        .service(save_payout_details);
}

/// Where an agent's money goes. The account number itself is never sent back.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayeeView {
    /// Who holds the account.
    name: String,
    street: String,
    building: Option<String>,
    postcode: String,
    city: String,
    country: String,
    #[schema(example = "DE•• … 3000")]
    iban_masked: String,
}

impl From<Payee> for PayeeView {
    fn from(payee: Payee) -> Self {
        let Payee {
            name,
            street,
            building,
            postcode,
            city,
            country,
            iban_masked,
            ..
        } = payee;
        Self {
            name,
            street,
            building,
            postcode,
            city,
            country,
            iban_masked,
        }
    }
}

/// Where the money is to go.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PayeeBody {
    /// Who holds the account.
    name: String,
    street: String,
    building: Option<String>,
    postcode: String,
    city: String,
    /// ISO 3166, two letters.
    #[schema(example = "DE")]
    country: String,
    /// With or without spaces.
    #[schema(value_type = String, example = "DE89 3704 0044 0532 0130 00")]
    iban: SecretString,
}

impl From<PayeeBody> for PayeeInput {
    fn from(body: PayeeBody) -> Self {
        let PayeeBody {
            name,
            street,
            building,
            postcode,
            city,
            country,
            iban,
        } = body;
        let iban = iban.expose_secret().to_owned();
        Self {
            name,
            street,
            building,
            postcode,
            city,
            country,
            iban,
        }
    }
}

/// See where your money goes.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    responses((status = 200, description = "As it is", body = PayeeView), Problems),
)]
#[get("/application/payout-details")]
async fn show_payout_details(
    applicant: Applicant,
    state: Data<State>,
) -> ApiResult<web::Json<PayeeView>> {
    let id = applicant.agent_id;
    let payee = state.read(move |conn| payouts::payee(conn, id)).await?;
    let payee = payee.ok_or_else(|| ApiError::not_found("you have given no payout details yet"))?;
    Ok(web::Json(payee.into()))
}

/// Say where your money is to go.
#[utoipa::path(
    tag = "Application",
    security(("bearer" = ["applicant", "agent"])),
    request_body = PayeeBody,
    responses((status = 200, description = "As it is now", body = PayeeView), Problems),
)]
#[put("/application/payout-details")]
async fn save_payout_details(
    applicant: Applicant,
    state: Data<State>,
    body: Json<PayeeBody>,
) -> ApiResult<web::Json<PayeeView>> {
    let (id, input, db) = (
        applicant.agent_id,
        PayeeInput::from(body.0),
        applicant.acting_db(),
    );
    let write = db.write("save_payout_details", move |tx| {
        workflows::save_payout_details(tx, &state.vault, id, &input)
    });
    Ok(web::Json(write.await?.into()))
}
