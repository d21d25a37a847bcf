//! What the agent earned, how it was computed, and what was paid.

use actix_web::{
    get,
    web::{self, Data, Query},
};
use chrono::{DateTime, Utc};
use kernel::{EngagementId, LineId, Money, Page, PageRequest, PayoutItemId, PayoutRunId, TicketId};
use payouts::{EarningLine, PLATFORM_CURRENCY, Payment, RunStatus};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::Agent,
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_earnings)
        .service(show_summary)
        .service(list_payments);
}

/// One priced fact of work, with everything its price was computed from.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct EarningLineView {
    /// Its id.
    pub id: LineId,
    /// The work.
    pub engagement_id: EngagementId,
    /// The ticket it was about.
    pub ticket_id: TicketId,
    /// The queue, which decides the price.
    pub queue: String,
    /// How long the work took, wrap-up included.
    pub handled_seconds: i32,
    /// How long is paid.
    pub payable_seconds: i32,
    /// The rate for the engagement, in major units.
    #[schema(value_type = String)]
    pub per_engagement: Decimal,
    /// The rate for a minute, in major units.
    #[schema(value_type = String)]
    pub per_minute: Decimal,
    /// What was earned.
    pub amount: Money,
    /// When.
    pub earned_at: DateTime<Utc>,
    /// How the amount came about, in plain words.
    pub computation: String,
}

impl From<EarningLine> for EarningLineView {
    fn from(line: EarningLine) -> Self {
        Self {
            id: line.id,
            engagement_id: line.engagement_id,
            ticket_id: line.ticket_id,
            amount: line.amount(),
            computation: line.computation(),
            queue: line.queue,
            handled_seconds: line.handled_seconds,
            payable_seconds: line.payable_seconds,
            per_engagement: line.per_engagement,
            per_minute: line.per_minute,
            earned_at: line.earned_at,
        }
    }
}

/// Which part of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct LinesQuery {
    /// The `next` of the page before.
    after: Option<LineId>,
    /// 1 to 100; 50 when not given.
    limit: Option<i64>,
}

/// List what you earned, the newest first.
#[utoipa::path(
    tag = "Earnings",
    security(("bearer" = ["agent"])),
    params(LinesQuery),
    responses((status = 200, description = "A page of lines", body = Page<EarningLineView>), Problems),
)]
#[get("/earnings")]
async fn list_earnings(
    agent: Agent,
    state: Data<State>,
    query: Query<LinesQuery>,
) -> ApiResult<web::Json<Page<EarningLineView>>> {
    let (id, page) = (agent.agent_id, PageRequest::new(query.after, query.limit));
    let lines = state
        .read(move |conn| payouts::earning_lines(conn, id, &page))
        .await?;
    Ok(web::Json(lines.map(EarningLineView::from)))
}

/// What an agent earned, was paid, and has coming.
#[derive(Debug, Serialize, ToSchema)]
struct EarningsView {
    /// What we owe.
    balance: Money,
    /// All that was earned.
    earned: Money,
    /// All that was paid.
    paid: Money,
}

/// See your balance.
#[utoipa::path(
    tag = "Earnings",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "As the ledger has it", body = EarningsView), Problems),
)]
#[get("/earnings/summary")]
async fn show_summary(agent: Agent, state: Data<State>) -> ApiResult<web::Json<EarningsView>> {
    let id = agent.agent_id;
    let summary = state
        .read(move |conn| payouts::earnings_summary(conn, id, PLATFORM_CURRENCY))
        .await?;
    let payouts::Summary {
        balance,
        earned,
        paid,
    } = summary;
    Ok(web::Json(EarningsView {
        balance,
        earned,
        paid,
    }))
}

/// What one payout run pays to an agent.
#[derive(Debug, Serialize, ToSchema)]
struct PaymentView {
    run_id: PayoutRunId,
    item_id: PayoutItemId,
    amount: Money,
    status: RunStatus,
    /// Where it goes.
    iban_masked: String,
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
    line_count: i32,
    settled_at: Option<DateTime<Utc>>,
}

impl From<Payment> for PaymentView {
    fn from(payment: Payment) -> Self {
        Self {
            run_id: payment.run_id,
            item_id: payment.item_id,
            amount: Money::new(payment.amount_minor, payment.currency),
            status: payment.status,
            iban_masked: payment.iban_masked,
            period_start: payment.period_start,
            period_end: payment.period_end,
            line_count: payment.line_count,
            settled_at: payment.settled_at,
        }
    }
}

/// Payments, the newest first.
#[derive(Debug, Serialize, ToSchema)]
struct Payments {
    items: Vec<PaymentView>,
}

/// List what was paid, or is about to be.
#[utoipa::path(
    tag = "Earnings",
    security(("bearer" = ["agent"])),
    responses((status = 200, description = "The newest first", body = Payments), Problems),
)]
#[get("/payments")]
async fn list_payments(agent: Agent, state: Data<State>) -> ApiResult<web::Json<Payments>> {
    let id = agent.agent_id;
    let payments = state.read(move |conn| payouts::payments(conn, id)).await?;
    Ok(web::Json(Payments {
        items: payments.into_iter().map(PaymentView::from).collect(),
    }))
}
