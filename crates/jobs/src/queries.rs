//! What others may read about the queue.

use chrono::{DateTime, Utc};
use diesel::{
    dsl::{count_star, min},
    prelude::*,
};

use crate::{job::JobStatus, schema::jobs::dsl};

/// How many jobs there are, by where they stand.
#[derive(Clone, Copy, Debug, Eq, PartialEq, serde::Serialize)]
pub struct Counts {
    /// Waiting, whether due or not.
    pub queued: i64,
    /// In a worker's hands.
    pub leased: i64,
    /// Given up within the last 30 days.
    pub discarded: i64,
}

/// How many jobs there are, by where they stand.
pub fn counts(conn: &mut PgConnection) -> QueryResult<Counts> {
    let mut count = |status: JobStatus| {
        dsl::jobs
            .filter(dsl::status.eq(status))
            .select(count_star())
            .first(conn)
    };
    Ok(Counts {
        queued: count(JobStatus::Queued)?,
        leased: count(JobStatus::Leased)?,
        discarded: count(JobStatus::Discarded)?,
    })
}

/// When a worker should look next, at the latest: the next job is due or the next lease is over.
pub fn next_due(conn: &mut PgConnection) -> QueryResult<Option<DateTime<Utc>>> {
    let due: Option<DateTime<Utc>> = dsl::jobs
        .filter(dsl::status.eq(JobStatus::Queued))
        .select(min(dsl::run_at))
        .first(conn)?;
    let abandoned: Option<DateTime<Utc>> = dsl::jobs
        .filter(dsl::status.eq(JobStatus::Leased))
        .select(min(dsl::leased_until))
        .first(conn)?;
    Ok(due.into_iter().chain(abandoned).min())
}
