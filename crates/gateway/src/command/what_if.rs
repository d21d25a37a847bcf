//! `gigdesk what-if`: a day that was, under a policy that is not yet.

mod known;
mod table;

use std::{collections::BTreeMap, fs, path::Path, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use chrono::{Days, NaiveDate};
use clap::Args;
use kernel::Currency;
use rehearsal::{Ending, Report, Spread, rehearse};
use routing::{Key, Policy};
use serde::Serialize;

use self::known::Known;
use super::Database;
use crate::settings::Settings;

/// Which day, and which policy.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// The policy to try (JSON); what it does not name has its default
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,

    /// The queue that it is tried on; without it, all are
    #[arg(long, value_name = "CODE")]
    queue: Option<String>,

    /// The day (UTC); without it, yesterday
    #[arg(long, value_name = "YYYY-MM-DD")]
    day: Option<NaiveDate>,

    /// Prints JSON instead of a table
    #[arg(long)]
    json: bool,
}

/// A day under the policies in force and under another.
#[derive(Debug, Serialize)]
struct Comparison {
    day: NaiveDate,
    /// The queue that the policy is tried on; none where it is all.
    queue: Option<String>,
    tickets: usize,
    agents: usize,
    /// Agents who were there and are no longer active: they are left out.
    agents_left_out: usize,
    /// Queues that no rate card in force pays: their work is not among the earnings.
    queues_without_rate: Vec<String>,
    currency: Currency,
    in_force: Side,
    what_if: Side,
}

/// What a policy makes of the day.
#[derive(Debug, Eq, PartialEq, Serialize)]
struct Side {
    #[serde(flatten)]
    report: Report,
    /// How evenly earnings are spread over the agents, in minor units.
    earnings: Spread,
}

/// Rehearses the day twice and prints both side by side. Nothing is written.
pub fn run(settings: &Settings, arguments: &Arguments) -> Result<ExitCode> {
    let policy = read_policy(&arguments.policy)?;
    let database = Database::open(settings)?;
    let db = database.connect(2)?;
    let now = db.now();
    let yesterday = now.date_naive() - Days::new(1);
    let day = arguments.day.unwrap_or(yesterday);
    let queue = arguments.queue.as_deref();
    let known = db
        .read_blocking(|conn| Known::read(conn, day, queue, now))
        .context("the day cannot be read")?;
    database.close()?;
    let comparison = compare(&known, &policy)?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&comparison)?);
    } else {
        let name = arguments.policy.display().to_string();
        print!("{}", table::render(&comparison, &name));
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a policy, and says of one that cannot be used which field is wrong.
fn read_policy(path: &Path) -> Result<Policy> {
    let name = path.display();
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let mut json = serde_json::Deserializer::from_str(&text);
    let policy: Policy = serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let (field, cause) = (error.path().to_string(), error.inner());
        anyhow!("{name} is no policy: {field}: {cause}")
    })?;
    json.end()
        .with_context(|| format!("{name} is no policy: something follows it"))?;
    let faults: Vec<String> = (policy.faults().iter())
        .map(|fault| format!("{} {}", fault.field, fault.message))
        .collect();
    ensure!(
        faults.is_empty(),
        "{name} cannot be used: {}",
        faults.join("; ")
    );
    Ok(policy)
}

fn compare(known: &Known, policy: &Policy) -> Result<Comparison> {
    if let Some(overflow) = &policy.overflow
        && (!known.policies.contains_key(&overflow.queue)
            || known.queue.as_ref() == Some(&overflow.queue))
    {
        bail!("overflow.queue must be another queue of this platform");
    }
    let mut tried = known.policies.clone();
    for (code, in_force) in &mut tried {
        if known.queue.as_ref().is_none_or(|queue| queue == code) {
            in_force.clone_from(policy);
        }
    }
    Ok(Comparison {
        day: known.date,
        queue: known.queue.clone(),
        tickets: known.arrivals.len(),
        agents: known.members.len(),
        agents_left_out: known.agents_left_out,
        queues_without_rate: known.queues_without_rate(),
        currency: payouts::PLATFORM_CURRENCY,
        in_force: side(known, &known.policies)?,
        what_if: side(known, &tried)?,
    })
}

fn side(known: &Known, policies: &BTreeMap<String, Policy>) -> Result<Side> {
    let rehearsed = rehearse(&known.scenario(policies.clone()))?;
    let report = Report::of(&rehearsed);
    let mut earned: BTreeMap<Key, i64> = (report.agents.iter()).map(|one| (one.agent, 0)).collect();
    // Both are in the order of the tickets' ids.
    for (told, arrival) in rehearsed.tickets.iter().zip(&known.arrivals) {
        if let Ending::Served { agent, .. } = told.ending {
            *earned.entry(agent).or_default() += known.earning(arrival)?;
        }
    }
    let earned: Vec<i64> = earned.into_values().collect();
    Ok(Side {
        report,
        earnings: Spread::of(&earned),
    })
}
