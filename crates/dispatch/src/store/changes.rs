//! What a command changes, stored in one round trip.

use db::{Tx, Update, Writes};
use diesel::{pg::Pg, prelude::*, query_builder::QueryFragment, result::Error as DieselError};
use kernel::TicketId;

use super::bulk::{self, PutOnOffer, TakeUnits};
use crate::{
    engagement::Engagement,
    error::Error,
    message::Message,
    offer::Offer,
    record::MatchRecord,
    schema::{engagements, match_records, offers, tickets, workloads},
    ticket::Ticket,
    workload::Workload,
};

/// A row as it is to be stored. Rows that are there are locked by whoever changes them.
#[derive(Clone, Copy)]
pub(crate) enum Change<'c> {
    /// An agent's load, as it is now.
    Workload(&'c Workload),
    /// Agents' loads, as they are now.
    Workloads(&'c [&'c Workload]),
    /// A ticket, as it is now.
    Ticket(&'c Ticket),
    /// Tickets, as they are now.
    Tickets(&'c [&'c Ticket]),
    /// An offer, as it is now.
    Offer(&'c Offer),
    /// An engagement, as it is now.
    Engagement(&'c Engagement),
    /// Tickets that were not there.
    NewTickets(&'c [&'c Ticket]),
    /// Offers that were not there.
    NewOffers(&'c [&'c Offer]),
    /// What a run of the matcher knew and decided.
    NewRecord(&'c MatchRecord),
    /// The offers that it made, with the tickets and the units they take.
    Matched(&'c [Offer]),
    /// Engagements that were not there.
    NewEngagements(&'c [&'c Engagement]),
    /// Messages that were not there.
    NewMessages(&'c [Message]),
    /// Whoever had one of these tickets before reads it no further than to this message.
    ReadUntil(&'c [(TicketId, i32)]),
}

/// Stores all of these or none. Their triggers fire in this order.
pub(crate) fn save(tx: &mut Tx<'_>, changes: &[Change<'_>]) -> Result<(), Error> {
    // The last of several writes is the first that is done.
    let writes: Vec<_> = changes.iter().rev().flat_map(Change::statements).collect();
    let writes: Vec<&dyn QueryFragment<Pg>> = writes.iter().map(AsRef::as_ref).collect();
    Writes::new(writes).execute(tx.conn()).map_err(refusal)
}

/// What a broken constraint means.
fn refusal(cause: DieselError) -> Error {
    let broken = match &cause {
        DieselError::DatabaseError(_, info) => info.constraint_name(),
        _ => None,
    };
    match broken {
        Some("workloads_within_capacity") => Error::AtCapacity,
        Some("engagements_one_live_per_ticket") => Error::TicketTaken,
        Some("offers_one_open_per_ticket_and_agent") => Error::TicketOnOffer,
        Some("tickets_one_per_external_id") => Error::TicketExists,
        _ => cause.into(),
    }
}

impl<'c> Change<'c> {
    /// The statements that store it, the last one first.
    fn statements(&self) -> Vec<Statement<'c>> {
        match *self {
            // One row is found by its key, whatever PostgreSQL thinks of the size of its table.
            Self::Workload(workload) | Self::Workloads(&[workload]) => {
                let agent = workloads::agent_id.eq(workload.agent_id);
                one(Update::new(&workloads::table, workload, agent))
            }
            Self::Workloads(workloads) => one(bulk::changed_workloads(workloads)),
            Self::Ticket(ticket) | Self::Tickets(&[ticket]) => vec![update_of(ticket)],
            Self::Tickets(tickets) => one(bulk::changed_tickets(tickets)),
            Self::Offer(offer) => one(Update::new(&offers::table, offer, offers::id.eq(offer.id))),
            Self::Engagement(engagement) => {
                let id = engagements::id.eq(engagement.id);
                one(Update::new(&engagements::table, engagement, id))
            }
            Self::NewTickets(new) => one(bulk::new_tickets(new)),
            Self::NewOffers(made) => one(bulk::new_offers(made.iter().copied())),
            Self::NewRecord(record) => {
                one(diesel::insert_into(match_records::table).values(record))
            }
            Self::Matched(made) => vec![
                Box::new(bulk::new_offers(made)),
                Box::new(PutOnOffer::new(made)),
                Box::new(TakeUnits::new(made)),
            ],
            Self::NewEngagements(begun) => one(bulk::new_engagements(begun)),
            Self::NewMessages(said) => one(bulk::new_messages(said)),
            Self::ReadUntil(read) => one(bulk::ReadUntil::new(read)),
        }
    }
}

type Statement<'c> = Box<dyn QueryFragment<Pg> + 'c>;

fn one<'c>(statement: impl QueryFragment<Pg> + 'c) -> Vec<Statement<'c>> {
    vec![Box::new(statement)]
}

/// All of a ticket that ever changes.
fn update_of(ticket: &Ticket) -> Statement<'_> {
    let changes = (
        (
            tickets::status.eq(ticket.status),
            tickets::closed_at.eq(ticket.closed_at),
            tickets::next_action.eq(ticket.next_action),
            tickets::deadline_at.eq(ticket.deadline_at),
            tickets::message_count.eq(ticket.message_count),
            tickets::taken_at.eq(ticket.taken_at),
            tickets::reopened_count.eq(ticket.reopened_count),
        ),
        (
            tickets::put_aside_at.eq(ticket.put_aside_at),
            tickets::preferred_agent_id.eq(ticket.preferred_agent_id),
            tickets::preferred_until.eq(ticket.preferred_until),
            tickets::waiting_since.eq(ticket.waiting_since),
            tickets::rank_at.eq(ticket.rank_at),
            tickets::first_reply_due_at.eq(ticket.first_reply_due_at),
        ),
        (
            tickets::queue.eq(&ticket.queue),
            tickets::required_skills.eq(&ticket.required_skills),
            tickets::skill_levels.eq(&ticket.skill_levels),
            tickets::weight.eq(ticket.weight),
            tickets::class.eq(ticket.class),
        ),
        (
            tickets::holder.eq(ticket.control.holder),
            tickets::control_epoch.eq(ticket.control.epoch),
            tickets::seen_by_assistant.eq(ticket.control.resume_after),
            tickets::control_requested_at.eq(ticket.control.requested_at),
        ),
    );
    Box::new(Update::new(
        &tickets::table,
        changes,
        tickets::id.eq(ticket.id),
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::DateTime;
    use diesel::debug_query;
    use kernel::AgentId;
    use routing::Policy;

    use super::*;
    use crate::{
        queue::{Queue, TalkRules},
        ticket::{Channel, Customer, Escalation, Reason},
    };

    fn ticket() -> Ticket {
        let customer = Customer {
            reference: "cus-1".to_owned(),
            tier: "gold".to_owned(),
            locale: "en-GB".to_owned(),
            display_name: "Robin".to_owned(),
            household: None,
        };
        let escalation = Escalation {
            source: "assistant".to_owned(),
            external_id: "1".to_owned(),
            customer,
            queue: "general".to_owned(),
            language: "en".to_owned(),
            language_level: 1,
            required_skills: Vec::new(),
            channel: Channel::Chat,
            same_agent: false,
            reason: Reason::Vip,
            summary: "words".to_owned(),
            intent: None,
            confidence: None,
            priority: None,
            transcript: Vec::new(),
        };
        let queue = Queue {
            code: "general".to_owned(),
            name: "General".to_owned(),
            first_reply_seconds: 60,
            wrap_up_seconds: 60,
            ticket_weight: 1,
            updated_at: DateTime::UNIX_EPOCH,
            policy_version: 1,
            rules: TalkRules::default(),
        };
        escalation.into_ticket(&queue, &Policy::default(), DateTime::UNIX_EPOCH)
    }

    /// The columns that the statement of a change sets.
    fn set_by(change: Change<'_>) -> BTreeSet<String> {
        let statements = change.statements();
        let text = debug_query::<Pg, _>(&statements[0]).to_string();
        let set = text.split(" SET ").nth(1).unwrap();
        let set = set.split([',', '(']);
        let named = set.filter_map(|one| one.split_once(" = "));
        let columns = named.map(|(column, _)| column.trim().trim_matches('"').to_owned());
        // What stands behind the first WHERE or FROM names rows and sets nothing.
        columns
            .filter(|column| !column.contains([' ', '.']))
            .collect()
    }

    #[test]
    fn one_row_is_changed_as_wholly_as_many_are() {
        let tickets = [&ticket(), &ticket()];
        let one = set_by(Change::Ticket(tickets[0]));
        assert_eq!(one.len(), 22, "{one:?}");
        assert_eq!(one, set_by(Change::Tickets(&tickets)));
        let workload = Workload {
            agent_id: AgentId::new(),
            capacity: 2,
            load: 0,
            idle_since: DateTime::UNIX_EPOCH,
            chat_capacity: 2,
            chat_load: 0,
            message_capacity: 2,
            message_load: 0,
            worked_on: None,
            worked_seconds: 0,
        };
        let workloads = [&workload, &workload];
        let one = set_by(Change::Workload(&workload));
        assert_eq!(one.len(), 9, "{one:?}");
        assert_eq!(one, set_by(Change::Workloads(&workloads)));
    }
}
