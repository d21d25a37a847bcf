//! Rows in numbers.

use std::marker::PhantomData;

use diesel::{
    Column, PgConnection, QueryResult, QuerySource, RunQueryDsl,
    expression::AsExpression,
    pg::Pg,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{Array, SingleValue, SqlType, Text},
};

/// An INSERT or UPDATE of rows, described a column at a time. Its text does not depend on how many
/// rows there are, so that it stays prepared; Diesel's own does not.
pub struct Rows<'r, T, R> {
    of: PhantomData<T>,
    each: Vec<R>,
    table: Box<dyn QueryFragment<Pg> + 'r>,
    columns: Vec<Given<'r>>,
    what: What,
}

#[derive(Clone, Copy)]
enum What {
    Insert,
    InsertUnlessThere,
    /// The column by which rows are found.
    Change(&'static str),
}

struct Given<'r> {
    name: &'static str,
    /// The type of its lists, where it holds lists.
    lists: Option<&'static str>,
    values: Box<dyn QueryFragment<Pg> + 'r>,
}

impl<'r, T, R> Rows<'r, T, R>
where
    T: QuerySource<FromClause: QueryFragment<Pg> + 'r>,
    R: Copy,
{
    /// These rows for this table.
    pub fn of(table: &T, rows: impl IntoIterator<Item = R>) -> Self {
        Self {
            of: PhantomData,
            each: rows.into_iter().collect(),
            table: Box::new(table.from_clause()),
            columns: Vec::new(),
            what: What::Insert,
        }
    }

    /// What each row holds in a column.
    #[must_use]
    pub fn column<C, V>(self, _: C, value: impl Fn(R) -> V) -> Self
    where
        C: Column<Table = T, SqlType: SqlType + SingleValue>,
        Vec<V>: AsExpression<Array<C::SqlType>, Expression: QueryFragment<Pg> + 'r>,
    {
        let values: Vec<V> = self.each.iter().copied().map(value).collect();
        self.with::<C, Array<C::SqlType>, _>(None, values)
    }

    /// What each row holds in a column of lists, whose items have no comma; lists of different
    /// lengths make no array. `kind` is PostgreSQL's name of the lists' type.
    #[must_use]
    pub fn lists<C, I>(self, _: C, kind: &'static str, list: impl Fn(R) -> I) -> Self
    where
        C: Column<Table = T>,
        I: IntoIterator<Item: ToString>,
    {
        let joined = |row: R| {
            let items = list(row).into_iter().map(|item| item.to_string());
            items.collect::<Vec<_>>().join(",")
        };
        let values: Vec<String> = self.each.iter().copied().map(joined).collect();
        self.with::<C, Array<Text>, _>(Some(kind), values)
    }

    /// Rows that are there already are left as they are.
    #[must_use]
    pub fn unless_there(self) -> Self {
        Self {
            what: What::InsertUnlessThere,
            ..self
        }
    }

    /// The rows are there, and take on these values. One of the columns tells which row is meant.
    #[must_use]
    pub fn changed_by<C: Column<Table = T>>(self, _: C) -> Self {
        Self {
            what: What::Change(C::NAME),
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

/// Pushes something for each column, with commas between.
fn push_each<'b, 'r: 'b>(
    columns: impl IntoIterator<Item = &'b Given<'r>>,
    out: &mut AstPass<'_, 'b, Pg>,
    push: impl Fn(&'b Given<'r>, &mut AstPass<'_, 'b, Pg>) -> QueryResult<()>,
) -> QueryResult<()> {
    for (index, column) in columns.into_iter().enumerate() {
        out.push_sql(if index == 0 { "" } else { ", " });
        push(column, out)?;
    }
    Ok(())
}

impl Given<'_> {
    fn push_name(&self, out: &mut AstPass<'_, '_, Pg>) -> QueryResult<()> {
        out.push_identifier(self.name)
    }

    /// As it comes out of the arrays.
    fn push_value(&self, out: &mut AstPass<'_, '_, Pg>) -> QueryResult<()> {
        out.push_sql(if self.lists.is_some() {
            "string_to_array(given."
        } else {
            "given."
        });
        self.push_name(out)?;
        if let Some(kind) = self.lists {
            out.push_sql(", ',')::");
            out.push_sql(kind);
        }
        Ok(())
    }
}

impl<T, R> RunQueryDsl<PgConnection> for Rows<'_, T, R> {}

/// Its text is its name in the cache.
impl<T, R> QueryId for Rows<'_, T, R> {
    type QueryId = ();

    const HAS_STATIC_QUERY_ID: bool = false;
}

impl<T, R> QueryFragment<Pg> for Rows<'_, T, R> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        if let What::Change(key) = self.what {
            out.push_sql("UPDATE ");
            self.table.walk_ast(out.reborrow())?;
            out.push_sql(" AS stored SET ");
            let changed = self.columns.iter().filter(|column| column.name != key);
            push_each(changed, &mut out, |column, out| {
                column.push_name(out)?;
                out.push_sql(" = ");
                column.push_value(out)
            })?;
        } else {
            out.push_sql("INSERT INTO ");
            self.table.walk_ast(out.reborrow())?;
            out.push_sql(" (");
            push_each(&self.columns, &mut out, |column, out| column.push_name(out))?;
            out.push_sql(") SELECT ");
            push_each(&self.columns, &mut out, |column, out| {
                column.push_value(out)
            })?;
        }
        out.push_sql(" FROM unnest(");
        // Hidden in subqueries, so that PostgreSQL does not plan for how many they are.
        push_each(&self.columns, &mut out, |column, out| {
            out.push_sql("(SELECT ");
            column.values.walk_ast(out.reborrow())?;
            out.push_sql(")");
            Ok(())
        })?;
        out.push_sql(") AS given (");
        push_each(&self.columns, &mut out, |column, out| column.push_name(out))?;
        out.push_sql(")");
        match self.what {
            What::Insert => {}
            What::InsertUnlessThere => out.push_sql(" ON CONFLICT DO NOTHING"),
            What::Change(key) => {
                out.push_sql(" WHERE stored.");
                out.push_identifier(key)?;
                out.push_sql(" = given.");
                out.push_identifier(key)?;
            }
        }
        Ok(())
    }
}
