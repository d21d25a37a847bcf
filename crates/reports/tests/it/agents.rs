//! Applicants and agents, as they and operations see them.

use chrono::TimeDelta;
use kernel::{AccountId, AgentId, PageRequest};
use onboarding::{AgentStatus, Requirement};

use crate::world::{World, noon};

#[test]
fn the_reason_is_that_of_the_latest_decision() {
    let mut world = World::new();
    let (ada, ben, boss) = (
        world.agent("Ada"),
        world.agent("Ben"),
        world.account("Boss"),
    );
    world.decision(ada, "approve", boss, "Welcome");
    world.decision(ben, "approve", boss, "Fine");
    world.decision(ada, "suspend", boss, "Complaints");

    let page = PageRequest::first();
    let lines = world
        .sandbox
        .read(|conn| reports::agent_lines(conn, None, &page))
        .unwrap();

    let reasons: Vec<_> = lines
        .items
        .iter()
        .map(|line| (line.agent.id, line.reason.as_deref()))
        .collect();
    assert_eq!(reasons, [(ada, Some("Complaints")), (ben, Some("Fine"))]);
}

#[test]
fn agents_are_listed_a_page_at_a_time() {
    let mut world = World::new();
    let all: Vec<AgentId> = (0..3).map(|_| world.agent("Ada")).collect();
    let mut read = |after, status| {
        let page = PageRequest::new(after, Some(2));
        world
            .sandbox
            .read(|conn| reports::agent_lines(conn, status, &page))
            .unwrap()
    };
    let first = read(None, None);
    assert_eq!(first.items.len(), 2);
    let second = read(Some(first.next.unwrap().parse().unwrap()), None);
    assert_eq!((second.items[0].agent.id, second.next), (all[2], None));
    assert!(read(None, Some(AgentStatus::Active)).items.is_empty());
}

#[test]
fn an_applicant_sees_what_is_to_do() {
    let mut world = World::new();
    let ada = world.agent("Ada");
    world.sandbox.sql(&format!(
        "INSERT INTO onboarding.fulfilments VALUES ('{}', 'email', '2026-11-02Z'); \
         INSERT INTO onboarding.skills VALUES ('refunds', 'Refunds', 80, 5, 365, now())",
        ada.uuid()
    ));
    let mut read = |id| {
        world
            .sandbox
            .read(|conn| reports::application(conn, id))
            .unwrap()
    };
    let seen = read(ada).unwrap();
    let fulfilled: Vec<_> = seen
        .checklist
        .iter()
        .filter(|item| item.fulfilled_at.is_some())
        .map(|item| item.requirement)
        .collect();
    assert_eq!(fulfilled, [Requirement::Email]);
    assert_eq!(seen.checklist.len(), Requirement::ALL.len());
    assert_eq!(seen.skills[0].code, "refunds");
    assert!(seen.agreement.is_none() && seen.payee.is_none() && seen.line.reason.is_none());
    assert!(read(AgentId::new()).is_none());
}

#[test]
fn operations_see_who_decided_and_what_was_promised() {
    let mut world = World::new();
    let (ada, boss) = (world.agent("Ada"), world.account("Boss"));
    world.decision(ada, "approve", boss, "Welcome");
    world.decision(ada, "suspend", boss, "Complaints");
    let input = availability::ShiftInput {
        queue: "vip".to_owned(),
        starts_at: noon() + TimeDelta::hours(1),
        ends_at: noon() + TimeDelta::hours(2),
        seats: 1,
    };
    let shift = world
        .sandbox
        .write(|tx| {
            let shift = availability::publish_shift(tx, &input, boss)?;
            availability::commit(tx, shift.id, ada, chrono_tz::Tz::UTC)?;
            Ok::<_, availability::Error>(shift)
        })
        .unwrap();

    let mut at = |now| {
        world
            .sandbox
            .read(|conn| reports::agent_detail(conn, ada, now))
            .unwrap()
            .unwrap()
    };
    let detail = at(noon());
    let decisions: Vec<_> = detail
        .decisions
        .iter()
        .map(|named| (named.decision.kind.as_str(), named.decided_by_name.as_str()))
        .collect();
    assert_eq!(decisions, [("suspend", "Boss"), ("approve", "Boss")]);
    assert_eq!(detail.commitments[0].shift.id, shift.id);
    assert!(at(shift.ends_at).commitments.is_empty(), "it is over");
}

#[test]
fn people_are_named_and_strangers_are_not() {
    let mut world = World::new();
    let (ada, stranger) = (world.account("Ada"), AccountId::new());
    let names = world
        .sandbox
        .read(|conn| reports::names(conn, &[ada, stranger]))
        .unwrap();
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        [(ada, "Ada".to_owned())]
    );
}
