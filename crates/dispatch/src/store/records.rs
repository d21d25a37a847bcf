//! Match records and dead letters.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{DeadLetterId, MatchRecordId, TicketId};

use crate::{
    dead_letter::DeadLetter,
    schema::{dead_letters, match_records},
};

pub(crate) fn delete_match_records(
    tx: &mut Tx<'_>,
    before: DateTime<Utc>,
    limit: i64,
) -> QueryResult<usize> {
    let old: Vec<MatchRecordId> = match_records::table
        .filter(match_records::decided_at.lt(before))
        .order(match_records::decided_at)
        .limit(limit)
        .select(match_records::id)
        .load(tx.conn())?;
    diesel::delete(match_records::table)
        .filter(match_records::id.eq_any(old))
        .execute(tx.conn())
}

pub(crate) fn insert_dead_letter(tx: &mut Tx<'_>, letter: &DeadLetter) -> QueryResult<()> {
    diesel::insert_into(dead_letters::table)
        .values(letter)
        .execute(tx.conn())
        .map(drop)
}

/// Which ticket a dead letter is about; locks nothing.
pub(crate) fn find_dead_ticket(tx: &mut Tx<'_>, id: DeadLetterId) -> QueryResult<Option<TicketId>> {
    dead_letters::table
        .find(id)
        .select(dead_letters::ticket_id)
        .first(tx.conn())
        .optional()
}

pub(crate) fn lock_dead_letter(
    tx: &mut Tx<'_>,
    id: DeadLetterId,
) -> QueryResult<Option<DeadLetter>> {
    dead_letters::table
        .find(id)
        .for_update()
        .select(DeadLetter::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn update_dead_letter(tx: &mut Tx<'_>, letter: &DeadLetter) -> QueryResult<()> {
    diesel::update(dead_letters::table.find(letter.id))
        .set(letter)
        .execute(tx.conn())
        .map(drop)
}
