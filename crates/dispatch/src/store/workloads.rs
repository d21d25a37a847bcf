//! Workloads: the lock of an agent.

use db::Tx;
use diesel::prelude::*;
use kernel::AgentId;

use crate::{schema::workloads, workload::Workload};

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

/// Locks these agents in the order of their ids.
pub(crate) fn lock_workloads(tx: &mut Tx<'_>, agents: &[AgentId]) -> QueryResult<Vec<Workload>> {
    let ordered = workloads::table
        .order(workloads::agent_id)
        .for_update()
        .select(Workload::as_select());
    db::among!(workloads::agent_id, agents, |asked| ordered
        .filter(asked)
        .load(tx.conn()))
}
