//! Plays a file of conversations to its end, and reports what came of it.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail};
use indicatif::ProgressBar;
use tokio::{
    sync::{Semaphore, watch},
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::{
    arrivals::{self, Arrival},
    caller::Caller,
    client::Api,
    desk::{Clerk, Manner},
    finance,
    marketplace::{Marketplace, Target},
    part::{Board, Pace, faster, milliseconds},
    percentile::Spread,
    performance::{Fate, Stage},
    report::Report,
    script::{self, Book, Script},
    stable,
};

/// For each agent, so many customers are in the house at most: as many as agents can hold.
const CUSTOMERS_PER_AGENT: usize = 3;
/// Going home does not take longer.
const GOING_HOME: Duration = Duration::from_secs(10);

/// What is to be played, and how.
#[derive(Clone, Debug, Default)]
pub struct Replay {
    /// A file with one conversation a line; without one, those of our own writing.
    pub conversations: Option<PathBuf>,
    /// A record of real calls from which the customers' arrivals are taken. Without one they come
    /// as fast as the agents can take them.
    pub arrivals: Option<PathBuf>,
    /// How many times faster than recorded. 0 stands for no pauses at all.
    pub speed: u32,
    /// Only the first so many conversations.
    pub count: Option<usize>,
    /// How many agents take part.
    pub agents: usize,
    /// Tells this replay from others on the same platform, where a conversation of a name exists
    /// only once.
    pub label: Option<String>,
}

impl Replay {
    async fn scripts(&self) -> anyhow::Result<Vec<Script>> {
        let mut scripts = match &self.conversations {
            Some(path) => script::parse(&read(path).await?)?,
            None => script::demo()?,
        };
        if let Some(count) = self.count {
            scripts.truncate(count);
        }
        let mut names = HashSet::new();
        if let Some(twice) = scripts
            .iter()
            .find(|script| !names.insert(&script.source_id))
        {
            bail!(
                "there are two conversations of the name {}",
                twice.source_id
            );
        }
        Ok(scripts)
    }

    /// The company's system that they come from: the first part of their names.
    fn source(&self, scripts: &[Script]) -> String {
        let first = scripts
            .first()
            .and_then(|script| script.source_id.split(':').next());
        match (&self.conversations, first) {
            (Some(_), Some(first)) => first.to_owned(),
            _ => "scripted".to_owned(),
        }
    }

    /// When each customer arrives, in milliseconds after the one before, and who goes first.
    async fn arrivals(&self, scripts: &[Script]) -> anyhow::Result<Vec<Arrival>> {
        let Some(path) = &self.arrivals else {
            let one_in_five = |script: &Script| stable::pick("tier", &script.source_id, 5) == 0;
            let arrival = |script| Arrival {
                gap_ms: 0,
                is_vip: one_in_five(script),
            };
            return Ok(scripts.iter().map(arrival).collect());
        };
        let calls = arrivals::parse(&read(path).await?)?;
        if calls.is_empty() {
            bail!("{} holds no arrivals", path.display());
        }
        Ok(calls.into_iter().cycle().take(scripts.len()).collect())
    }
}

async fn read(path: &Path) -> anyhow::Result<String> {
    let read = tokio::fs::read_to_string(path).await;
    read.with_context(|| format!("{} cannot be read", path.display()))
}

/// Plays it; the bar shows how far it is.
pub async fn replay(
    target: &Target,
    marketplace: &Marketplace,
    replay: &Replay,
    bar: &ProgressBar,
) -> anyhow::Result<Report> {
    let api = Api::new(&target.base_url)?;
    let scripts = replay.scripts().await?;
    let arrivals = replay.arrivals(&scripts).await?;
    let source = replay.source(&scripts);
    let agents: Vec<_> = marketplace
        .agents
        .iter()
        .take(replay.agents)
        .cloned()
        .collect();
    if agents.is_empty() {
        bail!("a replay needs at least one agent");
    }
    bar.set_length(u64::try_from(scripts.len())?);

    let (book, board) = (
        Arc::new(Book::new(&source, scripts.clone())),
        Arc::new(Board::default()),
    );
    let pace = Pace::Recorded {
        speed: replay.speed,
    };
    let stage = Arc::new(Stage {
        assistant: Arc::new(Caller::machine(&api, &marketplace.machine_key)),
        customer: Arc::new(Caller::nobody(&api)),
        board: Arc::clone(&board),
        pace,
        source,
    });
    let (stop, stopped) = watch::channel(false);
    let mut clerks = JoinSet::new();
    for agent in &agents {
        let clerk = Clerk::new((&api, agent), &book, &board, (pace, Manner::Busy));
        clerks.spawn(clerk.work(stopped.clone()));
    }
    let began = Instant::now();
    let fates = perform(&stage, replay, scripts.iter().zip(arrivals), bar).await;
    let duration_ms = milliseconds(began.elapsed());
    stop.send(true)?;
    let _ = timeout(GOING_HOME, clerks.join_all()).await;

    let mut report = Report {
        conversations: scripts.len(),
        agents: agents.len(),
        speed: replay.speed,
        turns_expected: scripts.iter().map(|script| script.turns.len()).sum(),
        duration_ms,
        ..Report::default()
    };
    for fate in &fates {
        report.add(fate);
    }
    report.lost += scripts.len() - fates.len();
    report.messages_sent = board.sent();
    let (offered, replied) = board.durations();
    report.time_to_offer = Spread::of(offered);
    report.time_to_first_reply = Spread::of(replied);
    bar.set_message("paying out");
    let tickets = fates.into_iter().map(|fate| fate.ticket_id).collect();
    report.earnings = finance::earnings(&api, &agents, &tickets).await?;
    report.doubled += report.earnings.doubled;
    if report.earnings.lines > 0 {
        report.payout = Some(finance::pay_out(&api, marketplace).await?);
    }
    report.verify = finance::verify(&api, marketplace).await?;
    bar.finish_with_message("done");
    Ok(report)
}

/// Lets the customers in, no more at once than fit, and waits for the last to be gone. A
/// conversation that could not be played to its end has no fate.
async fn perform(
    stage: &Arc<Stage>,
    replay: &Replay,
    customers: impl Iterator<Item = (&Script, Arrival)>,
    bar: &ProgressBar,
) -> Vec<Fate> {
    let places = Arc::new(Semaphore::new(replay.agents * CUSTOMERS_PER_AGENT));
    let mut performances = JoinSet::new();
    let mut fates = Vec::new();
    for (script, Arrival { gap_ms, is_vip }) in customers {
        sleep(faster(gap_ms, replay.speed)).await;
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            break;
        };
        let external_id = match &replay.label {
            Some(label) => format!("{}@{label}", script.source_id),
            None => script.source_id.clone(),
        };
        let (stage, script, bar) = (Arc::clone(stage), script.clone(), bar.clone());
        performances.spawn(async move {
            let _place = place;
            let fate = stage.perform(&external_id, &script, is_vip).await;
            bar.inc(1);
            let failed = |failure| {
                tracing::warn!(%external_id, %failure, "a conversation could not be played");
            };
            fate.map_err(failed).ok()
        });
    }
    while let Some(performed) = performances.join_next().await {
        fates.extend(performed.ok().flatten());
    }
    fates
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_files_our_own_conversations_are_played() {
        let replay = Replay {
            count: Some(7),
            ..Replay::default()
        };
        let scripts = replay.scripts().await.unwrap();
        assert_eq!(
            (scripts.len(), replay.source(&scripts).as_str()),
            (7, "scripted")
        );
        assert_eq!(replay.arrivals(&scripts).await.unwrap().len(), 7);
    }

    #[tokio::test]
    async fn two_conversations_of_one_name_are_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("twice.jsonl");
        let line = "{\"source_id\":\"star:1\",\"intent\":\"bank\",\"turns\":[]}\n";
        std::fs::write(&path, line.repeat(2)).unwrap();
        let mut replay = Replay {
            conversations: Some(path),
            ..Replay::default()
        };
        assert!(
            replay
                .scripts()
                .await
                .unwrap_err()
                .to_string()
                .contains("star:1")
        );
        replay.count = Some(1);
        let scripts = replay.scripts().await.unwrap();
        assert_eq!(replay.source(&scripts), "star");
    }
}
