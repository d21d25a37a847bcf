//! A write transaction.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use diesel::{Connection as _, PgConnection, result::Error as DieselError};

use crate::bell::Topic;

/// A write transaction: a connection, one instant, and the bells to ring once it is committed.
/// There is one only inside [`crate::Db::write`] or a test's sandbox.
pub struct Tx<'c> {
    conn: &'c mut PgConnection,
    now: DateTime<Utc>,
    topics: BTreeSet<Topic>,
}

impl<'c> Tx<'c> {
    pub(crate) fn new(conn: &'c mut PgConnection, now: DateTime<Utc>) -> Self {
        Self {
            conn,
            now,
            topics: BTreeSet::new(),
        }
    }

    /// The instant of this transaction, the same from its first to its last statement.
    pub fn now(&self) -> DateTime<Utc> {
        self.now
    }

    /// The connection, for a store's statements.
    pub fn conn(&mut self) -> &mut PgConnection {
        self.conn
    }

    /// Rings after the commit; not at all if there is none.
    pub fn ring(&mut self, topic: Topic) {
        self.topics.insert(topic);
    }

    /// Runs a part that may fail without taking the rest along: what it did is undone then.
    pub fn attempt<T, E: From<DieselError>>(
        &mut self,
        part: impl FnOnce(&mut Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let now = self.now;
        let (value, topics) = self.conn.transaction(|conn| {
            let mut tx = Tx::new(conn, now);
            let value = part(&mut tx)?;
            Ok::<_, E>((value, tx.into_topics()))
        })?;
        self.topics.extend(topics);
        Ok(value)
    }

    pub(crate) fn into_topics(self) -> BTreeSet<Topic> {
        self.topics
    }
}
