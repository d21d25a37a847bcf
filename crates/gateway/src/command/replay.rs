//! `gigdesk replay`: decides recorded runs of the matcher again, and compares bit for bit.

use std::process::ExitCode;

use anyhow::{Result, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use clap::Args;
use dispatch::Replayed;

use super::Database;
use crate::settings::Settings;

/// Which runs.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// From this instant on (RFC 3339); without it, the last day
    #[arg(long)]
    from: Option<DateTime<Utc>>,

    /// Before this instant; without it, now
    #[arg(long)]
    to: Option<DateTime<Utc>>,
}

/// Replays them all; the exit code is 1 when one differs.
pub fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode> {
    let database = Database::open(settings)?;
    let db = database.connect(1)?;
    let to = arguments.to.unwrap_or_else(|| db.now());
    let from = arguments.from.unwrap_or(to - TimeDelta::days(1));
    ensure!(from < to, "--from must be before --to");
    let (mut same, mut offers, mut other, mut differing) = (0, 0, 0, Vec::new());
    let mut after = None;
    loop {
        let records = db.read_blocking(|conn| -> Result<_, dispatch::Error> {
            Ok(dispatch::queries::match_records(conn, from, to, after)?)
        })?;
        let Some(last) = records.last() else {
            break;
        };
        after = Some((last.decided_at, last.id));
        for record in &records {
            match record.replay()? {
                Replayed::Same => {
                    same += 1;
                    offers += record.read()?.1.matches.len();
                }
                Replayed::OtherEngine => other += 1,
                how => differing.push((record.id, how)),
            }
        }
    }
    database.close()?;
    println!("{same} runs with {offers} matches decided the same, bit for bit.");
    if other > 0 {
        println!("{other} runs were decided by another engine and were left alone.");
    }
    for (id, how) in &differing {
        println!("{id}: {how:?}");
    }
    Ok(if differing.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
