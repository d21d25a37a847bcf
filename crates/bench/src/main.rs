//! `gigdesk-bench`: measures the platform, on instances that anybody can draw again from a seed.

mod instance;
mod match_bench;
mod match_suite;
mod process;

use clap::Parser;

/// Measures the platform.
#[derive(Parser)]
#[command(name = "gigdesk-bench", version)]
enum Command {
    /// Draws a market, finds the best matching, and proves it.
    Match(match_bench::Args),
    /// The goals for matching, with the peers on the same instances.
    MatchSuite(match_suite::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Match(args) => match_bench::run(&args),
        Command::MatchSuite(args) => match_suite::run(&args),
    }
}
