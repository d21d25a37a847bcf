//! `gigdesk serve`: pages and API, until somebody stops it.

use std::process::ExitCode;

use actix_web::rt::System;
use anyhow::{Context as _, Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Database;
use crate::{app::Application, first_admin, settings::Settings, worker};

/// Serves until SIGINT or SIGTERM, lets requests end, and leaves the database. With `work`, it
/// does a worker's work, too.
pub fn run(settings: Settings, work: bool) -> Result<ExitCode> {
    let database = Database::open(&settings)?;
    database.migrate()?;
    let (bind, public_url) = (settings.bind, settings.public_url.clone());
    let outside = settings.outside().map_err(|refusal| anyhow!(refusal))?;
    let state = database.state(settings)?;
    first_admin::ensure(&state.db, &state.settings)?;
    let (db, shutdown) = (state.db.clone(), state.shutdown.clone());
    let application =
        Application::build(state, bind).with_context(|| format!("cannot listen on {bind}"))?;
    tracing::info!(%bind, %public_url, work, "serving");
    System::new().block_on(async move {
        stop_on_signal(shutdown.clone())?;
        actix_web::rt::spawn(worker::follow_clock(db.clone(), shutdown.clone()));
        let worker = work.then(|| actix_web::rt::spawn(worker::run(db, outside, shutdown)));
        application.run().await?;
        if let Some(worker) = worker {
            worker.await?;
        }
        anyhow::Ok(())
    })?;
    database.close()?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The first signal asks for an orderly end.
pub(super) fn stop_on_signal(shutdown: CancellationToken) -> std::io::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    actix_web::rt::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => (),
            _ = terminate.recv() => (),
        }
        tracing::info!("stopping; a second signal is not needed");
        shutdown.cancel();
    });
    Ok(())
}
