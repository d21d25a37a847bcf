//! Measures the platform against its goals and its peers, on instances that anybody can draw again
//! from a seed; and proves it under failures.

mod arrivals;
mod chaos;
mod document;
mod http;
mod instance;
mod match_bench;
mod match_suite;
mod process;
mod signals;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Measures the platform against its goals, and proves it under failures.
#[derive(Parser)]
#[command(name = "gigdesk-bench", version, about, max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Draw a market, find the best matching, and prove it
    Match(match_bench::Args),
    /// The goals for matching, with the peers on the same instances
    MatchSuite(match_suite::Args),
    /// Replay two weeks of a bank's calls under other routing rules
    Arrivals(arrivals::Args),
    /// Measure dispatch over HTTP: intake, claim, list, matcher, latency, growth, memory
    Http(http::Arguments),
    /// Kill nodes and crash PostgreSQL under load, and compare what was acknowledged with the tables
    Chaos(chaos::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Line::parse().command {
        Command::Match(args) => match_bench::run(&args).map(|()| ExitCode::SUCCESS),
        Command::MatchSuite(args) => match_suite::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Arrivals(args) => arrivals::run(&args).map(|()| ExitCode::SUCCESS),
        Command::Http(arguments) => http::run(&arguments),
        Command::Chaos(arguments) => chaos::run(&arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("gigdesk-bench: {error:#}");
        ExitCode::FAILURE
    })
}
