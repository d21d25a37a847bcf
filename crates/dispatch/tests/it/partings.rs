//! Handing on, giving back, returning to the assistant.

use chrono::TimeDelta;
use dispatch::{
    Candidate, DeclineReason, Destination, Engagement, EngagementStatus, Error, Holder, OfferKind,
    ReleaseReason, TicketStatus,
};

use crate::arrange::{
    agent, claim, engaged, floor, last_message, look, run_matcher, said, status, ticket,
};

const SKILLS: &[&str] = &["care", "payments"];

fn skills() -> Vec<String> {
    SKILLS.iter().map(|skill| (*skill).to_owned()).collect()
}

fn to(queue: &str, needs: Option<&[&str]>) -> Destination {
    Destination {
        queue: queue.to_owned(),
        required_skills: needs.map(|needs| needs.iter().map(|need| (*need).into()).collect()),
        note: Some(" She has tried twice. ".to_owned()),
    }
}

fn reply(floor: &mut db::testing::Sandbox, agent: &Candidate, engagement: &Engagement) {
    floor
        .write(|tx| dispatch::say_as_agent(tx, engagement.id, agent.agent_id, &said("hi")))
        .unwrap();
}

#[test]
fn a_ticket_handed_on_keeps_its_place_and_goes_to_somebody_else_with_the_note() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let engagement = engaged(&mut floor, &ada, "1");
    let before = look(&mut floor, engagement.ticket_id);
    floor.now += TimeDelta::seconds(90);
    let (id, agent_id) = (engagement.id, ada.agent_id);
    let parted = floor
        .write(|tx| dispatch::transfer_to_queue(tx, id, agent_id, &to("general", None), &skills()))
        .unwrap();
    assert_eq!(parted.engagement.status, EngagementStatus::Transferred);
    assert_eq!(
        parted.paid_seconds,
        Some(90),
        "whoever hands on is paid for their time"
    );
    assert_eq!(parted.ticket.rank_at, before.rank_at);
    let told = last_message(&mut floor, before.id).body;
    assert!(
        told.starts_with("Your agent is passing you on to General"),
        "{told}"
    );
    assert!(
        !told.contains("tried twice"),
        "the note is not for the customer"
    );
    assert!(
        run_matcher(&mut floor, &[&ada]).is_empty(),
        "it does not come back at once"
    );
    let offer = run_matcher(&mut floor, &[&ada, &ben]).remove(0);
    assert_eq!(offer.agent_id, ben.agent_id);
    let next = floor
        .write(|tx| dispatch::accept(tx, offer.id, ben.agent_id))
        .unwrap();
    let handover: Result<_, Error> =
        floor.read(|conn| Ok(dispatch::queries::handover(conn, &next.engagement)?));
    assert_eq!(
        handover.unwrap(),
        Some((ada.agent_id, "She has tried twice.".to_owned()))
    );
}

#[test]
fn whoever_had_it_reads_on_until_the_next_has_it() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let engagement = engaged(&mut floor, &ada, "1");
    let ticket = engagement.ticket_id;
    let parted = floor
        .write(|tx| dispatch::release(tx, engagement.id, ada.agent_id, ReleaseReason::EndOfShift))
        .unwrap();
    assert_eq!(parted.engagement.status, EngagementStatus::Released);
    floor
        .write(|tx| dispatch::say_as_customer(tx, ticket, &said("still here")))
        .unwrap();
    let read_until = |floor: &mut db::testing::Sandbox| {
        let found: Result<_, Error> = floor.read(|conn| {
            Ok(dispatch::queries::engagement(
                conn,
                engagement.id,
                ada.agent_id,
            )?)
        });
        found.unwrap().unwrap().0.read_until
    };
    assert_eq!(read_until(&mut floor), None);
    let count = look(&mut floor, ticket).message_count;
    floor.write(|tx| claim(tx, ticket, &ben)).unwrap();
    floor
        .write(|tx| dispatch::say_as_customer(tx, ticket, &said("private")))
        .unwrap();
    assert_eq!(read_until(&mut floor), Some(count));
}

#[test]
fn in_another_queue_a_ticket_follows_the_rules_there() {
    let mut floor = floor();
    floor.sql(
        "INSERT INTO dispatch.queues (code, name, first_reply_seconds, wrap_up_seconds,
             ticket_weight, updated_at, policy_version)
         VALUES ('vip', 'VIP', 60, 60, 2, now(), 1);
         INSERT INTO dispatch.policies VALUES
             ('vip', 1, '{\"head_start_seconds\": 60}', 'first', 'test', now());",
    );
    let ada = agent(&mut floor);
    let engagement = engaged(&mut floor, &ada, "1");
    let (id, agent_id) = (engagement.id, ada.agent_id);
    for (destination, field) in [
        (to("nowhere", None), "queue"),
        (to("vip", Some(&["juggling"])), "required_skills[0]"),
    ] {
        let refused = floor
            .write(|tx| dispatch::transfer_to_queue(tx, id, agent_id, &destination, &skills()));
        let Err(Error::Invalid(invalid)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(invalid.fields[0].field, field);
    }
    let parted = floor
        .write(|tx| {
            let there = to("vip", Some(&["payments"]));
            dispatch::transfer_to_queue(tx, id, agent_id, &there, &skills())
        })
        .unwrap();
    assert_eq!(
        parted.queue, "general",
        "the work was done there, and is paid as there"
    );
    let ticket = look(&mut floor, engagement.ticket_id);
    assert_eq!((ticket.queue.as_str(), ticket.weight), ("vip", 2));
    assert_eq!(ticket.required_skills, ["payments"]);
    let head_start = TimeDelta::seconds(60) * ticket.priority;
    assert_eq!(ticket.rank_at, ticket.waiting_since - head_start);
    floor.check_constraints().unwrap();
}

#[test]
fn a_colleague_is_asked_and_if_they_decline_the_ticket_waits_at_its_place() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let engagement = engaged(&mut floor, &ada, "1");
    let (id, ticket) = (engagement.id, engagement.ticket_id);
    let place = look(&mut floor, ticket).rank_at;
    reply(&mut floor, &ada, &engagement);
    floor.now += TimeDelta::seconds(60);
    let parted = floor
        .write(|tx| dispatch::transfer_to_agent(tx, id, ada.agent_id, &ben, Some("please")))
        .unwrap();
    assert_eq!(parted.ticket.status, TicketStatus::Offered);
    let desk: Result<_, Error> =
        floor.read(|conn| Ok(dispatch::queries::desk(conn, ben.agent_id)?));
    let (offer, _) = desk.unwrap().offers.remove(0);
    assert_eq!(offer.kind, OfferKind::Transfer);
    floor
        .write(|tx| dispatch::decline(tx, offer.id, ben.agent_id, DeclineReason::Break))
        .unwrap();
    let ticket = look(&mut floor, ticket);
    assert_eq!(
        (ticket.status, ticket.rank_at),
        (TicketStatus::Waiting, place)
    );
}

#[test]
fn a_colleague_who_cannot_take_it_is_refused_in_words() {
    let mut floor = floor();
    let (ada, mut ben) = (agent(&mut floor), agent(&mut floor));
    let engagement = engaged(&mut floor, &ada, "1");
    let (id, agent_id) = (engagement.id, ada.agent_id);
    let mut refusal = |colleague: &Candidate| {
        let refused =
            floor.write(|tx| dispatch::transfer_to_agent(tx, id, agent_id, colleague, None));
        refused.unwrap_err().to_string()
    };
    assert!(refusal(&ada).contains("must be somebody else"));
    let skills = std::mem::take(&mut ben.skills);
    assert!(refusal(&ben).contains("it needs the skill"));
    ben.skills = skills;
    ben.household_ref = Some("house-1".to_owned());
    assert!(refusal(&ben).contains("it is from the agent's own household"));
    ben.household_ref = None;
    for number in 2..=3 {
        engaged(&mut floor, &ben, &number.to_string());
    }
    let full = floor.write(|tx| dispatch::transfer_to_agent(tx, id, agent_id, &ben, None));
    assert!(
        full.unwrap_err()
            .to_string()
            .contains("their hands are full")
    );
    let still: Result<_, Error> =
        floor.read(|conn| Ok(dispatch::queries::engagement(conn, id, agent_id)?));
    assert_eq!(still.unwrap().unwrap().0.status, EngagementStatus::Talking);
    floor.assert_promises();
}

#[test]
fn giving_back_is_paid_only_if_one_has_answered() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    for (external_id, answers, paid) in [("1", false, None), ("2", true, Some(45))] {
        let engagement = engaged(&mut floor, &ada, external_id);
        if answers {
            reply(&mut floor, &ada, &engagement);
        }
        floor.now += TimeDelta::seconds(45);
        let (id, reason) = (engagement.id, ReleaseReason::TooComplex);
        let parted = floor
            .write(|tx| dispatch::release(tx, id, ada.agent_id, reason))
            .unwrap();
        assert_eq!(parted.paid_seconds, paid);
        let place = parted.ticket.rank_at;
        assert_eq!(parted.ticket.status, TicketStatus::Waiting);
        assert_eq!(look(&mut floor, engagement.ticket_id).rank_at, place);
        let again = floor.write(|tx| dispatch::release(tx, id, ada.agent_id, reason));
        assert!(matches!(again, Err(Error::EngagementEnded)), "{again:?}");
    }
}

#[test]
fn a_customer_who_has_left_is_not_handed_on() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let engagement = engaged(&mut floor, &ada, "1");
    let (id, ticket) = (engagement.id, engagement.ticket_id);
    floor.write(|tx| dispatch::leave(tx, ticket)).unwrap();
    let refused = floor.write(|tx| dispatch::transfer_to_agent(tx, id, ada.agent_id, &ben, None));
    assert!(matches!(refused, Err(Error::CustomerGone)), "{refused:?}");
    assert!(
        floor
            .write(|tx| dispatch::hand_over(tx, ada.agent_id, None))
            .unwrap()
            .is_empty(),
        "it stays, for the agent to close"
    );
    // Who writes is back.
    floor
        .write(|tx| dispatch::say_as_customer(tx, ticket, &said("wait")))
        .unwrap();
    floor
        .write(|tx| dispatch::transfer_to_agent(tx, id, ada.agent_id, &ben, None))
        .map(|parted| assert_eq!(parted.ticket.status, TicketStatus::Offered))
        .unwrap();
}

#[test]
fn at_the_end_of_a_shift_all_talks_are_handed_over_with_one_note() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let engagements = [
        engaged(&mut floor, &ada, "1"),
        engaged(&mut floor, &ada, "2"),
    ];
    floor
        .write(|tx| dispatch::wrap_up(tx, engagements[1].id, ada.agent_id))
        .unwrap();
    let handed = floor
        .write(|tx| dispatch::hand_over(tx, ada.agent_id, Some("Good night")))
        .unwrap();
    assert_eq!(handed.len(), 1, "a wrap-up closes by itself");
    assert_eq!(
        handed[0].engagement.handover_note.as_deref(),
        Some("Good night")
    );
    assert_eq!(handed[0].ticket.status, TicketStatus::Waiting);
}

#[test]
fn an_agent_or_operations_return_a_conversation_to_the_assistant() {
    let mut floor = floor();
    let ada = agent(&mut floor);
    let engagement = engaged(&mut floor, &ada, "1");
    reply(&mut floor, &ada, &engagement);
    floor.now += TimeDelta::seconds(20);
    let parted = floor
        .write(|tx| dispatch::hand_back(tx, engagement.id, ada.agent_id))
        .unwrap();
    assert_eq!(parted.engagement.status, EngagementStatus::Returned);
    assert_eq!(parted.paid_seconds, Some(20));
    assert_eq!(parted.ticket.status, TicketStatus::Returned);
    assert_eq!(parted.ticket.control.holder, Holder::Assistant);

    let waiting = ticket(&mut floor, "2");
    run_matcher(&mut floor, &[&ada]);
    assert_eq!(status(&mut floor, &waiting), TicketStatus::Offered);
    let returned = floor
        .write(|tx| dispatch::hand_back_for_all(tx, waiting.id))
        .unwrap();
    assert!(returned.parted.is_none());
    let talked_about = engaged(&mut floor, &ada, "3");
    let returned = floor
        .write(|tx| dispatch::hand_back_for_all(tx, talked_about.ticket_id))
        .unwrap();
    let parted = returned.parted.unwrap();
    assert_eq!(parted.paid_seconds, None, "nothing was said");
    for id in [waiting.id, talked_about.ticket_id] {
        assert_eq!(look(&mut floor, id).status, TicketStatus::Returned);
    }
    let again = floor
        .write(|tx| dispatch::hand_back_for_all(tx, waiting.id))
        .unwrap();
    assert_eq!(again.ticket.status, TicketStatus::Returned);
}
