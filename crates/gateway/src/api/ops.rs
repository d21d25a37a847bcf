//! Operations: approve agents, publish shifts, invite customers, watch the floor.

mod agents;
mod customers;
mod dead_letters;
mod floor;
mod invitations;
mod metrics;
mod policies;
mod shifts;
mod working_time;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(floor::configure)
        .configure(agents::configure)
        .configure(shifts::configure)
        .configure(working_time::configure)
        .configure(customers::configure)
        .configure(policies::configure)
        .configure(dead_letters::configure)
        .configure(invitations::configure);
}
