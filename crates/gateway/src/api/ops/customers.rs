//! The directory of the company's customers.

use actix_web::{post, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;

use crate::{
    extract::{Csv, Supervisor},
    problem::{ApiResult, Problems},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(import_customers);
}

/// What an import did.
#[derive(Debug, Serialize, ToSchema)]
struct ImportView {
    /// Customers that were not known before.
    imported: usize,
    /// Customers that were known and now are as in the file.
    updated: usize,
}

/// Import customers from a file: all of it, or nothing.
///
/// The columns are `customer_ref`, `email`, `display_name`, `tier`, `customer_since`, `country`,
/// `household_ref`, in any order; at most 100,000 lines and 10 MiB.
#[utoipa::path(
    tag = "Operations",
    security(("bearer" = ["supervisor", "admin"])),
    request_body(content = String, content_type = "text/csv"),
    responses((status = 200, description = "Imported", body = ImportView), Problems),
)]
#[post("/ops/customers")]
async fn import_customers(caller: Supervisor, file: Csv) -> ApiResult<web::Json<ImportView>> {
    let (file, db) = (file.0, caller.acting_db());
    let write = db.write("import_customers", move |tx| {
        workflows::import_customers(tx, &file)
    });
    let onboarding::Import { imported, updated } = write.await?;
    Ok(web::Json(ImportView { imported, updated }))
}
