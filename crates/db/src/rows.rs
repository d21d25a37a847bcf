//! Rows to be inserted in numbers.

use std::marker::PhantomData;

use diesel::{
    Column, PgConnection, QueryResult, QuerySource, RunQueryDsl,
    expression::AsExpression,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, SingleValue, SqlType, Text},
};

/// An INSERT of rows, given a column at a time. Its text does not depend on how many rows there
/// are, so that it stays prepared; Diesel's own does not.
///
/// The columns are as long as each other.
pub struct Rows<'r, T> {
    of: PhantomData<T>,
    table: Box<dyn QueryFragment<Pg> + 'r>,
    columns: Vec<Given<'r>>,
    ending: &'static str,
}

struct Given<'r> {
    name: &'static str,
    /// The type of its lists, where it holds lists.
    lists: Option<&'static str>,
    values: Box<dyn QueryFragment<Pg> + 'r>,
}

impl<'r, T> Rows<'r, T>
where
    T: QuerySource<FromClause: QueryFragment<Pg> + 'r>,
{
    /// Rows for this table.
    pub fn of(table: &T) -> Self {
        Self {
            of: PhantomData,
            table: Box::new(table.from_clause()),
            columns: Vec::new(),
            ending: "",
        }
    }

    /// One column of all rows.
    #[must_use]
    pub fn column<C, V>(self, _: C, values: impl IntoIterator<Item = V>) -> Self
    where
        C: Column<Table = T, SqlType: SqlType + SingleValue>,
        Vec<V>: AsExpression<Array<C::SqlType>, Expression: QueryFragment<Pg> + 'r>,
    {
        let values: Vec<V> = values.into_iter().collect();
        self.with::<C, Array<C::SqlType>, _>(None, values)
    }

    /// One column of all rows, each value a list of items without a comma; lists of different
    /// lengths make no array. `kind` is PostgreSQL's name of the lists' type.
    #[must_use]
    pub fn lists<C, I>(self, _: C, kind: &'static str, values: impl IntoIterator<Item = I>) -> Self
    where
        C: Column<Table = T>,
        I: IntoIterator<Item: ToString>,
    {
        let joined = |list: I| {
            let items: Vec<String> = list.into_iter().map(|item| item.to_string()).collect();
            items.join(",")
        };
        let values: Vec<String> = values.into_iter().map(joined).collect();
        self.with::<C, Array<Text>, _>(Some(kind), values)
    }

    /// Rows that are there already are left as they are.
    #[must_use]
    pub fn unless_there(self) -> Self {
        Self {
            ending: " ON CONFLICT DO NOTHING",
            ..self
        }
    }

    fn with<C, A, V>(mut self, lists: Option<&'static str>, values: V) -> Self
    where
        C: Column,
        A: SqlType + SingleValue,
        V: AsExpression<A, Expression: QueryFragment<Pg> + 'r>,
    {
        self.columns.push(Given {
            name: C::NAME,
            lists,
            values: Box::new(values.as_expression()),
        });
        self
    }
}

fn push_names(columns: &[Given<'_>], out: &mut AstPass<'_, '_, Pg>) -> QueryResult<()> {
    for (index, column) in columns.iter().enumerate() {
        out.push_sql(if index == 0 { "" } else { ", " });
        out.push_identifier(column.name)?;
    }
    Ok(())
}

impl<T> RunQueryDsl<PgConnection> for Rows<'_, T> {}

/// Its text is its name in the cache.
impl<T> QueryId for Rows<'_, T> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T> QueryFragment<Pg> for Rows<'_, T> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("INSERT INTO ");
        self.table.walk_ast(out.reborrow())?;
        out.push_sql(" (");
        push_names(&self.columns, &mut out)?;
        out.push_sql(") SELECT ");
        for (index, column) in self.columns.iter().enumerate() {
            out.push_sql(if index == 0 { "" } else { ", " });
            let Some(kind) = column.lists else {
                out.push_identifier(column.name)?;
                continue;
            };
            out.push_sql("string_to_array(");
            out.push_identifier(column.name)?;
            out.push_sql(", ',')::");
            out.push_sql(kind);
        }
        out.push_sql(" FROM unnest(");
        for (index, column) in self.columns.iter().enumerate() {
            out.push_sql(if index == 0 { "" } else { ", " });
            column.values.walk_ast(out.reborrow())?;
        }
        out.push_sql(") AS given (");
        push_names(&self.columns, &mut out)?;
        out.push_sql(")");
        out.push_sql(self.ending);
        Ok(())
    }
}
