//! Workloads: the lock of an agent.

use db::{OnConstraint as _, Tx};
use diesel::prelude::*;
use kernel::AgentId;

use crate::{error::Error, schema::workloads, workload::Workload};

pub(crate) fn insert_workload(tx: &mut Tx<'_>, workload: &Workload) -> QueryResult<usize> {
    diesel::insert_into(workloads::table)
        .values(workload)
        .on_conflict_do_nothing()
        .execute(tx.conn())
}

/// Locks the agent against every other change of the agent's load.
pub(crate) fn lock_workload(tx: &mut Tx<'_>, agent: AgentId) -> QueryResult<Option<Workload>> {
    workloads::table
        .find(agent)
        .for_update()
        .select(Workload::as_select())
        .first(tx.conn())
        .optional()
}

/// Locks those of the agents who have room, in the order of their ids. Who is being changed at
/// this moment is left out, and will ring the matcher again.
pub(crate) fn lock_idle_workloads(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
) -> QueryResult<Vec<Workload>> {
    workloads::table
        .filter(workloads::agent_id.eq_any(agents))
        .filter(workloads::load.lt(workloads::capacity))
        .order(workloads::agent_id)
        .for_update()
        .skip_locked()
        .select(Workload::as_select())
        .load(tx.conn())
}

/// Gives agents, who are locked, so many more units each.
pub(crate) fn update_workloads_taken(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
    chat: i32,
    message: i32,
) -> Result<(), Error> {
    diesel::update(workloads::table.filter(workloads::agent_id.eq_any(agents)))
        .set((
            workloads::load.eq(workloads::load + chat + message),
            workloads::chat_load.eq(workloads::chat_load + chat),
            workloads::message_load.eq(workloads::message_load + message),
        ))
        .execute(tx.conn())
        .on_constraint("workloads_within_capacity", Error::AtCapacity)?;
    Ok(())
}

/// Locks these agents in the order of their ids.
pub(crate) fn lock_workloads(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<Vec<Workload>> {
    workloads::table
        .filter(workloads::agent_id.eq_any(agents))
        .order(workloads::agent_id)
        .for_update()
        .select(Workload::as_select())
        .load(tx.conn())
}

pub(crate) fn update_workload(tx: &mut Tx<'_>, workload: &Workload) -> Result<(), Error> {
    diesel::update(workloads::table.find(workload.agent_id))
        .set(workload)
        .execute(tx.conn())
        .on_constraint("workloads_within_capacity", Error::AtCapacity)?;
    Ok(())
}
