//! Measures the platform against its goals, and proves it under failures.

mod chaos;
mod document;
mod http;
mod signals;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the platform against its goals, and proves it under failures.
#[derive(Debug, Parser)]
#[command(name = "gigdesk-bench", version, about, max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Measure dispatch over HTTP: intake, claim, list, matcher, latency, growth, memory
    Http(http::Arguments),
    /// Kill nodes and crash PostgreSQL under load, and compare what was acknowledged with the tables
    Chaos(chaos::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Line::parse().command {
        Command::Http(arguments) => http::run(&arguments),
        Command::Chaos(arguments) => chaos::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("gigdesk-bench: {error:#}");
        ExitCode::FAILURE
    })
}
