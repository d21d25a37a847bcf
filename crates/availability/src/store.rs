//! The statements of commands: writes and locks.

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::{dsl::exists, prelude::*};
use kernel::{AgentId, CommitmentId, Invalid, ShiftId};

use crate::{
    Error,
    commitment::{Commitment, CommitmentStatus},
    presence::{Presence, PresenceStatus},
    schema::{commitments, presences, seats, shifts},
    shift::Shift,
};

pub(crate) fn insert_shift(tx: &mut Tx<'_>, shift: &Shift) -> Result<(), Error> {
    let unknown = Invalid::field("queue", "there is no queue with this code");
    diesel::insert_into(shifts::table)
        .values(shift)
        .execute(tx.conn())
        .on_constraint("shifts_queue_fkey", unknown.into())
        .map(drop)
}

pub(crate) fn insert_seats(tx: &mut Tx<'_>, shift: &Shift) -> QueryResult<()> {
    let rows: Vec<_> = (1..=shift.seats)
        .map(|seat| (seats::shift_id.eq(shift.id), seats::seat.eq(seat)))
        .collect();
    diesel::insert_into(seats::table)
        .values(rows)
        .execute(tx.conn())
        .map(drop)
}

/// Finds the shift and locks it, so that two agents cannot see the same free seat, and nobody
/// commits to a shift while it is canceled.
pub(crate) fn lock_shift(tx: &mut Tx<'_>, id: ShiftId) -> QueryResult<Option<Shift>> {
    shifts::table
        .find(id)
        .for_update()
        .select(Shift::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn update_shift(tx: &mut Tx<'_>, shift: &Shift) -> QueryResult<()> {
    diesel::update(shift)
        .set(shift)
        .execute(tx.conn())
        .map(drop)
}

/// The agent's commitment to the shift, if one holds.
pub(crate) fn find_commitment(
    tx: &mut Tx<'_>,
    shift: ShiftId,
    agent: AgentId,
) -> QueryResult<Option<CommitmentId>> {
    commitments::table
        .filter(commitments::shift_id.eq(shift))
        .filter(commitments::agent_id.eq(agent))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .select(commitments::id)
        .first(tx.conn())
        .optional()
}

/// The lowest seat of the shift that no commitment takes.
pub(crate) fn find_free_seat(tx: &mut Tx<'_>, shift: ShiftId) -> QueryResult<Option<i32>> {
    let taken = commitments::table
        .filter(commitments::shift_id.eq(seats::shift_id))
        .filter(commitments::seat.eq(seats::seat))
        .filter(commitments::status.eq(CommitmentStatus::Committed));
    seats::table
        .filter(seats::shift_id.eq(shift))
        .filter(diesel::dsl::not(exists(taken)))
        .order(seats::seat)
        .select(seats::seat)
        .first(tx.conn())
        .optional()
}

pub(crate) fn insert_commitment(tx: &mut Tx<'_>, commitment: &Commitment) -> Result<(), Error> {
    diesel::insert_into(commitments::table)
        .values(commitment)
        .execute(tx.conn())
        .on_constraint("commitments_never_overlap", Error::CommitmentOverlaps)
        .map(drop)
}

/// Finds the agent's commitment and locks it, so that it ends only once.
pub(crate) fn lock_commitment(
    tx: &mut Tx<'_>,
    id: CommitmentId,
    agent: AgentId,
) -> QueryResult<Option<Commitment>> {
    commitments::table
        .find(id)
        .filter(commitments::agent_id.eq(agent))
        .for_update()
        .select(Commitment::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn update_commitment(tx: &mut Tx<'_>, commitment: &Commitment) -> QueryResult<()> {
    diesel::update(commitment)
        .set(commitment)
        .execute(tx.conn())
        .map(drop)
}

/// Cancels every commitment to the shift that holds, and says whose they were.
pub(crate) fn update_commitments_canceled(
    tx: &mut Tx<'_>,
    shift: ShiftId,
) -> QueryResult<Vec<AgentId>> {
    let now = tx.now();
    diesel::update(commitments::table)
        .filter(commitments::shift_id.eq(shift))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .set((
            commitments::status.eq(CommitmentStatus::Canceled),
            commitments::ended_at.eq(now),
        ))
        .returning(commitments::agent_id)
        .get_results(tx.conn())
}

/// Finds the agent's presence, made offline if there was none, and locks it.
pub(crate) fn lock_presence(tx: &mut Tx<'_>, agent: AgentId) -> QueryResult<Presence> {
    diesel::insert_into(presences::table)
        .values((
            presences::agent_id.eq(agent),
            presences::status.eq(PresenceStatus::Offline),
            presences::since.eq(tx.now()),
        ))
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    presences::table
        .find(agent)
        .for_update()
        .select(Presence::as_select())
        .first(tx.conn())
}

pub(crate) fn update_presence(tx: &mut Tx<'_>, presence: &Presence) -> QueryResult<()> {
    diesel::update(presence)
        .set(presence)
        .execute(tx.conn())
        .map(drop)
}

/// Renews a lease that is alive, in one statement, for there is one every few seconds and agent.
pub(crate) fn update_lease(
    tx: &mut Tx<'_>,
    agent: AgentId,
    until: DateTime<Utc>,
) -> QueryResult<Option<Presence>> {
    let now = tx.now();
    diesel::update(presences::table.find(agent))
        .filter(presences::lease_expires_at.gt(now))
        .set(presences::lease_expires_at.eq(until))
        .returning(Presence::as_returning())
        .get_result(tx.conn())
        .optional()
}

/// Agents whose lease has run out, longest first; who is just being changed is passed by.
pub(crate) fn lock_expired(tx: &mut Tx<'_>, limit: i64) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(presences::status.ne(PresenceStatus::Offline))
        .filter(presences::lease_expires_at.le(tx.now()))
        .order(presences::lease_expires_at)
        .limit(limit)
        .for_update()
        .skip_locked()
        .select(presences::agent_id)
        .load(tx.conn())
}

pub(crate) fn update_offline(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<()> {
    let now = tx.now();
    diesel::update(presences::table.filter(presences::agent_id.eq_any(agents)))
        .set((
            presences::status.eq(PresenceStatus::Offline),
            presences::since.eq(now),
            presences::lease_expires_at.eq(None::<DateTime<Utc>>),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// Those of the agents who are available with a live lease, locked against changes in the order
/// of their ids.
pub(crate) fn lock_available(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(presences::agent_id.eq_any(agents))
        .filter(presences::status.eq(PresenceStatus::Available))
        .filter(presences::lease_expires_at.gt(tx.now()))
        .order(presences::agent_id)
        .for_share()
        .select(presences::agent_id)
        .load(tx.conn())
}
