//! The same request twice is done once.
//!
//! A request names itself by a key. The answer is stored in the transaction that does the work, so
//! there is either both or neither, and a repetition gets the same bytes. Keys are kept for
//! [`KEPT`].

use std::collections::HashSet;

use chrono::TimeDelta;
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment},
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::{Binary, Bool, Nullable, SmallInt, Text},
};

use crate::{fixed, push_few, rows::Rows, schema::idempotency_keys, tx::Tx};

/// How long an answer is kept.
pub const KEPT: TimeDelta = TimeDelta::hours(72);

/// Who asks for what, by which name.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whose key it is, and for which operation: two clients never share a key.
    pub scope: String,
    /// The client's name for the request.
    pub key: String,
    /// A hash of the request's body.
    pub body_sha256: Vec<u8>,
}

/// An answer as it went out.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Answer {
    /// The HTTP status.
    pub status: i16,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    fn name(&self) -> (&str, &str) {
        (&self.scope, &self.key)
    }
}

/// What to do with a request.
#[derive(Debug)]
pub enum Outcome {
    /// Nobody asked this before: do it, and [`remember`] the answer.
    New,
    /// It was done: answer the same.
    Replay(Answer),
    /// The same name was given to another request.
    OtherBody,
    /// The same request is being done at this moment.
    InFlight,
}

/// Takes the locks of keys and looks their answers up, in one round trip. It is always the same
/// statement, so that the database plans it once.
struct LockAndFind<'a> {
    scopes: Vec<&'a str>,
    keys: Vec<&'a str>,
}

fixed!(LockAndFind<'_>, LockAndFind<'static>);

impl QueryFragment<Pg> for LockAndFind<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency' || chr(31) || \
             asked.scope || chr(31) || asked.key, 0)), \
             known.body_sha256, known.status, known.body FROM unnest(",
        );
        push_few!(out, Text => self.scopes, Text => self.keys);
        out.push_sql(
            ") WITH ORDINALITY AS asked (scope, key, number) \
             LEFT JOIN LATERAL (SELECT body_sha256, status, body FROM platform.idempotency_keys \
             WHERE scope = asked.scope AND key = asked.key OFFSET 0) AS known ON true \
             ORDER BY asked.number",
        );
        Ok(())
    }
}

impl Query for LockAndFind<'_> {
    type SqlType = (Bool, Nullable<Binary>, Nullable<SmallInt>, Nullable<Binary>);
}

impl RunQueryDsl<PgConnection> for LockAndFind<'_> {}

/// A lock that was or was not had, and an answer that is or is not known.
type Found = (bool, Option<Vec<u8>>, Option<i16>, Option<Vec<u8>>);

/// Looks requests up, and keeps others with the same keys out until this transaction ends. Of two
/// with the same key one is new, and the other in flight.
pub fn begin(tx: &mut Tx<'_>, requests: &[&Request]) -> QueryResult<Vec<Outcome>> {
    let query = LockAndFind {
        scopes: requests.iter().map(|r| r.scope.as_str()).collect(),
        keys: requests.iter().map(|r| r.key.as_str()).collect(),
    };
    let found: Vec<Found> = query.load(tx.conn())?;
    let mut begun = HashSet::new();
    let outcomes = requests.iter().zip(found).map(|(request, found)| {
        let outcome = outcome_of(request, found);
        // The lock does not keep out who has it.
        let is_again = matches!(outcome, Outcome::New) && !begun.insert(request.name());
        if is_again { Outcome::InFlight } else { outcome }
    });
    Ok(outcomes.collect())
}

fn outcome_of(request: &Request, found: Found) -> Outcome {
    let (locked, hash, status, body) = found;
    if !locked {
        return Outcome::InFlight;
    }
    let (Some(hash), Some(status), Some(body)) = (hash, status, body) else {
        return Outcome::New;
    };
    if hash == request.body_sha256 {
        Outcome::Replay(Answer { status, body })
    } else {
        Outcome::OtherBody
    }
}

/// Stores the answers of requests that [`begin`] called new.
///
/// The look and the lock of [`begin`] are one statement, which sees the table as it was before it
/// had the lock. Where another transaction stored an answer in between, this one is run again, and
/// finds it.
pub fn remember(tx: &mut Tx<'_>, answered: &[(&Request, &Answer)]) -> QueryResult<()> {
    if answered.is_empty() {
        return Ok(());
    }
    let now = tx.now();
    let kept = Rows::of(&idempotency_keys::table, answered.iter().copied())
        .column(idempotency_keys::scope, |(request, _)| &*request.scope)
        .column(idempotency_keys::key, |(request, _)| &*request.key)
        .column(idempotency_keys::body_sha256, |(request, _)| {
            &*request.body_sha256
        })
        .column(idempotency_keys::status, |(_, answer)| answer.status)
        .column(idempotency_keys::body, |(_, answer)| &*answer.body)
        .column(idempotency_keys::created_at, |_| now)
        .unless_there()
        .execute(tx.conn())?;
    if kept < answered.len() {
        let message = "could not serialize: the request was answered in between".to_owned();
        let kind = DatabaseErrorKind::SerializationFailure;
        return Err(DieselError::DatabaseError(kind, Box::new(message)));
    }
    Ok(())
}

/// Forgets keys past their time, and says how many.
pub fn prune(tx: &mut Tx<'_>) -> QueryResult<usize> {
    let limit = tx.now() - KEPT;
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(limit)))
        .execute(tx.conn())
}
