//! The same request twice is done once.
//!
//! A request names itself by a key. The answer is stored in the transaction that does the work, so
//! there is either both or neither, and a repetition gets the same bytes. Keys are kept for
//! [`KEPT`].

use chrono::TimeDelta;
use diesel::prelude::*;

use crate::{lock::try_lock, schema::idempotency_keys, tx::Tx};

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
#[derive(Clone, Debug, Eq, PartialEq, Queryable, Selectable)]
#[diesel(table_name = idempotency_keys, check_for_backend(diesel::pg::Pg))]
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

/// Looks the request up, and keeps others with the same key out until this transaction ends.
pub fn begin(tx: &mut Tx<'_>, request: &Request) -> QueryResult<Outcome> {
    let lock = format!("idempotency\u{1f}{}\u{1f}{}", request.scope, request.key);
    if !try_lock(tx, &lock)? {
        return Ok(Outcome::InFlight);
    }
    let known: Option<(Vec<u8>, Answer)> = idempotency_keys::table
        .find((&request.scope, &request.key))
        .select((idempotency_keys::body_sha256, Answer::as_select()))
        .first(tx.conn())
        .optional()?;
    Ok(match known {
        None => Outcome::New,
        Some((hash, _)) if hash != request.body_sha256 => Outcome::OtherBody,
        Some((_, answer)) => Outcome::Replay(answer),
    })
}

/// Stores the answer of a request that [`begin`] called new.
pub fn remember(tx: &mut Tx<'_>, request: &Request, answer: &Answer) -> QueryResult<()> {
    diesel::insert_into(idempotency_keys::table)
        .values((
            idempotency_keys::scope.eq(&request.scope),
            idempotency_keys::key.eq(&request.key),
            idempotency_keys::body_sha256.eq(&request.body_sha256),
            idempotency_keys::status.eq(answer.status),
            idempotency_keys::body.eq(&answer.body),
            idempotency_keys::created_at.eq(tx.now()),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// Forgets keys past their time, and says how many.
pub fn prune(tx: &mut Tx<'_>) -> QueryResult<usize> {
    let limit = tx.now() - KEPT;
    diesel::delete(idempotency_keys::table.filter(idempotency_keys::created_at.lt(limit)))
        .execute(tx.conn())
}
