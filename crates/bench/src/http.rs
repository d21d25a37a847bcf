//! `gigdesk-bench http`: the platform over HTTP, against what its database could do at most and
//! against the queues that others would use. All of it on one machine, interleaved in one run.

mod assignment;
mod claim;
pub mod client;
mod intake;
mod latency;
mod listing;
mod load;
mod peers;
pub mod people;
pub mod platform;
mod report;
pub mod sql;
mod stage;
mod streams;
mod usage;

use std::{fs, path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Result;
use clap::{Args, ValueEnum};
use tokio::runtime;

use self::{
    people::People,
    platform::Platform,
    report::Report,
    stage::{Plan, Stage},
};
use crate::{document, signals};

/// Agents who are present while rates are measured.
const AGENTS: u32 = 2_000;

/// What to measure.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Take less than a minute: short rounds, small tables
    #[arg(long)]
    quick: bool,
    /// Only these parts; all by default
    #[arg(long, value_enum)]
    only: Vec<Part>,
    /// Print after each part which statements PostgreSQL spent its time on. Counting them costs some
    #[arg(long)]
    statements: bool,
    /// Where the private PostgreSQL and the logs live while it runs
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Write the figures as JSON into this file
    #[arg(long)]
    json: Option<PathBuf>,
    /// Write the section about dispatch over HTTP into this Markdown document
    #[arg(long)]
    document: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
enum Part {
    /// Escalations taken in
    Intake,
    /// Tickets claimed
    Claim,
    /// The list of claimable tickets
    List,
    /// A backlog worked off by the matcher
    Backlog,
    /// Memory with many streams
    Streams,
    /// From arrival to offer
    Latency,
    /// From capacity free to offer
    Freed,
    /// Cost with ever more agents
    Growth,
}

/// Measures, prints, writes. The exit code tells whether all could be measured, not whether goals
/// are reached.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let plan = if arguments.quick {
        Plan::QUICK
    } else {
        Plan::FULL
    };
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = runtime.block_on(signals::until_told_to_stop(measure(arguments, plan)))?;
    let text = report.markdown();
    println!("{text}");
    if let Some(path) = &arguments.json {
        fs::write(path, serde_json::to_vec_pretty(&report)?)?;
    }
    if let Some(path) = &arguments.document {
        document::replace_section(path, "Dispatch over HTTP", &explained(&text))?;
    }
    Ok(if report.failed.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn measure(arguments: &Arguments, plan: Plan) -> Result<Report> {
    let parent = arguments
        .data_dir
        .clone()
        .unwrap_or_else(local_postgres::default_data_dir);
    let mut platform = Platform::start(&parent, arguments.statements)?;
    let port = platform.add_node(&["--no-worker"]).await?;
    let people = People::arrive(&platform, port, AGENTS, "replica").await?;
    people.set_pattern(&platform, port).await?;
    let report = Report {
        machine: machine(platform.url())?,
        ..Report::default()
    };
    let mut stage = Stage {
        plan,
        platform,
        people: Arc::new(people),
        report,
    };
    let parts = if arguments.only.is_empty() {
        Part::value_variants()
    } else {
        &arguments.only
    };
    for part in parts {
        // What the other parts found is worth having, too.
        if let Err(error) = measure_part(*part, &mut stage).await {
            let failure = format!("{part:?}: {error:#}").replace('\n', " ");
            stage.report.fail(failure);
            stage.platform.kill_nodes();
            stage.clear()?;
        }
        if arguments.statements {
            for line in sql::statements(stage.url())? {
                println!("{line}");
            }
        }
    }
    Ok(stage.report)
}

async fn measure_part(part: Part, stage: &mut Stage) -> Result<()> {
    match part {
        Part::Intake => intake::measure(stage).await,
        Part::Claim => claim::measure(stage).await,
        Part::List => listing::measure(stage).await,
        Part::Backlog => assignment::measure_backlog(stage).await,
        Part::Streams => streams::measure(stage).await,
        Part::Latency => latency::measure_arrivals(stage).await,
        Part::Freed => latency::measure_freed(stage).await,
        Part::Growth => assignment::measure_growth(stage).await,
    }
}

/// What the figures depend on.
fn machine(url: &str) -> Result<Vec<String>> {
    let cpus = fs::read_to_string("/proc/cpuinfo")?;
    let model = cpus
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism()?;
    let version = sql::run(url, "SHOW server_version")?.join("");
    let durable = sql::run(
        url,
        "SELECT string_agg(name || ' ' || setting, ', ' ORDER BY name) FROM pg_settings
          WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes', 'shared_buffers')",
    )?;
    Ok(vec![
        format!("{cores} cores, {model}; load generator, nodes and PostgreSQL share them"),
        format!("PostgreSQL {version}: {}", durable.join("")),
    ])
}

fn explained(text: &str) -> String {
    format!("{}\n\n{text}", include_str!("http/explained.md").trim())
}
