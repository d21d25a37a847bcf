//! The conversation.

use dispatch::{Disposition, Error, NewMessage, WrapUp};

use crate::arrange::{agent, engaged, floor, ticket};

fn said(client_id: &str, body: &str) -> NewMessage {
    NewMessage {
        client_id: client_id.to_owned(),
        body: body.to_owned(),
    }
}

#[test]
fn messages_are_numbered_in_the_order_they_arrive() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let mut numbers = Vec::new();
    for turn in 0..3 {
        let message = said(&turn.to_string(), "words");
        let customer = floor
            .write(|tx| dispatch::say_as_customer(tx, engagement.ticket_id, &message))
            .unwrap();
        let agent = floor
            .write(|tx| dispatch::say_as_agent(tx, engagement.id, agent.agent_id, &message))
            .unwrap();
        numbers.extend([customer.message.number, agent.message.number]);
    }
    // The first tells the customer of the handoff.
    assert_eq!(numbers, [2, 3, 4, 5, 6, 7]);
    floor.assert_promises();
}

#[test]
fn a_message_sent_twice_is_stored_once() {
    let mut floor = floor();
    let id = ticket(&mut floor, "1").id;
    let message = said("a", "Hello?");
    let first = floor
        .write(|tx| dispatch::say_as_customer(tx, id, &message))
        .unwrap();
    let second = floor
        .write(|tx| dispatch::say_as_customer(tx, id, &message))
        .unwrap();
    assert!(!first.again && second.again);
    assert_eq!(second.message.number, first.message.number);
    floor.assert_promises();
}

#[test]
fn nothing_is_said_after_the_end_but_a_repetition_is_answered() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let id = engagement.ticket_id;
    floor
        .write(|tx| dispatch::say_as_customer(tx, id, &said("a", "Hi")))
        .unwrap();
    floor
        .write(|tx| dispatch::wrap_up(tx, engagement.id, agent.agent_id))
        .unwrap();
    let wrapping = floor
        .write(|tx| dispatch::say_as_agent(tx, engagement.id, agent.agent_id, &said("b", "?")));
    assert!(
        matches!(wrapping, Err(Error::EngagementWrapping)),
        "{wrapping:?}"
    );

    let wrap_up = WrapUp {
        disposition: Disposition::Solved,
        note: None,
    };
    let resolved = floor
        .write(|tx| dispatch::resolve(tx, engagement.id, agent.agent_id, &wrap_up))
        .unwrap();
    assert_eq!(resolved.handled_seconds, 0);
    let late = floor
        .write(|tx| dispatch::say_as_agent(tx, engagement.id, agent.agent_id, &said("c", "!")));
    assert!(matches!(late, Err(Error::EngagementEnded)), "{late:?}");
    assert!(
        floor
            .write(|tx| dispatch::say_as_customer(tx, id, &said("a", "Hi")))
            .unwrap()
            .again
    );
}

#[test]
fn empty_and_endless_messages_are_refused() {
    let mut floor = floor();
    let id = ticket(&mut floor, "1").id;
    for body in ["", "  ", "a\0b", &"x".repeat(4_001)] {
        let refused = floor.write(|tx| dispatch::say_as_customer(tx, id, &said("a", body)));
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    floor.assert_promises();
}

#[test]
fn a_message_cannot_be_changed_or_removed() {
    let mut floor = floor();
    let id = ticket(&mut floor, "1").id;
    floor
        .write(|tx| dispatch::say_as_customer(tx, id, &said("a", "Hello")))
        .unwrap();
    for statement in [
        "UPDATE dispatch.messages SET body = 'x'",
        "DELETE FROM dispatch.messages",
    ] {
        let outcome: Result<_, Error> = floor.write(|tx| {
            use db::Tx;
            use diesel::RunQueryDsl as _;
            fn run(tx: &mut Tx<'_>, statement: &str) -> diesel::QueryResult<usize> {
                diesel::sql_query(statement).execute(tx.conn())
            }
            Ok(run(tx, statement)?)
        });
        assert!(outcome.is_err(), "{statement}");
    }
}
