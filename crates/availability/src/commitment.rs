//! An agent's promise to work a shift.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, CommitmentId, ShiftId};
use serde::Serialize;

use crate::{Error, queries, schema::commitments, shift::Shift, store, working_time::Span};

kernel::text_enum! {
    /// Whether a promise holds.
    pub CommitmentStatus {
        /// It holds.
        Committed = "committed",
        /// The agent took it back in time.
        Released = "released",
        /// The shift was canceled.
        Canceled = "canceled",
    }
}

/// An agent's promise to work a shift.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable, Serialize)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = commitments, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Commitment {
    /// Its id.
    pub id: CommitmentId,
    /// The shift.
    pub shift_id: ShiftId,
    /// The seat that it takes, from 1.
    pub seat: i32,
    /// Who promised.
    pub agent_id: AgentId,
    /// When the shift starts: kept here too, for the constraint that forbids overlaps.
    pub starts_at: DateTime<Utc>,
    /// When the shift ends.
    pub ends_at: DateTime<Utc>,
    /// Whether it holds.
    pub status: CommitmentStatus,
    /// When it was given.
    pub committed_at: DateTime<Utc>,
    /// When it ceased to hold. Set if, and only if, it does not.
    pub ended_at: Option<DateTime<Utc>>,
}

impl Commitment {
    /// A promise can be taken back until the shift starts.
    fn release(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        match self.status {
            CommitmentStatus::Released | CommitmentStatus::Canceled => Err(Error::CommitmentEnded),
            CommitmentStatus::Committed if self.starts_at <= now => Err(Error::ShiftStarted),
            CommitmentStatus::Committed => {
                self.status = CommitmentStatus::Released;
                self.ended_at = Some(now);
                Ok(())
            }
        }
    }
}

/// The agent promises to work the shift, and takes its lowest free seat. Days and weeks are those
/// of the calendar in `zone`.
pub fn commit(
    tx: &mut Tx<'_>,
    shift: ShiftId,
    agent: AgentId,
    zone: Tz,
) -> Result<Commitment, Error> {
    // The agent before the shift: two promises of one agent take turns.
    store::lock_presence(tx, agent)?;
    let shift = store::lock_shift(tx, shift)?.ok_or(Error::ShiftNotFound)?;
    shift.check_open(tx.now())?;
    if store::find_commitment(tx, shift.id, agent)?.is_some() {
        return Err(Error::AlreadyCommitted);
    }
    let seat = store::find_free_seat(tx, shift.id)?.ok_or(Error::ShiftFull)?;
    let commitment = Commitment {
        id: CommitmentId::new(),
        shift_id: shift.id,
        seat,
        agent_id: agent,
        starts_at: shift.starts_at,
        ends_at: shift.ends_at,
        status: CommitmentStatus::Committed,
        committed_at: tx.now(),
        ended_at: None,
    };
    store::insert_commitment(tx, &commitment)?;
    check_limits(tx, agent, &shift, zone)?;
    ring(tx, agent);
    Ok(commitment)
}

/// What an agent promises is no more than one may work. The other promises cannot change
/// meanwhile, because each of them takes the same lock.
fn check_limits(tx: &mut Tx<'_>, agent: AgentId, shift: &Shift, zone: Tz) -> Result<(), Error> {
    let new = Span {
        from: shift.starts_at,
        until: shift.ends_at,
    };
    let rules = queries::rules(tx.conn(), agent)?;
    let promised = store::list_promised(tx, agent, new)?;
    match rules.objection_to(&promised, new, zone) {
        Some(limit) => Err(Error::CommitmentOverLimit(limit)),
        None => Ok(()),
    }
}

/// The agent takes a promise back before the shift starts; the seat is free again.
pub fn release(tx: &mut Tx<'_>, id: CommitmentId, agent: AgentId) -> Result<Commitment, Error> {
    let mut commitment = store::lock_commitment(tx, id, agent)?.ok_or(Error::CommitmentNotFound)?;
    commitment.release(tx.now())?;
    store::update_commitment(tx, &commitment)?;
    ring(tx, agent);
    Ok(commitment)
}

fn ring(tx: &mut Tx<'_>, agent: AgentId) {
    tx.ring(Topic::Agent(agent));
    tx.ring(Topic::Floor);
}
