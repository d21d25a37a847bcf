//! Entries and postings in numbers.

use db::Rows;

use crate::{
    entry::{EntryRow, PostingRow},
    schema::{entries, postings},
};

/// Entries, to be inserted.
pub(crate) fn new_entries<'e>(
    rows: &'e [EntryRow<'e>],
) -> Rows<'e, entries::table, &'e EntryRow<'e>> {
    Rows::of(&entries::table, rows)
        .column(entries::id, |row| row.id)
        .column(entries::fact, |row| row.fact)
        .column(entries::description, |row| row.description)
        .column(entries::posted_at, |row| row.posted_at)
}

/// Postings, to be inserted.
pub(crate) fn new_postings(rows: &[PostingRow]) -> Rows<'_, postings::table, &PostingRow> {
    Rows::of(&postings::table, rows)
        .column(postings::entry_id, |row| row.entry_id)
        .column(postings::number, |row| row.number)
        .column(postings::account_id, |row| row.account_id)
        .column(postings::amount_minor, |row| row.amount_minor)
        .column(postings::currency, |row| row.currency)
}
