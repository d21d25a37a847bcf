//! The whole platform inside this process, on a thread of its own, for those who play with it.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    thread::JoinHandle,
};

use actix_web::rt::System;
use anyhow::{Context as _, Result, anyhow};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;

use super::Database;
use crate::{app::Application, first_admin, settings::Settings, worker};

/// Who the administrator of a demonstration is.
pub const ADMIN: &str = "admin@demo.gigdesk.example";
/// Everybody's password in a demonstration, which is served on this machine only.
pub const PASSWORD: &str = "warm-welcome-2026";

/// A platform that is being served.
pub struct Running {
    database: Database,
    serving: JoinHandle<Result<()>>,
    stop: CancellationToken,
}

impl Running {
    /// Starts it: database, requests, worker.
    pub fn start(settings: Settings) -> Result<Self> {
        let database = Database::open(&settings)?;
        database.migrate()?;
        let outside = settings.outside().map_err(|refusal| anyhow!(refusal))?;
        let bind = settings.bind;
        let state = database.state(settings)?;
        first_admin::ensure(&state.db, &state.settings)?;
        let (db, stop) = (state.db.clone(), state.shutdown.clone());
        let shutdown = stop.clone();
        let listening =
            Application::build(state, bind).with_context(|| format!("cannot listen on {bind}"));
        let application = listening?;
        let serving = std::thread::Builder::new()
            .name("platform".to_owned())
            .spawn(move || {
                System::new().block_on(async move {
                    let worker = actix_web::rt::spawn(worker::run(db, outside, shutdown));
                    application.run().await?;
                    worker.await?;
                    Ok(())
                })
            })?;
        Ok(Self {
            database,
            serving,
            stop,
        })
    }

    /// Lets requests and jobs end, and leaves the database.
    pub fn stop(self) -> Result<()> {
        self.stop.cancel();
        self.serving
            .join()
            .map_err(|_| anyhow!("the platform panicked"))??;
        self.database.close()
    }
}

/// The settings of a demonstration: letters in files, and an administrator whom we know.
pub fn for_demonstration(settings: Settings) -> Settings {
    Settings {
        admin_email: Some(ADMIN.to_owned()),
        admin_password: Some(SecretString::from(PASSWORD)),
        mail_url: None,
        ..settings
    }
}

/// An address on this machine that nobody listens on at present.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0))?;
    Ok(listener.local_addr()?)
}
