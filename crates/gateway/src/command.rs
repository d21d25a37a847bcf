//! What each subcommand does.

pub mod demo;
pub mod explain;
mod inhouse;
pub mod migrate;
pub mod openapi;
pub mod replay;
pub mod serve;
pub mod simulate;
pub mod verify;
pub mod what_if;
pub mod worker;

use anyhow::{Context as _, Result, anyhow};
use db::Db;

use crate::{secrets::Secrets, settings::Settings, state::State};

/// A database that is up to date, and the private server it may need to live.
pub struct Database {
    url: String,
    server: Option<local_postgres::Server>,
}

impl Database {
    /// The database that was set, else that of a private server, which is started.
    pub fn open(settings: &Settings) -> Result<Self> {
        settings.check().map_err(|refusal| anyhow!(refusal))?;
        if let Some(database) = &settings.database_url {
            return Ok(Self {
                url: database.expose().to_owned(),
                server: None,
            });
        }
        let server =
            local_postgres::Server::start(&local_postgres::Settings::new(settings.data_dir()))
                .context("the private PostgreSQL does not start")?;
        tracing::info!(data_dir = %server.data_dir().display(), "the private PostgreSQL is up");
        Ok(Self {
            url: server.url(local_postgres::DATABASE),
            server: Some(server),
        })
    }

    /// Applies the migrations that are pending.
    pub fn migrate(&self) -> Result<Vec<String>> {
        let applied = db::migrations::run(&self.url).map_err(|error| anyhow!(error))?;
        for version in &applied {
            tracing::info!(version, "migrated");
        }
        Ok(applied)
    }

    /// The door to it.
    pub fn connect(&self, pool_size: u32) -> Result<Db> {
        let settings = db::Settings {
            url: self.url.clone(),
            pool_size,
        };
        Db::connect(&settings).map_err(|error| anyhow!(error))
    }

    /// What the request handlers and the worker share.
    pub fn state(&self, settings: Settings) -> Result<State> {
        let secrets = Secrets::load(&settings).map_err(|error| anyhow!(error))?;
        State::new(self.connect(settings.pool_size)?, secrets, settings)
            .map_err(|error| anyhow!(error))
    }

    /// Leaves the private server, which stops when nobody else uses it.
    pub fn close(self) -> Result<()> {
        match self.server {
            Some(server) => server
                .stop()
                .context("the private PostgreSQL does not stop"),
            None => Ok(()),
        }
    }
}
