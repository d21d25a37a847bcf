//! Statements that the database plans once.

use diesel::{
    PgConnection, QueryResult, QuerySource, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, Query, QueryFragment, QueryId, UpdateStatement},
};

/// A statement that stays prepared on its connection. See [`Prepare`].
#[derive(Clone, Copy, Debug)]
pub struct Prepared<Q>(Q);

/// Keeps an UPDATE prepared whose text does not depend on its values.
///
/// Diesel never does, because a changeset may leave columns out; planning it anew costs the
/// database some three times what running it does. So this is for changesets that always name the
/// same columns: tuples, and structs with `treat_none_as_null`.
pub trait Prepare: Sized {
    /// The same statement, kept prepared.
    fn prepared(self) -> Prepared<Self> {
        Prepared(self)
    }
}

impl<T: QuerySource, U, V, R> Prepare for UpdateStatement<T, U, V, R> {}

impl<Q: QueryFragment<Pg>> QueryFragment<Pg> for Prepared<Q> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.0.walk_ast(out)
    }

    fn is_safe_to_cache_prepared(&self, _: &Pg) -> QueryResult<bool> {
        Ok(true)
    }
}

/// Statements are told apart by their text.
impl<Q> QueryId for Prepared<Q> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<Q: Query> Query for Prepared<Q> {
    type SqlType = Q::SqlType;
}

impl<Q> RunQueryDsl<PgConnection> for Prepared<Q> {}
