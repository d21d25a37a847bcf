//! What changed, in an order that can be followed and taken up again.
//!
//! The feed is the audit trail (`audit.events`), read in the order of the transactions that wrote
//! it: by (`xid`, `id`), and only below the horizon, the oldest transaction that was still running
//! when the reader looked. Everything below it has ended, so nothing that commits later can come
//! before what was read. A number drawn from a sequence alone has no such order: a transaction may
//! draw the lower number and commit last, and a reader who has passed it never sees it.
//!
//! A [`Cursor`] names a place in that order. It means the same on every node.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use diesel::{
    PgConnection, QueryResult, QueryableByName, RunQueryDsl as _,
    sql_types::{BigInt, Bool, Nullable, Text, Timestamptz, Uuid as SqlUuid},
};
use kernel::{AgentId, EngagementId, OfferId, TicketId};
use uuid::Uuid;

/// A place in the feed: after this change, before the next.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Cursor {
    xid: i64,
    id: i64,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.xid, self.id)
    }
}

/// The text names no place in a feed.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
#[error("must be two numbers such as 5120.77")]
pub struct NoCursor;

impl FromStr for Cursor {
    type Err = NoCursor;
    fn from_str(text: &str) -> Result<Self, NoCursor> {
        let (xid, id) = text.split_once('.').ok_or(NoCursor)?;
        let number = |text: &str| {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse::<i64>()
                .ok()
                .filter(|_| is_plain)
                .ok_or(NoCursor)
        };
        Ok(Self {
            xid: number(xid)?,
            id: number(id)?,
        })
    }
}

/// Whose state changed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Subject {
    /// A ticket's.
    Ticket(TicketId),
    /// An offer's.
    Offer(OfferId),
    /// An engagement's.
    Engagement(EngagementId),
    /// An agent's presence.
    Presence(AgentId),
}

impl Subject {
    /// One word for its kind.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Ticket(_) => "ticket",
            Self::Offer(_) => "offer",
            Self::Engagement(_) => "engagement",
            Self::Presence(_) => "presence",
        }
    }

    fn read(table: &str, id: &str) -> Option<Self> {
        let bytes = id.parse::<Uuid>().ok()?.into_bytes();
        match table {
            "dispatch.tickets" => Some(Self::Ticket(TicketId::from_bytes(bytes))),
            "dispatch.offers" => Some(Self::Offer(OfferId::from_bytes(bytes))),
            "dispatch.engagements" => Some(Self::Engagement(EngagementId::from_bytes(bytes))),
            "availability.presences" => Some(Self::Presence(AgentId::from_bytes(bytes))),
            _ => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ticket(id) => id.fmt(f),
            Self::Offer(id) => id.fmt(f),
            Self::Engagement(id) => id.fmt(f),
            Self::Presence(id) => id.fmt(f),
        }
    }
}

/// One change of state.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Change {
    /// Its place in the feed.
    pub cursor: Cursor,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whose state changed.
    pub subject: Subject,
    /// The state before; none for what is new.
    pub before: Option<String>,
    /// The state since.
    pub state: String,
    /// The agent it concerns, if it concerns one.
    pub agent_id: Option<AgentId>,
    /// The ticket it concerns, if it concerns one.
    pub ticket_id: Option<TicketId>,
}

/// Whose changes are read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Scope {
    /// Everybody's.
    All,
    /// Those that concern an agent.
    Agent(AgentId),
    /// Those that concern a ticket.
    Ticket(TicketId),
}

impl Scope {
    /// Whether the change is one of them.
    pub fn holds(self, change: &Change) -> bool {
        match self {
            Self::All => true,
            Self::Agent(id) => change.agent_id == Some(id),
            Self::Ticket(id) => change.ticket_id == Some(id),
        }
    }

    fn condition(self) -> &'static str {
        match self {
            Self::All => "$3::uuid IS NULL",
            Self::Agent(_) => "agent_id = $3",
            Self::Ticket(_) => "ticket_id = $3",
        }
    }

    fn id(self) -> Option<Uuid> {
        match self {
            Self::All => None,
            Self::Agent(id) => Some(id.uuid()),
            Self::Ticket(id) => Some(id.uuid()),
        }
    }
}

/// Part of the feed.
#[derive(Debug, Default)]
pub struct Batch {
    /// What changed, in order.
    pub changes: Vec<Change>,
    /// Where the next part begins; where nothing was found, where this one began.
    pub next: Cursor,
    /// Whether there is more that can be read now.
    pub is_full: bool,
    /// Whether more was written, by transactions that ended before an older one did. It can be
    /// read once that one has ended, too.
    pub is_held_back: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    xid: i64,
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Timestamptz)]
    at: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = Text)]
    subject_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    old_state: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    new_state: Option<String>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    agent_id: Option<AgentId>,
    #[diesel(sql_type = Nullable<SqlUuid>)]
    ticket_id: Option<TicketId>,
    #[diesel(sql_type = Bool)]
    is_settled: bool,
}

impl Row {
    fn cursor(&self) -> Cursor {
        Cursor {
            xid: self.xid,
            id: self.id,
        }
    }

    /// None where the row is of a table that nobody follows.
    fn into_change(self) -> Option<Change> {
        Some(Change {
            cursor: self.cursor(),
            at: self.at,
            subject: Subject::read(&self.subject, &self.subject_id)?,
            before: self.old_state,
            state: self.new_state?,
            agent_id: self.agent_id,
            ticket_id: self.ticket_id,
        })
    }
}

/// The changes after a place, at most `limit`, which is at least 1.
///
/// Rows beyond the horizon are fetched and put aside, so that the reader knows to come back soon.
pub fn after(
    conn: &mut PgConnection,
    place: Cursor,
    scope: Scope,
    limit: i64,
) -> QueryResult<Batch> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT xid::text::bigint AS xid, id, at, subject, subject_id, old_state, new_state, \
                agent_id, ticket_id, xid < pg_snapshot_xmin(pg_current_snapshot()) AS is_settled \
           FROM audit.events e \
          WHERE (e.xid, e.id) > ($1::text::xid8, $2) AND e.xid > '0' AND {} \
          ORDER BY e.xid, e.id LIMIT $4",
        scope.condition()
    ))
    .bind::<Text, _>(place.xid.to_string())
    .bind::<BigInt, _>(place.id)
    .bind::<Nullable<SqlUuid>, _>(scope.id())
    .bind::<BigInt, _>(limit)
    .load(conn)?;
    let is_full = i64::try_from(rows.len()).is_ok_and(|count| count >= limit);
    let settled = rows.iter().take_while(|row| row.is_settled).count();
    let is_held_back = settled < rows.len();
    let next = settled
        .checked_sub(1)
        .map_or(place, |last| rows[last].cursor());
    let changes = rows.into_iter().take(settled);
    Ok(Batch {
        changes: changes.filter_map(Row::into_change).collect(),
        next,
        is_full: is_full && !is_held_back,
        is_held_back,
    })
}

#[derive(QueryableByName)]
struct Bounds {
    #[diesel(sql_type = BigInt)]
    horizon: i64,
    #[diesel(sql_type = BigInt)]
    newest: i64,
}

fn bounds(conn: &mut PgConnection) -> QueryResult<Bounds> {
    diesel::sql_query(
        "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS horizon, \
                pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS newest",
    )
    .get_result(conn)
}

/// The place up to which everything can be read now. Whatever is looked at after it is at least
/// as new.
pub fn horizon(conn: &mut PgConnection) -> QueryResult<Cursor> {
    bounds(conn).map(|bounds| Cursor {
        xid: bounds.horizon,
        id: 0,
    })
}

/// The agents of whom something changed since a [`horizon`], and some of whom it was known: whatever
/// was not to be seen then is among it.
pub fn agents_since(conn: &mut PgConnection, horizon: Cursor) -> QueryResult<Vec<AgentId>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = SqlUuid)]
        agent_id: AgentId,
    }
    let query = "SELECT DISTINCT agent_id FROM audit.events \
                 WHERE xid >= $1::text::xid8 AND agent_id IS NOT NULL";
    let rows: Vec<Row> = diesel::sql_query(query)
        .bind::<BigInt, _>(horizon.xid)
        .load(conn)?;
    Ok(rows.into_iter().map(|row| row.agent_id).collect())
}

/// Whether this server has given out such a cursor, or could have: none of its transactions is
/// yet to come.
pub fn is_known(conn: &mut PgConnection, cursor: Cursor) -> QueryResult<bool> {
    bounds(conn).map(|bounds| cursor.xid > 0 && cursor.xid <= bounds.newest)
}

/// Makes history of rows whose transactions are yet to come: they were restored from another
/// server, and nobody is to take them for news. Returns how many.
pub(crate) fn make_history(conn: &mut PgConnection) -> QueryResult<i64> {
    #[derive(QueryableByName)]
    struct Found {
        #[diesel(sql_type = BigInt)]
        rows: i64,
    }
    diesel::sql_query("SELECT audit.make_history() AS rows")
        .get_result::<Found>(conn)
        .map(|found| found.rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text_form() {
        let cursor = Cursor { xid: 5_120, id: 77 };
        assert_eq!(cursor.to_string(), "5120.77");
        assert_eq!("5120.77".parse(), Ok(cursor));
    }

    #[test]
    fn cursors_are_in_the_order_of_transactions_first() {
        let place = |xid, id| Cursor { xid, id };
        assert!(place(9, 900) < place(10, 1));
        assert!(place(9, 1) < place(9, 2));
    }

    #[test]
    fn what_is_no_cursor_is_told_apart() {
        for text in [
            "", ".", "7", "7.", ".7", "-1.2", "+1.2", "1.2.3", "a.b", "１.2",
        ] {
            assert_eq!(text.parse::<Cursor>(), Err(NoCursor), "{text}");
        }
        let too_large = "9223372036854775808.1";
        assert_eq!(too_large.parse::<Cursor>(), Err(NoCursor));
    }
}
