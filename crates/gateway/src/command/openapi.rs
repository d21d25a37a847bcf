//! `gigdesk openapi`: prints the description of the API.

use std::process::ExitCode;

use anyhow::Result;

use crate::api;

/// Prints it. Needs no database.
pub fn run() -> Result<ExitCode> {
    println!("{}", api::document().to_pretty_json()?);
    Ok(ExitCode::SUCCESS)
}
