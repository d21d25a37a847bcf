//! The front door.

use actix_web::{get, web::ServiceConfig};
use askama::Template;
use kernel::Role;

use super::{Layout, PageResult, html, see_other};
use crate::extract::SignedIn;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(home);
}

/// Where each role begins its day.
pub const fn home_of(role: Role) -> &'static str {
    match role {
        Role::Applicant => "/join/checklist",
        Role::Agent => "/desk",
        Role::Supervisor | Role::Admin => "/ops",
        Role::FinancePreparer | Role::FinanceApprover => "/finance",
    }
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    layout: Layout,
}

#[get("/")]
async fn home(layout: Layout, caller: Option<SignedIn>) -> PageResult {
    match caller {
        Some(caller) => Ok(see_other(home_of(caller.role))),
        None => html(&HomePage {
            layout: layout.titled("Support by people who know it"),
        }),
    }
}
