//! The queue's statements.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::JobId;
use uuid::Uuid;

use crate::{
    Error,
    job::{Claimed, JobStatus},
    schema::jobs::dsl,
};

pub(crate) fn insert_job(
    tx: &mut Tx<'_>,
    id: JobId,
    kind: &str,
    (payload, run_at): (serde_json::Value, DateTime<Utc>),
) -> QueryResult<()> {
    diesel::insert_into(dsl::jobs)
        .values((
            dsl::id.eq(id),
            dsl::kind.eq(kind),
            dsl::payload.eq(payload),
            dsl::status.eq(JobStatus::Queued),
            dsl::run_at.eq(run_at),
            dsl::created_at.eq(tx.now()),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// Jobs whose lease has run out, with how often they were tried; other workers pass them by.
pub(crate) fn lock_abandoned(tx: &mut Tx<'_>, limit: i64) -> QueryResult<Vec<(JobId, i32)>> {
    dsl::jobs
        .filter(dsl::status.eq(JobStatus::Leased))
        .filter(dsl::leased_until.le(tx.now()))
        .order(dsl::leased_until)
        .limit(limit)
        .for_update()
        .skip_locked()
        .select((dsl::id, dsl::attempts))
        .load(tx.conn())
}

/// Queued jobs that are due; other workers pass them by.
pub(crate) fn lock_due(tx: &mut Tx<'_>, limit: i64) -> QueryResult<Vec<JobId>> {
    dsl::jobs
        .filter(dsl::status.eq(JobStatus::Queued))
        .filter(dsl::run_at.le(tx.now()))
        .order(dsl::run_at)
        .limit(limit)
        .for_update()
        .skip_locked()
        .select(dsl::id)
        .load(tx.conn())
}

/// Puts locked jobs into a worker's hands. One lease serves them all: a job's id tells them apart.
pub(crate) fn update_leased(
    tx: &mut Tx<'_>,
    jobs: &[JobId],
    lease: Uuid,
    until: DateTime<Utc>,
) -> QueryResult<Vec<Claimed>> {
    let rows: Vec<(JobId, String, serde_json::Value, i32)> =
        diesel::update(dsl::jobs.filter(dsl::id.eq_any(jobs)))
            .set((
                dsl::status.eq(JobStatus::Leased),
                dsl::lease.eq(lease),
                dsl::leased_until.eq(until),
                dsl::attempts.eq(dsl::attempts + 1),
            ))
            .returning((dsl::id, dsl::kind, dsl::payload, dsl::attempts))
            .get_results(tx.conn())?;
    Ok(rows
        .into_iter()
        .map(|(id, kind, payload, attempts)| Claimed {
            id,
            kind,
            payload,
            attempts,
            lease,
        })
        .collect())
}

/// Gives locked jobs up that no worker holds any more.
pub(crate) fn update_exhausted(tx: &mut Tx<'_>, jobs: &[JobId], error: &str) -> QueryResult<()> {
    diesel::update(dsl::jobs.filter(dsl::id.eq_any(jobs)))
        .set((
            dsl::status.eq(JobStatus::Discarded),
            dsl::lease.eq(None::<Uuid>),
            dsl::leased_until.eq(None::<DateTime<Utc>>),
            dsl::finished_at.eq(tx.now()),
            dsl::last_error.eq(error),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// Ends a job, if it is still the worker's. An error of an earlier try stays on record.
pub(crate) fn update_ended(
    tx: &mut Tx<'_>,
    job: &Claimed,
    status: JobStatus,
    error: Option<&str>,
) -> Result<(), Error> {
    let now = tx.now();
    let changed = diesel::update(dsl::jobs.filter(dsl::id.eq(job.id)))
        .filter(dsl::lease.eq(job.lease))
        .set((
            dsl::status.eq(status),
            dsl::lease.eq(None::<Uuid>),
            dsl::leased_until.eq(None::<DateTime<Utc>>),
            dsl::finished_at.eq(now),
            // What it was about may be a secret, such as a code, and is needed no more.
            dsl::payload.eq(serde_json::json!({})),
            error.map(|error| dsl::last_error.eq(error)),
        ))
        .execute(tx.conn())?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::LeaseLost)
    }
}

/// Puts a job back into the queue, if it is still the worker's.
pub(crate) fn update_queued(
    tx: &mut Tx<'_>,
    job: &Claimed,
    run_at: DateTime<Utc>,
    error: &str,
) -> Result<(), Error> {
    let changed = diesel::update(dsl::jobs.filter(dsl::id.eq(job.id)))
        .filter(dsl::lease.eq(job.lease))
        .set((
            dsl::status.eq(JobStatus::Queued),
            dsl::lease.eq(None::<Uuid>),
            dsl::leased_until.eq(None::<DateTime<Utc>>),
            dsl::run_at.eq(run_at),
            dsl::last_error.eq(error),
        ))
        .execute(tx.conn())?;
    if changed == 1 {
        Ok(())
    } else {
        Err(Error::LeaseLost)
    }
}

/// Deletes jobs that ended long enough ago.
pub(crate) fn delete_ended(
    tx: &mut Tx<'_>,
    done_before: DateTime<Utc>,
    discarded_before: DateTime<Utc>,
    limit: i64,
) -> QueryResult<usize> {
    let ended: Vec<JobId> = dsl::jobs
        .filter(dsl::finished_at.le(done_before))
        .filter(
            dsl::status
                .eq(JobStatus::Done)
                .or(dsl::finished_at.le(discarded_before)),
        )
        .order(dsl::finished_at)
        .limit(limit)
        .for_update()
        .skip_locked()
        .select(dsl::id)
        .load(tx.conn())?;
    diesel::delete(dsl::jobs.filter(dsl::id.eq_any(ended))).execute(tx.conn())
}
