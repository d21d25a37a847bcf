//! By what it is decided who may be given a ticket.

use std::collections::{BTreeSet, HashMap};

use diesel::PgConnection;
use kernel::{AgentId, TicketId};
use routing::Policy;

use crate::{candidate::AskedOf, error::Error, queries, ticket::Ticket};

/// By which policies some tickets are routed, and who declined them.
pub(crate) struct Rules {
    policies: HashMap<String, Policy>,
    declined: HashMap<TicketId, Vec<AgentId>>,
}

impl Rules {
    /// Those of these tickets, as they are now. Who decides by them asks once the tickets are
    /// locked.
    pub(crate) fn of<'t>(
        conn: &mut PgConnection,
        tickets: impl Iterator<Item = &'t Ticket> + Clone,
    ) -> Result<Self, Error> {
        let queues: BTreeSet<&str> = tickets.clone().map(|ticket| &*ticket.queue).collect();
        let queues: Vec<&str> = queues.into_iter().collect();
        let mut policies = HashMap::new();
        for (queue, version) in queries::queues_with_policies(conn, &queues)? {
            policies.insert(queue.code, version.policy()?);
        }
        let ids: Vec<TicketId> = tickets.map(|ticket| ticket.id).collect();
        let declined = queries::declines_of_few(conn, &ids)?;
        Ok(Self { policies, declined })
    }

    /// What is asked of an agent who is to have this ticket.
    pub(crate) fn asked_of<'a>(&'a self, ticket: &'a Ticket) -> Result<AskedOf<'a>, Error> {
        let policy = self.policies.get(&ticket.queue);
        let declined_by = self.declined.get(&ticket.id);
        Ok(AskedOf {
            ticket,
            policy: policy.ok_or(Error::QueueNotFound)?,
            declined_by: declined_by.map_or(&[], Vec::as_slice),
        })
    }
}
