//! `gigdesk serve`: pages and API, until somebody stops it.

use std::process::ExitCode;

use actix_web::rt::System;
use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::Database;
use crate::{app::Application, first_admin, settings::Settings};

/// Serves until SIGINT or SIGTERM, lets requests end, and leaves the database.
pub fn run(settings: Settings) -> Result<ExitCode> {
    let database = Database::open(&settings)?;
    database.migrate()?;
    let (bind, public_url) = (settings.bind, settings.public_url.clone());
    let state = database.state(settings)?;
    first_admin::ensure(&state.db, &state.settings)?;
    let shutdown = state.shutdown.clone();
    let application =
        Application::build(state, bind).with_context(|| format!("cannot listen on {bind}"))?;
    tracing::info!(%bind, %public_url, "serving");
    System::new().block_on(async move {
        stop_on_signal(shutdown)?;
        application.run().await
    })?;
    database.close()?;
    tracing::info!("stopped");
    Ok(ExitCode::SUCCESS)
}

/// The first signal asks for an orderly end.
fn stop_on_signal(shutdown: CancellationToken) -> std::io::Result<()> {
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
