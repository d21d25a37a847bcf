//! Who may speak, and the number that fences off whoever spoke before.

use chrono::TimeDelta;
use dispatch::{
    Author, ControlChange, ControlVerb, Disposition, Error, Holder, QueueInput, TalkRules, Ticket,
    TicketStatus, WrapUp,
};

use crate::arrange::{agent, claim, engaged, floor, last_message, look, run_matcher, said, ticket};

fn change(
    floor: &mut db::testing::Sandbox,
    ticket: &Ticket,
    verb: ControlVerb,
) -> Result<Ticket, Error> {
    let (id, epoch) = (ticket.id, ticket.control.epoch);
    floor.write(|tx| dispatch::control(tx, id, &ControlChange::new(verb, epoch)))
}

/// A conversation that the assistant has again.
fn returned(floor: &mut db::testing::Sandbox, external_id: &str) -> Ticket {
    let waiting = ticket(floor, external_id);
    let asked = change(floor, &waiting, ControlVerb::Request).unwrap();
    change(floor, &asked, ControlVerb::Accept).unwrap()
}

#[test]
fn the_epoch_rises_with_every_change_of_the_holder_and_only_then() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let waiting = ticket(&mut floor, "1");
    assert_eq!(
        (waiting.control.holder, waiting.control.epoch),
        (Holder::Queue, 1)
    );
    run_matcher(&mut floor, &[&ada]);
    assert_eq!(
        look(&mut floor, waiting.id).control.epoch,
        1,
        "an offer changes nothing"
    );
    floor
        .write(|tx| dispatch::rescind_offers(tx, ada.agent_id))
        .unwrap();
    let taken = floor.write(|tx| claim(tx, waiting.id, &ada)).unwrap();
    let held = look(&mut floor, waiting.id).control;
    assert_eq!((held.holder, held.epoch), (Holder::Agent, 2));
    let wrap_up = WrapUp {
        disposition: Disposition::Solved,
        note: None,
    };
    floor
        .write(|tx| dispatch::wrap_up(tx, taken.engagement.id, ada.agent_id))
        .unwrap();
    assert_eq!(look(&mut floor, waiting.id).control.epoch, 2);
    let resolved = floor
        .write(|tx| dispatch::resolve(tx, taken.engagement.id, ada.agent_id, &wrap_up))
        .unwrap();
    let control = resolved.ticket.control;
    assert_eq!((control.holder, control.epoch), (Holder::Assistant, 3));
}

#[test]
fn nobody_changes_the_holder_without_the_epoch() {
    let mut floor = floor();
    let id = ticket(&mut floor, "1").id.uuid();
    for assignment in [
        "holder = 'assistant'",
        "holder = 'assistant', control_epoch = control_epoch + 2",
        "control_epoch = control_epoch + 1",
    ] {
        let statement = format!("UPDATE dispatch.tickets SET {assignment} WHERE id = '{id}'");
        let outcome: Result<_, Error> = floor.write(|tx| {
            use diesel::RunQueryDsl as _;
            Ok(diesel::sql_query(&statement).execute(tx.conn())?)
        });
        assert!(outcome.is_err(), "{assignment}");
    }
}

#[test]
fn the_assistant_speaks_only_while_it_holds_the_conversation_and_knows_so() {
    let mut floor = floor();
    let waiting = ticket(&mut floor, "1");
    let id = waiting.id;
    let refused = floor.write(|tx| dispatch::say_as_assistant(tx, id, 1, &said("a")));
    assert!(
        matches!(refused, Err(Error::NotInControl(_))),
        "{refused:?}"
    );
    let asked = change(&mut floor, &waiting, ControlVerb::Request).unwrap();
    assert!(asked.control.requested_at.is_some());
    let held = change(&mut floor, &asked, ControlVerb::Accept).unwrap();
    assert_eq!(held.status, TicketStatus::Returned);
    assert_eq!(held.control.epoch, 2);
    let stale = floor.write(|tx| dispatch::say_as_assistant(tx, id, 1, &said("b")));
    let Err(Error::StaleEpoch(control)) = stale else {
        panic!("{stale:?}");
    };
    assert_eq!((control.holder, control.epoch), (Holder::Assistant, 2));
    let sent = floor
        .write(|tx| dispatch::say_as_assistant(tx, id, 2, &said("b")))
        .unwrap();
    assert_eq!(sent.message.author, Author::Assistant);
    let again = floor
        .write(|tx| dispatch::say_as_assistant(tx, id, 1, &said("b")))
        .unwrap();
    assert!(again.again, "what was delivered is delivered");
    // The customer goes on with the assistant in the same conversation.
    floor
        .write(|tx| dispatch::say_as_customer(tx, id, &said("thanks")))
        .unwrap();
    floor.assert_promises();
}

#[test]
fn the_assistant_hears_where_its_context_begins_again() {
    let mut floor = floor();
    let held = returned(&mut floor, "1");
    let id = held.id;
    assert_eq!(
        held.control.resume_after, 0,
        "it handed over before anything was said"
    );
    let epoch = held.control.epoch;
    let sent = floor
        .write(|tx| dispatch::say_as_assistant(tx, id, epoch, &said("a")))
        .unwrap();
    let passed = change(&mut floor, &held, ControlVerb::Pass).unwrap();
    assert_eq!(passed.control.holder, Holder::Queue);
    assert_eq!(passed.control.resume_after, sent.message.number);
    floor
        .write(|tx| dispatch::say_as_customer(tx, id, &said("b")))
        .unwrap();
    let asked = change(&mut floor, &passed, ControlVerb::Request).unwrap();
    let back = change(&mut floor, &asked, ControlVerb::Accept).unwrap();
    assert_eq!(back.control.resume_after, sent.message.number);
    let missed: Result<_, Error> = floor.read(|conn| {
        Ok(dispatch::queries::messages_after(
            conn,
            id,
            back.control.resume_after,
        )?)
    });
    let authors: Vec<_> = missed
        .unwrap()
        .iter()
        .map(|message| message.author)
        .collect();
    assert_eq!(
        authors,
        [Author::Platform, Author::Customer, Author::Platform]
    );
}

#[test]
fn who_offers_goes_on_talking_until_an_agent_has_accepted() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let held = returned(&mut floor, "1");
    let offered = change(&mut floor, &held, ControlVerb::Offer).unwrap();
    assert_eq!(offered.status, TicketStatus::Waiting);
    let (id, epoch) = (held.id, offered.control.epoch);
    assert_eq!(
        epoch, held.control.epoch,
        "the assistant holds it as before"
    );
    floor
        .write(|tx| dispatch::say_as_assistant(tx, id, epoch, &said("a")))
        .unwrap();
    let offer = run_matcher(&mut floor, &[&ada]).remove(0);
    floor
        .write(|tx| dispatch::say_as_assistant(tx, id, epoch, &said("b")))
        .unwrap();
    floor
        .write(|tx| dispatch::accept(tx, offer.id, ada.agent_id))
        .unwrap();
    let late = floor.write(|tx| dispatch::say_as_assistant(tx, id, epoch, &said("c")));
    assert!(matches!(late, Err(Error::StaleEpoch(_))), "{late:?}");
    assert_eq!(last_message(&mut floor, id).client_id.as_deref(), Some("b"));
    floor.assert_promises();
}

#[test]
fn what_is_not_held_is_not_given_and_what_is_not_offered_is_not_taken() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let engagement = engaged(&mut floor, &ada, "1");
    let held = look(&mut floor, engagement.ticket_id);
    for verb in [ControlVerb::Offer, ControlVerb::Pass] {
        let refused = change(&mut floor, &held, verb);
        assert!(
            matches!(refused, Err(Error::NotInControl(_))),
            "{refused:?}"
        );
    }
    let refused = change(&mut floor, &held, ControlVerb::Accept);
    assert!(
        matches!(refused, Err(Error::ControlNotOffered(_))),
        "{refused:?}"
    );
    // A request waits for the agent, and can be withdrawn.
    let asked = change(&mut floor, &held, ControlVerb::Request).unwrap();
    let first = asked.control.requested_at;
    floor.now += TimeDelta::seconds(5);
    let asked = change(&mut floor, &asked, ControlVerb::Request).unwrap();
    assert_eq!(asked.control.requested_at, first);
    let refused = change(&mut floor, &asked, ControlVerb::Accept);
    assert!(
        matches!(refused, Err(Error::ControlNotOffered(_))),
        "{refused:?}"
    );
    let released = change(&mut floor, &asked, ControlVerb::Release).unwrap();
    assert_eq!(released.control.requested_at, None);
    assert_eq!(released.control.holder, Holder::Agent);
}

#[test]
fn after_the_end_nothing_is_controlled() {
    let mut floor = floor();
    let waiting = ticket(&mut floor, "1");
    let left = floor.write(|tx| dispatch::leave(tx, waiting.id)).unwrap();
    let refused = change(&mut floor, &left, ControlVerb::Pass);
    assert!(
        matches!(refused, Err(Error::ConversationClosed)),
        "{refused:?}"
    );
    let (id, epoch) = (left.id, left.control.epoch);
    let refused = floor.write(|tx| dispatch::say_as_assistant(tx, id, epoch, &said("a")));
    assert!(
        matches!(refused, Err(Error::ConversationClosed)),
        "{refused:?}"
    );
}

#[test]
fn the_assistant_sends_a_conversation_to_the_queue_that_it_names() {
    let mut floor = floor();
    let heavy = QueueInput {
        code: "billing".to_owned(),
        name: "Billing".to_owned(),
        first_reply_seconds: 120,
        wrap_up_seconds: 60,
        ticket_weight: 2,
        rules: TalkRules::default(),
    };
    floor.write(|tx| dispatch::save_queue(tx, &heavy)).unwrap();
    let ada = agent(&mut floor);
    let held = returned(&mut floor, "1");
    let offered = change(&mut floor, &held, ControlVerb::Offer).unwrap();
    assert_eq!(run_matcher(&mut floor, &[&ada]).len(), 1);
    let to = |floor: &mut db::testing::Sandbox, verb, queue: &str| {
        let epoch = look(floor, held.id).control.epoch;
        let queue = Some(queue.to_owned());
        let change = ControlChange { verb, epoch, queue };
        floor.write(|tx| dispatch::control(tx, held.id, &change))
    };

    for (verb, queue) in [
        (ControlVerb::Pass, "nowhere"),
        (ControlVerb::Request, "billing"),
    ] {
        let refused = to(&mut floor, verb, queue);
        assert!(
            matches!(&refused, Err(Error::Invalid(invalid)) if invalid.fields[0].field == "queue"),
            "{refused:?}"
        );
    }
    assert_eq!(look(&mut floor, held.id).queue, offered.queue);
    let passed = to(&mut floor, ControlVerb::Pass, "billing").unwrap();

    assert_eq!((passed.queue.as_str(), passed.weight), ("billing", 2));
    assert_eq!(passed.status, TicketStatus::Waiting);
    assert_eq!(passed.control.holder, Holder::Queue);
    assert_ne!(passed.class, offered.class);
    let asked: Vec<_> = floor
        .read(|conn| dispatch::queries::desk(conn, ada.agent_id))
        .unwrap()
        .offers;
    assert!(asked.is_empty(), "who was asked in the other queue is free");
    let again = run_matcher(&mut floor, &[&ada]);
    assert_eq!(again.first().map(|offer| offer.weight), Some(2));
    floor.assert_promises();
}
