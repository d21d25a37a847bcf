//! `gigdesk verify`: checks every promise against the database.

use std::process::ExitCode;

use anyhow::{Context as _, Result};

use super::Database;
use crate::{settings::Settings, state::ReadFailed};

/// Prints the promises that do not hold, with some of the rows that break them.
pub fn run(settings: &Settings) -> Result<ExitCode> {
    let database = Database::open(settings)?;
    let broken = database
        .connect(2)?
        .read_blocking(|conn| db::verify::broken(conn).map_err(ReadFailed::from))
        .context("the promises cannot be checked")?;
    database.close()?;
    let count = db::verify::promises().len();
    if broken.is_empty() {
        println!("All {count} promises hold.");
        return Ok(ExitCode::SUCCESS);
    }
    println!("{} of {count} promises are broken:", broken.len());
    for promise in broken {
        println!(
            "- {}: {} rows, such as {}",
            promise.promise, promise.rows, promise.examples
        );
    }
    Ok(ExitCode::FAILURE)
}
