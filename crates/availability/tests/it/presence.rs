//! Going online and offline, and being lost.

use availability::{
    Error, LEASE_SECONDS,
    PresenceStatus::{Available, Away, Offline},
};
use chrono::TimeDelta;
use kernel::{AgentId, Class, Classify};

use crate::support::World;

impl World {
    fn go(&mut self, agent: AgentId, status: availability::PresenceStatus) {
        let presence = self
            .sandbox
            .write(|tx| availability::go(tx, agent, status))
            .unwrap();
        assert_eq!(presence.status, status);
    }

    fn present(&mut self) -> Vec<AgentId> {
        let now = self.sandbox.now;
        self.sandbox
            .read(|conn| availability::present_agents(conn, now))
            .unwrap()
    }

    fn heartbeat(&mut self, agent: AgentId) -> Result<availability::Presence, Error> {
        self.sandbox.write(|tx| availability::heartbeat(tx, agent))
    }
}

#[test]
fn only_available_agents_are_present() {
    let mut world = World::new();
    let [ada, ben, eve] = [(); 3].map(|()| world.agent());
    let _never_there = world.agent();
    world.go(ada, Available);
    world.go(ben, Away);
    world.go(eve, Available);
    world.go(eve, Offline);
    assert_eq!(world.present(), [ada]);
    let floor = world.sandbox.read(availability::presences).unwrap();
    let seen: Vec<_> = floor
        .iter()
        .map(|presence| (presence.agent_id, presence.status))
        .collect();
    assert_eq!(seen, [(ada, Available), (ben, Away)]);
}

#[test]
fn heartbeats_keep_an_agent_present() {
    let mut world = World::new();
    let agent = world.agent();
    world.go(agent, Available);
    let since = world.sandbox.now;
    for _ in 0..10 {
        world.pass(LEASE_SECONDS - 1);
        let presence = world.heartbeat(agent).unwrap();
        let until = world.sandbox.now + TimeDelta::seconds(LEASE_SECONDS);
        assert_eq!(
            (presence.since, presence.lease_expires_at),
            (since, Some(until))
        );
    }
    assert_eq!(world.present(), [agent]);
}

#[test]
fn a_silent_agent_is_gone_when_the_lease_ends_and_cannot_just_carry_on() {
    let mut world = World::new();
    let agent = world.agent();
    world.go(agent, Available);
    world.pass(LEASE_SECONDS);
    assert!(world.present().is_empty());
    let late = world.heartbeat(agent).unwrap_err();
    assert_eq!(
        (late.class(), late.code()),
        (Class::Conflict, "not_present")
    );
    world.go(agent, Available);
    assert_eq!(world.present(), [agent]);
    let presence = world
        .sandbox
        .read(|conn| availability::presence(conn, agent))
        .unwrap()
        .unwrap();
    assert_eq!(
        presence.since, world.sandbox.now,
        "the silence must not count as being there"
    );
}

#[test]
fn who_is_offline_or_never_came_has_no_heartbeat() {
    let mut world = World::new();
    let agent = world.agent();
    assert!(matches!(world.heartbeat(agent), Err(Error::NotPresent)));
    world.go(agent, Available);
    world.go(agent, Offline);
    assert!(matches!(world.heartbeat(agent), Err(Error::NotPresent)));
}

#[test]
fn the_lost_are_made_offline_once_and_the_rest_stay() {
    let mut world = World::new();
    let [lost, away, kept] = [(); 3].map(|()| world.agent());
    world.go(lost, Available);
    world.pass(1);
    world.go(away, Away);
    world.pass(LEASE_SECONDS - 2);
    world.go(kept, Available);
    world.pass(1);
    assert_eq!(
        world.sandbox.write(availability::lose_expired).unwrap(),
        [lost]
    );
    world.pass(1);
    assert_eq!(
        world.sandbox.write(availability::lose_expired).unwrap(),
        [away]
    );
    assert!(
        world
            .sandbox
            .write(availability::lose_expired)
            .unwrap()
            .is_empty()
    );
    let presence = world
        .sandbox
        .read(|conn| availability::presence(conn, lost))
        .unwrap()
        .unwrap();
    assert_eq!(
        (presence.status, presence.lease_expires_at),
        (Offline, None)
    );
    assert_eq!(world.present(), [kept]);
}

#[test]
fn one_call_loses_a_bounded_number_of_agents() {
    let mut world = World::new();
    for _ in 0..101 {
        let agent = world.agent();
        world.go(agent, Available);
    }
    world.pass(LEASE_SECONDS);
    assert_eq!(
        world
            .sandbox
            .write(availability::lose_expired)
            .unwrap()
            .len(),
        100
    );
    assert_eq!(
        world
            .sandbox
            .write(availability::lose_expired)
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn only_those_available_with_a_live_lease_are_held() {
    let mut world = World::new();
    let [silent, second, away, first, unasked] = [(); 5].map(|()| world.agent());
    world.go(silent, Available);
    world.pass(LEASE_SECONDS);
    for agent in [second, first, unasked] {
        world.go(agent, Available);
    }
    world.go(away, Away);
    let asked = [first, away, silent, second, AgentId::new()];
    let held = world
        .sandbox
        .write(|tx| availability::hold_present(tx, &asked))
        .unwrap();
    let mut expected = [first, second];
    expected.sort();
    assert_eq!(held, expected);
}

#[test]
fn stepping_away_takes_only_the_available_and_does_not_bring_back_the_gone() {
    let mut world = World::new();
    let [available, silent, offline] = [(); 3].map(|()| world.agent());
    world.go(silent, Available);
    world.pass(LEASE_SECONDS);
    world.go(available, Available);
    world.go(offline, Offline);
    let never_there = world.agent();
    for agent in [available, silent, offline, never_there] {
        world
            .sandbox
            .write(|tx| availability::step_away(tx, agent))
            .unwrap();
    }
    assert!(world.present().is_empty());
    world.heartbeat(available).unwrap();
    for gone in [silent, offline, never_there] {
        assert!(matches!(world.heartbeat(gone), Err(Error::NotPresent)));
    }
}
