//! G8 and growth: what the matcher does, seen in the offers it committed.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, bail};
use tokio::time::sleep;

use super::{
    load, peers,
    report::{Bound, Figure, Ratio},
    sql,
    stage::Stage,
    usage::Usage,
};

/// Tickets a second that arrive in the open loop.
pub(super) const ARRIVALS: u64 = 100;
/// Tickets that one statement of the ceiling puts on offer.
const ASSIGNED: u64 = 100;
/// Tickets that wait for each second of the ceiling; more than it takes.
const CEILING_TICKETS: u64 = 40_000;
/// After so long without a new offer there will be none.
const PATIENCE: Duration = Duration::from_secs(20);

/// How fast the matcher works a backlog off.
pub async fn measure_backlog(stage: &mut Stage) -> Result<()> {
    let backlog = stage.plan.backlog;
    let mut figure = Figure::new(
        format!("assignments committed by the matcher, {backlog} waiting, 2,000 agents"),
        "a second",
    );
    let mut spent = Usage::default();
    for _ in 0..stage.plan.rounds {
        stage.platform.kill_nodes();
        stage.clear()?;
        let fill = format!(
            "SET session_replication_role = replica;
             SELECT bench.waiting('dispatch.tickets', 1, {backlog}); VACUUM ANALYZE dispatch.tickets"
        );
        sql::run(stage.url(), &fill)?;
        let before = Usage::of(&stage.platform)?;
        stage.platform.add_node(&[]).await?;
        wait_for_offers(stage, backlog).await?;
        spent = spent + (Usage::of(&stage.platform)? - before);
        // From the beginning of the first run, which looks who is there, to the last commit. A run
        // takes a batch, so that there may be one only.
        figure.rounds.push(sql::number(
            stage.url(),
            "SELECT coalesce((count(*) / nullif(extract(epoch FROM
                        max(pg_xact_commit_timestamp(xmin)) - min(offered_at)), 0))::bigint, 0)
               FROM dispatch.offers",
        )?);
    }
    let (nodes, postgres) = spent.micros_each(backlog * stage.plan.rounds);
    figure.node_micros = Some(nodes);
    figure.postgres_micros = Some(postgres);
    stage.platform.kill_nodes();
    stage.clear()?;
    let ours = stage.report.add(figure);
    measure_ceiling(stage)?;
    peers::compare_assignments(stage, ours)
}

/// What PostgreSQL does of the same rows at most, by one session and by one for each of two cores.
fn measure_ceiling(stage: &mut Stage) -> Result<()> {
    let whole = format!("SELECT bench.assign_statement({ASSIGNED})");
    let whole = sql::run(stage.url(), &whole)?.join("\n");
    let seconds = stage.plan.round.as_secs().min(2);
    let waiting = CEILING_TICKETS * seconds;
    let sessions: &[u64] = if stage.plan.is_quick { &[2] } else { &[1, 2] };
    for &sessions in sessions {
        let fill = format!(
            "SELECT bench.waiting('bench.tickets', 1, {waiting}); VACUUM ANALYZE bench.tickets"
        );
        sql::run(stage.url(), &fill)?;
        let rate = ASSIGNED * sql::pgbench(stage.url(), &whole, sessions, seconds)?;
        let left = "SELECT count(*) FROM bench.tickets WHERE status = 'waiting'";
        if sql::number(stage.url(), left)? == 0 {
            bail!("{waiting} tickets were too few for {sessions} sessions");
        }
        stage.clear()?;
        let what =
            format!("all that assignments write, {ASSIGNED} by one statement, {sessions} at once");
        stage.report.add(Figure::new(what, "a second").once(rate));
    }
    Ok(())
}

/// What a ticket's dispatch costs with ever more agents present.
pub async fn measure_growth(stage: &mut Stage) -> Result<()> {
    let mut costs = Vec::new();
    for &present in stage.plan.growth {
        stage.platform.kill_nodes();
        stage.clear()?;
        let known = u32::try_from(stage.people.agents.len())?;
        if present > known {
            let people = Arc::get_mut(&mut stage.people).context("somebody still calls")?;
            people.seed(&stage.platform, present, "replica")?;
        }
        let attend = format!(
            "SET session_replication_role = replica;
             UPDATE availability.presences p SET status = CASE WHEN here THEN 'available' ELSE 'offline' END,
                    lease_expires_at = CASE WHEN here THEN now() + interval '6 hours' END,
                    connected_until = CASE WHEN here THEN now() + interval '6 hours' END,
                    works_until = CASE WHEN here THEN works_until END,
                    work_limit = CASE WHEN here THEN work_limit END
               FROM (SELECT md5('agent ' || n)::uuid AS agent, n <= {present} AS here
                       FROM generate_series(1, {}) n) known
              WHERE known.agent = p.agent_id;
             VACUUM ANALYZE availability.presences",
            known.max(present)
        );
        sql::run(stage.url(), &attend)?;
        let ports = [stage.platform.add_node(&[]).await?];
        let before = Usage::of(&stage.platform)?;
        let people = Arc::clone(&stage.people);
        let length = Duration::from_secs(10).min(stage.plan.arrivals);
        let tally = load::open(&ports, ARRIVALS, length, |number| {
            people.escalation(&format!("growth-{present}-{number}"), number)
        });
        let tally = tally.await?;
        drop(people);
        wait_for_offers(stage, tally.answered).await?;
        let spent = Usage::of(&stage.platform)? - before;
        let (nodes, postgres) = spent.micros_each(tally.answered);
        let mut figure = Figure::new(
            format!("a dispatched ticket with {present} agents present"),
            "CPU µs",
        );
        figure.node_micros = Some(nodes);
        figure.postgres_micros = Some(postgres);
        costs.push(stage.report.add(figure.once(nodes + postgres)));
    }
    let (first, last) = (costs.first().copied(), costs.last().copied());
    if let (Some(first), Some(last)) = (first, last) {
        stage.report.judge(
            "growth",
            "cost of a dispatched ticket with the most agents / with 100",
            Ratio::of(last, first),
            Bound::AtMost(Ratio::milli(2_000)),
        );
    }
    stage.platform.kill_nodes();
    stage.clear()
}

async fn wait_for_offers(stage: &Stage, count: u64) -> Result<()> {
    wait_until(stage, "SELECT count(*) FROM dispatch.offers", count).await
}

/// Waits until the query counts so many, as long as it counts ever more.
pub(super) async fn wait_until(stage: &Stage, query: &str, count: u64) -> Result<()> {
    let mut last = (0, Instant::now());
    loop {
        let found = sql::number(stage.url(), query)?;
        if found >= count {
            return Ok(());
        }
        if found > last.0 {
            last = (found, Instant::now());
        }
        if last.1.elapsed() > PATIENCE {
            bail!("only {found} of {count}: {query}: {}", stage.platform.log());
        }
        sleep(Duration::from_millis(200)).await;
    }
}
