//! What others may read about shifts, commitments and presence.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::{dsl::count_star, prelude::*};
use kernel::{AgentId, Page, PageRequest, ShiftId};
use serde::Serialize;

use crate::{
    commitment::{Commitment, CommitmentStatus},
    presence::{Presence, PresenceStatus},
    schema::{commitments, presences, shifts},
    shift::{Shift, ShiftStatus},
};

/// The most agents that the matcher looks at.
const PRESENT_LIMIT: i64 = 100_000;
/// The most agents on the floor view.
const FLOOR_LIMIT: i64 = 1_000;
/// The most commitments of one agent that are shown.
const COMMITMENTS_LIMIT: i64 = 100;

/// A shift and how many of its seats are taken.
#[derive(Clone, Debug, Serialize)]
pub struct ShiftWithSeats {
    /// The shift.
    #[serde(flatten)]
    pub shift: Shift,
    /// How many agents have committed to it.
    pub taken: i64,
}

/// An agent's commitment and its shift.
#[derive(Clone, Debug, Queryable, Selectable, Serialize)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct CommittedShift {
    /// The promise.
    #[diesel(embed)]
    pub commitment: Commitment,
    /// What was promised.
    #[diesel(embed)]
    pub shift: Shift,
}

/// The agents who are there and ready for tickets, in the order of their ids.
pub fn present_agents(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(presences::status.eq(PresenceStatus::Available))
        .filter(presences::lease_expires_at.gt(now))
        .order(presences::agent_id)
        .limit(PRESENT_LIMIT)
        .select(presences::agent_id)
        .load(conn)
}

/// Those of the agents who are there and ready for tickets, in the order of their ids.
pub fn present_of(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(presences::agent_id.eq_any(agents))
        .filter(presences::status.eq(PresenceStatus::Available))
        .filter(presences::lease_expires_at.gt(now))
        .order(presences::agent_id)
        .select(presences::agent_id)
        .load(conn)
}

/// The agent's presence; none for an agent who never was there.
pub fn presence(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Option<Presence>> {
    presences::table
        .find(agent)
        .select(Presence::as_select())
        .first(conn)
        .optional()
}

/// Up to 1,000 presences that are not offline, in the order of their agents. One whose lease has
/// just run out may be among them: see [`Presence::is_live`].
pub fn presences(conn: &mut PgConnection) -> QueryResult<Vec<Presence>> {
    presences::table
        .filter(presences::status.ne(PresenceStatus::Offline))
        .order(presences::agent_id)
        .limit(FLOOR_LIMIT)
        .select(Presence::as_select())
        .load(conn)
}

/// The shift.
pub fn shift(conn: &mut PgConnection, id: ShiftId) -> QueryResult<Option<Shift>> {
    shifts::table
        .find(id)
        .select(Shift::as_select())
        .first(conn)
        .optional()
}

/// The shifts that are to start, the next one first. There is nothing after an unknown shift.
pub fn upcoming_shifts(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    page: &PageRequest<ShiftId>,
) -> QueryResult<Page<ShiftWithSeats>> {
    let mut query = shifts::table
        .filter(shifts::status.eq(ShiftStatus::Published))
        .filter(shifts::starts_at.gt(now))
        .order((shifts::starts_at, shifts::id))
        .limit(page.limit + 1)
        .select(Shift::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        let Some(last) = shift(conn, after)? else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        // The first condition says nothing new, but it is one that the index can use.
        query = query.filter(shifts::starts_at.ge(last.starts_at)).filter(
            shifts::starts_at
                .gt(last.starts_at)
                .or(shifts::id.gt(last.id)),
        );
    }
    let shifts = Page::cut(query.load(conn)?, page.limit, |shift: &Shift| {
        shift.id.to_string()
    });
    let ids: Vec<ShiftId> = shifts.items.iter().map(|shift| shift.id).collect();
    let taken = taken_seats(conn, &ids)?;
    Ok(shifts.map(|shift| {
        let taken = taken.get(&shift.id).copied().unwrap_or(0);
        ShiftWithSeats { shift, taken }
    }))
}

fn taken_seats(conn: &mut PgConnection, ids: &[ShiftId]) -> QueryResult<HashMap<ShiftId, i64>> {
    let taken: Vec<(ShiftId, i64)> = commitments::table
        .filter(commitments::shift_id.eq_any(ids))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .group_by(commitments::shift_id)
        .select((commitments::shift_id, count_star()))
        .load(conn)?;
    Ok(taken.into_iter().collect())
}

/// What the agent has promised and has not yet worked, running shifts included, the next one
/// first; up to 100.
pub fn commitments(
    conn: &mut PgConnection,
    agent: AgentId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<CommittedShift>> {
    commitments::table
        .inner_join(shifts::table.on(shifts::id.eq(commitments::shift_id)))
        .filter(commitments::agent_id.eq(agent))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .filter(commitments::ends_at.gt(now))
        .order(commitments::starts_at)
        .limit(COMMITMENTS_LIMIT)
        .select(CommittedShift::as_select())
        .load(conn)
}

/// Those of the agents who have been offline since `latest` or longer.
pub fn gone_since(
    conn: &mut PgConnection,
    agents: &[AgentId],
    latest: DateTime<Utc>,
) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(presences::agent_id.eq_any(agents))
        .filter(presences::status.eq(PresenceStatus::Offline))
        .filter(presences::since.le(latest))
        .order(presences::agent_id)
        .select(presences::agent_id)
        .load(conn)
}
