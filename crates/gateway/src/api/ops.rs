//! Operations: approve agents, publish shifts, invite customers, watch the floor.

mod agents;
mod customers;
mod floor;
mod invitations;
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
        .configure(invitations::configure);
}
