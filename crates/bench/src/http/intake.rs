//! G6: escalations over HTTP against statements that write the same rows.

use std::sync::Arc;

use anyhow::Result;

use super::{
    load::{self, Tally},
    report::{Bound, Ratio},
    sql,
    stage::Stage,
    usage::Usage,
};

/// Measures intake, with few clients and with many.
pub async fn measure(stage: &mut Stage) -> Result<()> {
    for clients in stage.plan.clients {
        measure_with(stage, *clients).await?;
    }
    Ok(())
}

async fn measure_with(stage: &mut Stage, clients: u64) -> Result<()> {
    let port = stage.serve(&["--no-worker"]).await?;
    let bare = sql::run(stage.url(), "SELECT bench.insert_statement()")?.join("\n");
    let whole = sql::run(stage.url(), "SELECT bench.insert_all_statement()")?.join("\n");
    let mut ours = Stage::rate_of("escalations taken in over HTTP", clients);
    let mut ceiling = Stage::rate_of("a ticket and its audit row by one statement", clients);
    let mut same = Stage::rate_of("all that an escalation writes by one statement", clients);
    let mut spent = Usage::default();
    let mut answered = 0;
    // Plans that were made for empty tables would be kept for the whole measurement. A platform is
    // empty once.
    run(stage, port, clients, "first").await?;
    sql::run(stage.url(), "VACUUM ANALYZE")?;
    for round in 0..stage.plan.rounds {
        let before = Usage::of(&stage.platform)?;
        let tally = run(stage, port, clients, &format!("intake-{round}")).await?;
        spent = spent + (Usage::of(&stage.platform)? - before);
        answered += tally.answered;
        ours.rounds.push(tally.rate());
        stage.bench_statement(&mut ceiling, &bare, clients)?;
        stage.bench_statement(&mut same, &whole, clients)?;
    }
    stage.expect(
        "SELECT count(*) FROM dispatch.tickets WHERE external_id LIKE 'intake-%'",
        answered,
    )?;
    let (nodes, postgres) = spent.micros_each(answered);
    ours.node_micros = Some(nodes);
    ours.postgres_micros = Some(postgres);
    let report = &mut stage.report;
    let (ours, ceiling, same) = (report.add(ours), report.add(ceiling), report.add(same));
    let half = Bound::AtLeast(Ratio::milli(500));
    let what = format!("escalation intake over HTTP, {clients} clients");
    let other = format!("{what} / insert ceiling");
    report.judge("G6", &other, Ratio::of(ours, ceiling), half);
    let other = format!("{what} / one statement that writes the same rows");
    report.judge("G6", &other, Ratio::of(ours, same), half);
    let dated = "osTicket and django-helpdesk (69 a second with 8, dated)";
    report.judge(
        "G9",
        &format!("{what} / {dated}"),
        Ratio::of(ours, 69),
        Bound::AtLeast(Ratio::milli(50_000)),
    );
    stage.clear()
}

/// A round of escalations with such names.
async fn run(stage: &Stage, port: u16, clients: u64, name: &str) -> Result<Tally> {
    let people = Arc::clone(&stage.people);
    // Under the same name as before, it would be answered as before.
    let name = format!("{name}-{clients}");
    let round = load::closed(port, clients, stage.plan.round, move |client, turn| {
        let name = format!("{name}-{client}-{turn}");
        Some(people.escalation(&name, client * 1_000_000 + turn))
    });
    round.await
}
