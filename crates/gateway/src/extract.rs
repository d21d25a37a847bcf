//! What handlers take as parameters.
//!
//! A handler names the caller first, then path and query, then the body: refusals come in that
//! order, so that a stranger hears 401 and not what is wrong with a body. The same types serve the
//! API and the pages; a refusal is a problem below `/api/` and a page elsewhere.

mod body;
mod caller;
mod csv;
mod form;
mod json;
mod page;
mod params;

use actix_web::HttpRequest;

pub use body::read_body;
pub use caller::{
    Admin, Agent, Applicant, Caller, Explainee, Finance, FinanceApprover, FinancePreparer, Machine,
    SignedIn, Staff, Supervisor,
};
pub(crate) use caller::{Credentials, is_sent_unasked};
pub use csv::{CSV_BYTES, Csv};
pub use form::Form;
pub use json::{JSON_BYTES, Json};
pub use page::PageQuery;
pub(crate) use params::{path_config, query_config};

use crate::{pages::PageError, problem::ApiError};

/// Whether this is a request for the API, and not for a page.
pub(crate) fn is_api(path: &str) -> bool {
    path == "/api" || path.starts_with("/api/")
}

/// The refusal as the caller can read it: a problem for programs, a page for people.
pub(crate) fn refuse(request: &HttpRequest, refusal: ApiError) -> actix_web::Error {
    if is_api(request.path()) {
        refusal.into()
    } else {
        PageError::at(request, refusal).into()
    }
}
