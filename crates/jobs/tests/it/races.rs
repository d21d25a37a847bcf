//! Workers that claim at once. The control claims without locks, and must run jobs twice.

use std::{collections::BTreeMap, sync::Barrier, thread};

use chrono::TimeDelta;
use db::{Db, Topic, Tx, testing::TestDatabase};
use diesel::{QueryableByName, RunQueryDsl as _, sql_types};
use jobs::{Error, LEASE_SECONDS};
use kernel::JobId;

use crate::support::Greeting;

const WORKERS: usize = 8;
const JOBS: u32 = 60;

fn queue(db: &Db) {
    db.write_blocking("test", |tx| {
        (0..JOBS).try_for_each(|to| jobs::enqueue(tx, &Greeting { to }).map(drop))
    })
    .unwrap();
}

/// All workers take jobs until there is none; the result says how often each job was taken.
fn runs(db: &Db, take: impl Fn(&Db) -> Vec<JobId> + Sync) -> BTreeMap<JobId, usize> {
    let start = Barrier::new(WORKERS);
    let mut runs = BTreeMap::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let mut ran = Vec::new();
                    loop {
                        let taken = take(db);
                        if taken.is_empty() {
                            return ran;
                        }
                        ran.extend(taken);
                    }
                })
            })
            .collect();
        for worker in workers {
            for id in worker.join().unwrap() {
                *runs.entry(id).or_default() += 1;
            }
        }
    });
    runs
}

#[test]
fn two_workers_never_run_the_same_job() {
    let mut database = TestDatabase::create();
    let db = database.db();
    queue(&db);
    let runs = runs(&db, |db| {
        let claimed = db.write_blocking("test", |tx| jobs::claim(tx, 3)).unwrap();
        for job in &claimed {
            db.write_blocking("test", |tx| jobs::finish(tx, job))
                .unwrap();
        }
        claimed.iter().map(|job| job.id).collect()
    });
    assert_eq!(runs.len(), usize::try_from(JOBS).unwrap());
    assert!(runs.values().all(|times| *times == 1), "{runs:?}");
    assert_eq!(
        database.number("SELECT count(*) FROM jobs.jobs WHERE attempts <> 1"),
        0
    );
    database.assert_promises();
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = sql_types::Uuid)]
    id: JobId,
}

/// Looks first and writes later, with nothing to keep another worker out in between.
fn claim_naively(tx: &mut Tx<'_>) -> Result<Vec<JobId>, Error> {
    let found: Vec<Found> = diesel::sql_query(
        "SELECT id FROM jobs.jobs WHERE status = 'queued' ORDER BY run_at, id LIMIT 3",
    )
    .load(tx.conn())?;
    thread::sleep(std::time::Duration::from_millis(20));
    for job in &found {
        diesel::sql_query(
            "UPDATE jobs.jobs SET status = 'done', finished_at = now(), attempts = attempts + 1 \
             WHERE id = $1",
        )
        .bind::<sql_types::Uuid, _>(job.id)
        .execute(tx.conn())?;
    }
    Ok(found.into_iter().map(|job| job.id).collect())
}

#[test]
fn control_without_locks_workers_run_the_same_job() {
    let mut database = TestDatabase::create();
    let db = database.db();
    queue(&db);
    let runs = runs(&db, |db| db.write_blocking("test", claim_naively).unwrap());
    assert!(
        runs.values().any(|times| *times > 1),
        "the race found nothing: {runs:?}"
    );
}

#[test]
fn a_worker_passes_by_what_another_is_claiming() {
    let mut database = TestDatabase::create();
    let db = database.db();
    queue(&db);
    let (claimed, meanwhile) = (Barrier::new(2), Barrier::new(2));
    thread::scope(|scope| {
        let first = scope.spawn(|| {
            db.write_blocking("test", |tx| {
                let jobs = jobs::claim(tx, 20)?;
                claimed.wait();
                meanwhile.wait();
                Ok::<_, Error>(jobs)
            })
        });
        claimed.wait();
        let second = db
            .write_blocking("test", |tx| jobs::claim(tx, 100))
            .unwrap();
        meanwhile.wait();
        assert_eq!(
            (first.join().unwrap().unwrap().len(), second.len()),
            (20, 40)
        );
    });
}

#[test]
fn workers_share_out_a_dead_workers_jobs() {
    let mut database = TestDatabase::create();
    let db = database.db();
    queue(&db);
    let lost = db
        .write_blocking("test", |tx| jobs::claim(tx, 100))
        .unwrap();
    db.clock().advance(TimeDelta::seconds(LEASE_SECONDS));
    let runs = runs(&db, |db| {
        let claimed = db.write_blocking("test", |tx| jobs::claim(tx, 3)).unwrap();
        claimed.iter().map(|job| job.id).collect()
    });
    assert_eq!(runs.len(), lost.len());
    assert!(runs.values().all(|times| *times == 1), "{runs:?}");
    for job in &lost {
        let late = db.write_blocking("test", |tx| jobs::finish(tx, job));
        assert!(matches!(late, Err(Error::LeaseLost)), "{late:?}");
    }
}

#[test]
fn a_new_job_rings_the_workers_bell() {
    let mut database = TestDatabase::create();
    let db = database.db();
    let mut heard = db.bell().listen();
    db.write_blocking("test", |tx| jobs::enqueue(tx, &Greeting { to: 1 }))
        .unwrap();
    assert!(std::iter::from_fn(|| heard.try_recv().ok()).any(|topic| topic == Topic::Jobs));
}
