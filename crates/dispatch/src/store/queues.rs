//! Queues.

use db::Tx;
use diesel::prelude::*;

use crate::{queue::Queue, schema::queues};

pub(crate) fn upsert_queue(tx: &mut Tx<'_>, queue: &Queue) -> QueryResult<usize> {
    diesel::insert_into(queues::table)
        .values(queue)
        .on_conflict(queues::code)
        .do_update()
        .set(queue)
        .execute(tx.conn())
}

pub(crate) fn find_queue(tx: &mut Tx<'_>, code: &str) -> QueryResult<Option<Queue>> {
    queues::table
        .find(code)
        .select(Queue::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn list_queues(tx: &mut Tx<'_>) -> QueryResult<Vec<Queue>> {
    queues::table
        .select(Queue::as_select())
        .limit(1_000)
        .load(tx.conn())
}
