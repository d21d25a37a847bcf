//! The ledger's balances.

use actix_web::{
    get,
    web::{self, Data},
};
use kernel::Currency;
use payouts::{AccountBalance, AccountKind};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::Finance,
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(show_ledger);
}

/// The balances. Those of a currency sum to zero.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerView {
    accounts: Vec<BalanceView>,
}

/// All accounts of one kind and currency.
#[derive(Debug, Serialize, ToSchema)]
struct BalanceView {
    kind: AccountKind,
    currency: Currency,
    /// In minor units.
    balance_minor: i64,
}

impl From<AccountBalance> for BalanceView {
    fn from(
        AccountBalance {
            kind,
            currency,
            balance_minor,
        }: AccountBalance,
    ) -> Self {
        Self {
            kind,
            currency,
            balance_minor,
        }
    }
}

/// See the ledger's balances.
#[utoipa::path(
    tag = "Finance",
    security(("bearer" = ["finance_preparer", "finance_approver"])),
    responses((status = 200, description = "Summed from its postings", body = LedgerView), Problems),
)]
#[get("/finance/ledger")]
async fn show_ledger(_caller: Finance, state: Data<State>) -> ApiResult<web::Json<LedgerView>> {
    let balances = state.read(payouts::trial_balance).await?;
    Ok(web::Json(LedgerView {
        accounts: balances.into_iter().map(Into::into).collect(),
    }))
}
