//! The JSON API, version 1.
//!
//! A file holds the operations of one resource, their bodies and views, and a `configure` that
//! registers them; [`configure`] below gathers those. An operation says in its `security` which
//! roles it is for: `("bearer" = ["agent"])`, `("machine" = [])`, or nothing when it is for all.

mod admin;
mod agreements;
mod application;
mod applications;
mod assessments;
mod changes;
mod conflicts;
mod control;
mod conversations;
mod desk;
mod earnings;
mod email_codes;
mod engagements;
pub(crate) mod escalations;
mod explanations;
mod finance;
mod handing_on;
mod health;
mod messages;
mod offers;
mod ops;
mod payout_details;
mod people;
mod presence;
mod sessions;
mod shifts;
mod tickets;
mod unknown;

use actix_web::App;
use utoipa::{
    OpenApi,
    openapi::{
        self,
        security::{Http, HttpAuthScheme, SecurityScheme},
    },
};
use utoipa_actix_web::{AppExt as _, scope, service_config::ServiceConfig};

use crate::problem::Problem;

pub(crate) use conversations::ConversationView;
pub(crate) use desk::{DeskView, claimable_tickets};
pub(crate) use engagements::{EngagementView, HandoverView};
pub(crate) use messages::MessageView;
pub use sessions::{AccountView, TokensView};
pub(crate) use tickets::TicketBrief;
pub(crate) use unknown::unknown;

/// Where the API begins.
pub const BASE: &str = "/api/v1";

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Gigdesk",
        description = "Customers become support agents: escalate, dispatch, talk, resolve, pay. \
                       Refusals are problems by RFC 9457 whose `code` never changes.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    // What stands in a path only is not found by itself.
    components(schemas(Problem, dispatch::ControlVerb))
)]
struct Description;

/// The operations.
fn configure(config: &mut ServiceConfig) {
    config
        .configure(presence::configure)
        .configure(desk::configure)
        .configure(offers::configure)
        .configure(explanations::configure)
        .configure(engagements::configure)
        .configure(handing_on::configure)
        .configure(tickets::configure)
        .configure(control::configure)
        .configure(escalations::configure)
        .configure(conversations::configure)
        .configure(earnings::configure);
    config
        .configure(health::configure)
        .configure(sessions::configure);
    config
        .configure(applications::configure)
        .configure(application::configure)
        .configure(email_codes::configure)
        .configure(agreements::configure)
        .configure(assessments::configure)
        .configure(payout_details::configure)
        .configure(conflicts::configure)
        .configure(shifts::configure)
        .configure(ops::configure)
        .configure(admin::configure)
        .configure(finance::configure);
}

/// The API's scope, with what its operations say of themselves.
pub(crate) fn register(config: &mut ServiceConfig) {
    config.service(scope(BASE).configure(configure));
}

/// The description of the API.
pub fn document() -> openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(Description::openapi());
    let (_, mut document) = app.configure(register).split_for_parts();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("bearer", http("JWT", "A person's access token"));
    components.add_security_scheme("machine", http("gdk_…", "A machine key"));
    document
}

fn http(format: &str, description: &str) -> SecurityScheme {
    let mut scheme = Http::new(HttpAuthScheme::Bearer);
    scheme.bearer_format = Some(format.to_owned());
    scheme.description = Some(description.to_owned());
    SecurityScheme::Http(scheme)
}
