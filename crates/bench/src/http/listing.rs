//! G9: the list of what an agent may claim, with few and with many tickets in the table.

use std::sync::Arc;

use anyhow::Result;

use super::{
    client::Request,
    load,
    report::{Bound, Ratio},
    sql,
    stage::Stage,
    usage::Usage,
};

/// Who asks for lists at the same time.
const CLIENTS: u64 = 8;
/// Tickets that wait, in both cases.
const WAITING: u64 = 2_000;
/// Tickets in the table at first.
const FEW: u64 = 10_000;

/// Measures the list.
pub async fn measure(stage: &mut Stage) -> Result<()> {
    let port = stage.serve(&["--no-worker"]).await?;
    let many = stage.plan.many_tickets;
    let fill = format!(
        "SET session_replication_role = replica;
         SELECT bench.waiting('dispatch.tickets', 1, {WAITING});
         SELECT bench.closed({}, {FEW}); VACUUM ANALYZE dispatch.tickets",
        WAITING + 1
    );
    sql::run(stage.url(), &fill)?;
    let few_rate = rate(stage, port, FEW).await?;
    let more = format!(
        "SET session_replication_role = replica;
         SELECT bench.closed({}, {many}); VACUUM ANALYZE dispatch.tickets",
        FEW + 1
    );
    sql::run(stage.url(), &more)?;
    let many_rate = rate(stage, port, many).await?;
    let dated = [
        (
            "osTicket (1.25 a second at 2,600 open, dated)",
            Ratio::of(few_rate * 100, 125),
        ),
        (
            "django-helpdesk (8.6 a second at 100 tickets, dated)",
            Ratio::of(few_rate * 10, 86),
        ),
    ];
    for (peer, ratio) in dated {
        let what = format!("list of claimable tickets / {peer}");
        let bound = Bound::AtLeast(Ratio::milli(1_000_000));
        stage.report.judge("G9", &what, ratio, bound);
    }
    stage.report.judge(
        "G9",
        &format!("time of the list with {many} tickets / with {FEW}"),
        Ratio::of(few_rate, many_rate),
        Bound::AtMost(Ratio::milli(1_500)),
    );
    stage.clear()
}

async fn rate(stage: &mut Stage, port: u16, tickets: u64) -> Result<u64> {
    let what = format!("lists of claimable tickets with {tickets} in the table");
    let mut figure = Stage::rate_of(&what, CLIENTS);
    let before = Usage::of(&stage.platform)?;
    let mut answered = 0;
    for _ in 0..stage.plan.rounds {
        let people = Arc::clone(&stage.people);
        let tally = load::closed(port, CLIENTS, stage.plan.round, move |client, turn| {
            let count = u64::try_from(people.agents.len()).ok()?;
            let index = usize::try_from((client + turn * CLIENTS) % count).ok()?;
            let agent = people.agents.get(index)?;
            Some(Request::get("/tickets/claimable", &agent.token))
        });
        let tally = tally.await?;
        answered += tally.answered;
        figure.rounds.push(tally.rate());
    }
    let (nodes, postgres) = (Usage::of(&stage.platform)? - before).micros_each(answered);
    figure.node_micros = Some(nodes);
    figure.postgres_micros = Some(postgres);
    Ok(stage.report.add(figure))
}
