//! The statements of commands: writes and locks.

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::{dsl::exists, prelude::*};
use kernel::{AgentId, CommitmentId, Invalid, ShiftId};

use crate::{
    Error,
    admission::{QueueAdmission, RunningShift},
    commitment::{Commitment, CommitmentStatus},
    presence::{Cause, Connection, Presence, PresenceStatus, lease_from},
    queries,
    rules::DecidedRules,
    schema::{
        admissions, commitments, connections, presences, seats, shifts, work_spans,
        working_time_rules,
    },
    shift::Shift,
    working_time::{HISTORY, Limit, Span},
};

mod heartbeat;
pub(crate) use heartbeat::beat;

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

/// The agent's presence, locked; none where they never were there.
pub(crate) fn lock_known_presence(
    tx: &mut Tx<'_>,
    agent: AgentId,
) -> QueryResult<Option<Presence>> {
    presences::table
        .find(agent)
        .for_update()
        .select(Presence::as_select())
        .first(tx.conn())
        .optional()
}

/// Agents whose lease has run out, longest first, and when it did; who is just being changed is
/// passed by.
pub(crate) fn lock_expired(
    tx: &mut Tx<'_>,
    limit: i64,
) -> QueryResult<Vec<(AgentId, Option<DateTime<Utc>>)>> {
    presences::table
        .filter(presences::status.ne(PresenceStatus::Offline))
        .filter(presences::lease_expires_at.le(tx.now()))
        .order(presences::lease_expires_at)
        .limit(limit)
        .for_update()
        .skip_locked()
        .select((presences::agent_id, presences::lease_expires_at))
        .load(tx.conn())
}

/// Agents who have worked as long as one may, longest first; who is just being changed is passed
/// by.
pub(crate) fn lock_overlong(tx: &mut Tx<'_>, limit: i64) -> QueryResult<Vec<Presence>> {
    presences::table
        .filter(presences::status.eq(PresenceStatus::Available))
        .filter(presences::works_until.le(tx.now()))
        .order(presences::works_until)
        .limit(limit)
        .for_update()
        .skip_locked()
        .select(Presence::as_select())
        .load(tx.conn())
}

/// Available agents whose end of work is not calculated.
pub(crate) fn lock_unlimited(tx: &mut Tx<'_>, limit: i64) -> QueryResult<Vec<Presence>> {
    presences::table
        .filter(presences::status.eq(PresenceStatus::Available))
        .filter(presences::works_until.is_null())
        .limit(limit)
        .for_update()
        .skip_locked()
        .select(Presence::as_select())
        .load(tx.conn())
}

pub(crate) fn update_lost(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<()> {
    let (now, never) = (tx.now(), None::<DateTime<Utc>>);
    diesel::update(presences::table.filter(presences::agent_id.eq_any(agents)))
        .set((
            presences::status.eq(PresenceStatus::Offline),
            presences::cause.eq(Cause::Lost),
            presences::since.eq(now),
            presences::lease_expires_at.eq(never),
            presences::connected_until.eq(never),
            presences::works_until.eq(never),
            presences::work_limit.eq(None::<Limit>),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// Those of the agents who can be given work, locked against changes in the order of their ids.
pub(crate) fn lock_present(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
) -> QueryResult<Vec<(AgentId, Option<DateTime<Utc>>)>> {
    let ready = presences::table
        .filter(queries::is_ready(tx.now()))
        .order(presences::agent_id)
        .select((presences::agent_id, presences::works_until));
    db::among!(presences::agent_id, agents, |asked| ready
        .filter(asked)
        .for_share()
        .load(tx.conn()))
}

/// Notes that the agent is there on this device. Call it with the presence locked.
pub(crate) fn upsert_connection(
    tx: &mut Tx<'_>,
    agent: AgentId,
    connection: &Connection,
) -> QueryResult<()> {
    let now = tx.now();
    let seen = (
        connections::last_seen_at.eq(now),
        connections::lease_expires_at.eq(lease_from(now)),
    );
    diesel::insert_into(connections::table)
        .values((
            connections::agent_id.eq(agent),
            connections::connection.eq(connection.as_str()),
            seen,
        ))
        .on_conflict((connections::agent_id, connections::connection))
        .do_update()
        .set(seen)
        .execute(tx.conn())
        .map(drop)
}

/// Whether there was one.
pub(crate) fn delete_connection(
    tx: &mut Tx<'_>,
    agent: AgentId,
    connection: &Connection,
) -> QueryResult<bool> {
    diesel::delete(connections::table.find((agent, connection.as_str())))
        .execute(tx.conn())
        .map(|count| count > 0)
}

pub(crate) fn delete_connections(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<()> {
    diesel::delete(connections::table.filter(connections::agent_id.eq_any(agents)))
        .execute(tx.conn())
        .map(drop)
}

/// When the agent was last heard of on any device.
pub(crate) fn find_last_seen(
    tx: &mut Tx<'_>,
    agent: AgentId,
) -> QueryResult<Option<DateTime<Utc>>> {
    connections::table
        .filter(connections::agent_id.eq(agent))
        .select(diesel::dsl::max(connections::last_seen_at))
        .first(tx.conn())
}

/// Opens a span. Where two writers took turns, the instant of the later may lie before what the
/// earlier has written; the span begins after that.
pub(crate) fn open_span(tx: &mut Tx<'_>, agent: AgentId) -> QueryResult<()> {
    let last_ended_at: Option<DateTime<Utc>> = work_spans::table
        .filter(work_spans::agent_id.eq(agent))
        .select(diesel::dsl::max(work_spans::ended_at))
        .first(tx.conn())?;
    let started_at = last_ended_at.map_or(tx.now(), |ended_at| ended_at.max(tx.now()));
    diesel::insert_into(work_spans::table)
        .values((
            work_spans::agent_id.eq(agent),
            work_spans::started_at.eq(started_at),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// Ends the open span; one that lasted no time goes.
pub(crate) fn close_span(
    tx: &mut Tx<'_>,
    agent: AgentId,
    ended_at: DateTime<Utc>,
) -> QueryResult<()> {
    let open = work_spans::table
        .filter(work_spans::agent_id.eq(agent))
        .filter(work_spans::ended_at.is_null());
    let closed = diesel::update(open.filter(work_spans::started_at.lt(ended_at)))
        .set(work_spans::ended_at.eq(ended_at))
        .execute(tx.conn())?;
    if closed == 0 {
        diesel::delete(open).execute(tx.conn())?;
    }
    Ok(())
}

/// What else the agent has promised about the time of a new shift, the earliest first.
pub(crate) fn list_promised(tx: &mut Tx<'_>, agent: AgentId, new: Span) -> QueryResult<Vec<Span>> {
    let promised: Vec<(DateTime<Utc>, DateTime<Utc>)> = commitments::table
        .filter(commitments::agent_id.eq(agent))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .filter(commitments::ends_at.gt(new.from - HISTORY))
        .filter(commitments::starts_at.lt(new.until + HISTORY))
        .filter(commitments::starts_at.ne(new.from))
        .order(commitments::starts_at)
        .select((commitments::starts_at, commitments::ends_at))
        .load(tx.conn())?;
    let span = |(from, until)| Span { from, until };
    Ok(promised.into_iter().map(span).collect())
}

pub(crate) fn upsert_rules(tx: &mut Tx<'_>, decided: &DecidedRules) -> Result<(), Error> {
    let rules = decided.rules;
    let values = (
        working_time_rules::max_day_minutes.eq(rules.max_day_minutes),
        working_time_rules::max_week_minutes.eq(rules.max_week_minutes),
        working_time_rules::break_after_minutes.eq(rules.break_after_minutes),
        working_time_rules::break_minutes.eq(rules.break_minutes),
        working_time_rules::rest_minutes.eq(rules.rest_minutes),
        working_time_rules::changed_at.eq(decided.changed_at),
        working_time_rules::changed_by.eq(decided.changed_by),
    );
    diesel::insert_into(working_time_rules::table)
        .values((working_time_rules::agent_id.eq(decided.agent_id), values))
        .on_conflict(working_time_rules::agent_id)
        .do_update()
        .set(values)
        .execute(tx.conn())
        .on_constraint("working_time_rules_agent_id_fkey", Error::AgentNotFound)
        .map(drop)
}

pub(crate) fn delete_rules(tx: &mut Tx<'_>, agent: AgentId) -> QueryResult<()> {
    diesel::delete(working_time_rules::table.filter(working_time_rules::agent_id.eq(agent)))
        .execute(tx.conn())
        .map(drop)
}

/// Leaves the end of work to be calculated anew, for one agent or for all.
pub(crate) fn forget_limits(tx: &mut Tx<'_>, agent: Option<AgentId>) -> QueryResult<()> {
    let forgotten = (
        presences::works_until.eq(None::<DateTime<Utc>>),
        presences::work_limit.eq(None::<Limit>),
    );
    let available = presences::status.eq(PresenceStatus::Available);
    let updated = match agent {
        Some(agent) => diesel::update(presences::table.find(agent))
            .filter(available)
            .set(forgotten)
            .execute(tx.conn()),
        None => diesel::update(presences::table)
            .filter(available)
            .set(forgotten)
            .execute(tx.conn()),
    };
    updated.map(drop)
}

/// Keeps others from changing what queues take, and waits for those who make offers by it: they
/// hold the table in a mode that goes with each other, but not with this one. Rows would not do,
/// because a queue that was never closed has none.
pub(crate) fn lock_admissions(tx: &mut Tx<'_>) -> QueryResult<()> {
    diesel::sql_query("LOCK TABLE availability.admissions IN EXCLUSIVE MODE")
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn upsert_admission(tx: &mut Tx<'_>, admission: &QueueAdmission) -> Result<(), Error> {
    diesel::insert_into(admissions::table)
        .values(admission)
        .on_conflict(admissions::queue)
        .do_update()
        .set(admission)
        .execute(tx.conn())
        .on_constraint("admissions_queue_fkey", Error::QueueNotFound)
        .map(drop)
}

/// The queues that are closed, which cannot change before this transaction is over.
pub(crate) fn share_closed_queues(tx: &mut Tx<'_>) -> QueryResult<Vec<String>> {
    admissions::table
        .filter(admissions::on_demand.eq(false))
        .order(admissions::queue)
        .for_share()
        .select(admissions::queue)
        .load(tx.conn())
}

/// The shifts that these agents are on, which they cannot release before this transaction is over.
pub(crate) fn share_running_shifts(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
) -> QueryResult<Vec<RunningShift>> {
    let now = tx.now();
    let running = commitments::table
        .inner_join(shifts::table.on(shifts::id.eq(commitments::shift_id)))
        .filter(queries::runs(now))
        .order(commitments::id)
        .select((commitments::agent_id, shifts::queue, commitments::ends_at));
    db::among!(commitments::agent_id, agents, |asked| running
        .filter(asked)
        .for_share()
        .load(tx.conn()))
}
