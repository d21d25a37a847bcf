//! Accounts: who can sign in.

use actix_web::{
    HttpResponse, get, post,
    web::{self, Data, Path, Query},
};
use chrono::{DateTime, Utc};
use identity::{Account, AccountStatus, NewAccount};
use kernel::{AccountId, Page, PageRequest, Role};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Admin, Json},
    problem::{ApiResult, Problems},
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(create_account)
        .service(list_accounts)
        .service(suspend_account)
        .service(reinstate_account);
}

/// What somebody whom the company employs may do. Applicants and agents make their own accounts.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum StaffRole {
    Supervisor,
    FinancePreparer,
    FinanceApprover,
    Admin,
}

impl From<StaffRole> for Role {
    fn from(role: StaffRole) -> Self {
        match role {
            StaffRole::Supervisor => Self::Supervisor,
            StaffRole::FinancePreparer => Self::FinancePreparer,
            StaffRole::FinanceApprover => Self::FinanceApprover,
            StaffRole::Admin => Self::Admin,
        }
    }
}

/// Somebody whom the company employs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewAccountBody {
    email: String,
    display_name: String,
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    role: StaffRole,
}

/// Which accounts.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct AccountsQuery {
    /// Only those of the company's own people; by default all.
    #[serde(default)]
    staff_only: bool,
    /// The `next` of the page before.
    after: Option<AccountId>,
    /// 1 to 100; 50 when not given.
    limit: Option<i64>,
}

/// An account, as an admin sees it.
#[derive(Debug, Serialize, ToSchema)]
struct ManagedAccountView {
    id: AccountId,
    display_name: String,
    email: String,
    role: Role,
    /// Whether it can sign in.
    status: AccountStatus,
    created_at: DateTime<Utc>,
}

impl From<Account> for ManagedAccountView {
    fn from(account: Account) -> Self {
        let Account {
            id,
            display_name,
            email,
            role,
            status,
            created_at,
        } = account;
        Self {
            id,
            display_name,
            email,
            role,
            status,
            created_at,
        }
    }
}

/// Make an account for somebody whom the company employs.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    request_body = NewAccountBody,
    responses((status = 201, description = "Can sign in", body = ManagedAccountView), Problems),
)]
#[post("/admin/accounts")]
async fn create_account(
    caller: Admin,
    state: Data<State>,
    body: Json<NewAccountBody>,
) -> ApiResult<HttpResponse> {
    let (body, db) = (body.0, caller.acting_db());
    let password = body.password.expose_secret().to_owned();
    let new = NewAccount {
        email: body.email,
        display_name: body.display_name,
        password: state.hash_password(password).await?,
        role: body.role.into(),
    };
    let write = db.write("create_account", move |tx| {
        workflows::create_account(tx, &new)
    });
    Ok(HttpResponse::Created().json(ManagedAccountView::from(write.await?)))
}

/// List accounts, the newest first.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    params(AccountsQuery),
    responses((status = 200, description = "A page of accounts", body = Page<ManagedAccountView>), Problems),
)]
#[get("/admin/accounts")]
async fn list_accounts(
    _caller: Admin,
    state: Data<State>,
    query: Query<AccountsQuery>,
) -> ApiResult<web::Json<Page<ManagedAccountView>>> {
    let AccountsQuery {
        staff_only,
        after,
        limit,
    } = query.into_inner();
    let page = PageRequest::new(after, limit);
    let accounts = state
        .read(move |conn| identity::accounts(conn, &page, staff_only))
        .await?;
    Ok(web::Json(accounts.map(Into::into)))
}

/// Keep a colleague from signing in, and end their sessions.
///
/// Agents are suspended by operations, with a reason.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    params(("account_id" = AccountId, Path)),
    responses((status = 200, description = "Suspended from now on", body = ManagedAccountView), Problems),
)]
#[post("/admin/accounts/{account_id}/suspend")]
async fn suspend_account(
    caller: Admin,
    state: Data<State>,
    account: Path<AccountId>,
) -> ApiResult<web::Json<ManagedAccountView>> {
    let (id, by, db) = (account.into_inner(), caller.account_id, caller.acting_db());
    db.write("suspend_staff", move |tx| {
        workflows::suspend_staff(tx, id, by)
    })
    .await?;
    Ok(web::Json(account_view(&state, id).await?))
}

/// Let a suspended colleague sign in again.
#[utoipa::path(
    tag = "Administration",
    security(("bearer" = ["admin"])),
    params(("account_id" = AccountId, Path)),
    responses((status = 200, description = "Can sign in again", body = ManagedAccountView), Problems),
)]
#[post("/admin/accounts/{account_id}/reinstate")]
async fn reinstate_account(
    caller: Admin,
    state: Data<State>,
    account: Path<AccountId>,
) -> ApiResult<web::Json<ManagedAccountView>> {
    let (id, db) = (account.into_inner(), caller.acting_db());
    db.write("reinstate_staff", move |tx| {
        workflows::reinstate_staff(tx, id)
    })
    .await?;
    Ok(web::Json(account_view(&state, id).await?))
}

async fn account_view(state: &State, id: AccountId) -> ApiResult<ManagedAccountView> {
    let account = state.read(move |conn| identity::account(conn, id)).await?;
    Ok(account.ok_or(identity::Error::AccountNotFound)?.into())
}
