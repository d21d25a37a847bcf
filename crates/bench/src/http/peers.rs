//! The job queues that others would put in our place, run on the same PostgreSQL in the same run.

use std::{env, path::PathBuf, process::Command};

use anyhow::{Context as _, Result, bail};

use super::{
    report::{Bound, Figure, Ratio},
    stage::Stage,
};

/// The directory with the peers and their packages, as `scripts/bench` prepares it.
const VARIABLE: &str = "GIGDESK_BENCH_PEERS";

/// Claims against one job of graphile-worker at a time.
pub fn compare_claims(stage: &mut Stage, ours: u64) -> Result<()> {
    let Some(rate) = run(stage, "graphile-worker", "single")? else {
        return Ok(());
    };
    let figure = Figure::new("graphile-worker, one job at a time, 8 at once", "a second");
    let theirs = stage.report.add(figure.once(rate));
    stage.report.judge(
        "G7",
        "claim over HTTP / graphile-worker running one job",
        Ratio::of(ours, theirs),
        Bound::AtLeast(Ratio::milli(6_000)),
    );
    Ok(())
}

/// Assignments against the batched fetch of both.
pub fn compare_assignments(stage: &mut Stage, ours: u64) -> Result<()> {
    let mut best = None;
    for peer in ["graphile-worker", "pg-boss"] {
        let Some(rate) = run(stage, peer, "batched")? else {
            continue;
        };
        let figure = Figure::new(format!("{peer}, jobs fetched in batches"), "a second");
        best = best.max(Some(stage.report.add(figure.once(rate))));
    }
    if let Some(best) = best {
        stage.report.judge(
            "G8",
            "assignments committed by the matcher / the best queue's batched fetch",
            Ratio::of(ours, best),
            Bound::AtLeast(Ratio::milli(2_000)),
        );
    }
    Ok(())
}

/// Jobs a second; none where the peers were not installed.
fn run(stage: &mut Stage, peer: &str, mode: &str) -> Result<Option<u64>> {
    let Some(directory) = env::var_os(VARIABLE).map(PathBuf::from) else {
        stage.report.leave_out(format!(
            "{peer} ({mode}): set {VARIABLE}, as scripts/bench does"
        ));
        return Ok(None);
    };
    let output = Command::new("node")
        .arg(directory.join("queues.mjs"))
        .args([peer, mode, stage.url()])
        .arg(if stage.plan.is_quick { "3000" } else { "40000" })
        .output()
        .context("node is needed for the peers")?;
    if !output.status.success() {
        bail!("{peer}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let rate = said.trim().parse();
    Ok(Some(rate.with_context(|| {
        format!("{peer} printed no rate: {said}")
    })?))
}
