//! Entries and postings in numbers.

use db::Rows;

use crate::{
    entry::{EntryRow, PostingRow},
    schema::{entries, postings},
};

/// Entries, to be inserted.
pub(crate) fn new_entries<'e>(rows: &[EntryRow<'e>]) -> Rows<'e, entries::table> {
    Rows::of(&entries::table)
        .column(entries::id, rows.iter().map(|row| row.id))
        .column(entries::fact, rows.iter().map(|row| row.fact))
        .column(entries::description, rows.iter().map(|row| row.description))
        .column(entries::posted_at, rows.iter().map(|row| row.posted_at))
}

/// Postings, to be inserted.
pub(crate) fn new_postings(rows: &[PostingRow]) -> Rows<'static, postings::table> {
    Rows::of(&postings::table)
        .column(postings::entry_id, rows.iter().map(|row| row.entry_id))
        .column(postings::number, rows.iter().map(|row| row.number))
        .column(postings::account_id, rows.iter().map(|row| row.account_id))
        .column(
            postings::amount_minor,
            rows.iter().map(|row| row.amount_minor),
        )
        .column(postings::currency, rows.iter().map(|row| row.currency))
}
