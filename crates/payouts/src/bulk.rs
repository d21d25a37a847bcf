//! Entries and postings in numbers, as arrays: the texts of their statements are always the same.

use chrono::{DateTime, Utc};
use db::{fixed, push_arrays};
use diesel::{
    PgConnection, QueryResult, RunQueryDsl,
    pg::Pg,
    query_builder::{AstPass, QueryFragment},
    sql_types::{BigInt, Integer, Text, Timestamptz, Uuid},
};
use kernel::{Currency, EntryId, LedgerAccountId};

use crate::entry::{EntryRow, PostingRow};

/// Entries, to be inserted.
pub(crate) struct InsertEntries<'e> {
    ids: Vec<EntryId>,
    facts: Vec<&'e str>,
    descriptions: Vec<&'e str>,
    posted_at: Vec<DateTime<Utc>>,
}

impl<'e> InsertEntries<'e> {
    pub(crate) fn new(rows: &[EntryRow<'e>]) -> Self {
        Self {
            ids: rows.iter().map(|row| row.id).collect(),
            facts: rows.iter().map(|row| row.fact).collect(),
            descriptions: rows.iter().map(|row| row.description).collect(),
            posted_at: rows.iter().map(|row| row.posted_at).collect(),
        }
    }
}

fixed!(InsertEntries<'_>, InsertEntries<'static>);

impl RunQueryDsl<PgConnection> for InsertEntries<'_> {}

impl QueryFragment<Pg> for InsertEntries<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO payouts.entries (id, fact, description, posted_at) \
             SELECT * FROM unnest(",
        );
        push_arrays!(out,
            Uuid => self.ids,
            Text => self.facts,
            Text => self.descriptions,
            Timestamptz => self.posted_at,
        );
        out.push_sql(")");
        Ok(())
    }
}

/// Postings, to be inserted.
pub(crate) struct InsertPostings {
    entries: Vec<EntryId>,
    numbers: Vec<i32>,
    accounts: Vec<LedgerAccountId>,
    amounts: Vec<i64>,
    currencies: Vec<Currency>,
}

impl InsertPostings {
    pub(crate) fn new(rows: &[PostingRow]) -> Self {
        Self {
            entries: rows.iter().map(|row| row.entry_id).collect(),
            numbers: rows.iter().map(|row| row.number).collect(),
            accounts: rows.iter().map(|row| row.account_id).collect(),
            amounts: rows.iter().map(|row| row.amount_minor).collect(),
            currencies: rows.iter().map(|row| row.currency).collect(),
        }
    }
}

fixed!(InsertPostings, InsertPostings);

impl RunQueryDsl<PgConnection> for InsertPostings {}

impl QueryFragment<Pg> for InsertPostings {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO payouts.postings (entry_id, number, account_id, amount_minor, currency) \
             SELECT * FROM unnest(",
        );
        push_arrays!(out,
            Uuid => self.entries,
            Integer => self.numbers,
            Uuid => self.accounts,
            BigInt => self.amounts,
            Text => self.currencies,
        );
        out.push_sql(")");
        Ok(())
    }
}
