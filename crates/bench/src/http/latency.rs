//! Latency: from what makes an offer possible to the offer, both committed, open loop, with one
//! node and with three of which one is killed.

use std::sync::Arc;

use anyhow::{Context as _, Result, bail};
use tokio::time::sleep;

use super::{
    assignment::{ARRIVALS, wait_until},
    client::Request,
    load::{self, Tally},
    people::CAPACITY,
    report::{Bound, Figure, Ratio},
    sql,
    stage::Stage,
};

/// Conversations that go on meanwhile.
const TALKING: u64 = 20_000;
/// Agents who are present meanwhile.
const PRESENT: u64 = 2_000;
/// What goes on is numbered from here, each time from further on: what was earned is kept, and no
/// conversation can earn it again.
const NUMBERS: u64 = 1_000_000;

/// From a ticket's arrival, while agents have room.
pub async fn measure_arrivals(stage: &mut Stage) -> Result<()> {
    for nodes in [1, 3] {
        let ports = set_up(stage, nodes, "").await?;
        let since = last_event(stage)?;
        let people = Arc::clone(&stage.people);
        let tally = run(stage, &ports, |number| {
            people.escalation(&format!("arrival-{nodes}-{number}"), number)
        });
        let tally = tally.await?;
        let offered =
            "SELECT count(*) FROM dispatch.offers o JOIN dispatch.tickets t ON t.id = o.ticket_id
              WHERE t.external_id LIKE 'arrival-%'";
        wait_until(stage, offered, tally.answered).await?;
        let came = format!(
            "SELECT came.xmin AS began, offered.xmin AS offered
               FROM audit.events came
               JOIN dispatch.offers o ON o.ticket_id = came.ticket_id
               JOIN audit.events offered ON offered.ticket_id = o.ticket_id
                AND offered.subject = 'dispatch.offers'
                AND offered.subject_id = o.id::text AND offered.old_state IS NULL
              WHERE came.subject = 'dispatch.tickets' AND came.old_state IS NULL
                AND came.id > {since}"
        );
        tell(stage, "arrival", &came, nodes)?;
    }
    stage.platform.kill_nodes();
    stage.clear()
}

/// From the end of a conversation, while all agents are full and tickets wait.
pub async fn measure_freed(stage: &mut Stage) -> Result<()> {
    let full = TALKING / PRESENT;
    for nodes in [1, 3] {
        let backlog = 2 * ARRIVALS * stage.plan.arrivals.as_secs() + 1_000;
        let more = format!(
            "SELECT bench.waiting('dispatch.tickets', 1, {backlog});
             UPDATE dispatch.workloads SET capacity = {full};"
        );
        let ports = set_up(stage, nodes, &more).await?;
        let ids = sql::run(
            stage.url(),
            &format!(
                "SELECT md5('engagement ' || n) FROM generate_series({}, {}) n ORDER BY n",
                numbers(nodes) + 1,
                numbers(nodes) + TALKING
            ),
        )?;
        let since = last_event(stage)?;
        let people = Arc::clone(&stage.people);
        let tally = run(stage, &ports, |number| {
            // The agents take turns in the order in which they have conversations.
            let index = usize::try_from(number).unwrap_or_default();
            let agent =
                usize::try_from((numbers(nodes) + 1 + number) % PRESENT).unwrap_or_default();
            let path = format!("/engagements/eng_{}/resolve", ids[index]);
            let body = r#"{"disposition": "solved"}"#;
            Request::post(path, &people.agents[agent].token, body)
        });
        let tally = tally.await?;
        let offered = format!(
            "SELECT count(*) FROM audit.events
              WHERE subject = 'dispatch.offers' AND old_state IS NULL AND id > {since}"
        );
        wait_until(stage, &offered, tally.answered).await?;
        let freed = format!(
            "SELECT freed.xmin AS began, offered.xmin AS offered
               FROM audit.events freed CROSS JOIN LATERAL (
                    SELECT xmin FROM audit.events
                     WHERE agent_id = freed.agent_id AND xid >= freed.xid AND id > freed.id
                       AND subject = 'dispatch.offers' AND old_state IS NULL
                     ORDER BY xid, id LIMIT 1) offered
              WHERE freed.subject = 'dispatch.engagements' AND freed.new_state = 'resolved'
                AND freed.id > {since}"
        );
        tell(stage, "capacity free", &freed, nodes)?;
    }
    stage.platform.kill_nodes();
    let roomy = format!("UPDATE dispatch.workloads SET capacity = {CAPACITY}");
    stage.clear()?;
    sql::run(stage.url(), &roomy).map(drop)
}

const fn numbers(nodes: u64) -> u64 {
    NUMBERS * nodes
}

/// Lays out what goes on, and starts so many nodes.
async fn set_up(stage: &mut Stage, nodes: u64, more: &str) -> Result<Vec<u16>> {
    stage.platform.kill_nodes();
    stage.clear()?;
    let fill = format!(
        "SET session_replication_role = replica;
         SELECT bench.talking({first} + 1, {first} + {TALKING}, {PRESENT}); {more} VACUUM ANALYZE",
        first = numbers(nodes)
    );
    sql::run(stage.url(), &fill)?;
    let mut ports = Vec::new();
    for _ in 0..nodes {
        ports.push(stage.platform.add_node(&[]).await?);
    }
    Ok(ports)
}

fn last_event(stage: &Stage) -> Result<u64> {
    sql::number(stage.url(), "SELECT coalesce(max(id), 0) FROM audit.events")
}

/// Sends requests at the rate of arrivals; of several nodes one is killed half-way.
async fn run<F>(stage: &mut Stage, ports: &[u16], make: F) -> Result<Tally>
where
    F: Fn(u64) -> Request,
{
    let length = stage.plan.arrivals;
    let requests = load::open(ports, ARRIVALS, length, make);
    if ports.len() == 1 {
        return requests.await;
    }
    tokio::pin!(requests);
    tokio::select! {
        early = &mut requests => bail!("the requests were over too soon: {early:?}"),
        () = sleep(length / 2) => (),
    }
    stage.platform.kill_node(1)?;
    requests.await
}

/// Audit rows are never changed, so the transaction that wrote one tells when it committed. `pairs`
/// selects those of what `began` a wait and of the offer that ended it.
fn tell(stage: &mut Stage, from: &str, pairs: &str, nodes: u64) -> Result<()> {
    let query = format!(
        "WITH waited AS (
             SELECT extract(epoch FROM pg_xact_commit_timestamp(offered)
                                     - pg_xact_commit_timestamp(began)) * 1000 AS millis
               FROM ({pairs}) pairs)
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
        let what = format!("from {from} to offer at {ARRIVALS} a second, {setting}: {name}");
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
