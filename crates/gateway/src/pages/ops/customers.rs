//! The directory of customers: imported from a file, and invited one by one.

use actix_web::{
    get, post,
    web::{Data, ServiceConfig},
};
use askama::Template;
use kernel::FieldError;
use onboarding::{Import, Invitation};
use serde::Deserialize;
use workflows::Invited;

use crate::{
    applications::invitation_link,
    extract::{Form, Supervisor},
    pages::{
        Faults, Layout, PageError, PageResult, fields::form_page, figures, see_other_with_notice,
    },
    problem::ApiError,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .service(customers_page)
        .service(import_lines)
        .service(invite);
}

#[derive(Default, Template)]
#[template(path = "ops/customers.html")]
struct CustomersPage {
    layout: Layout,
    faults: Faults,
    /// What is wrong with the lines of a list that was sent.
    lines: Vec<FieldError>,
    csv: String,
    customer_ref: String,
    invited: Option<Invited>,
}

#[derive(Deserialize)]
struct ImportForm {
    csv: String,
}

#[derive(Deserialize)]
struct InvitationForm {
    customer_ref: String,
}

#[get("/ops/customers")]
async fn customers_page(_caller: Supervisor, layout: Layout) -> PageResult {
    show(CustomersPage {
        layout,
        ..CustomersPage::default()
    })
}

fn show(mut page: CustomersPage) -> PageResult {
    page.layout = page.layout.titled("Customers");
    form_page(&page.faults, &page)
}

#[post("/ops/customers")]
async fn import_lines(caller: Supervisor, layout: Layout, form: Form<ImportForm>) -> PageResult {
    let csv = form.0.csv;
    let bytes = csv.clone();
    let db = caller.acting_db();
    let write = db.write("import_customers", move |tx| {
        workflows::import_customers(tx, bytes.as_bytes())
    });
    let refusal = match write.await {
        Ok(import) => return Ok(see_other_with_notice("/ops/customers", &outcome(import))),
        Err(error) => ApiError::from(error),
    };
    let lines = refusal.errors().to_vec();
    show(CustomersPage {
        layout,
        faults: Faults::of(refusal)?,
        lines,
        csv,
        ..CustomersPage::default()
    })
}

fn outcome(import: Import) -> String {
    let told = |number: usize| {
        let number = i64::try_from(number).unwrap_or(i64::MAX);
        figures::count(number, "customer", "customers")
    };
    format!(
        "{} added, {} brought up to date.",
        told(import.imported),
        told(import.updated)
    )
}

#[post("/ops/customers/invitations")]
async fn invite(
    caller: Supervisor,
    state: Data<State>,
    layout: Layout,
    form: Form<InvitationForm>,
) -> PageResult {
    let customer_ref = form.0.customer_ref.trim().to_owned();
    let (known, db) = (customer_ref.clone(), caller.acting_db());
    let link = move |invitation: &Invitation| invitation_link(&state, invitation);
    let write = db.write("invite_customer", move |tx| {
        workflows::invite_customer(tx, &known, &link)
    });
    let mut page = CustomersPage {
        layout,
        customer_ref,
        ..CustomersPage::default()
    };
    match write.await {
        Ok(invited) => page.invited = Some(invited),
        Err(workflows::Error::CustomerNotFound) => page.faults = unknown_customer()?,
        Err(error) => page.faults = Faults::of(error)?,
    }
    show(page)
}

fn unknown_customer() -> Result<Faults, PageError> {
    Faults::of(ApiError::invalid(vec![FieldError {
        field: "customer_ref".to_owned(),
        message: "is not in the directory; import the customer first".to_owned(),
    }]))
}
