//! `gigdesk-bench match-suite`: the goals for matching, ours and the peers' in turns on the same
//! instances.
//!
//! Every solver runs in a process of its own, so that its peak of memory is its own, and in rounds,
//! so that a noisy minute hits all of them. The best round of each counts. Processor time is that
//! of the solve alone: what the peers need to build their model is left out, and so is the time we
//! need to draw the lists.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{document, match_bench::Report};

const PEERS: [&str; 2] = ["scipy", "ortools"];

/// Which instances, and with which peers.
#[derive(clap::Args)]
pub struct Args {
    /// Two of the five instances, in one round.
    #[arg(long)]
    quick: bool,
    /// A Python that has scipy and ortools: `need_match_peers` in `scripts/lib/peers.sh`.
    #[arg(long)]
    python: PathBuf,
    /// The script that runs the peers.
    #[arg(long, default_value = "scripts/bench-peers/match.py")]
    script: PathBuf,
    /// The seed of the first instances; the second one of 10,000 × 10,000 has the next.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How often each solver runs; the best run counts.
    #[arg(long, default_value_t = 2)]
    rounds: u32,
    /// Also writes the rows to this file, as JSON.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Also writes the section about matching into this Markdown document.
    #[arg(long, value_name = "FILE")]
    document: Option<PathBuf>,
}

/// One instance, and what it is to show.
#[derive(Clone, Copy)]
struct Case {
    tickets: u32,
    agents: u32,
    /// Added to the seed.
    seed: u64,
    /// Whether tickets are about as many as units.
    tight: bool,
    /// Whether the peers solve it, too.
    peers: bool,
    /// Whether it is large enough to compare memory.
    memory: bool,
}

impl Case {
    const fn new(tickets: u32, agents: u32) -> Self {
        let tight = tickets > agents;
        Self {
            tickets,
            agents,
            seed: 0,
            tight,
            peers: true,
            memory: false,
        }
    }
}

const CASES: [Case; 5] = [
    Case::new(5_000, 5_000),
    Case {
        memory: true,
        ..Case::new(10_000, 10_000)
    },
    Case::new(10_000, 5_000),
    Case {
        peers: false,
        ..Case::new(100_000, 100_000)
    },
    Case {
        seed: 1,
        memory: true,
        ..Case::new(10_000, 10_000)
    },
];

/// The smallest ones for which goals are set.
const QUICK: [Case; 2] = [Case::new(5_000, 5_000), Case::new(10_000, 5_000)];

/// What a peer's script prints.
#[derive(Clone, serde::Deserialize)]
struct Peer {
    solver: String,
    total: i64,
    solve_microseconds: u64,
    peak_kilobytes: u64,
}

/// A goal, and how far it is reached.
#[derive(Debug, Serialize)]
pub struct Row {
    /// The goal's name.
    pub goal: &'static str,
    /// What was measured, on which instance.
    pub what: String,
    /// The peer that did best, if one was measured.
    pub solver: Option<String>,
    /// How many times ours the peer's figure is, or the figure itself where there is no peer.
    pub ratio: f64,
    /// What the ratio should be at least or, where `at_most` is set, at most.
    pub goal_value: f64,
    /// Whether the goal is an upper limit.
    pub at_most: bool,
    /// Our figure.
    pub ours: u64,
    /// The peer's figure.
    pub peer: Option<u64>,
    /// Of both figures.
    pub unit: &'static str,
}

/// The best of all rounds on one instance.
struct Measured {
    case: Case,
    exact: Report,
    bounded: Report,
    peers: Vec<Peer>,
}

/// Runs the suite, prints a line for each goal, and fails if a total is not the optimum.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let (cases, rounds) = if args.quick {
        (&QUICK[..], 1)
    } else {
        (&CASES[..], args.rounds)
    };
    let scratch = tempfile::tempdir()?;
    let mut rows = Vec::new();
    for &case in cases {
        let measured = measure(args, case, rounds.max(1), scratch.path())?;
        rows.extend(judge(&measured));
    }
    let mut out = std::io::stdout().lock();
    for row in &rows {
        serde_json::to_writer(&mut out, row)?;
        writeln!(out)?;
    }
    if let Some(path) = &args.out {
        let file =
            File::create(path).with_context(|| format!("cannot write {}", path.display()))?;
        serde_json::to_writer_pretty(file, &rows)?;
    }
    if let Some(path) = &args.document {
        document::replace_section(path, "Matching", &explained(args, &rows))?;
    }
    Ok(())
}

/// The rows as a section of a document.
fn explained(args: &Args, rows: &[Row]) -> String {
    let mut text = format!(
        "The best assignment of waiting tickets to free units, against scipy and OR-tools on the same seeded instances. \
         [MATCHING.md](MATCHING.md) says how it works.\n\n\
         ```sh\nscripts/bench match     # --seed {} --rounds {}; totals of all solvers are equal, or it fails\n```\n\n\
         | goal | what | measured | should be | |\n| --- | --- | ---: | ---: | --- |\n",
        args.seed, args.rounds
    );
    for row in rows {
        let (sign, is_reached) = if row.at_most {
            ("≤", row.ratio <= row.goal_value)
        } else {
            ("≥", row.ratio >= row.goal_value)
        };
        let against = row
            .solver
            .as_deref()
            .map(|solver| format!(", against {solver}"));
        let _ = writeln!(
            text,
            "| {} | {}{} | {:.4} | {sign} {} | {} |",
            row.goal,
            row.what,
            against.unwrap_or_default(),
            row.ratio,
            row.goal_value,
            if is_reached {
                "reached"
            } else {
                "**not reached**"
            }
        );
    }
    text
}

fn measure(args: &Args, case: Case, rounds: u32, scratch: &Path) -> anyhow::Result<Measured> {
    let dump = scratch.join("instance");
    if case.peers {
        ours(args, case, &["--dump", &dump.to_string_lossy()])?;
    }
    let (mut exact, mut bounded, mut peers) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        exact.push(ours(args, case, &["--arrivals", "200"])?);
        bounded.push(ours(args, case, &["--mode", "bounded"])?);
        for solver in PEERS.iter().filter(|_| case.peers) {
            let mut command = Command::new(&args.python);
            command.arg(&args.script).arg(solver).arg(&dump);
            peers.push(output::<Peer>(&mut command)?);
        }
    }
    for report in &exact {
        ensure!(report.total == report.bound, "{report:?} is not optimal");
    }
    let fastest = |reports: Vec<Report>| reports.into_iter().min_by_key(|r| r.solve_microseconds);
    let exact = fastest(exact).context("no round")?;
    for peer in &peers {
        let found = (peer.total, exact.total);
        ensure!(
            found.0 == found.1,
            "{} and we find different optima: {found:?}",
            peer.solver
        );
    }
    Ok(Measured {
        case,
        exact,
        bounded: fastest(bounded).context("no round")?,
        peers,
    })
}

/// Our own solver, in a process of its own.
fn ours(args: &Args, case: Case, more: &[&str]) -> anyhow::Result<Report> {
    let number = |flag: &str, value: u64| [flag.to_owned(), value.to_string()];
    let mut command = Command::new(std::env::current_exe()?);
    command
        .args(["match", "--json"])
        .args(number("--tickets", case.tickets.into()))
        .args(number("--units", case.agents.into()))
        .args(number("--seed", args.seed.wrapping_add(case.seed)))
        .args(more);
    output(&mut command)
}

/// Runs the command and reads the JSON that it prints.
fn output<T: DeserializeOwned>(command: &mut Command) -> anyhow::Result<T> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?} failed: {errors}");
    serde_json::from_slice(&output.stdout).with_context(|| format!("{command:?} printed no report"))
}

/// The goals that the instance is for.
fn judge(measured: &Measured) -> Vec<Row> {
    let mut rows = vec![
        share(&measured.exact, measured, 1.0),
        share(&measured.bounded, measured, 0.997),
    ];
    rows.extend(speed(measured));
    rows.extend(memory(measured));
    let Case {
        tickets, agents, ..
    } = measured.case;
    for row in &mut rows {
        let what = &row.what;
        row.what = format!("{what}, {tickets} × {agents}, seed {}", measured.exact.seed);
    }
    rows
}

/// The share of the optimum.
fn share(found: &Report, measured: &Measured, goal_value: f64) -> Row {
    let (total, optimum) = (
        found.total.unsigned_abs(),
        measured.exact.bound.unsigned_abs(),
    );
    Row {
        goal: "G1",
        what: format!("{}: total against the optimum", found.mode),
        solver: None,
        ratio: ratio(total, optimum),
        goal_value,
        at_most: false,
        ours: total,
        peer: Some(optimum),
        unit: "points",
    }
}

/// Processor time, of a whole solve and of one arrival, against the fastest peer's solve.
fn speed(measured: &Measured) -> Vec<Row> {
    let Measured {
        case,
        exact,
        bounded,
        peers,
    } = measured;
    let Some(peer) = peers.iter().min_by_key(|peer| peer.solve_microseconds) else {
        return Vec::new();
    };
    let row = |goal, what: &str, goal_value, ours| Row {
        goal,
        what: what.to_owned(),
        solver: Some(peer.solver.clone()),
        ratio: ratio(peer.solve_microseconds * 1_000, ours),
        goal_value,
        at_most: false,
        ours,
        peer: Some(peer.solve_microseconds * 1_000),
        unit: "processor ns",
    };
    let nanoseconds = |report: &Report| report.solve_microseconds * 1_000;
    let arrival = exact.arrival_nanoseconds.unwrap_or(0);
    if case.tight {
        vec![
            row("G3", "tight, exact", 3.0, nanoseconds(exact)),
            row("G3", "tight, bounded", 8.0, nanoseconds(bounded)),
            row("G5", "tight, one arrival", 1_000.0, arrival),
        ]
    } else {
        vec![
            row("G2", "exact", 12.0, nanoseconds(exact)),
            row("G5", "one arrival", 20_000.0, arrival),
        ]
    }
}

/// Memory against the leanest peer or, where no peer can follow, against a limit.
fn memory(measured: &Measured) -> Vec<Row> {
    let Measured {
        case, exact, peers, ..
    } = measured;
    let row = |what: &str, ours, peer: Option<&Peer>, ratio, goal_value| Row {
        goal: "G4",
        what: what.to_owned(),
        solver: peer.map(|peer| peer.solver.clone()),
        ratio,
        goal_value,
        at_most: peer.is_none(),
        ours,
        peer: peer.map(|peer| peer.peak_kilobytes),
        unit: if peer.is_some() { "kB" } else { "" },
    };
    let kilobytes = exact.peak_kilobytes;
    let leanest = peers.iter().min_by_key(|peer| peer.peak_kilobytes);
    match leanest {
        Some(peer) if case.memory => {
            let ratio = ratio(peer.peak_kilobytes, kilobytes);
            vec![row("peak memory", kilobytes, leanest, ratio, 40.0)]
        }
        Some(_) => Vec::new(),
        None => {
            let micros = exact.solve_microseconds;
            let seconds = row(
                "exact, processor seconds",
                micros,
                None,
                ratio(micros, 1_000_000),
                30.0,
            );
            let megabytes = row(
                "peak memory, MB",
                kilobytes,
                None,
                ratio(kilobytes, 1_000),
                100.0,
            );
            vec![
                Row {
                    unit: "processor µs",
                    ..seconds
                },
                Row {
                    unit: "kB",
                    ..megabytes
                },
            ]
        }
    }
}

/// How many times the denominator the numerator is.
#[expect(
    clippy::float_arithmetic,
    reason = "a ratio for people, from counts far below 2⁵³"
)]
fn ratio(numerator: u64, denominator: u64) -> f64 {
    let float = |count: u64| {
        let high = u32::try_from(count >> 32).unwrap_or(u32::MAX);
        let low = u32::try_from(count & u64::from(u32::MAX)).unwrap_or(0);
        f64::from(high) * 4_294_967_296.0 + f64::from(low)
    };
    float(numerator) / float(denominator.max(1))
}
