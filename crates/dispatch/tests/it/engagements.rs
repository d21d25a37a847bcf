//! Wrapping up, resolving, rating.

use chrono::TimeDelta;
use dispatch::{Candidate, Disposition, Engagement, Error, NewMessage, TicketStatus, WrapUp};

use crate::arrange::{agent, claim, close_due, engaged, floor, last_message, status, ticket};

fn solved() -> WrapUp {
    WrapUp {
        disposition: Disposition::Solved,
        note: Some("Refund sent.".to_owned()),
    }
}

fn reply(floor: &mut db::testing::Sandbox, agent: &Candidate, engagement: &Engagement) {
    let said = NewMessage {
        client_id: "1".to_owned(),
        body: "Hello".to_owned(),
    };
    floor
        .write(|tx| dispatch::say_as_agent(tx, engagement.id, agent.agent_id, &said))
        .unwrap();
}

#[test]
fn resolving_tells_how_long_the_work_took() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    floor.now += TimeDelta::seconds(400);
    floor
        .write(|tx| dispatch::wrap_up(tx, engagement.id, agent.agent_id))
        .unwrap();
    floor.now += TimeDelta::seconds(30);
    let resolved = floor
        .write(|tx| dispatch::resolve(tx, engagement.id, agent.agent_id, &solved()))
        .unwrap();
    assert_eq!(resolved.handled_seconds, 430);
    assert_eq!(resolved.ticket.status, TicketStatus::Resolved);
    let again = floor.write(|tx| dispatch::resolve(tx, engagement.id, agent.agent_id, &solved()));
    assert!(matches!(again, Err(Error::EngagementEnded)), "{again:?}");
}

#[test]
fn a_wrap_up_is_paid_to_its_end_and_closes_by_itself() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    floor
        .write(|tx| dispatch::wrap_up(tx, engagement.id, agent.agent_id))
        .unwrap();
    floor.now += TimeDelta::seconds(59);
    assert!(close_due(&mut floor).is_empty());
    floor.now += TimeDelta::hours(3);
    let closed = close_due(&mut floor);
    assert_eq!(closed.len(), 1);
    assert_eq!(
        closed[0].handled_seconds, 60,
        "the time after the wrap-up is not work"
    );
    assert_eq!(
        closed[0].engagement.disposition,
        Some(Disposition::NotRecorded)
    );
}

#[test]
fn only_the_platform_may_leave_the_disposition_open() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let open = WrapUp {
        disposition: Disposition::NotRecorded,
        note: None,
    };
    let refused = floor.write(|tx| dispatch::resolve(tx, engagement.id, agent.agent_id, &open));
    assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
}

#[test]
fn an_agent_cannot_touch_anothers_engagement() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let engagement = engaged(&mut floor, &ada, "1");
    let (id, other) = (engagement.id, ben.agent_id);
    let said = NewMessage {
        client_id: "1".to_owned(),
        body: "Hello".to_owned(),
    };
    let refusals = [
        floor.write(|tx| dispatch::wrap_up(tx, id, other)).map(drop),
        floor
            .write(|tx| dispatch::resolve(tx, id, other, &solved()))
            .map(drop),
        floor
            .write(|tx| dispatch::say_as_agent(tx, id, other, &said))
            .map(drop),
    ];
    for refused in refusals {
        assert!(
            matches!(refused, Err(Error::EngagementNotFound)),
            "{refused:?}"
        );
    }
}

#[test]
fn a_resolved_conversation_is_rated_once() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let id = engagement.ticket_id;
    let early = floor.write(|tx| dispatch::rate(tx, id, 5, None));
    assert!(matches!(early, Err(Error::NotRateable)), "{early:?}");

    reply(&mut floor, &agent, &engagement);
    let resolved = floor
        .write(|tx| dispatch::resolve(tx, engagement.id, agent.agent_id, &solved()))
        .unwrap();
    assert_eq!(resolved.engagement.disposition, Some(Disposition::Solved));
    let wrong = floor.write(|tx| dispatch::rate(tx, id, 6, None));
    assert!(matches!(wrong, Err(Error::Invalid(_))), "{wrong:?}");
    let rating = floor
        .write(|tx| dispatch::rate(tx, id, 5, Some(" lovely ")))
        .unwrap();
    assert_eq!(
        (rating.engagement_id, rating.comment.as_deref()),
        (engagement.id, Some("lovely"))
    );
    let again = floor.write(|tx| dispatch::rate(tx, id, 1, None));
    assert!(matches!(again, Err(Error::AlreadyRated)), "{again:?}");
}

#[test]
fn an_abandoned_ticket_cannot_be_rated() {
    let mut floor = floor();
    let ticket = ticket(&mut floor, "1");
    floor.write(|tx| dispatch::leave(tx, ticket.id)).unwrap();
    assert_eq!(status(&mut floor, &ticket), TicketStatus::Abandoned);
    let rated = floor.write(|tx| dispatch::rate(tx, ticket.id, 5, None));
    assert!(matches!(rated, Err(Error::NotRateable)), "{rated:?}");
}

#[test]
fn an_engagement_that_was_lost_is_followed_by_another() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let engagement = engaged(&mut floor, &ada, "1");
    floor
        .write(|tx| dispatch::release_lost(tx, ada.agent_id))
        .unwrap();
    let second = floor
        .write(|tx| claim(tx, engagement.ticket_id, &ben))
        .unwrap();
    assert_ne!(second.engagement.id, engagement.id);
    let said = NewMessage {
        client_id: "1".to_owned(),
        body: "I am back".to_owned(),
    };
    let late = floor.write(|tx| dispatch::say_as_agent(tx, engagement.id, ada.agent_id, &said));
    assert!(matches!(late, Err(Error::EngagementEnded)), "{late:?}");
    floor.assert_promises();
}

#[test]
fn the_conversations_of_an_agent_who_is_gone_are_paid_to_their_last_word_and_come_next() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    floor.now += TimeDelta::seconds(100);
    reply(&mut floor, &agent, &engagement);
    floor.now += TimeDelta::seconds(600);
    let id = engagement.id;
    let lost = floor
        .write(|tx| dispatch::lose_talk(tx, id, agent.agent_id))
        .unwrap()
        .unwrap();
    assert_eq!(lost.paid_seconds, Some(100), "the time away is not work");
    assert_eq!(lost.ticket.status, TicketStatus::Waiting);
    let told = last_message(&mut floor, engagement.ticket_id);
    assert!(told.body.starts_with("Your agent had to leave"), "{told:?}");
    let again = floor.write(|tx| dispatch::lose_talk(tx, id, agent.agent_id));
    assert!(again.unwrap().is_none());
}

#[test]
fn a_customer_leaves_once_and_is_not_offered_again() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let id = engagement.ticket_id;
    for _ in 0..3 {
        let ticket = floor.write(|tx| dispatch::leave(tx, id)).unwrap();
        assert_eq!(ticket.message_count, 2, "the handoff, and the leaving");
    }
    floor
        .write(|tx| dispatch::release_lost(tx, agent.agent_id))
        .unwrap();
    let read: Result<_, Error> = floor.read(|conn| Ok(dispatch::queries::ticket(conn, id)?));
    assert_eq!(read.unwrap().unwrap().status, TicketStatus::Abandoned);
    floor.assert_promises();
}

#[test]
fn a_wrap_up_is_extended_as_often_as_the_queue_allows() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let (id, agent) = (engagement.id, agent.agent_id);
    let early = floor.write(|tx| dispatch::extend_wrap_up(tx, id, agent));
    assert!(matches!(early, Err(Error::EngagementTalking)), "{early:?}");
    floor.write(|tx| dispatch::wrap_up(tx, id, agent)).unwrap();
    for _ in 0..2 {
        floor
            .write(|tx| dispatch::extend_wrap_up(tx, id, agent))
            .unwrap();
    }
    let third = floor.write(|tx| dispatch::extend_wrap_up(tx, id, agent));
    assert!(matches!(third, Err(Error::NoMoreExtensions)), "{third:?}");
    floor.now += TimeDelta::seconds(179);
    assert!(
        close_due(&mut floor).is_empty(),
        "60 s, and twice 60 s more"
    );
    floor.now += TimeDelta::seconds(1);
    let late = floor.write(|tx| dispatch::extend_wrap_up(tx, id, agent));
    assert!(matches!(late, Err(Error::EngagementEnded)), "{late:?}");
    assert_eq!(close_due(&mut floor)[0].handled_seconds, 180);
}
