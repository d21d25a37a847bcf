//! Escalating and leaving.

use chrono::TimeDelta;
use dispatch::{Error, TicketStatus, TranscriptAuthor, TranscriptTurn};
use rust_decimal::Decimal;

use crate::arrange::{agent, engaged, escalation, floor, now, run_matcher, status, ticket};

#[test]
fn an_escalated_conversation_waits_with_its_transcript() {
    let mut floor = floor();
    let mut handoff = escalation("1");
    handoff.transcript = vec![
        TranscriptTurn {
            author: TranscriptAuthor::Customer,
            body: "My card is 4111 1111 1111 1111".to_owned(),
            at: now(),
        },
        TranscriptTurn {
            author: TranscriptAuthor::Assistant,
            body: "I will find somebody.".to_owned(),
            at: now(),
        },
    ];
    let ticket = floor
        .write(|tx| crate::arrange::escalate(tx, handoff))
        .unwrap();
    assert_eq!(
        (ticket.status, ticket.message_count),
        (TicketStatus::Waiting, 3),
        "two turns, and what the customer is told of the handoff"
    );
    assert_eq!(
        ticket.control.resume_after, 2,
        "so far the assistant saw it"
    );

    let read: Result<_, Error> =
        floor.read(|conn| Ok(dispatch::queries::messages_after(conn, ticket.id, 0)?));
    let said = read.unwrap();
    assert_eq!(said[0].body, "My card is [card number hidden]");
    assert_eq!(said[0].masked, ["card_number"]);
    assert_eq!(said[1].number, 2);
    floor.assert_promises();
}

#[test]
fn the_companys_id_stands_for_one_ticket() {
    let mut floor = floor();
    ticket(&mut floor, "1");
    let again = floor.write(|tx| crate::arrange::escalate(tx, escalation("1")));
    assert!(matches!(again, Err(Error::TicketExists)), "{again:?}");
}

#[test]
fn every_fault_of_a_handoff_is_named() {
    let mut floor = floor();
    let mut handoff = escalation("");
    handoff.language = "english".to_owned();
    handoff.customer.locale = "e".to_owned();
    handoff.required_skills = vec!["Care!".into()];
    handoff.confidence = Some(Decimal::TWO);
    handoff.priority = Some(10);
    handoff.transcript = vec![TranscriptTurn {
        author: TranscriptAuthor::Customer,
        body: String::new(),
        at: now() + TimeDelta::days(1),
    }];
    let refused = floor.write(|tx| crate::arrange::escalate(tx, handoff));
    let Err(Error::Invalid(invalid)) = refused else {
        panic!("{refused:?}")
    };
    let fields: Vec<&str> = invalid
        .fields
        .iter()
        .map(|fault| fault.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "external_id",
            "customer.locale",
            "language",
            "required_skills[0]",
            "confidence",
            "priority",
            "transcript[0].body",
            "transcript[0].at"
        ]
    );
}

#[test]
fn a_queue_must_be_one_of_ours() {
    let mut floor = floor();
    let mut handoff = escalation("1");
    handoff.queue = "elsewhere".to_owned();
    let refused = floor.write(|tx| crate::arrange::escalate(tx, handoff));
    let Err(Error::Invalid(invalid)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(invalid.fields[0].field, "queue");
}

#[test]
fn a_customer_who_leaves_while_waiting_abandons_the_ticket() {
    let mut floor = floor();
    let ticket = ticket(&mut floor, "1");
    floor.write(|tx| dispatch::leave(tx, ticket.id)).unwrap();
    assert_eq!(status(&mut floor, &ticket), TicketStatus::Abandoned);
    // Leaving twice is leaving.
    floor.write(|tx| dispatch::leave(tx, ticket.id)).unwrap();
    floor.assert_promises();
}

#[test]
fn a_customer_who_leaves_during_an_offer_frees_the_agent() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let ticket = ticket(&mut floor, "1");
    let offer = run_matcher(&mut floor, &[&agent]).remove(0);
    floor.write(|tx| dispatch::leave(tx, ticket.id)).unwrap();
    assert_eq!(status(&mut floor, &ticket), TicketStatus::Abandoned);
    let late = floor.write(|tx| dispatch::accept(tx, offer.id, agent.agent_id));
    assert!(matches!(late, Err(Error::OfferClosed)), "{late:?}");
    floor.assert_promises();
}

#[test]
fn a_customer_who_leaves_an_agent_is_noted_in_the_conversation() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let ticket = floor
        .write(|tx| dispatch::leave(tx, engagement.ticket_id))
        .unwrap();
    assert_eq!(
        (ticket.status, ticket.message_count),
        (TicketStatus::Engaged, 2),
        "the handoff, and the leaving"
    );
    floor.assert_promises();
}

#[test]
fn a_text_that_masking_makes_longer_still_fits() {
    let mut floor = floor();
    let mut handoff = escalation("1");
    handoff.summary = "a@b.co ".repeat(285);
    handoff.transcript = vec![TranscriptTurn {
        author: TranscriptAuthor::Customer,
        body: "a@b.co ".repeat(571),
        at: now(),
    }];
    let ticket = floor
        .write(|tx| crate::arrange::escalate(tx, handoff))
        .unwrap();
    assert!(ticket.summary.len() > 2_000);
}

#[test]
fn a_skill_that_nobody_can_hold_is_refused() {
    let mut floor = floor();
    let mut handoff = escalation("1");
    handoff.required_skills = vec!["care".into(), "juggling".into()];
    let refused = floor.write(|tx| crate::arrange::escalate(tx, handoff));
    let Err(Error::Invalid(invalid)) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(invalid.fields[0].field, "required_skills[1]");
}
