//! Finance: what work earns, what is paid, and the books.

mod ledger;
mod payout_runs;
mod rate_cards;

use utoipa_actix_web::service_config::ServiceConfig;

pub(super) fn configure(config: &mut ServiceConfig) {
    config
        .configure(rate_cards::configure)
        .configure(payout_runs::configure)
        .configure(ledger::configure);
}
