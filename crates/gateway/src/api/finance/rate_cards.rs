//! Price lists: what work in a queue earns, and from when to when.

use std::collections::BTreeMap;

use actix_web::{
    HttpResponse, get, post,
    web::{self, Data},
};
use chrono::{DateTime, Utc};
use kernel::{AccountId, Currency, RateCardId};
use payouts::{Rate, RateCard, RateCardInput, RateInput};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    api::people::PersonView,
    extract::{Finance, FinancePreparer, Json},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(publish_rate_card).service(list_rate_cards);
}

/// A price list to be published.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RateCardBody {
    name: String,
    /// ISO 4217.
    #[schema(example = "EUR")]
    currency: String,
    /// From when on it is in force; not in the past, unless it is the currency's first.
    valid_from: DateTime<Utc>,
    /// One for each queue that is paid.
    rates: Vec<RateBody>,
}

/// What work in one queue is to earn.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct RateBody {
    /// The queue's code.
    queue: String,
    /// For each engagement, in major units, with at most four decimals.
    #[serde(with = "rust_decimal::serde::str")]
    #[schema(value_type = String, example = "2.50")]
    per_engagement: Decimal,
    /// For each minute of handling, in major units, with at most four decimals.
    #[serde(with = "rust_decimal::serde::str")]
    #[schema(value_type = String, example = "0.30")]
    per_minute: Decimal,
    /// A shorter engagement is paid as if it had lasted so long.
    minimum_seconds: i32,
}

impl From<RateBody> for RateInput {
    fn from(body: RateBody) -> Self {
        let RateBody {
            queue,
            per_engagement,
            per_minute,
            minimum_seconds,
        } = body;
        Self {
            queue,
            per_engagement,
            per_minute,
            minimum_seconds,
        }
    }
}

impl From<RateCardBody> for RateCardInput {
    fn from(body: RateCardBody) -> Self {
        let RateCardBody {
            name,
            currency,
            valid_from,
            rates,
        } = body;
        let rates = rates.into_iter().map(Into::into).collect();
        Self {
            name,
            currency,
            valid_from,
            rates,
        }
    }
}

/// A price list.
#[derive(Debug, Serialize, ToSchema)]
struct RateCardView {
    id: RateCardId,
    name: String,
    currency: Currency,
    valid_from: DateTime<Utc>,
    /// Just before this instant it ends; none while no other follows.
    valid_until: Option<DateTime<Utc>>,
    created_by: PersonView,
    created_at: DateTime<Utc>,
    rates: Vec<RateView>,
}

/// What work in one queue earns.
#[derive(Debug, Serialize, ToSchema)]
struct RateView {
    queue: String,
    #[schema(value_type = String)]
    per_engagement: Decimal,
    #[schema(value_type = String)]
    per_minute: Decimal,
    minimum_seconds: i32,
}

impl From<Rate> for RateView {
    fn from(rate: Rate) -> Self {
        let Rate {
            queue,
            per_engagement,
            per_minute,
            minimum_seconds,
            ..
        } = rate;
        Self {
            queue,
            per_engagement,
            per_minute,
            minimum_seconds,
        }
    }
}

/// Price lists, the latest first.
#[derive(Debug, Serialize, ToSchema)]
struct RateCards {
    items: Vec<RateCardView>,
}

impl RateCardView {
    fn new(card: RateCard, rates: Vec<Rate>, names: &BTreeMap<AccountId, String>) -> Self {
        Self {
            id: card.id,
            name: card.name,
            currency: card.currency,
            valid_from: card.valid_from,
            valid_until: card.valid_until,
            created_by: PersonView::named(card.created_by, names),
            created_at: card.created_at,
            rates: rates.into_iter().map(Into::into).collect(),
        }
    }
}

/// What stands on these lists, and who made them.
async fn rate_card_views(state: &State, cards: Vec<RateCard>) -> ApiResult<Vec<RateCardView>> {
    let ids: Vec<RateCardId> = cards.iter().map(|card| card.id).collect();
    let makers: Vec<AccountId> = cards.iter().map(|card| card.created_by).collect();
    let read = state.read(move |conn| {
        Ok((
            payouts::rates_on(conn, &ids)?,
            reports::names(conn, &makers)?,
        ))
    });
    let (rates, names) = read.await?;
    let mut by_card: BTreeMap<RateCardId, Vec<Rate>> = BTreeMap::new();
    for rate in rates {
        by_card.entry(rate.rate_card_id).or_default().push(rate);
    }
    let view = |card: RateCard| {
        let rates = by_card.remove(&card.id).unwrap_or_default();
        RateCardView::new(card, rates, &names)
    };
    Ok(cards.into_iter().map(view).collect())
}

/// Publish a price list.
///
/// The one of the same currency that is in force ends where this one begins.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer"])),
    request_body = RateCardBody,
    responses((status = 201, description = "Published", body = RateCardView), Problems),
)]
#[post("/finance/rate-cards")]
async fn publish_rate_card(
    caller: FinancePreparer,
    state: Data<State>,
    body: Json<RateCardBody>,
) -> ApiResult<HttpResponse> {
    let (input, by, db) = (
        RateCardInput::from(body.0),
        caller.account_id,
        caller.acting_db(),
    );
    let write = db.write("publish_rate_card", move |tx| {
        workflows::publish_rate_card(tx, &input, by)
    });
    let views = rate_card_views(&state, vec![write.await?]).await?;
    Ok(HttpResponse::Created().json(views.into_iter().next()))
}

/// List the price lists, the latest first; at most 100.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    responses((status = 200, description = "With their rates", body = RateCards), Problems),
)]
#[get("/finance/rate-cards")]
async fn list_rate_cards(_caller: Finance, state: Data<State>) -> ApiResult<web::Json<RateCards>> {
    let cards = state.read(payouts::rate_cards).await?;
    Ok(web::Json(RateCards {
        items: rate_card_views(&state, cards).await?,
    }))
}
