//! `gigdesk-bench match`: one instance, solved and certified.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, ensure};
use clap::ValueEnum;
use routing::matching::{Limits, Matching, Mode, Standing, certify, solve};
use serde::{Deserialize, Serialize};

use crate::instance::{Draw, Instance};
use crate::process;

/// Which instance, and how to solve it.
#[derive(clap::Args)]
pub struct Args {
    /// Waiting tickets.
    #[arg(long, default_value_t = 10_000)]
    tickets: u32,
    /// Agents; each has one to three units of capacity, two on average.
    #[arg(long, default_value_t = 10_000)]
    units: u32,
    /// Any number; the same one gives the same instance.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Whether to search for the optimum, or to stop close to it.
    #[arg(long, value_enum, default_value = "exact")]
    mode: Wanted,
    /// Points that a ticket may miss in the bounded mode.
    #[arg(long, default_value_t = 5)]
    epsilon: i64,
    /// Tickets that arrive one by one afterwards.
    #[arg(long, default_value_t = 0)]
    arrivals: u32,
    /// Also writes the graph for other solvers here.
    #[arg(long)]
    dump: Option<PathBuf>,
    /// Prints one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Wanted {
    Exact,
    Bounded,
}

/// What was measured.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Report {
    pub tickets: u32,
    pub agents: u32,
    /// The capacity of all agents together.
    pub units: u64,
    pub seed: u64,
    /// Eligible pairs out of 100,000.
    pub eligible_per_100_000: u64,
    pub mode: String,
    pub total: i64,
    /// What no matching exceeds: the sum of the duals, checked over every eligible pair.
    pub bound: i64,
    /// Tickets that have an agent.
    pub served: u64,
    /// Edges looked at.
    pub work: u64,
    /// Processor time of drawing the lists.
    pub build_microseconds: u64,
    /// Processor time of the solve alone.
    pub solve_microseconds: u64,
    /// Processor time of checking every eligible pair.
    pub certify_microseconds: u64,
    pub arrivals: u32,
    /// Processor time of one arrival, on average.
    pub arrival_nanoseconds: Option<u64>,
    /// Memory of the whole process, when the solve was done.
    pub peak_kilobytes: u64,
}

/// Runs the measurement and prints it.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let report = measure(args)?;
    let out = &mut std::io::stdout().lock();
    if args.json {
        serde_json::to_writer(&mut *out, &report)?;
        writeln!(out)?;
    } else {
        writeln!(out, "{report:#?}")?;
    }
    Ok(())
}

fn measure(args: &Args) -> anyhow::Result<Report> {
    let draw = Draw {
        tickets: args.tickets,
        agents: args.units,
        arrivals: args.arrivals,
        seed: args.seed,
    };
    let (instance, build) = timed(|| Instance::draw(draw));
    if let Some(path) = &args.dump {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        let mut file = BufWriter::new(file);
        instance.dump(&mut file)?;
        file.flush()?;
    }
    let limits = Limits {
        work: if args.mode == Wanted::Exact {
            u64::MAX
        } else {
            0
        },
        epsilon: args.epsilon,
    };
    let (market, affinity) = (&instance.market, &instance.affinity);
    let (matching, solved) = timed(|| solve(market, affinity, &limits));
    let peak_kilobytes = process::peak_kilobytes().unwrap_or(0);
    let (bound, certified) = timed(|| certify(market, affinity, &matching));
    let bound = bound.map_err(|violation| anyhow::anyhow!("not certified: {violation:?}"))?;
    let arrival = if args.arrivals > 0 {
        Some(arrive(&instance)?)
    } else {
        None
    };
    let pairs = u64::from(args.tickets) * u64::from(args.units);
    Ok(Report {
        tickets: args.tickets,
        agents: args.units,
        units: market.capacity.iter().map(|&units| u64::from(units)).sum(),
        seed: args.seed,
        eligible_per_100_000: instance.edges() * 100_000 / pairs.max(1),
        mode: match matching.mode {
            Mode::Exact => "exact".to_owned(),
            Mode::Bounded { epsilon } => format!("bounded, ε = {epsilon}"),
        },
        total: matching.total,
        bound,
        served: served(&matching),
        work: matching.work,
        build_microseconds: microseconds(build),
        solve_microseconds: microseconds(solved),
        certify_microseconds: microseconds(certified),
        arrivals: args.arrivals,
        arrival_nanoseconds: arrival,
        peak_kilobytes,
    })
}

/// Lets the later tickets arrive one by one; returns the nanoseconds of each, on average.
fn arrive(instance: &Instance) -> anyhow::Result<u64> {
    let mut standing = Standing::new(&instance.market, &instance.affinity);
    let ((), spent) = timed(|| {
        for &demand in &instance.arrivals {
            standing.arrive(demand);
        }
    });
    let mut market = instance.market.clone();
    market.tickets.extend(&instance.arrivals);
    let matching = standing.matching();
    let bound = certify(&market, &instance.affinity, &matching);
    ensure!(
        bound == Ok(matching.total),
        "not optimal after the arrivals: {bound:?}"
    );
    let count = u128::try_from(instance.arrivals.len())?;
    Ok(u64::try_from(spent.as_nanos() / count)?)
}

fn served(matching: &Matching) -> u64 {
    matching.agent_of.iter().flatten().map(|_| 1).sum()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = process::cpu();
    let result = work();
    (result, process::cpu().saturating_sub(start))
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
