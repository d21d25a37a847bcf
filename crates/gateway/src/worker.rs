//! What runs beside the requests: reconcilers, jobs, and the promises.
//!
//! Any number of nodes may run one. Bells make it quick; it works without hearing any.

use std::{sync::Arc, time::Duration};

use crate::metrics::note_broken_promises;
use db::{Db, Topic};
use jobs::Claimed;
use kernel::Classify;
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    task::{JoinSet, spawn_blocking},
    time::{Instant, sleep_until},
};
use tokio_util::sync::CancellationToken;
use workflows::{Failure, MATCHING, Matchmaker, Outside, RECONCILERS, Reconciler};

/// What time drives is looked at so often.
const TICK: Duration = Duration::from_secs(1);
/// What has to be cleaned up or checked, so often.
const ROUND: Duration = Duration::from_mins(1);
/// Jobs that one node does at the same time.
const JOBS: i64 = 8;

/// Runs until `stop` is cancelled and what was begun is done.
pub async fn run(db: Db, outside: Outside, stop: CancellationToken) {
    let db = db.acting_as("worker");
    let mut loops = JoinSet::new();
    let matchmaker = Matchmaker::default();
    loops.spawn(listen(db.clone(), matchmaker.clone(), stop.clone()));
    loops.spawn(reconcile(db.clone(), matchmaker, stop.clone()));
    loops.spawn(do_jobs(db.clone(), outside, stop.clone()));
    loops.spawn(make_rounds(db, stop));
    while loops.join_next().await.is_some() {}
}

/// Matches as soon as a bell says that it may be worth it; the rest every second.
async fn reconcile(db: Db, matchmaker: Matchmaker, stop: CancellationToken) {
    let mut bell = db.bell().listen();
    let mut tick = Instant::now();
    loop {
        if Instant::now() >= tick {
            tick = Instant::now() + TICK;
            for reconciler in RECONCILERS {
                apply(&db, reconciler).await;
            }
        }
        let run = matchmaker.clone();
        let made = report(MATCHING, db.write(MATCHING, move |tx| run.run(tx)).await);
        // A run takes a bounded batch: there may be more to match.
        if made > 0 && !stop.is_cancelled() {
            continue;
        }
        if !woken(&mut bell, Topic::Match, tick, &stop).await {
            return;
        }
    }
}

async fn apply(db: &Db, reconciler: &'static Reconciler) {
    let outcome = db.write(reconciler.name, |tx| reconciler.run(tx)).await;
    report(reconciler.name, outcome);
}

/// Logs what a reconciler did, and says how much it changed.
fn report(reconciler: &str, outcome: Result<usize, workflows::Error>) -> usize {
    match outcome {
        Ok(0) => 0,
        Ok(changed) => {
            tracing::debug!(reconciler, changed, "reconciled");
            changed
        }
        Err(error) => {
            tracing::warn!(reconciler, code = error.code(), %error, "will try again");
            0
        }
    }
}

/// Tells the matchmaker of every change, so that it knows who is in the room.
async fn listen(db: Db, matchmaker: Matchmaker, stop: CancellationToken) {
    let mut bell = db.bell().listen();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            rung = bell.recv() => match rung {
                Ok(topic) => matchmaker.hear(topic),
                Err(RecvError::Lagged(_)) => matchmaker.hear(Topic::Everything),
                Err(RecvError::Closed) => return,
            }
        }
    }
}

async fn do_jobs(db: Db, outside: Outside, stop: CancellationToken) {
    let outside = Arc::new(outside);
    let mut bell = db.bell().listen();
    loop {
        match db
            .write("claim_jobs", |tx| workflows::claim_jobs(tx, JOBS))
            .await
        {
            Ok(claimed) if !claimed.is_empty() => {
                let mut running = JoinSet::new();
                for job in claimed {
                    running.spawn(do_job(db.clone(), job, outside.clone()));
                }
                while running.join_next().await.is_some() {}
                if !stop.is_cancelled() {
                    continue;
                }
            }
            Ok(_) => {}
            Err(error) => tracing::warn!(code = error.code(), %error, "no jobs for now"),
        }
        if !woken(&mut bell, Topic::Jobs, Instant::now() + TICK, &stop).await {
            return;
        }
    }
}

async fn do_job(db: Db, job: Claimed, outside: Arc<Outside>) {
    let (job, outcome) = {
        let work = spawn_blocking(move || {
            let outcome = workflows::run_job(&job, &outside);
            (job, outcome)
        });
        match work.await {
            Ok(done) => done,
            // Its lease runs out, and it is tried again.
            Err(panic) => return tracing::error!(%panic, "a job panicked"),
        }
    };
    let (id, kind) = (job.id, job.kind.clone());
    let recorded = db.write("end_job", move |tx| match &outcome {
        Ok(()) => workflows::finish_job(tx, &job),
        Err(Failure::Passing(cause)) => {
            tracing::warn!(%id, kind, cause, "a job failed and will be tried again");
            workflows::fail_job(tx, &job, cause).map(drop)
        }
        Err(Failure::Final(cause)) => {
            tracing::error!(%id, kind, cause, "a job failed for good");
            workflows::discard_job(tx, &job, cause)
        }
    });
    if let Err(error) = recorded.await {
        tracing::warn!(%id, code = error.code(), %error, "a job's end was not recorded");
    }
}

/// Follows the database's clock, as every node does whether it works or not.
pub async fn follow_clock(db: Db, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_until(Instant::now() + ROUND) => {}
        }
        let node = db.clone();
        if let Ok(Err(error)) = spawn_blocking(move || node.check_clock()).await {
            tracing::warn!(%error, "the clock was not compared with the database's");
        }
    }
}

/// Cleans up, and checks the promises.
async fn make_rounds(db: Db, stop: CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep_until(Instant::now() + ROUND) => {}
        }
        apply(&db, &workflows::PRUNER).await;
        let rounds = db.clone();
        let checked = spawn_blocking(move || {
            rounds.read_blocking::<_, workflows::Error>(|conn| Ok(db::verify::broken(conn)?))
        });
        match checked.await {
            Ok(Ok(broken)) => {
                note_broken_promises(broken.len());
                for broken in broken {
                    let db::verify::Broken {
                        promise,
                        rows,
                        examples,
                    } = broken;
                    tracing::error!(promise, rows, %examples, "a promise is broken");
                }
            }
            Ok(Err(error)) => tracing::warn!(%error, "the promises were not checked"),
            Err(panic) => tracing::error!(%panic, "checking the promises panicked"),
        }
    }
}

/// Waits for the topic to ring, at most until `latest`. False when it is time to stop.
async fn woken(
    bell: &mut Receiver<Topic>,
    topic: Topic,
    latest: Instant,
    stop: &CancellationToken,
) -> bool {
    loop {
        tokio::select! {
            () = stop.cancelled() => return false,
            () = sleep_until(latest) => return true,
            rung = bell.recv() => match rung {
                Ok(rung) if rung == topic || rung == Topic::Everything => return true,
                Ok(_) => {}
                // So many rang that some were lost: it may have been among them.
                Err(RecvError::Lagged(_)) => return true,
                Err(RecvError::Closed) => return false,
            }
        }
    }
}
