//! How many units an agent can hold, and holds.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::AgentId;

use crate::{error::Error, schema::workloads, store};

/// The units an agent can hold. It is the same for all; there is no way to change it yet.
pub const DEFAULT_CAPACITY: i32 = 2;

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
