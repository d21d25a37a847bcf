//! Messages and ratings.

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::{dsl::max, prelude::*};
use kernel::{EngagementId, TicketId};

use crate::{
    error::Error,
    message::{Author, Message},
    rating::Rating,
    schema::{messages, ratings},
};

pub(crate) fn find_said(
    tx: &mut Tx<'_>,
    ticket: TicketId,
    author: Author,
    client_id: &str,
) -> QueryResult<Option<Message>> {
    messages::table
        .filter(messages::ticket_id.eq(ticket))
        .filter(messages::author.eq(author))
        .filter(messages::client_id.eq(client_id))
        .select(Message::as_select())
        .first(tx.conn())
        .optional()
}

/// The number of the platform's last note of a kind, and when it was made. Such a note is named
/// after its kind and its number; older ones after their kind alone.
pub(crate) fn find_last_note(
    tx: &mut Tx<'_>,
    ticket: TicketId,
    kind: &str,
) -> QueryResult<Option<(i32, DateTime<Utc>)>> {
    messages::table
        .filter(messages::ticket_id.eq(ticket))
        .filter(messages::author.eq(Author::Platform))
        .filter(
            messages::client_id
                .like(format!("{kind}-%"))
                .or(messages::client_id.eq(kind)),
        )
        .order(messages::number.desc())
        .select((messages::number, messages::sent_at))
        .first(tx.conn())
        .optional()
}

/// The number of the last message of an author.
pub(crate) fn find_last_number_of(
    tx: &mut Tx<'_>,
    ticket: TicketId,
    author: Author,
) -> QueryResult<Option<i32>> {
    messages::table
        .filter(messages::ticket_id.eq(ticket))
        .filter(messages::author.eq(author))
        .select(max(messages::number))
        .first(tx.conn())
}

/// When the agent last wrote in an engagement.
pub(crate) fn find_last_said_in(
    tx: &mut Tx<'_>,
    engagement: EngagementId,
) -> QueryResult<Option<DateTime<Utc>>> {
    messages::table
        .filter(messages::engagement_id.eq(engagement))
        .select(max(messages::sent_at))
        .first(tx.conn())
}

pub(crate) fn insert_rating(tx: &mut Tx<'_>, rating: &Rating) -> Result<(), Error> {
    diesel::insert_into(ratings::table)
        .values(rating)
        .execute(tx.conn())
        .on_constraint("ratings_pkey", Error::AlreadyRated)?;
    Ok(())
}
