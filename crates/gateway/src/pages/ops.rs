//! The pages of operations: what goes on, who works, when, and for whom.

mod agents;
mod customers;
mod floor;
mod routing;
mod shifts;
mod working_time;

use actix_web::web::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(floor::configure)
        .configure(working_time::configure)
        .configure(agents::configure)
        .configure(shifts::configure)
        .configure(routing::configure)
        .configure(customers::configure);
}
