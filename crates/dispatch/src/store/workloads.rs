//! Workloads: the lock of an agent.

use db::{LockOf, Tx};
use diesel::{dsl::array, prelude::*};
use kernel::{AgentId, TicketId};

use super::offers::declines_of;
use crate::{
    policy::PolicyVersion,
    schema::{policies, queues, tickets, workloads},
    ticket::Ticket,
    workload::Workload,
};

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

/// All that a claim is decided by.
#[derive(Queryable)]
pub(crate) struct ForClaim {
    /// The agent's load, locked.
    pub(crate) workload: Workload,
    /// The ticket, locked after it.
    pub(crate) ticket: Ticket,
    /// By which policy it is routed.
    pub(crate) policy: PolicyVersion,
    /// Who declined it.
    pub(crate) declined_by: Vec<AgentId>,
}

/// Locks an agent and then a ticket, in one round trip with what is asked of whoever takes it; none
/// where one of them is not there.
pub(crate) fn lock_for_claim(
    tx: &mut Tx<'_>,
    agent: AgentId,
    ticket: TicketId,
) -> QueryResult<Option<ForClaim>> {
    let in_force = policies::queue
        .eq(queues::code)
        .and(policies::version.eq(queues::policy_version));
    let query = workloads::table
        .inner_join(tickets::table.on(tickets::id.eq(ticket)))
        .inner_join(queues::table.on(queues::code.eq(tickets::queue)))
        .inner_join(policies::table.on(in_force))
        .filter(workloads::agent_id.eq(agent))
        .select((
            Workload::as_select(),
            Ticket::as_select(),
            PolicyVersion::as_select(),
            array(declines_of(ticket)),
        ));
    LockOf::new(query, "workloads, tickets")
        .get_result(tx.conn())
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
    workloads::table
        .filter(workloads::agent_id.eq_any(agents))
        .order(workloads::agent_id)
        .for_update()
        .select(Workload::as_select())
        .load(tx.conn())
}
