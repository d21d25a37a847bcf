//! Setting the platform up: staff, keys, queues, skills, the agreement; and whether all is well.

mod accounts;
mod agreements;
mod machine_keys;
mod queues;
mod skills;
mod verify;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(accounts::configure)
        .configure(machine_keys::configure)
        .configure(queues::configure)
        .configure(skills::configure)
        .configure(agreements::configure)
        .configure(verify::configure);
}
