//! G7: claims over HTTP against the statement that claims the same rows.

use std::sync::Arc;

use anyhow::Result;

use super::{
    client::Request,
    load, peers,
    people::CAPACITY,
    report::{Bound, Ratio},
    sql,
    stage::Stage,
    usage::Usage,
};

/// Waiting tickets laid out for each second of a round of the ceilings; more than they take.
const CEILING_TICKETS: u64 = 30_000;

/// Conversations that the desk has behind it.
const OVER: u64 = 5_000;

/// One claim as a queue in SQL would do it: the first that nobody else is taking.
const CEILING: &str = "\
WITH first AS (SELECT id FROM bench.tickets WHERE status = 'waiting'
                ORDER BY rank_at, id LIMIT 1 FOR UPDATE SKIP LOCKED),
     taken AS (UPDATE bench.tickets t SET status = 'engaged', holder = 'agent',
                     control_epoch = control_epoch + 1, next_action = 'first_reply' FROM first WHERE t.id = first.id RETURNING t.id)
INSERT INTO bench.events (actor, action, subject, subject_id, old_state, new_state, ticket_id)
SELECT 'bench', 'claim_ticket', 'dispatch.tickets', id::text, 'waiting', 'engaged', id FROM taken;";

/// Measures claims, with few clients and with many.
pub async fn measure(stage: &mut Stage) -> Result<()> {
    let mut best = 0;
    for clients in stage.plan.clients {
        best = best.max(measure_with(stage, *clients).await?);
    }
    peers::compare_claims(stage, best)?;
    stage.clear()
}

async fn measure_with(stage: &mut Stage, clients: u64) -> Result<u64> {
    let port = stage.serve(&["--no-worker"]).await?;
    let whole = sql::run(stage.url(), "SELECT bench.claim_all_statement()")?.join("\n");
    let mut ours = Stage::rate_of("tickets claimed over HTTP", clients);
    let mut ceiling = Stage::rate_of("a ticket taken and its audit row by one statement", clients);
    let mut same = Stage::rate_of("all that a claim writes by one statement", clients);
    let mut spent = Usage::default();
    let mut answered = 0;
    for _ in 0..stage.plan.rounds {
        stage.clear()?;
        let tickets = lay_out(stage, clients)?;
        let before = Usage::of(&stage.platform)?;
        let tally = load::closed(port, clients, stage.plan.round, tickets).await?;
        spent = spent + (Usage::of(&stage.platform)? - before);
        answered += tally.answered;
        ours.rounds.push(tally.rate());
        stage.expect(
            "SELECT count(*) FROM dispatch.engagements WHERE status = 'talking'",
            tally.answered,
        )?;
        let fill = format!(
            "SELECT bench.waiting('bench.tickets', 1, {}); VACUUM ANALYZE bench.tickets",
            CEILING_TICKETS * stage.plan.round.as_secs()
        );
        sql::run(stage.url(), &fill)?;
        stage.bench_statement(&mut ceiling, CEILING, clients)?;
        stage.bench_statement(&mut same, &whole, clients)?;
    }
    let (nodes, postgres) = spent.micros_each(answered);
    ours.node_micros = Some(nodes);
    ours.postgres_micros = Some(postgres);
    let report = &mut stage.report;
    let (ours, ceiling, same) = (report.add(ours), report.add(ceiling), report.add(same));
    let bound = Bound::AtLeast(Ratio::milli(450));
    let what = format!("claim over HTTP, {clients} clients");
    let other = format!("{what} / claim ceiling");
    report.judge("G7", &other, Ratio::of(ours, ceiling), bound);
    let other = format!("{what} / one statement that writes the same rows");
    report.judge("G7", &other, Ratio::of(ours, same), bound);
    for (name, rate) in [("osTicket", 187_u64), ("django-helpdesk", 10)] {
        report.judge(
            "G9",
            &format!("{what} / {name} ({rate} a second with 8, dated)"),
            Ratio::of(ours, rate),
            Bound::AtLeast(Ratio::milli(15_000)),
        );
    }
    Ok(ours)
}

/// As many waiting tickets as the agents have places, each for one agent.
fn lay_out(
    stage: &Stage,
    clients: u64,
) -> Result<impl Fn(u64, u64) -> Option<Request> + Send + Sync + use<>> {
    let capacity = u64::from(CAPACITY);
    let places = u64::try_from(stage.people.agents.len())? * capacity;
    let fill = format!(
        "SET session_replication_role = replica;
         SELECT bench.waiting('dispatch.tickets', 1, {places}), bench.over({places} + 1, {places} + {OVER}, {});
         VACUUM ANALYZE dispatch.tickets, dispatch.offers, dispatch.engagements",
        stage.people.agents.len()
    );
    sql::run(stage.url(), &fill)?;
    let ids = sql::run(
        stage.url(),
        // Agent n holds the skills n, n + 1 and n + 2; the n-th ticket needs the skill n, modulo 10.
        "SELECT replace(md5('ticket ' || n), '-', '') FROM dispatch.tickets t,
                LATERAL (SELECT substr(t.external_id, 8)::bigint AS n) named
          WHERE status = 'waiting' ORDER BY n % 10, n",
    )?;
    let mut by_skill: Vec<Vec<String>> = vec![Vec::new(); 10];
    let each = ids.len() / 10;
    for (index, id) in ids.into_iter().enumerate() {
        if let Some(list) = by_skill.get_mut(index / each.max(1)) {
            list.push(id);
        }
    }
    let people = Arc::clone(&stage.people);
    Ok(move |client, turn: u64| {
        // Each client takes an agent after the other, and fills all their places.
        let index = client + turn / capacity * clients;
        let agent = people.agents.get(usize::try_from(index).ok()?)?;
        let skill = usize::try_from((index + 1) % 10).ok()?;
        let place = index / 10 * capacity + turn % capacity;
        let ticket = by_skill.get(skill)?.get(usize::try_from(place).ok()?)?;
        let path = format!("/tickets/tkt_{ticket}/claim");
        Some(Request::post(path, &agent.token, ""))
    })
}
