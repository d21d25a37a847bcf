//! Conversations that are handed over, several at a time.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use db::{Topic, Tx};
use diesel::QueryResult;
use kernel::{AgentId, Invalid};
use routing::Policy;

use crate::{
    error::Error,
    message::{self, Message},
    note::Note,
    queue::Queue,
    rules::{self, Queues},
    standing,
    store::{self, Change},
    ticket::{Escalation, Ticket, TranscriptTurn},
};

/// Takes escalated conversations in. Each waits in its queue from now on, or is refused by itself.
/// `skills` are those of the codes they name that an agent can hold: a ticket that needs another
/// would wait for ever.
///
/// Whether a ticket is there already is seen when all are stored: then none is, and the error is of
/// the whole.
pub fn escalate(
    tx: &mut Tx<'_>,
    escalations: Vec<Escalation>,
    skills: &[String],
) -> Result<Vec<Result<Ticket, Error>>, Error> {
    let now = tx.now();
    let checked = |escalation: Escalation| escalation.check(now, skills).map(|()| escalation);
    let checked: Vec<_> = escalations.into_iter().map(checked).collect();
    let whole: Vec<&Escalation> = checked.iter().flatten().collect();
    let queues = rules::queues(tx.conn(), whole.iter().map(|e| &*e.queue))?;
    let regulars = regulars_among(tx, &whole, &queues)?;
    let mut named = HashSet::new();
    let mut admit = |escalation: Escalation| {
        let Some((queue, policy)) = queues.get(&escalation.queue) else {
            return Err(Invalid::field("queue", "is not a queue of this platform").into());
        };
        if !named.insert((escalation.source.clone(), escalation.external_id.clone())) {
            return Err(Error::TicketExists);
        }
        Ok(admitted(escalation, queue, policy, &regulars, now))
    };
    let mut outcomes: Vec<_> = checked
        .into_iter()
        .map(|one| one.and_then(&mut admit))
        .collect();
    let admitted: Vec<_> = outcomes.iter_mut().flatten().collect();
    if !admitted.is_empty() {
        store_all(tx, admitted)?;
        tx.ring(Topic::Match);
        tx.ring(Topic::Floor);
    }
    let ticket = |outcome: Result<(Ticket, _), Error>| outcome.map(|(ticket, _)| ticket);
    Ok(outcomes.into_iter().map(ticket).collect())
}

/// Who last helped the customers who would like the same agent, where that counts.
fn regulars_among(
    tx: &mut Tx<'_>,
    escalations: &[&Escalation],
    queues: &Queues,
) -> QueryResult<HashMap<String, AgentId>> {
    let counts = |escalation: &&&Escalation| {
        let found = queues.get(&escalation.queue);
        found.is_some_and(|(_, policy)| likes_the_same(escalation, policy))
    };
    let asked = escalations.iter().filter(counts);
    let customers: BTreeSet<&str> = asked.map(|e| e.customer.reference.as_str()).collect();
    store::find_last_agents(tx, &customers.into_iter().collect::<Vec<_>>())
}

/// Whether the customer would like the agent who helped them last, and the queue grants it.
fn likes_the_same(escalation: &Escalation, policy: &Policy) -> bool {
    escalation.same_agent && policy.preferred_agent_seconds > 0
}

/// The ticket that a handoff becomes, and what was said before.
fn admitted(
    mut escalation: Escalation,
    queue: &Queue,
    policy: &Policy,
    regulars: &HashMap<String, AgentId>,
    now: DateTime<Utc>,
) -> (Ticket, Vec<TranscriptTurn>) {
    let turns = std::mem::take(&mut escalation.transcript);
    let regular = regulars.get(&escalation.customer.reference).copied();
    let preferred = regular.filter(|_| likes_the_same(&escalation, policy));
    let mut ticket = escalation.into_ticket(queue, policy, now);
    if let Some(agent) = preferred {
        let until = now + TimeDelta::seconds(policy.preferred_agent_seconds);
        ticket.prefer(agent, until);
    }
    (ticket, turns)
}

/// Stores new tickets with what was said before the handoff, and with what the customers are told
/// about it.
fn store_all(
    tx: &mut Tx<'_>,
    mut admitted: Vec<&mut (Ticket, Vec<TranscriptTurn>)>,
) -> Result<(), Error> {
    let tickets: Vec<&Ticket> = admitted.iter().map(|(ticket, _)| ticket).collect();
    let standings = standing::of_new(tx, &tickets)?;
    let mut messages: Vec<Message> = Vec::new();
    for ((ticket, turns), standing) in admitted.iter_mut().map(|a| &mut **a).zip(standings) {
        let turns = std::mem::take(turns);
        let told = Note::PutThrough(standing);
        messages.extend(message::opening(ticket, turns, &told, tx.now()));
    }
    let mut tickets: Vec<&Ticket> = admitted.iter().map(|(ticket, _)| ticket).collect();
    // In one order everywhere, so that two who hand the same over do not wait for each other.
    tickets.sort_by_key(|ticket| (&ticket.source, &ticket.external_id));
    let changes = [Change::NewTickets(&tickets), Change::NewMessages(&messages)];
    store::save(tx, &changes)
}
