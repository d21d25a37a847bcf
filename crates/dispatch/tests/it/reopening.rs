//! The customer comes back.

use chrono::TimeDelta;
use dispatch::{Author, Candidate, Disposition, Error, Holder, Ticket, TicketStatus, WrapUp};

use crate::arrange::{agent, claim, engaged, floor, last_message, look, said, ticket};

fn resolved(floor: &mut db::testing::Sandbox, agent: &Candidate, external_id: &str) -> Ticket {
    let engagement = engaged(floor, agent, external_id);
    let (id, agent) = (engagement.id, agent.agent_id);
    floor
        .write(|tx| dispatch::say_as_agent(tx, id, agent, &said("hi")))
        .unwrap();
    let wrap_up = WrapUp {
        disposition: Disposition::Solved,
        note: None,
    };
    let resolved = floor
        .write(|tx| dispatch::resolve(tx, id, agent, &wrap_up))
        .unwrap();
    resolved.ticket
}

#[test]
fn writing_opens_a_resolved_conversation_again_and_prefers_who_helped() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let ticket = resolved(&mut floor, &ada, "1");
    let id = ticket.id;
    floor.now += TimeDelta::days(7) - TimeDelta::seconds(1);
    let sent = floor
        .write(|tx| dispatch::say_as_customer(tx, id, &said("again")))
        .unwrap();
    assert_eq!(sent.message.author, Author::Customer);
    let open = look(&mut floor, id);
    assert_eq!(open.status, TicketStatus::Waiting);
    assert_eq!(open.preferred_agent_id, Some(ada.agent_id));
    assert_eq!(
        open.preferred_until,
        Some(floor.now + TimeDelta::seconds(60))
    );
    assert_eq!(
        (open.reopened_count, open.control.holder),
        (1, Holder::Queue)
    );
    assert_eq!(
        open.waiting_since, floor.now,
        "the days between are no waiting"
    );
    let told = last_message(&mut floor, id).body;
    assert!(
        told.starts_with("This conversation is open again."),
        "{told}"
    );
    // The agent has as long for the first reply as ever.
    let second = floor.write(|tx| claim(tx, id, &ada)).unwrap();
    assert_eq!(
        second.engagement.reply_due_at,
        Some(floor.now + TimeDelta::seconds(120))
    );
    let wrap_up = WrapUp {
        disposition: Disposition::Solved,
        note: None,
    };
    let again = floor
        .write(|tx| dispatch::resolve(tx, second.engagement.id, ada.agent_id, &wrap_up))
        .unwrap();
    assert_eq!(again.ticket.reopened_count, 1);
    crate::random_walk::assert_promises(&mut floor);
}

#[test]
fn the_company_opens_a_conversation_again_once() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let ticket = resolved(&mut floor, &ada, "1");
    let first = floor.write(|tx| dispatch::reopen(tx, ticket.id)).unwrap();
    let second = floor.write(|tx| dispatch::reopen(tx, ticket.id)).unwrap();
    assert_eq!((first.reopened_count, second.reopened_count), (1, 1));
    assert_eq!(first.message_count, second.message_count);
}

#[test]
fn after_some_days_a_new_conversation_begins_elsewhere() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let old = resolved(&mut floor, &ada, "1");
    floor.now += TimeDelta::days(7);
    let late = floor.write(|tx| dispatch::reopen(tx, old.id));
    assert!(matches!(late, Err(Error::ReopenTooLate(7))), "{late:?}");
    let late = floor.write(|tx| dispatch::say_as_customer(tx, old.id, &said("?")));
    assert!(matches!(late, Err(Error::ReopenTooLate(7))), "{late:?}");
    let waiting = ticket(&mut floor, "2");
    floor.write(|tx| dispatch::leave(tx, waiting.id)).unwrap();
    let left = floor.write(|tx| dispatch::reopen(tx, waiting.id));
    assert!(matches!(left, Err(Error::ConversationClosed)), "{left:?}");
    assert_eq!(look(&mut floor, old.id).status, TicketStatus::Resolved);
}

#[test]
fn who_left_and_came_back_is_not_taken_for_gone() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let engagement = engaged(&mut floor, &ada, "1");
    let (id, ticket) = (engagement.id, engagement.ticket_id);
    floor.write(|tx| dispatch::leave(tx, ticket)).unwrap();
    let wrap_up = WrapUp {
        disposition: Disposition::CustomerLeft,
        note: None,
    };
    let closed = floor.write(|tx| dispatch::resolve(tx, id, ada.agent_id, &wrap_up));
    assert_eq!(closed.unwrap().ticket.status, TicketStatus::Resolved);
    floor.now += TimeDelta::hours(1);
    floor.write(|tx| dispatch::reopen(tx, ticket)).unwrap();
    floor.write(|tx| claim(tx, ticket, &ada)).unwrap();
    floor
        .write(|tx| dispatch::release_lost(tx, ada.agent_id))
        .unwrap();
    assert_eq!(look(&mut floor, ticket).status, TicketStatus::Waiting);
}
