//! Promising to work a shift, and taking it back.

use availability::{CommitmentStatus, Error};
use chrono_tz::Tz;
use kernel::{AgentId, Class, Classify, CommitmentId, ShiftId};

use crate::support::World;

#[test]
fn agents_take_the_lowest_free_seat() {
    let mut world = World::new();
    let shift = world.shift("09:00", "13:00", 3);
    let agents = [world.agent(), world.agent(), world.agent(), world.agent()];
    let mut commit = |agent| {
        world
            .sandbox
            .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
            .unwrap()
    };
    let first = commit(agents[0]);
    let second = commit(agents[1]);
    assert_eq!((first.seat, second.seat), (1, 2));
    assert_eq!(
        (first.starts_at, first.ends_at),
        (shift.starts_at, shift.ends_at)
    );
    world
        .sandbox
        .write(|tx| availability::release(tx, first.id, agents[0]))
        .unwrap();
    let mut commit = |agent| {
        world
            .sandbox
            .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
            .unwrap()
    };
    assert_eq!((commit(agents[2]).seat, commit(agents[3]).seat), (1, 3));
    world.sandbox.assert_promises();
}

#[test]
fn a_full_shift_takes_no_one_until_a_seat_is_released() {
    let mut world = World::new();
    let shift = world.shift("09:00", "13:00", 1);
    let (ada, ben) = (world.agent(), world.agent());
    let taken = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, ada, Tz::UTC))
        .unwrap();
    let full = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, ben, Tz::UTC));
    assert!(matches!(full, Err(Error::ShiftFull)), "{full:?}");
    world
        .sandbox
        .write(|tx| availability::release(tx, taken.id, ada))
        .unwrap();
    world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, ben, Tz::UTC))
        .unwrap();
}

#[test]
fn an_agent_commits_to_a_shift_once() {
    let mut world = World::new();
    let (shift, agent) = (world.shift("09:00", "13:00", 2), world.agent());
    let first = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
        .unwrap();
    let again = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC));
    assert!(matches!(again, Err(Error::AlreadyCommitted)), "{again:?}");
    world
        .sandbox
        .write(|tx| availability::release(tx, first.id, agent))
        .unwrap();
    world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
        .unwrap();
}

#[test]
fn an_agents_commitments_may_touch_but_not_overlap() {
    let mut world = World::new();
    let agent = world.agent();
    let [morning, overlapping, afternoon] =
        [("09:00", "13:00"), ("12:30", "14:00"), ("13:00", "17:00")]
            .map(|(from, to)| world.shift(from, to, 5));
    world
        .sandbox
        .write(|tx| availability::commit(tx, morning.id, agent, Tz::UTC))
        .unwrap();
    let refused = world
        .sandbox
        .write(|tx| availability::commit(tx, overlapping.id, agent, Tz::UTC));
    assert!(
        matches!(refused, Err(Error::CommitmentOverlaps)),
        "{refused:?}"
    );
    world
        .sandbox
        .write(|tx| availability::commit(tx, afternoon.id, agent, Tz::UTC))
        .unwrap();
    let other = world.agent();
    world
        .sandbox
        .write(|tx| availability::commit(tx, overlapping.id, other, Tz::UTC))
        .unwrap();
    world.sandbox.assert_promises();
}

#[test]
fn nobody_commits_to_a_shift_that_started_was_canceled_or_never_was() {
    let mut world = World::new();
    let (shift, canceled) = (
        world.shift("09:00", "13:00", 2),
        world.shift("14:00", "15:00", 2),
    );
    let agent = world.agent();
    let _ = world
        .sandbox
        .write(|tx| availability::cancel_shift(tx, canceled.id))
        .unwrap();
    let refused = world
        .sandbox
        .write(|tx| availability::commit(tx, canceled.id, agent, Tz::UTC));
    assert!(matches!(refused, Err(Error::ShiftCanceled)), "{refused:?}");
    let unknown = world
        .sandbox
        .write(|tx| availability::commit(tx, ShiftId::new(), agent, Tz::UTC));
    assert!(matches!(unknown, Err(Error::ShiftNotFound)), "{unknown:?}");
    world.sandbox.now = shift.starts_at;
    let late = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC));
    assert!(matches!(late, Err(Error::ShiftStarted)), "{late:?}");
}

#[test]
fn a_commitment_is_released_once_by_its_agent_before_the_start() {
    let mut world = World::new();
    let (shift, ada, ben) = (
        world.shift("09:00", "13:00", 2),
        world.agent(),
        world.agent(),
    );
    let adas = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, ada, Tz::UTC))
        .unwrap();
    let bens = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, ben, Tz::UTC))
        .unwrap();
    let mut release = |id: CommitmentId, agent: AgentId| {
        world
            .sandbox
            .write(|tx| availability::release(tx, id, agent))
    };
    let foreign = release(adas.id, ben);
    assert!(
        matches!(foreign, Err(Error::CommitmentNotFound)),
        "{foreign:?}"
    );
    let released = release(adas.id, ada).unwrap();
    assert_eq!(released.status, CommitmentStatus::Released);
    assert!(released.ended_at.is_some());
    let again = release(adas.id, ada);
    assert!(matches!(again, Err(Error::CommitmentEnded)), "{again:?}");
    world.sandbox.now = shift.starts_at;
    let late = world
        .sandbox
        .write(|tx| availability::release(tx, bens.id, ben));
    assert!(matches!(late, Err(Error::ShiftStarted)), "{late:?}");
}

#[test]
fn an_agent_sees_upcoming_and_running_commitments() {
    let mut world = World::new();
    let agent = world.agent();
    for (from, to) in [("14:00", "16:00"), ("09:00", "10:00"), ("10:00", "14:00")] {
        let shift = world.shift(from, to, 1);
        world
            .sandbox
            .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
            .unwrap();
    }
    world.sandbox.now += chrono::TimeDelta::hours(2); // It is ten o'clock.
    let now = world.sandbox.now;
    let seen = world
        .sandbox
        .read(|conn| availability::commitments(conn, agent, now))
        .unwrap();
    let starts: Vec<_> = seen
        .iter()
        .map(|seen| seen.shift.starts_at.format("%H:%M").to_string())
        .collect();
    assert_eq!(starts, ["10:00", "14:00"]);
    assert!(
        seen.iter()
            .all(|seen| seen.commitment.shift_id == seen.shift.id)
    );
}

#[test]
fn an_error_says_how_to_react() {
    let conflicts = [
        Error::ShiftStarted,
        Error::ShiftCanceled,
        Error::ShiftFull,
        Error::AlreadyCommitted,
        Error::CommitmentOverlaps,
        Error::CommitmentEnded,
        Error::NotPresent,
    ];
    let codes: std::collections::BTreeSet<_> = conflicts.iter().map(Classify::code).collect();
    assert_eq!(codes.len(), conflicts.len());
    assert!(
        conflicts
            .iter()
            .all(|error| error.class() == Class::Conflict)
    );
    assert_eq!(Error::CommitmentNotFound.class(), Class::NotFound);
}
