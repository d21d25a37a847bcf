//! `gigdesk migrate`: brings the database up to date.

use std::process::ExitCode;

use anyhow::Result;

use super::Database;
use crate::{first_admin, settings::Settings};

/// Applies pending migrations and makes the first admin where the settings name one.
pub fn run(settings: &Settings) -> Result<ExitCode> {
    let database = Database::open(settings)?;
    let applied = database.migrate()?;
    first_admin::ensure(&database.connect(2)?, settings)?;
    match applied.len() {
        0 => println!("The database is up to date."),
        1 => println!("Applied 1 migration."),
        count => println!("Applied {count} migrations."),
    }
    database.close()?;
    Ok(ExitCode::SUCCESS)
}
