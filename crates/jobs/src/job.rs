//! A job from its queueing to its end.

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use kernel::JobId;
use serde::Serialize;
use uuid::Uuid;

use crate::{Error, store};

/// For how long a claimed job is its worker's.
pub const LEASE_SECONDS: i64 = 60;

/// How often a job is tried. The table's CHECK says the same.
pub const MAX_ATTEMPTS: i32 = 12;

/// The most jobs that one call claims.
const CLAIM_LIMIT: i64 = 100;

/// The most jobs that one call prunes.
const PRUNE_LIMIT: i64 = 1_000;

const FIRST_RETRY_SECONDS: u32 = 10;
const LONGEST_RETRY_SECONDS: u32 = 3_600;

/// The table takes errors of up to this many characters.
const ERROR_CHARS: usize = 2_000;

kernel::text_enum! {
    /// Where a job stands.
    pub JobStatus {
        /// It waits until it is due and a worker is free.
        Queued = "queued",
        /// It is in a worker's hands.
        Leased = "leased",
        /// It succeeded.
        Done = "done",
        /// It was given up.
        Discarded = "discarded",
    }
}

/// What a job is about. It is stored as JSON, and read back by whoever runs the job.
pub trait Payload: Serialize {
    /// The name of the kind of work, 1 to 64 characters, for logs and metrics.
    fn kind(&self) -> &'static str;
}

/// A job in this worker's hands.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The job. The same at every try, so it can serve as an idempotency key.
    pub id: JobId,
    /// The kind of work.
    pub kind: String,
    /// What it is about.
    pub payload: serde_json::Value,
    /// Which try this is, from 1.
    pub attempts: i32,
    /// Proves that the job is still this worker's.
    pub(crate) lease: Uuid,
}

/// What becomes of a job that failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub enum Failed {
    /// It is tried again from this instant on.
    RetryAt(DateTime<Utc>),
    /// It has been tried often enough.
    Discarded,
}

impl Claimed {
    /// Ten seconds after the first failure, then twice as long each time, at most an hour; up to a
    /// tenth more, so that jobs that failed together do not come back together.
    fn next_try(&self, now: DateTime<Utc>) -> Failed {
        if self.attempts >= MAX_ATTEMPTS {
            return Failed::Discarded;
        }
        let doublings = u32::try_from(self.attempts - 1).unwrap_or(0);
        let seconds = FIRST_RETRY_SECONDS
            .saturating_mul(2_u32.saturating_pow(doublings))
            .min(LONGEST_RETRY_SECONDS);
        let jitter_millis = kernel::random::below(seconds * 100 + 1);
        let delay =
            TimeDelta::seconds(seconds.into()) + TimeDelta::milliseconds(jitter_millis.into());
        Failed::RetryAt(now + delay)
    }
}

/// Queues a job that is due at once.
pub fn enqueue<P: Payload>(tx: &mut Tx<'_>, payload: &P) -> Result<JobId, Error> {
    let now = tx.now();
    enqueue_at(tx, payload, now)
}

/// Queues a job that is due at `run_at`.
pub fn enqueue_at<P: Payload>(
    tx: &mut Tx<'_>,
    payload: &P,
    run_at: DateTime<Utc>,
) -> Result<JobId, Error> {
    let id = JobId::new();
    let json = serde_json::to_value(payload)?;
    store::insert_job(tx, id, payload.kind(), (json, run_at))?;
    tx.ring(Topic::Jobs);
    Ok(id)
}

/// Takes up to `limit` (at most 100) jobs into the caller's hands for [`LEASE_SECONDS`]: those
/// whose worker let its lease run out, then those that have been due the longest.
pub fn claim(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Claimed>, Error> {
    let limit = limit.clamp(1, CLAIM_LIMIT);
    let (exhausted, abandoned): (Vec<_>, Vec<_>) = store::lock_abandoned(tx, limit)?
        .into_iter()
        .partition(|(_, attempts)| *attempts >= MAX_ATTEMPTS);
    let exhausted: Vec<JobId> = exhausted.into_iter().map(|(id, _)| id).collect();
    if !exhausted.is_empty() {
        store::update_exhausted(tx, &exhausted, "the worker did not survive the last try")?;
    }
    let mut jobs: Vec<JobId> = abandoned.into_iter().map(|(id, _)| id).collect();
    let room = limit.saturating_sub(i64::try_from(jobs.len()).unwrap_or(limit));
    if room > 0 {
        jobs.extend(store::lock_due(tx, room)?);
    }
    if jobs.is_empty() {
        return Ok(Vec::new());
    }
    let lease = uuid::Builder::from_random_bytes(kernel::random::bytes()).into_uuid();
    let until = tx.now() + TimeDelta::seconds(LEASE_SECONDS);
    Ok(store::update_leased(tx, &jobs, lease, until)?)
}

/// The job succeeded.
pub fn finish(tx: &mut Tx<'_>, job: &Claimed) -> Result<(), Error> {
    store::update_ended(tx, job, JobStatus::Done, None)
}

/// The job failed; it is tried again later, or discarded if this was the last try.
pub fn fail(tx: &mut Tx<'_>, job: &Claimed, error: &str) -> Result<Failed, Error> {
    let failed = job.next_try(tx.now());
    match failed {
        Failed::RetryAt(run_at) => store::update_queued(tx, job, run_at, &storable(error))?,
        Failed::Discarded => discard(tx, job, error)?,
    }
    Ok(failed)
}

/// The job failed, and trying again cannot help.
pub fn discard(tx: &mut Tx<'_>, job: &Claimed, error: &str) -> Result<(), Error> {
    store::update_ended(tx, job, JobStatus::Discarded, Some(&storable(error)))
}

/// Deletes up to 1,000 jobs that were done a day ago or discarded 30 days ago.
pub fn prune(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let done_before = tx.now() - TimeDelta::days(1);
    let discarded_before = tx.now() - TimeDelta::days(30);
    Ok(store::delete_ended(
        tx,
        done_before,
        discarded_before,
        PRUNE_LIMIT,
    )?)
}

/// As much of an error as the table takes. PostgreSQL cannot store NUL.
fn storable(error: &str) -> String {
    error
        .chars()
        .filter(|c| *c != '\0')
        .take(ERROR_CHARS)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn at_try(attempts: i32) -> Claimed {
        Claimed {
            id: JobId::new(),
            kind: "test".to_owned(),
            payload: serde_json::Value::Null,
            attempts,
            lease: Uuid::nil(),
        }
    }

    fn delay(attempts: i32) -> TimeDelta {
        let now = DateTime::UNIX_EPOCH;
        match at_try(attempts).next_try(now) {
            Failed::RetryAt(at) => at - now,
            Failed::Discarded => panic!("try {attempts} was the last"),
        }
    }

    #[test]
    fn the_wait_doubles_from_ten_seconds_up_to_an_hour() {
        let floors = [10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600];
        for (attempts, floor) in (1..).zip(floors) {
            let (least, most) = (
                TimeDelta::seconds(floor),
                TimeDelta::milliseconds(floor * 1100),
            );
            let delay = delay(attempts);
            assert!(least <= delay && delay <= most, "try {attempts}: {delay}");
        }
    }

    #[test]
    fn jobs_that_failed_together_come_back_apart() {
        let delays: std::collections::BTreeSet<TimeDelta> = (0..50).map(|_| delay(8)).collect();
        assert!(delays.len() > 25, "{delays:?}");
    }

    #[test]
    fn the_twelfth_failure_is_the_last() {
        assert!(matches!(
            at_try(11).next_try(DateTime::UNIX_EPOCH),
            Failed::RetryAt(_)
        ));
        assert_eq!(at_try(12).next_try(DateTime::UNIX_EPOCH), Failed::Discarded);
    }

    proptest! {
        #[test]
        fn any_error_text_can_be_stored(error in "\\PC{0,30}\0?\\PC{0,3000}") {
            let stored = storable(&error);
            prop_assert!(stored.chars().count() <= ERROR_CHARS && !stored.contains('\0'));
        }

        #[test]
        fn no_count_of_attempts_makes_the_wait_overflow(attempts in any::<i32>()) {
            prop_assume!(attempts > i32::MIN);
            if let Failed::RetryAt(at) = at_try(attempts).next_try(DateTime::UNIX_EPOCH) {
                prop_assert!(at > DateTime::UNIX_EPOCH);
                prop_assert!(at <= DateTime::UNIX_EPOCH + TimeDelta::seconds(3_960));
            }
        }
    }
}
