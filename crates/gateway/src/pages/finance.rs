//! The pages of finance: what we owe and pay, and by which prices.

mod rates;
mod run;
mod runs;

use actix_web::web::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(runs::configure)
        .configure(rates::configure)
        .configure(run::configure);
}
