//! The customer gets an answer in time, or somebody else.

use chrono::TimeDelta;
use dispatch::{EngagementStatus, Kept, LostReason, NextAction, TicketStatus};

use crate::arrange::{
    agent, engaged, floor, keep_deadlines, last_message, look, said, status, ticket,
};

#[test]
fn a_silent_agent_is_alerted_once_and_then_loses_the_ticket_unpaid() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    assert_eq!(
        engagement.reply_due_at,
        Some(floor.now + TimeDelta::seconds(120))
    );
    floor.now += TimeDelta::seconds(119);
    assert!(keep_deadlines(&mut floor).is_empty());
    floor.now += TimeDelta::seconds(1);
    let kept = keep_deadlines(&mut floor);
    assert!(matches!(kept[..], [Kept::Alerted]), "{kept:?}");
    floor.now += TimeDelta::seconds(59);
    assert!(keep_deadlines(&mut floor).is_empty(), "the grace");
    floor.now += TimeDelta::seconds(1);
    let mut kept = keep_deadlines(&mut floor);
    let Some(Kept::Lost(lost)) = kept.pop() else {
        panic!("{kept:?}");
    };
    assert_eq!(lost.engagement.status, EngagementStatus::Lost);
    assert_eq!(lost.engagement.lost_reason, Some(LostReason::Silent));
    assert_eq!(
        lost.paid_seconds, None,
        "who never answered is owed nothing"
    );
    let told = last_message(&mut floor, engagement.ticket_id).body;
    assert!(
        told.starts_with("Your agent did not answer in time."),
        "{told}"
    );
    assert!(told.contains("You are next."), "{told}");
    floor.assert_promises();
}

#[test]
fn who_fell_silent_later_is_paid_to_their_last_word() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let (id, ticket) = (engagement.id, engagement.ticket_id);
    floor.now += TimeDelta::seconds(30);
    floor
        .write(|tx| dispatch::say_as_agent(tx, id, agent.agent_id, &said("1")))
        .unwrap();
    assert_eq!(
        look(&mut floor, ticket).next_action,
        Some(NextAction::EndSilence)
    );
    floor.now += TimeDelta::seconds(30);
    for client_id in ["2", "3"] {
        floor
            .write(|tx| dispatch::say_as_customer(tx, ticket, &said(client_id)))
            .unwrap();
        floor.now += TimeDelta::seconds(100);
    }
    let due = look(&mut floor, ticket);
    assert_eq!(due.next_action, Some(NextAction::NextReply));
    let left = due.deadline_at.unwrap() - floor.now;
    assert_eq!(
        left.num_seconds(),
        -20,
        "the second question does not move the deadline"
    );
    assert!(matches!(keep_deadlines(&mut floor)[..], [Kept::Alerted]));
    floor.now += TimeDelta::seconds(60);
    let kept = keep_deadlines(&mut floor).pop();
    let Some(Kept::Lost(lost)) = kept else {
        panic!("{kept:?}");
    };
    assert_eq!(lost.paid_seconds, Some(30));
}

#[test]
fn an_answer_after_the_alert_keeps_the_ticket() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    floor.now += TimeDelta::seconds(121);
    assert!(matches!(keep_deadlines(&mut floor)[..], [Kept::Alerted]));
    floor
        .write(|tx| dispatch::say_as_agent(tx, engagement.id, agent.agent_id, &said("1")))
        .unwrap();
    floor.now += TimeDelta::seconds(200);
    assert!(keep_deadlines(&mut floor).is_empty());
    let ticket = look(&mut floor, engagement.ticket_id);
    assert_eq!(ticket.status, TicketStatus::Engaged);
}

#[test]
fn a_ticket_that_was_lost_to_silence_comes_before_all_others_in_its_queue() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let lost = engaged(&mut floor, &ada, "lost");
    // Somebody with a great head start came in meanwhile.
    let mut urgent = crate::arrange::escalation("urgent");
    urgent.priority = Some(9);
    let urgent = floor
        .write(|tx| crate::arrange::escalate(tx, urgent))
        .unwrap();
    assert!(urgent.rank_at < look(&mut floor, lost.ticket_id).rank_at);
    for seconds in [120, 60] {
        floor.now += TimeDelta::seconds(seconds);
        keep_deadlines(&mut floor);
    }
    let back = look(&mut floor, lost.ticket_id);
    assert!(back.rank_at < urgent.rank_at, "it is at the front");
    assert_eq!(
        back.waiting_since, lost.started_at,
        "since when it waits is not forgotten"
    );
    let now = floor.now;
    let board = floor.read(|conn| dispatch::Board::read(conn, now)).unwrap();
    let workloads = floor.read(|conn| dispatch::queries::workloads(conn, &[ben.agent_id]));
    let workload = workloads.unwrap().remove(0);
    let first = board.claimable_by(&ben, &workload, now).next();
    assert_eq!(first.map(|ticket| ticket.id), Some(back.id));
}

#[test]
fn who_says_nothing_is_asked_once_and_then_the_talk_ends() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let engagement = engaged(&mut floor, &agent, "1");
    let (id, ticket) = (engagement.id, engagement.ticket_id);
    let speak = |floor: &mut db::testing::Sandbox, name: &str| {
        let message = said(name);
        floor
            .write(|tx| dispatch::say_as_agent(tx, id, agent.agent_id, &message))
            .unwrap();
    };
    speak(&mut floor, "1");
    floor.now += TimeDelta::seconds(1_800);
    assert!(matches!(keep_deadlines(&mut floor)[..], [Kept::Asked]));
    let told = last_message(&mut floor, ticket).body;
    assert!(told.starts_with("Are you still there?"), "{told}");
    // Who answers is there, and whoever is asked later is asked anew.
    floor
        .write(|tx| dispatch::say_as_customer(tx, ticket, &said("2")))
        .unwrap();
    speak(&mut floor, "3");
    floor.now += TimeDelta::seconds(1_800);
    assert!(matches!(keep_deadlines(&mut floor)[..], [Kept::Asked]));
    floor.now += TimeDelta::seconds(299);
    assert!(keep_deadlines(&mut floor).is_empty());
    floor.now += TimeDelta::seconds(1);
    assert!(matches!(keep_deadlines(&mut floor)[..], [Kept::Ended]));
    let now = look(&mut floor, ticket);
    assert_eq!(now.status, TicketStatus::Wrapping);
    floor.assert_promises();
}

#[test]
fn the_wait_is_told_as_what_is_known() {
    let mut floor = floor();
    let first = ticket(&mut floor, "1");
    let told = last_message(&mut floor, first.id).body;
    assert!(
        told.ends_with("You are next. We do not know yet how long it takes."),
        "{told}"
    );
    let agents: Vec<_> = (0..3).map(|_| agent(&mut floor)).collect();
    for (number, taken) in (10..15).enumerate() {
        let engagement = engaged(&mut floor, &agents[number / 2], &taken.to_string());
        assert_eq!(engagement.weight, 1);
    }
    floor.now += TimeDelta::seconds(1);
    let second = ticket(&mut floor, "2");
    let told = last_message(&mut floor, second.id).body;
    assert!(
        told.ends_with(
            "One person is before you. Going by the last hour, it takes about 24 minutes."
        ),
        "{told}"
    );
    assert_eq!(status(&mut floor, &second), TicketStatus::Waiting);
}
