//! The heartbeat: one statement that PostgreSQL keeps prepared, for there is one every few seconds
//! and agent.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::{
    pg::Pg,
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{Nullable, Text, Timestamptz, Uuid},
};
use kernel::AgentId;

use crate::presence::{Connection, Presence, connected_from, lease_from};

/// Renews a lease that is alive, and that of the connection, which may be new.
struct Beat<'a> {
    agent: AgentId,
    connection: &'a str,
    now: DateTime<Utc>,
    connected_until: DateTime<Utc>,
    lease_expires_at: DateTime<Utc>,
}

impl QueryId for Beat<'_> {
    type QueryId = Beat<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

/// Nodes' clocks may differ a little, and a slow one does not take away what another has granted.
/// What was before is read under the lock: a tab may be saying goodbye at this moment.
impl QueryFragment<Pg> for Beat<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "WITH known AS (SELECT agent_id, connected_until AS before \
             FROM availability.presences WHERE agent_id = ",
        );
        out.push_bind_param::<Uuid, _>(&self.agent)?;
        out.push_sql(" AND lease_expires_at > ");
        out.push_bind_param::<Timestamptz, _>(&self.now)?;
        out.push_sql(
            " FOR NO KEY UPDATE), live AS (UPDATE availability.presences AS p \
             SET connected_until = greatest(connected_until, ",
        );
        out.push_bind_param::<Timestamptz, _>(&self.connected_until)?;
        out.push_sql("), lease_expires_at = greatest(lease_expires_at, ");
        out.push_bind_param::<Timestamptz, _>(&self.lease_expires_at)?;
        out.push_sql(
            ") FROM known WHERE p.agent_id = known.agent_id \
             RETURNING p.agent_id, status, since, lease_expires_at, cause, connected_until, \
             time_zone, works_until, work_limit, before), \
             seen AS (INSERT INTO availability.connections SELECT agent_id, ",
        );
        out.push_bind_param::<Text, _>(self.connection)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(&self.now)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(&self.lease_expires_at)?;
        out.push_sql(
            " FROM live ON CONFLICT (agent_id, connection) DO UPDATE \
             SET last_seen_at = excluded.last_seen_at, \
             lease_expires_at = excluded.lease_expires_at) \
             SELECT * FROM live",
        );
        Ok(())
    }
}

impl Query for Beat<'_> {
    type SqlType = (
        (
            Uuid,
            Text,
            Timestamptz,
            Nullable<Timestamptz>,
            Text,
            Nullable<Timestamptz>,
            Nullable<Text>,
            Nullable<Timestamptz>,
            Nullable<Text>,
        ),
        Nullable<Timestamptz>,
    );
}

impl RunQueryDsl<PgConnection> for Beat<'_> {}

/// Renews the agent's lease, and says until when they had been connected; nothing where the lease
/// is over.
pub(crate) fn beat(
    tx: &mut Tx<'_>,
    agent: AgentId,
    connection: &Connection,
) -> QueryResult<Option<(Presence, Option<DateTime<Utc>>)>> {
    let now = tx.now();
    let beat = Beat {
        agent,
        connection: connection.as_str(),
        now,
        connected_until: connected_from(now),
        lease_expires_at: lease_from(now),
    };
    beat.get_result(tx.conn()).optional()
}
