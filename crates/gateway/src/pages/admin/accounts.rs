//! The accounts of those whom the company employs.

use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use askama::Template;
use identity::{Account, AccountStatus, NewAccount};
use kernel::{AccountId, FieldError, Page, PageRequest, Role};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;

use super::{Tab, tabs};
use crate::{
    extract::{Admin, Caller, Form},
    pages::{Faults, Layout, PageResult, fields::form_page, see_other_with_notice},
    problem::{ApiError, ApiResult},
    state::State,
};

/// What a colleague may do, and what that means.
const ROLES: [(Role, &str, &str); 4] = [
    (
        Role::Supervisor,
        "Supervisor",
        "decides about applications, publishes shifts, watches the queue",
    ),
    (
        Role::FinancePreparer,
        "Finance, prepares",
        "prepares payout runs, publishes rates",
    ),
    (
        Role::FinanceApprover,
        "Finance, approves",
        "approves and settles payout runs that somebody else prepared",
    ),
    (
        Role::Admin,
        "Admin",
        "does what a supervisor does, and sets the platform up",
    ),
];

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(accounts_page)
        .service(create)
        .service(suspend)
        .service(reinstate);
}

#[derive(Template)]
#[template(path = "admin/accounts.html")]
struct AccountsPage {
    layout: Layout,
    tabs: Vec<Tab>,
    accounts: Page<Account>,
    /// Who is looking.
    own: AccountId,
    faults: Faults,
    form: AccountForm,
}

fn role_name(role: Role) -> &'static str {
    let found = ROLES.iter().find(|(known, _, _)| *known == role);
    found.map_or("", |(_, name, _)| name)
}

#[derive(Clone, Default, Deserialize)]
struct AccountForm {
    email: String,
    display_name: String,
    #[serde(default)]
    role: String,
    password: SecretString,
}

impl AccountForm {
    /// The role, if it is one of staff: applicants and agents make their own accounts.
    fn role(&self) -> ApiResult<Role> {
        let role = self.role.parse().ok();
        role.filter(|role: &Role| role.is_staff()).ok_or_else(|| {
            ApiError::invalid(vec![FieldError {
                field: "role".to_owned(),
                message: "must be chosen".to_owned(),
            }])
        })
    }
}

#[derive(Deserialize)]
struct ListQuery {
    after: Option<AccountId>,
}

#[get("/admin")]
async fn accounts_page(
    caller: Admin,
    query: Query<ListQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    show(&state, layout, &caller, query.after, None).await
}

async fn show(
    state: &State,
    layout: Layout,
    caller: &Caller,
    after: Option<AccountId>,
    sent: Option<(Faults, AccountForm)>,
) -> PageResult {
    let page = PageRequest::new(after, None);
    let accounts = state
        .read(move |conn| identity::accounts(conn, &page, true))
        .await?;
    let (faults, form) = sent.unwrap_or_default();
    let page = AccountsPage {
        layout: layout.titled("Staff"),
        tabs: tabs("/admin"),
        accounts,
        own: caller.account_id,
        faults,
        form,
    };
    form_page(&page.faults, &page)
}

#[post("/admin/accounts")]
async fn create(
    caller: Admin,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<AccountForm>,
) -> PageResult {
    match make(&state, &caller, &form).await {
        Ok(account) => Ok(see_other_with_notice(
            "/admin",
            &format!("{} can sign in now.", account.display_name),
        )),
        Err(refusal) => {
            let sent = Some((Faults::of(refusal)?, form));
            show(&state, layout, &caller, None, sent).await
        }
    }
}

/// Hashes the password outside of any transaction.
async fn make(state: &State, caller: &Caller, form: &AccountForm) -> ApiResult<Account> {
    let role = form.role()?;
    let password = form.password.expose_secret().to_owned();
    let new = NewAccount {
        email: form.email.clone(),
        display_name: form.display_name.clone(),
        password: state.hash_password(password).await?,
        role,
    };
    let db = caller.acting_db();
    let write = db.write("create_account", move |tx| {
        workflows::create_account(tx, &new)
    });
    Ok(write.await?)
}

#[post("/admin/accounts/{id}/suspend")]
async fn suspend(
    caller: Admin,
    id: Path<AccountId>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    let (id, by, db) = (id.into_inner(), caller.account_id, caller.acting_db());
    let write = db.write("suspend_staff", move |tx| {
        workflows::suspend_staff(tx, id, by)
    });
    match write.await {
        Ok(()) => Ok(see_other_with_notice(
            "/admin",
            "Suspended, and signed out everywhere.",
        )),
        Err(error) => {
            let sent = (Faults::of(error)?, AccountForm::default());
            show(&state, layout, &caller, None, Some(sent)).await
        }
    }
}

#[post("/admin/accounts/{id}/reinstate")]
async fn reinstate(caller: Admin, id: Path<AccountId>) -> PageResult {
    let (id, db) = (id.into_inner(), caller.acting_db());
    db.write("reinstate_staff", move |tx| {
        workflows::reinstate_staff(tx, id)
    })
    .await?;
    Ok(see_other_with_notice(
        "/admin",
        "Reinstated: they can sign in again.",
    ))
}
