//! A job from its queueing to its end, with one worker.

use chrono::TimeDelta;
use db::testing::sandbox;
use jobs::{Counts, Error, Failed, LEASE_SECONDS, MAX_ATTEMPTS};
use kernel::{Class, Classify};

use crate::support::{Greeting, claim, claim_one, enqueue};

#[test]
fn a_job_is_claimed_with_what_it_is_about() {
    let mut sandbox = sandbox();
    let id = enqueue(&mut sandbox, 7);
    let job = claim_one(&mut sandbox);
    assert_eq!(
        (job.id, job.kind.as_str(), job.attempts),
        (id, "greeting", 1)
    );
    assert_eq!(job.payload, serde_json::json!({ "to": 7 }));
    assert!(claim(&mut sandbox).is_empty(), "it was claimed twice");
}

#[test]
fn a_job_lives_and_dies_with_its_transaction() {
    let mut sandbox = sandbox();
    let outcome: Result<(), Error> = sandbox.write(|tx| {
        jobs::enqueue(tx, &Greeting { to: 1 })?;
        Err(Error::LeaseLost)
    });
    outcome.unwrap_err();
    assert!(claim(&mut sandbox).is_empty());
}

#[test]
fn a_job_waits_until_it_is_due() {
    let mut sandbox = sandbox();
    let due = sandbox.now + TimeDelta::hours(1);
    sandbox
        .write(|tx| jobs::enqueue_at(tx, &Greeting { to: 1 }, due))
        .unwrap();
    assert!(claim(&mut sandbox).is_empty());
    assert_eq!(sandbox.read(jobs::next_due).unwrap(), Some(due));
    sandbox.now = due;
    claim_one(&mut sandbox);
}

#[test]
fn the_longest_due_comes_first_and_no_more_than_asked_for() {
    let mut sandbox = sandbox();
    let now = sandbox.now;
    let mut at = |minutes: i64| {
        let due = now - TimeDelta::minutes(minutes);
        sandbox
            .write(|tx| jobs::enqueue_at(tx, &Greeting { to: 1 }, due))
            .unwrap()
    };
    let (newer, oldest, old) = (at(1), at(3), at(2));
    let mut ids: Vec<_> = sandbox
        .write(|tx| jobs::claim(tx, 2))
        .unwrap()
        .iter()
        .map(|job| job.id)
        .collect();
    ids.sort();
    assert_eq!(ids, [oldest, old]);
    assert_eq!(claim_one(&mut sandbox).id, newer);
}

#[test]
fn a_finished_job_never_comes_back() {
    let mut sandbox = sandbox();
    enqueue(&mut sandbox, 1);
    let job = claim_one(&mut sandbox);
    sandbox.write(|tx| jobs::finish(tx, &job)).unwrap();
    sandbox.now += TimeDelta::hours(2);
    assert!(claim(&mut sandbox).is_empty());
    let again = sandbox.write(|tx| jobs::finish(tx, &job));
    assert!(matches!(again, Err(Error::LeaseLost)), "{again:?}");
}

#[test]
fn a_failed_job_comes_back_when_its_wait_is_over() {
    let mut sandbox = sandbox();
    let id = enqueue(&mut sandbox, 1);
    let job = claim_one(&mut sandbox);
    let failed = sandbox
        .write(|tx| jobs::fail(tx, &job, "no\0 answer"))
        .unwrap();
    let Failed::RetryAt(at) = failed else {
        panic!("{failed:?}")
    };
    sandbox.now = at - TimeDelta::milliseconds(1);
    assert!(claim(&mut sandbox).is_empty(), "too early");
    sandbox.now = at;
    let job = claim_one(&mut sandbox);
    assert_eq!((job.id, job.attempts), (id, 2));
}

#[test]
fn a_job_that_always_fails_is_discarded_after_the_last_attempt() {
    let mut sandbox = sandbox();
    enqueue(&mut sandbox, 1);
    for attempt in 1..=MAX_ATTEMPTS {
        let job = claim_one(&mut sandbox);
        assert_eq!(job.attempts, attempt);
        let failed = sandbox
            .write(|tx| jobs::fail(tx, &job, "no answer"))
            .unwrap();
        assert_eq!(
            failed == Failed::Discarded,
            attempt == MAX_ATTEMPTS,
            "{failed:?}"
        );
        sandbox.now += TimeDelta::hours(2);
    }
    assert!(claim(&mut sandbox).is_empty());
    let counts = sandbox.read(jobs::counts).unwrap();
    assert_eq!(
        counts,
        Counts {
            queued: 0,
            leased: 0,
            discarded: 1
        }
    );
}

#[test]
fn a_job_that_cannot_succeed_is_discarded_at_once() {
    let mut sandbox = sandbox();
    enqueue(&mut sandbox, 1);
    let job = claim_one(&mut sandbox);
    sandbox
        .write(|tx| jobs::discard(tx, &job, "no such address"))
        .unwrap();
    sandbox.now += TimeDelta::hours(2);
    assert!(claim(&mut sandbox).is_empty());
    assert_eq!(sandbox.read(jobs::counts).unwrap().discarded, 1);
}

#[test]
fn a_dead_workers_job_is_claimed_again_after_its_lease() {
    let mut sandbox = sandbox();
    let id = enqueue(&mut sandbox, 1);
    let _lost = claim_one(&mut sandbox);
    let over = sandbox.now + TimeDelta::seconds(LEASE_SECONDS);
    assert_eq!(sandbox.read(jobs::next_due).unwrap(), Some(over));
    sandbox.now = over - TimeDelta::milliseconds(1);
    assert!(claim(&mut sandbox).is_empty(), "the lease still ran");
    sandbox.now = over;
    let job = claim_one(&mut sandbox);
    assert_eq!((job.id, job.attempts), (id, 2));
}

#[test]
fn a_worker_that_lost_its_lease_cannot_change_the_job() {
    let mut sandbox = sandbox();
    enqueue(&mut sandbox, 1);
    let late = claim_one(&mut sandbox);
    sandbox.now += TimeDelta::seconds(LEASE_SECONDS);
    let ours = claim_one(&mut sandbox);
    let finished = sandbox.write(|tx| jobs::finish(tx, &late));
    assert!(matches!(finished, Err(Error::LeaseLost)), "{finished:?}");
    let failed = sandbox.write(|tx| jobs::fail(tx, &late, "late"));
    assert!(matches!(failed, Err(Error::LeaseLost)), "{failed:?}");
    let discarded = sandbox.write(|tx| jobs::discard(tx, &late, "late"));
    assert!(matches!(discarded, Err(Error::LeaseLost)), "{discarded:?}");
    sandbox.write(|tx| jobs::finish(tx, &ours)).unwrap();
}

#[test]
fn a_late_worker_may_finish_while_nobody_else_took_the_job() {
    let mut sandbox = sandbox();
    enqueue(&mut sandbox, 1);
    let job = claim_one(&mut sandbox);
    sandbox.now += TimeDelta::seconds(LEASE_SECONDS + 1);
    sandbox.write(|tx| jobs::finish(tx, &job)).unwrap();
}

#[test]
fn a_job_that_kills_its_workers_is_discarded_too() {
    let mut sandbox = sandbox();
    enqueue(&mut sandbox, 1);
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(claim_one(&mut sandbox).attempts, attempt);
        sandbox.now += TimeDelta::seconds(LEASE_SECONDS);
    }
    assert!(claim(&mut sandbox).is_empty());
    assert_eq!(sandbox.read(jobs::counts).unwrap().discarded, 1);
}

#[test]
fn what_is_over_is_pruned_in_time_and_the_rest_is_kept() {
    let mut sandbox = sandbox();
    for to in 0..3 {
        enqueue(&mut sandbox, to);
    }
    let claimed = claim(&mut sandbox);
    sandbox.write(|tx| jobs::finish(tx, &claimed[0])).unwrap();
    sandbox
        .write(|tx| jobs::discard(tx, &claimed[1], "never"))
        .unwrap();
    let mut prune_after = |by: TimeDelta| {
        sandbox.now += by;
        sandbox.write(jobs::prune).unwrap()
    };
    assert_eq!(prune_after(TimeDelta::hours(23)), 0);
    assert_eq!(prune_after(TimeDelta::hours(1)), 1, "done a day ago");
    assert_eq!(prune_after(TimeDelta::days(28)), 0);
    assert_eq!(prune_after(TimeDelta::days(1)), 1, "discarded 30 days ago");
    assert_eq!(
        claim_one(&mut sandbox).id,
        claimed[2].id,
        "an unfinished job was pruned"
    );
}

#[test]
fn one_call_prunes_a_bounded_batch() {
    let mut sandbox = sandbox();
    sandbox.sql(
        "INSERT INTO jobs.jobs (id, kind, payload, status, run_at, created_at, finished_at) \
         SELECT gen_random_uuid(), 'k', '{}', 'done', now(), now(), now() - interval '2 days' \
         FROM generate_series(1, 1001)",
    );
    assert_eq!(sandbox.write(jobs::prune).unwrap(), 1000);
    assert_eq!(sandbox.write(jobs::prune).unwrap(), 1);
}

#[test]
fn an_error_says_how_to_react() {
    assert_eq!(Error::LeaseLost.class(), Class::Conflict);
    assert_eq!(Error::LeaseLost.code(), "lease_lost");
    let json = serde_json::from_str::<u8>("x").unwrap_err();
    assert_eq!(Error::from(json).class(), Class::Internal);
}
