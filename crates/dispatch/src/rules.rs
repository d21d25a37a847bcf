//! By what it is decided who may be given a ticket.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use diesel::PgConnection;
use kernel::{AgentId, TicketId};
use routing::Policy;

use crate::{candidate::AskedOf, error::Error, queries, queue::Queue, ticket::Ticket};

/// Queues by their codes, with the policies that are in force there.
pub(crate) type Queues = BTreeMap<String, (Queue, Policy)>;

/// Those of these queues that there are.
pub(crate) fn queues<'q>(
    conn: &mut PgConnection,
    codes: impl Iterator<Item = &'q str>,
) -> Result<Queues, Error> {
    let codes: BTreeSet<&str> = codes.collect();
    let codes: Vec<&str> = codes.into_iter().collect();
    let mut queues = Queues::new();
    for (queue, version) in queries::queues_with_policies(conn, &codes)? {
        let policy = version.policy()?;
        queues.insert(queue.code.clone(), (queue, policy));
    }
    Ok(queues)
}

/// By which policies some tickets are routed, and who declined them.
pub(crate) struct Rules {
    queues: Queues,
    declined: HashMap<TicketId, Vec<AgentId>>,
}

impl Rules {
    /// Those of these tickets, as they are now. Who decides by them asks once the tickets are
    /// locked.
    pub(crate) fn of<'t>(
        conn: &mut PgConnection,
        tickets: impl Iterator<Item = &'t Ticket> + Clone,
    ) -> Result<Self, Error> {
        let queues = queues(conn, tickets.clone().map(|ticket| &*ticket.queue))?;
        let ids: Vec<TicketId> = tickets.map(|ticket| ticket.id).collect();
        let declined = queries::declines_of_few(conn, &ids)?;
        Ok(Self { queues, declined })
    }

    /// What is asked of an agent who is to have this ticket.
    pub(crate) fn asked_of<'a>(&'a self, ticket: &'a Ticket) -> Result<AskedOf<'a>, Error> {
        let (_, policy) = self.queues.get(&ticket.queue).ok_or(Error::QueueNotFound)?;
        let declined_by = self.declined.get(&ticket.id);
        Ok(AskedOf {
            ticket,
            policy,
            declined_by: declined_by.map_or(&[], Vec::as_slice),
        })
    }
}
