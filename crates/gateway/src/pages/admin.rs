//! The pages by which the platform is set up: staff, keys, queues, skills, terms, and the proof
//! that all is well.

mod accounts;
mod agreement;
mod machine_keys;
mod promises;
mod queues;
mod skills;

use actix_web::web::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(accounts::configure)
        .configure(machine_keys::configure)
        .configure(queues::configure)
        .configure(skills::configure)
        .configure(agreement::configure)
        .configure(promises::configure);
}

/// A way to another page of the setup.
struct Tab {
    href: &'static str,
    label: &'static str,
    is_current: bool,
}

/// The pages of the setup; we are at `here`.
fn tabs(here: &str) -> Vec<Tab> {
    let all = [
        ("/admin", "Staff"),
        ("/admin/machine-keys", "Machine keys"),
        ("/admin/queues", "Queues"),
        ("/admin/skills", "Skills"),
        ("/admin/agreement", "Agreement"),
        ("/admin/promises", "Promises"),
    ];
    all.into_iter()
        .map(|(href, label)| Tab {
            href,
            label,
            is_current: href == here,
        })
        .collect()
}
