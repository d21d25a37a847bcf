//! Statements that the database plans once for each connection.
//!
//! Diesel prepares an UPDATE anew each time, because which columns it sets may depend on the values.
//! Where they do not, parsing and planning it costs the database several times what executing it
//! does. And each statement is a round trip, which costs both sides more than a small write itself.

use diesel::{
    AppearsOnTable, AsChangeset, Expression, PgConnection, QueryResult, QuerySource, RunQueryDsl,
    SelectableExpression,
    expression::{AsExpression, ValidGrouping},
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, Bool, SingleValue},
};

/// An UPDATE whose text is always the same: it sets all the columns that it names.
pub struct Update<F, C, R> {
    table: F,
    changes: C,
    rows: R,
}

impl<F, C, R> Update<F, C, R> {
    /// Changes those rows of the table for which `rows` holds.
    pub fn new<T, A>(table: &T, changes: A, rows: R) -> Self
    where
        T: QuerySource<FromClause = F>,
        A: AsChangeset<Target = T, Changeset = C>,
    {
        Self {
            table: table.from_clause(),
            changes: changes.as_changeset(),
            rows,
        }
    }
}

impl<F, C, R> QueryFragment<Pg> for Update<F, C, R>
where
    F: QueryFragment<Pg>,
    C: QueryFragment<Pg>,
    R: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("UPDATE ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" SET ");
        self.changes.walk_ast(out.reborrow())?;
        out.push_sql(" WHERE ");
        self.rows.walk_ast(out)
    }
}

/// Writes that are done in one round trip.
///
/// They see the database as it was before the first of them, and none may change a row that another
/// changes. Foreign keys and triggers look at the result of all of them; triggers fire for the
/// last of them first.
///
/// They stay prepared if each of them does, as an [`Update`] or the INSERT of one row do. A text
/// that differs from one call to the next would fill the connection's cache.
pub struct Writes<'w>(Vec<&'w dyn QueryFragment<Pg>>);

impl<'w> Writes<'w> {
    /// These writes.
    pub fn new(writes: impl Into<Vec<&'w dyn QueryFragment<Pg>>>) -> Self {
        Self(writes.into())
    }

    /// Does them.
    pub fn execute(self, conn: &mut PgConnection) -> QueryResult<()> {
        RunQueryDsl::execute(self, conn).map(drop)
    }
}

impl RunQueryDsl<PgConnection> for Writes<'_> {}

/// Its text is its name in the cache.
impl QueryId for Writes<'_> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl QueryFragment<Pg> for Writes<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // One alone is as it is; of several, each is a part of a statement that does nothing else.
        if let [write] = self.0.as_slice() {
            return write.walk_ast(out);
        }
        for (index, write) in self.0.iter().enumerate() {
            out.push_sql(if index == 0 { "WITH w" } else { ", w" });
            out.push_sql(&index.to_string());
            out.push_sql(" AS (");
            write.walk_ast(out.reborrow())?;
            out.push_sql(")");
        }
        out.push_sql(" SELECT");
        Ok(())
    }
}

/// Whether a column is one of a list, whose length PostgreSQL does not learn: see [`among!`].
#[derive(QueryId)]
pub struct AnyOf<C, L> {
    column: C,
    list: L,
}

/// The type of a list's items, as PostgreSQL calls it.
pub trait Listed: SingleValue {
    /// Of the list.
    const LIST: &'static str;
}

impl Listed for diesel::sql_types::Uuid {
    const LIST: &'static str = "uuid[]";
}

impl Listed for diesel::sql_types::Text {
    const LIST: &'static str = "text[]";
}

impl<C, L> AnyOf<C, L> {
    /// Whether the column is one of these.
    pub fn new<V>(column: C, values: V) -> Self
    where
        C: Expression<SqlType: Listed>,
        V: AsExpression<Array<C::SqlType>, Expression = L>,
    {
        Self {
            column,
            list: values.as_expression(),
        }
    }
}

impl<C: Expression, L: Expression> Expression for AnyOf<C, L> {
    type SqlType = Bool;
}

impl<C, L, Q> AppearsOnTable<Q> for AnyOf<C, L>
where
    Self: Expression,
    C: AppearsOnTable<Q>,
{
}

impl<C, L, Q> SelectableExpression<Q> for AnyOf<C, L>
where
    Self: AppearsOnTable<Q>,
    C: SelectableExpression<Q>,
{
}

impl<C: ValidGrouping<G>, L, G> ValidGrouping<G> for AnyOf<C, L> {
    type IsAggregate = C::IsAggregate;
}

impl<C, L> QueryFragment<Pg> for AnyOf<C, L>
where
    C: Expression<SqlType: Listed> + QueryFragment<Pg>,
    L: QueryFragment<Pg>,
{
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.column.walk_ast(out.reborrow())?;
        out.push_sql(" = ANY((SELECT ");
        self.list.walk_ast(out.reborrow())?;
        out.push_sql(")::");
        out.push_sql(C::SqlType::LIST);
        out.push_sql(")");
        Ok(())
    }
}

/// Runs a query for some ids: `among!(column, ids, |asked| query.filter(asked).load(conn))`.
///
/// PostgreSQL reckons with ten ids in every list whose length it does not know. Where there are
/// fewer it finds a plan for the list at hand cheaper, and makes it anew each time. So a single id is
/// compared and not looked for in a list, and lists are hidden in a subquery.
#[macro_export]
macro_rules! among {
    ($column:expr, $ids:expr, |$asked:ident| $query:expr) => {
        match $ids {
            [one] => {
                let $asked = $column.eq(one);
                $query
            }
            many => {
                let $asked = $crate::AnyOf::new($column, many);
                $query
            }
        }
    };
}

/// Declares that a statement of one's own always has the same text, by which it stays prepared:
/// `fixed!(Statement<'_>, Statement<'static>)`.
#[macro_export]
macro_rules! fixed {
    ($name:ty, $id:ty) => {
        impl ::diesel::query_builder::QueryId for $name {
            type QueryId = $id;

            const HAS_STATIC_QUERY_ID: bool = true;
        }
    };
}

/// Pushes arrays, each of its type, with commas between them: rows in numbers, in a statement
/// whose text does not depend on how many they are. PostgreSQL may plan for how many they are, which
/// is right where they are many.
#[macro_export]
macro_rules! push_arrays {
    ($out:ident, $first:ty => $values:expr $(, $kind:ty => $more:expr)* $(,)?) => {
        $out.push_bind_param::<::diesel::sql_types::Array<$first>, _>(&$values)?;
        $(
            $out.push_sql(", ");
            $out.push_bind_param::<::diesel::sql_types::Array<$kind>, _>(&$more)?;
        )*
    };
}

/// As [`push_arrays!`], for a few rows: each array is a subquery, so that PostgreSQL does not learn
/// how long it is. It would find a plan for the few cheaper than one for any number, and make it anew
/// each time.
#[macro_export]
macro_rules! push_few {
    ($out:ident, $first:ty => $values:expr $(, $kind:ty => $more:expr)* $(,)?) => {
        $out.push_sql("(SELECT ");
        $out.push_bind_param::<::diesel::sql_types::Array<$first>, _>(&$values)?;
        $(
            $out.push_sql("), (SELECT ");
            $out.push_bind_param::<::diesel::sql_types::Array<$kind>, _>(&$more)?;
        )*
        $out.push_sql(")");
    };
}
