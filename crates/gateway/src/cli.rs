//! The command line.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::{command, settings::Settings, trace};

/// Gigdesk: customers become support agents, and are paid for it.
#[derive(Debug, Parser)]
#[command(name = "gigdesk", version, about, max_term_width = 100)]
struct Line {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the pages and the API, and do a worker's work
    Serve {
        /// Leave the worker's work to others
        #[arg(long)]
        no_worker: bool,
    },
    /// Do a worker's work: match tickets, send letters, keep deadlines
    Worker,
    /// Bring the database up to date, and make the first admin
    Migrate,
    /// Print the description of the API (`OpenAPI` 3.1, JSON)
    Openapi,
    /// Serve a marketplace that is alive, to look around in
    Demo(command::demo::Arguments),
    /// Play recorded conversations through the API to their end, and report
    Simulate(command::simulate::Arguments),
    /// Say in plain words why an offer came about
    Explain(command::explain::Arguments),
    /// Decide recorded runs of the matcher again, and compare bit for bit; the exit code is 1 when
    /// one differs
    Replay(command::replay::Arguments),
    /// Check every promise against the database; the exit code is 1 when one is broken
    Verify,
    /// Rehearse a day under another routing policy, beside the one in force
    WhatIf(command::what_if::Arguments),
}

/// Runs what the command line asks for.
pub fn main() -> ExitCode {
    let Line { command, settings } = Line::parse();
    let usual = match command {
        Command::Demo(_) | Command::Simulate(_) => trace::QUIET,
        _ => trace::SERVING,
    };
    trace::start(settings.log_format, usual);
    let outcome = match command {
        Command::Serve { no_worker } => command::serve::run(settings, !no_worker),
        Command::Worker => command::worker::run(&settings),
        Command::Migrate => command::migrate::run(&settings),
        Command::Openapi => command::openapi::run(),
        Command::Demo(arguments) => command::demo::run(settings, arguments),
        Command::Simulate(arguments) => command::simulate::run(settings, &arguments),
        Command::Explain(arguments) => command::explain::run(&settings, &arguments),
        Command::Replay(arguments) => command::replay::run(&settings, &arguments),
        Command::Verify => command::verify::run(&settings),
        Command::WhatIf(arguments) => command::what_if::run(&settings, &arguments),
    };
    outcome.unwrap_or_else(|error| {
        eprintln!("gigdesk: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_holds_together() {
        super::Line::command().debug_assert();
    }
}
