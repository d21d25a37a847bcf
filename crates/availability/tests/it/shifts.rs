//! Publishing, finding and canceling shifts.

use availability::{Error, ShiftStatus};
use chrono::TimeDelta;
use chrono_tz::Tz;
use kernel::{Class, Classify, PageRequest, ShiftId};

use crate::support::{World, input};

#[test]
fn a_published_shift_has_its_seats_and_can_be_read_back() {
    let mut world = World::new();
    let shift = world.shift("09:00", "13:00", 3);
    let found = world
        .sandbox
        .read(|conn| availability::shift(conn, shift.id))
        .unwrap()
        .unwrap();
    assert_eq!((found.queue.as_str(), found.seats), ("vip", 3));
    assert_eq!(
        (found.status, found.created_by),
        (ShiftStatus::Published, world.supervisor)
    );
    assert_eq!(found.ends_at - found.starts_at, TimeDelta::hours(4));
    let none = world
        .sandbox
        .read(|conn| availability::shift(conn, ShiftId::new()))
        .unwrap();
    assert!(none.is_none());
}

#[test]
fn a_shift_is_refused_with_the_fields_at_fault() {
    let mut world = World::new();
    let (late, by) = (input("07:30", "23:00", 0), world.supervisor);
    let error = world
        .sandbox
        .write(|tx| availability::publish_shift(tx, &late, by))
        .unwrap_err();
    assert_eq!(
        (error.class(), error.code()),
        (Class::Invalid, "invalid_input")
    );
    let fields: Vec<_> = error
        .fields()
        .iter()
        .map(|fault| fault.field.as_str())
        .collect();
    assert_eq!(fields, ["starts_at", "ends_at", "seats"]);
}

#[test]
fn a_shift_needs_a_queue_that_exists() {
    let mut world = World::new();
    let (mut input, by) = (input("09:00", "13:00", 1), world.supervisor);
    input.queue = "nowhere".to_owned();
    let error = world
        .sandbox
        .write(|tx| availability::publish_shift(tx, &input, by))
        .unwrap_err();
    assert_eq!(error.class(), Class::Invalid);
    assert_eq!(error.fields()[0].field, "queue");
}

#[test]
fn canceling_a_shift_frees_its_agents_and_says_who_they_are() {
    let mut world = World::new();
    let (shift, other) = (
        world.shift("09:00", "13:00", 3),
        world.shift("10:00", "12:00", 1),
    );
    let mut agents = [world.agent(), world.agent()];
    let gone = world.agent();
    for agent in [agents[1], agents[0], gone] {
        let made = world
            .sandbox
            .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
            .unwrap();
        if agent == gone {
            world
                .sandbox
                .write(|tx| availability::release(tx, made.id, agent))
                .unwrap();
        }
    }
    let canceled = world
        .sandbox
        .write(|tx| availability::cancel_shift(tx, shift.id))
        .unwrap();
    agents.sort();
    assert_eq!(canceled.agents, agents);
    assert_eq!(canceled.shift.status, ShiftStatus::Canceled);
    let now = world.sandbox.now;
    for agent in agents {
        let left = world
            .sandbox
            .read(|conn| availability::commitments(conn, agent, now))
            .unwrap();
        assert!(left.is_empty(), "{left:?}");
    }
    world
        .sandbox
        .write(|tx| availability::commit(tx, other.id, agents[0], Tz::UTC))
        .unwrap();
    world.sandbox.assert_promises();
}

#[test]
fn a_shift_is_canceled_once_and_only_before_it_starts() {
    let mut world = World::new();
    let (early, late) = (
        world.shift("09:00", "13:00", 1),
        world.shift("09:30", "13:00", 1),
    );
    let _ = world
        .sandbox
        .write(|tx| availability::cancel_shift(tx, early.id))
        .unwrap();
    let again = world
        .sandbox
        .write(|tx| availability::cancel_shift(tx, early.id));
    assert!(matches!(again, Err(Error::ShiftCanceled)), "{again:?}");
    world.sandbox.now = late.starts_at;
    let started = world
        .sandbox
        .write(|tx| availability::cancel_shift(tx, late.id));
    assert!(matches!(started, Err(Error::ShiftStarted)), "{started:?}");
    let unknown = world
        .sandbox
        .write(|tx| availability::cancel_shift(tx, ShiftId::new()));
    assert_eq!(unknown.unwrap_err().class(), Class::NotFound);
}

#[test]
fn upcoming_shifts_come_in_order_in_pages_with_their_taken_seats() {
    let mut world = World::new();
    let later = world.shift("12:00", "13:00", 2);
    let same_time = [
        world.shift("10:00", "12:00", 2),
        world.shift("10:00", "11:00", 2),
    ];
    let started = world.shift("08:30", "16:00", 1);
    let canceled = world.shift("11:00", "12:00", 1);
    let _ = world
        .sandbox
        .write(|tx| availability::cancel_shift(tx, canceled.id))
        .unwrap();
    for _ in 0..2 {
        let agent = world.agent();
        world
            .sandbox
            .write(|tx| availability::commit(tx, later.id, agent, Tz::UTC))
            .unwrap();
    }
    let now = started.starts_at;
    let (mut seen, mut after) = (Vec::new(), None);
    for _ in 0..10 {
        let request = PageRequest::new(after, Some(1));
        let page = world
            .sandbox
            .read(|conn| availability::upcoming_shifts(conn, now, &request))
            .unwrap();
        seen.extend(page.items.iter().map(|item| (item.shift.id, item.taken)));
        let Some(next) = page.next else { break };
        after = Some(next.parse().unwrap());
    }
    assert_eq!(
        seen,
        [(same_time[0].id, 0), (same_time[1].id, 0), (later.id, 2)]
    );
    let unknown = PageRequest::new(Some(ShiftId::new()), None);
    let page = world
        .sandbox
        .read(|conn| availability::upcoming_shifts(conn, now, &unknown))
        .unwrap();
    assert!(page.items.is_empty() && page.next.is_none());
}

#[test]
fn a_shift_in_a_list_is_one_flat_object() {
    let mut world = World::new();
    world.shift("09:00", "13:00", 3);
    let (now, first) = (world.sandbox.now, PageRequest::first());
    let page = world
        .sandbox
        .read(|conn| availability::upcoming_shifts(conn, now, &first))
        .unwrap();
    let json = serde_json::to_value(&page.items[0]).unwrap();
    assert_eq!(
        (&json["queue"], &json["seats"], &json["taken"]),
        (&"vip".into(), &3.into(), &0.into())
    );
    assert_eq!(json["status"], "published");
}
