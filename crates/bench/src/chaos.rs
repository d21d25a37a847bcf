//! `gigdesk-bench chaos`: three nodes on one database under load, nodes killed and PostgreSQL
//! crashed all the while. What was acknowledged must be there afterwards, once.

mod callers;
mod journal;
mod proof;

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Result, bail};
use clap::Args;
use tokio::{
    runtime,
    task::{JoinSet, block_in_place},
    time::{sleep, timeout},
};

use self::{
    callers::{Agent, Assistant, Phase},
    journal::Journal,
};
use crate::{
    http::{people::People, platform::Platform, sql},
    signals,
};

/// Agents who work.
const AGENTS: u32 = 24;
/// Systems that escalate, each some tickets a second.
const ASSISTANTS: u64 = 4;
/// How long the queue may take to run dry once all is well again.
const DRAIN: Duration = Duration::from_mins(1);
/// How long a killed node stays away.
const AWAY: Duration = Duration::from_secs(1);

/// How long and how hard.
#[derive(Args, Debug)]
pub struct Arguments {
    /// How long load and failures last
    #[arg(long, default_value_t = 180, value_parser = clap::value_parser!(u64).range(5..=3600))]
    seconds: u64,
    /// A node is killed so often
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(2..=600))]
    kill_every: u64,
    /// PostgreSQL is crashed so many times
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u64).range(0..=20))]
    crashes: u64,
    /// So many nodes serve
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(2..=9))]
    nodes: u64,
    /// Where the private PostgreSQL and the logs live while it runs
    #[arg(long)]
    data_dir: Option<PathBuf>,
}

/// Runs it all. The exit code is 1 when something acknowledged was lost or doubled.
pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let holds = runtime.block_on(signals::until_told_to_stop(prove(arguments)))?;
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn prove(arguments: &Arguments) -> Result<bool> {
    let parent = arguments
        .data_dir
        .clone()
        .unwrap_or_else(local_postgres::default_data_dir);
    let mut platform = Platform::start(&parent, false)?;
    let mut ports = Vec::new();
    for _ in 0..arguments.nodes {
        ports.push(platform.add_node(&[]).await?);
    }
    let first = ports.first().copied().unwrap_or_default();
    // Every row with its triggers: the promises are checked afterwards.
    let people = Arc::new(People::arrive(&platform, first, AGENTS, "origin").await?);
    let journal = Arc::new(Journal::default());
    let phase = Arc::new(Phase::default());
    let mut callers = JoinSet::new();
    for number in 0..ASSISTANTS {
        let assistant = Assistant::new(number, people.clone(), &ports, journal.clone());
        callers.spawn(assistant.work(phase.clone()));
    }
    for (number, agent) in people.agents.iter().enumerate() {
        let agent = Agent::new(number, agent.token.clone(), &ports, journal.clone());
        callers.spawn(agent.work(phase.clone()));
    }
    let (kills, crashes) = tokio::select! {
        failed = fail_all_the_while(&mut platform, arguments) => failed?,
        Some(early) = callers.join_next() => bail!("a caller gave up: {early:?}"),
    };
    phase.no_more_tickets.store(true, Ordering::Relaxed);
    let drained = drain(&platform).await?;
    phase.no_more_work.store(true, Ordering::Relaxed);
    let ended = timeout(DRAIN, async {
        while let Some(caller) = callers.join_next().await {
            caller??;
        }
        Ok::<_, anyhow::Error>(())
    });
    ended.await??;
    println!("{kills} nodes killed, PostgreSQL crashed {crashes} times");
    proof::judge(&platform, &journal, drained)
}

/// Kills a node in turn, and PostgreSQL at even distances; says how often each.
async fn fail_all_the_while(platform: &mut Platform, arguments: &Arguments) -> Result<(u64, u64)> {
    let (began, length) = (Instant::now(), Duration::from_secs(arguments.seconds));
    let pause = Duration::from_secs(arguments.kill_every).saturating_sub(AWAY);
    let (mut kills, mut crashes) = (0, 0);
    while began.elapsed() < length {
        sleep(pause.min(length.saturating_sub(began.elapsed()))).await;
        let victim = usize::try_from(kills % arguments.nodes)?;
        platform.kill_node(victim)?;
        kills += 1;
        sleep(AWAY).await;
        platform.revive(victim)?;
        let due = length.as_millis() * u128::from(crashes + 1) / u128::from(arguments.crashes + 1);
        if crashes < arguments.crashes && began.elapsed().as_millis() >= due {
            block_in_place(|| platform.crash_postgres())?;
            crashes += 1;
        }
    }
    Ok((kills, crashes))
}

/// How long it took until no ticket was open; none when it took too long.
async fn drain(platform: &Platform) -> Result<Option<Duration>> {
    let began = Instant::now();
    while began.elapsed() < DRAIN {
        let open = sql::number(
            platform.url(),
            "SELECT count(*) FROM dispatch.tickets WHERE closed_at IS NULL",
        )?;
        if open == 0 {
            return Ok(Some(began.elapsed()));
        }
        sleep(Duration::from_millis(250)).await;
    }
    Ok(None)
}

impl Default for Phase {
    fn default() -> Self {
        Self {
            no_more_tickets: AtomicBool::new(false),
            no_more_work: AtomicBool::new(false),
        }
    }
}
