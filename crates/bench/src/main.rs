//! `gigdesk-bench`: measures the platform, on instances that anybody can draw again from a seed.

mod arrivals;
mod instance;
mod match_bench;
mod process;

use clap::Parser;

/// Measures the platform.
#[derive(Parser)]
#[command(name = "gigdesk-bench", version)]
enum Command {
    /// Draws a market, finds the best matching, and proves it.
    Match(match_bench::Args),
    /// Replays two weeks of a bank's calls under other routing rules.
    Arrivals(arrivals::Args),
}

fn main() -> anyhow::Result<()> {
    match Command::parse() {
        Command::Match(args) => match_bench::run(&args),
        Command::Arrivals(args) => arrivals::run(&args),
    }
}
