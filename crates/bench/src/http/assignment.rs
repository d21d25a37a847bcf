//! G8, latency and growth: what the matcher does, seen in the offers it committed.

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
const ARRIVALS: u64 = 100;
/// Conversations that go on meanwhile.
const TALKING: u64 = 20_000;
/// Agents who are present meanwhile.
const PRESENT: u64 = 2_000;
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
    peers::compare_assignments(stage, ours)
}

/// From a ticket's arrival to its offer, both committed, with one node and with three of which
/// one is killed.
pub async fn measure_latency(stage: &mut Stage) -> Result<()> {
    for nodes in [1_usize, 3] {
        stage.platform.kill_nodes();
        stage.clear()?;
        let fill = format!(
            "SET session_replication_role = replica;
             SELECT bench.talking(1000001, 1000000 + {TALKING}, {PRESENT}); VACUUM ANALYZE"
        );
        sql::run(stage.url(), &fill)?;
        let mut ports = Vec::new();
        for _ in 0..nodes {
            ports.push(stage.platform.add_node(&[]).await?);
        }
        let since = sql::number(stage.url(), "SELECT coalesce(max(id), 0) FROM audit.events")?;
        let people = Arc::clone(&stage.people);
        let length = stage.plan.arrivals;
        let name = format!("arrival-{nodes}");
        let arrivals = load::open(&ports, ARRIVALS, length, |number| {
            people.escalation(&format!("{name}-{number}"), number)
        });
        let tally = if nodes == 1 {
            arrivals.await?
        } else {
            tokio::pin!(arrivals);
            tokio::select! {
                early = &mut arrivals => bail!("the arrivals were over too soon: {early:?}"),
                () = sleep(length / 2) => (),
            }
            stage.platform.kill_node(1)?;
            arrivals.await?
        };
        let offered =
            "SELECT count(*) FROM dispatch.offers o JOIN dispatch.tickets t ON t.id = o.ticket_id
                        WHERE t.external_id LIKE 'arrival-%'";
        wait_until(stage, offered, tally.answered).await?;
        tell_latency(stage, since, nodes)?;
    }
    stage.platform.kill_nodes();
    stage.clear()
}

/// Audit rows are never changed, so the transaction that wrote one tells when it committed.
fn tell_latency(stage: &mut Stage, since: u64, nodes: usize) -> Result<()> {
    let query = format!(
        "WITH waited AS (
             SELECT extract(epoch FROM pg_xact_commit_timestamp(offered.xmin)
                                     - pg_xact_commit_timestamp(came.xmin)) * 1000 AS millis
               FROM audit.events came
               JOIN dispatch.offers o ON o.ticket_id = came.ticket_id
               JOIN audit.events offered ON offered.ticket_id = o.ticket_id
                AND offered.subject = 'dispatch.offers'
                AND offered.subject_id = o.id::text AND offered.old_state IS NULL
              WHERE came.subject = 'dispatch.tickets' AND came.old_state IS NULL AND came.id > {since})
         SELECT unnest(ARRAY[percentile_disc(0.5) WITHIN GROUP (ORDER BY millis),
                             percentile_disc(0.95) WITHIN GROUP (ORDER BY millis), max(millis)])::bigint
           FROM waited"
    );
    let lines = sql::run(stage.url(), &query)?;
    let bounds = if nodes == 1 {
        [("p50", Some(30)), ("p95", Some(250)), ("longest", None)]
    } else {
        [("p50", None), ("p95", None), ("longest", Some(2_000))]
    };
    let setting = if nodes == 1 {
        "one node".to_owned()
    } else {
        format!("{nodes} nodes, one killed")
    };
    for (line, (name, bound)) in lines.iter().zip(bounds) {
        let millis: u64 = line
            .parse()
            .with_context(|| format!("no latency: {line}"))?;
        let what = format!("from arrival to offer at 100 a second, {setting}: {name}");
        stage
            .report
            .add(Figure::new(what.clone(), "ms").once(millis));
        if let Some(bound) = bound {
            let what = format!("{what}, in ms");
            let bound = Bound::AtMost(Ratio::milli(bound * 1_000));
            stage
                .report
                .judge("latency", &what, Ratio::milli(millis * 1_000), bound);
        }
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
async fn wait_until(stage: &Stage, query: &str, count: u64) -> Result<()> {
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
