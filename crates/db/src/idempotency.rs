//! The same request twice is done once.
//!
//! A request names itself by a key. The answer is stored in the transaction that does the work, so
//! there is either both or neither, and a repetition gets the same bytes. Keys are kept for
//! [`KEPT`].

use chrono::TimeDelta;
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    result::{DatabaseErrorKind, Error as DieselError},
    sql_types::{Binary, Bool, Nullable, SmallInt, Text},
};

use crate::{schema::idempotency_keys, tx::Tx};

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

/// Takes the lock of a key and looks its answer up, in one round trip. It is always the same
/// statement, so that the database plans it once.
struct LockAndFind<'a> {
    scope: &'a str,
    key: &'a str,
}

impl QueryId for LockAndFind<'_> {
    type QueryId = LockAndFind<'static>;

    const HAS_STATIC_QUERY_ID: bool = true;
}

impl QueryFragment<Pg> for LockAndFind<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "SELECT pg_try_advisory_xact_lock(hashtextextended('idempotency' || chr(31) || ",
        );
        out.push_bind_param::<Text, _>(self.scope)?;
        out.push_sql(" || chr(31) || ");
        out.push_bind_param::<Text, _>(self.key)?;
        out.push_sql(
            ", 0)), known.body_sha256, known.status, known.body FROM (SELECT) AS one \
             LEFT JOIN platform.idempotency_keys AS known ON known.scope = ",
        );
        out.push_bind_param::<Text, _>(self.scope)?;
        out.push_sql(" AND known.key = ");
        out.push_bind_param::<Text, _>(self.key)?;
        Ok(())
    }
}

impl Query for LockAndFind<'_> {
    type SqlType = (Bool, Nullable<Binary>, Nullable<SmallInt>, Nullable<Binary>);
}

impl RunQueryDsl<PgConnection> for LockAndFind<'_> {}

/// A lock that was or was not had, and an answer that is or is not known.
type Found = (bool, Option<Vec<u8>>, Option<i16>, Option<Vec<u8>>);

/// Looks the request up, and keeps others with the same key out until this transaction ends.
pub fn begin(tx: &mut Tx<'_>, request: &Request) -> QueryResult<Outcome> {
    let query = LockAndFind {
        scope: &request.scope,
        key: &request.key,
    };
    let (locked, hash, status, body): Found = query.get_result(tx.conn())?;
    if !locked {
        return Ok(Outcome::InFlight);
    }
    let (Some(hash), Some(status), Some(body)) = (hash, status, body) else {
        return Ok(Outcome::New);
    };
    if hash == request.body_sha256 {
        Ok(Outcome::Replay(Answer { status, body }))
    } else {
        Ok(Outcome::OtherBody)
    }
}

/// Stores the answer of a request that [`begin`] called new.
///
/// The look and the lock of [`begin`] are one statement, which sees the table as it was before it
/// had the lock. Where another transaction stored the answer in between, this one is run again,
/// and finds it.
pub fn remember(tx: &mut Tx<'_>, request: &Request, answer: &Answer) -> QueryResult<()> {
    let stored = diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::scope.eq(&request.scope),
            idempotency_keys::key.eq(&request.key),
            idempotency_keys::body_sha256.eq(&request.body_sha256),
            idempotency_keys::status.eq(answer.status),
            idempotency_keys::body.eq(&answer.body),
            idempotency_keys::created_at.eq(tx.now()),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    if stored == 0 {
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
