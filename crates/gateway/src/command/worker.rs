//! `gigdesk worker`: reconcilers and jobs without requests.

use std::process::ExitCode;

use actix_web::rt::System;
use anyhow::{Result, anyhow};
use tokio_util::sync::CancellationToken;

use super::{Database, serve::stop_on_signal};
use crate::{settings::Settings, worker};

/// Works until SIGINT or SIGTERM, ends what it began, and leaves the database.
pub fn run(settings: &Settings) -> Result<ExitCode> {
    let database = Database::open(settings)?;
    database.migrate()?;
    let db = database.connect(settings.pool_size)?;
    let outside = settings.outside().map_err(|refusal| anyhow!(refusal))?;
    let stop = CancellationToken::new();
    tracing::info!("working");
    System::new().block_on(async move {
        stop_on_signal(stop.clone())?;
        actix_web::rt::spawn(worker::follow_clock(db.clone(), stop.clone()));
        worker::run(db, outside, stop).await;
        anyhow::Ok(())
    })?;
    database.close()?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}
