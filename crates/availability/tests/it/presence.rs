//! Going online and offline, and being lost.

use availability::{
    CONNECTED_SECONDS, Cause, Connection, ConnectionState, Error, LEASE_SECONDS,
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
        self.sandbox
            .write(|tx| availability::heartbeat(tx, agent, &Connection::default()))
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
    let held: Vec<AgentId> = held.into_iter().map(|(agent, _)| agent).collect();
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

impl World {
    fn beat(&mut self, agent: AgentId, tab: &str) {
        let tab = Connection::named(Some(tab)).unwrap();
        self.sandbox
            .write(|tx| availability::heartbeat(tx, agent, &tab))
            .unwrap();
    }

    fn leave(&mut self, agent: AgentId, tab: &str) {
        let tab = Connection::named(Some(tab)).unwrap();
        self.sandbox
            .write(|tx| availability::leave(tx, agent, &tab))
            .unwrap();
    }

    fn connection(&mut self, agent: AgentId) -> Option<ConnectionState> {
        let now = self.sandbox.now;
        let presence = self
            .sandbox
            .read(|conn| availability::presence(conn, agent));
        presence.unwrap().unwrap().connection(now)
    }
}

#[test]
fn a_missing_heartbeat_stops_offers_and_nothing_else() {
    let mut world = World::new();
    let agent = world.agent();
    world.go(agent, Available);
    world.pass(CONNECTED_SECONDS - 1);
    assert_eq!(world.present(), [agent]);
    world.pass(1);
    assert_eq!(world.connection(agent), Some(ConnectionState::Unstable));
    assert!(world.present().is_empty());
    assert!(
        world
            .sandbox
            .write(|tx| availability::hold_present(tx, &[agent]))
            .unwrap()
            .is_empty()
    );
    assert!(
        world
            .sandbox
            .write(availability::lose_expired)
            .unwrap()
            .is_empty()
    );
    world.heartbeat(agent).unwrap();
    assert_eq!(world.connection(agent), Some(ConnectionState::Connected));
    assert_eq!(world.present(), [agent]);
}

#[test]
fn an_agent_is_as_present_as_the_best_of_their_tabs() {
    let mut world = World::new();
    let agent = world.agent();
    world.go(agent, Available);
    world.beat(agent, "desk");
    world.pass(10);
    world.beat(agent, "phone");
    world.pass(15);
    assert_eq!(
        world.connection(agent),
        Some(ConnectionState::Connected),
        "the phone is heard"
    );
    world.leave(agent, "desk");
    assert_eq!(world.connection(agent), Some(ConnectionState::Connected));
    world.beat(agent, "phone");
    world.leave(agent, "phone");
    world.leave(agent, "never-seen");
    assert_eq!(
        world.connection(agent),
        Some(ConnectionState::Unstable),
        "the default tab is old"
    );
    world.pass(44);
    world.beat(agent, "phone");
    assert_eq!(
        world.connection(agent),
        Some(ConnectionState::Connected),
        "a reload loses nothing"
    );
    world.sandbox.assert_promises();
}

#[test]
fn the_last_goodbye_leaves_the_agent_there_until_the_lease_ends() {
    let mut world = World::new();
    let agent = world.agent();
    world.go(agent, Available);
    let before = world
        .sandbox
        .read(|conn| availability::presence(conn, agent))
        .unwrap()
        .unwrap();
    world.pass(5);
    world.leave(agent, "default");
    let after = world
        .sandbox
        .read(|conn| availability::presence(conn, agent))
        .unwrap()
        .unwrap();
    assert_eq!(
        (after.status, after.since, after.lease_expires_at),
        (before.status, before.since, before.lease_expires_at)
    );
    assert_eq!(world.connection(agent), Some(ConnectionState::Unstable));
    world.pass(LEASE_SECONDS - 5);
    assert_eq!(
        world.sandbox.write(availability::lose_expired).unwrap(),
        [agent]
    );
    assert_eq!(world.connection(agent), Some(ConnectionState::Lost));
    world.leave(agent, "default");
    assert_eq!(world.connection(agent), Some(ConnectionState::Lost));
    world.go(agent, Offline);
    assert_eq!(world.connection(agent), None);
}

#[test]
fn a_loss_says_so_in_the_trail_and_heartbeats_leave_none() {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Text>)]
        new_state: Option<String>,
    }
    let mut world = World::new();
    let agent = world.agent();
    world.go(agent, Available);
    world.beat(agent, "desk");
    world.pass(LEASE_SECONDS);
    world.sandbox.write(availability::lose_expired).unwrap();
    let rows: Vec<Row> = world
        .sandbox
        .read(|conn| {
            use diesel::RunQueryDsl as _;
            diesel::sql_query(
                "SELECT new_state FROM audit.events \
                 WHERE subject = 'availability.presences' AND subject_id = $1::text ORDER BY id",
            )
            .bind::<diesel::sql_types::Uuid, _>(agent)
            .load(conn)
        })
        .unwrap();
    let trail: Vec<_> = rows.into_iter().filter_map(|row| row.new_state).collect();
    assert_eq!(trail, ["offline", "available", "offline, lost"]);
    let presence = world
        .sandbox
        .read(|conn| availability::presence(conn, agent))
        .unwrap()
        .unwrap();
    assert_eq!(presence.cause, Cause::Lost);
}

#[test]
fn an_agent_has_at_most_eight_connections_and_the_newest_stay() {
    let mut world = World::new();
    let agent = world.agent();
    world.go(agent, Available);
    for tab in 0..12 {
        world.pass(1);
        world.beat(agent, &format!("tab-{tab}"));
        world.beat(agent, "kept");
    }
    world.sandbox.assert_promises();
    world.leave(agent, "kept");
    for tab in 5..12 {
        assert_eq!(
            world.connection(agent),
            Some(ConnectionState::Connected),
            "tab {tab}"
        );
        world.leave(agent, &format!("tab-{tab}"));
    }
    assert_eq!(world.connection(agent), Some(ConnectionState::Unstable));
}
