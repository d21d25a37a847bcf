//! How many units an agent can hold, and holds.

use chrono::{DateTime, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AgentId, Invalid};

use crate::{error::Error, schema::workloads, store};

/// The units that an agent can hold until somebody decides otherwise.
pub const DEFAULT_CAPACITY: i32 = 2;
/// The most units that anybody can hold.
pub const MAX_CAPACITY: i32 = 20;

/// An agent's units. The row is the agent's lock: whatever changes the load holds it.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = workloads, primary_key(agent_id))]
#[diesel(check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct Workload {
    /// Whose.
    pub agent_id: AgentId,
    /// Units the agent can hold.
    pub capacity: i32,
    /// Units held: those of pending offers and of live engagements.
    pub load: i32,
    /// When the agent last held nothing and had nothing to do.
    pub idle_since: DateTime<Utc>,
}

impl Workload {
    /// Units the agent could still take.
    pub fn free(&self) -> i32 {
        self.capacity - self.load
    }

    fn resize(&mut self, capacity: i32) -> Result<(), Error> {
        if capacity < self.load {
            return Err(Error::CapacityBelowLoad);
        }
        self.capacity = capacity;
        Ok(())
    }

    pub(crate) fn take(&mut self, units: i32) -> Result<(), Error> {
        if units > self.free() {
            return Err(Error::AtCapacity);
        }
        self.load += units;
        Ok(())
    }

    pub(crate) fn give_back(&mut self, units: i32, now: DateTime<Utc>) {
        self.load -= units;
        if self.load == 0 {
            self.idle_since = now;
        }
    }
}

/// Makes sure that the agent can be given work. Changes nothing where they can already.
pub fn open_workload(tx: &mut Tx<'_>, agent_id: AgentId) -> Result<(), Error> {
    let workload = Workload {
        agent_id,
        capacity: DEFAULT_CAPACITY,
        load: 0,
        idle_since: tx.now(),
    };
    store::insert_workload(tx, &workload)?;
    Ok(())
}

/// Decides how many units the agent can hold, 1 to 20, but no fewer than they hold now.
pub fn set_capacity(tx: &mut Tx<'_>, agent_id: AgentId, units: i32) -> Result<Workload, Error> {
    if !(1..=MAX_CAPACITY).contains(&units) {
        return Err(Invalid::field("capacity", "must be 1 to 20 units").into());
    }
    open_workload(tx, agent_id)?;
    let mut workload = store::lock_workload(tx, agent_id)?.ok_or(Error::AgentNotFound)?;
    workload.resize(units)?;
    store::update_workload(tx, &workload)?;
    tx.ring(Topic::Match);
    tx.ring(Topic::Agent(agent_id));
    tx.ring(Topic::Floor);
    Ok(workload)
}
