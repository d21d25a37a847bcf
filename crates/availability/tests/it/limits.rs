//! Working time as agents go and come, and what they promise.

use availability::{
    Cause, Error, Limit,
    PresenceStatus::{Available, Away, Offline},
    Rules,
};
use chrono_tz::Tz;
use kernel::{AgentId, Class, Classify};

use crate::support::World;

impl World {
    fn go_or(
        &mut self,
        agent: AgentId,
        status: availability::PresenceStatus,
    ) -> Result<availability::Presence, Error> {
        self.sandbox.write(|tx| availability::go(tx, agent, status))
    }

    /// Minutes pass while the agent's page is open.
    fn work(&mut self, agent: AgentId, minutes: i64) {
        for _ in 0..minutes * 2 {
            self.pass(30);
            self.sandbox
                .write(|tx| {
                    availability::heartbeat(tx, agent, &availability::Connection::default())
                })
                .unwrap();
        }
    }

    fn rules(&mut self, agent: Option<AgentId>, rules: Rules) {
        let by = self.supervisor;
        self.sandbox
            .write(|tx| availability::save_rules(tx, agent, &rules, by))
            .unwrap();
    }

    fn minutes_left(&mut self, agent: AgentId) -> (i64, Limit) {
        let now = self.sandbox.now;
        let left = self
            .sandbox
            .read(|conn| availability::time_left(conn, &[agent], now))
            .unwrap();
        (left[&agent].minutes(now), left[&agent].limit)
    }

    fn spans(&mut self, agent: AgentId) -> Vec<(i64, Option<i64>)> {
        #[derive(diesel::QueryableByName)]
        struct Row {
            #[diesel(sql_type = diesel::sql_types::Timestamptz)]
            started_at: chrono::DateTime<chrono::Utc>,
            #[diesel(sql_type = diesel::sql_types::Nullable<diesel::sql_types::Timestamptz>)]
            ended_at: Option<chrono::DateTime<chrono::Utc>>,
        }
        let rows: Vec<Row> = self
            .sandbox
            .read(|conn| {
                use diesel::RunQueryDsl as _;
                diesel::sql_query(
                    "SELECT started_at, ended_at FROM availability.work_spans \
                     WHERE agent_id = $1 ORDER BY started_at",
                )
                .bind::<diesel::sql_types::Uuid, _>(agent)
                .load(conn)
            })
            .unwrap();
        let second =
            |at: chrono::DateTime<chrono::Utc>| (at - crate::support::monday()).num_seconds();
        rows.into_iter()
            .map(|row| (second(row.started_at), row.ended_at.map(second)))
            .collect()
    }
}

fn short_break() -> Rules {
    Rules {
        break_after_minutes: 60,
        break_minutes: 10,
        ..Rules::default()
    }
}

#[test]
fn working_time_is_the_time_of_being_available() {
    let mut world = World::new();
    let agent = world.agent();
    let go = |world: &mut World, status| drop(world.go_or(agent, status).unwrap());
    go(&mut world, Available);
    world.pass(10);
    go(&mut world, Available);
    world.pass(10);
    go(&mut world, Away);
    world.pass(10);
    go(&mut world, Available);
    assert_eq!(world.spans(agent), [(0, Some(20)), (30, None)]);
    go(&mut world, Offline);
    assert_eq!(world.spans(agent), [(0, Some(20))], "no time passed");
    world.pass(10);
    go(&mut world, Available);
    world.pass(5);
    world
        .sandbox
        .write(|tx| availability::step_away(tx, agent))
        .unwrap();
    assert_eq!(world.spans(agent), [(0, Some(20)), (40, Some(45))]);
    world.sandbox.assert_promises();
}

#[test]
fn a_silence_is_not_worked_whether_it_was_noticed_or_not() {
    let mut world = World::new();
    let (noticed, unnoticed) = (world.agent(), world.agent());
    for agent in [noticed, unnoticed] {
        world.go_or(agent, Available).unwrap();
    }
    world.pass(600);
    world.go_or(unnoticed, Available).unwrap();
    assert_eq!(
        world.sandbox.write(availability::lose_expired).unwrap(),
        [noticed]
    );
    assert_eq!(world.spans(noticed), [(0, Some(45))]);
    assert_eq!(world.spans(unnoticed), [(0, Some(45)), (600, None)]);
    world.sandbox.assert_promises();
}

#[test]
fn at_the_limit_an_agent_is_sent_away_and_may_go_on_after_the_pause() {
    let mut world = World::new();
    world.rules(None, short_break());
    let (agent, other) = (world.agent(), world.agent());
    let presence = world.go_or(agent, Available).unwrap();
    assert_eq!(presence.time_left().unwrap().limit, Limit::Break);
    world.work(agent, 59);
    assert!(
        world
            .sandbox
            .write(availability::end_overlong)
            .unwrap()
            .is_empty()
    );
    world.work(agent, 1);
    world.go_or(other, Available).unwrap();
    let now = world.sandbox.now;
    let ready = world
        .sandbox
        .read(|conn| availability::present_agents(conn, now))
        .unwrap();
    assert_eq!(
        ready,
        [other],
        "no offers, even before somebody sends them away"
    );
    assert_eq!(
        world.sandbox.write(availability::end_overlong).unwrap(),
        [agent]
    );
    assert!(
        world
            .sandbox
            .write(availability::end_overlong)
            .unwrap()
            .is_empty()
    );
    let presence = world
        .sandbox
        .read(|conn| availability::presence(conn, agent))
        .unwrap()
        .unwrap();
    assert_eq!(
        (presence.status, presence.cause),
        (Away, Cause::WorkingTime)
    );

    world.pass(9 * 60);
    let refused = world.go_or(agent, Available).unwrap_err();
    assert_eq!(
        (refused.class(), refused.code()),
        (Class::Conflict, "over_working_time")
    );
    assert_eq!(
        refused.to_string(),
        "it is time for a break; you can go on in 1 minute"
    );
    world.pass(60);
    let presence = world.go_or(agent, Available).unwrap();
    assert_eq!(presence.cause, Cause::Said);
    world.sandbox.assert_promises();
}

#[test]
fn changed_rules_hold_for_who_is_at_work() {
    let mut world = World::new();
    let (agent, other) = (world.agent(), world.agent());
    world.go_or(agent, Available).unwrap();
    world.go_or(other, Available).unwrap();
    world.work(agent, 30);
    world.rules(Some(agent), short_break());
    assert_eq!(
        world.sandbox.write(availability::refresh_limits).unwrap(),
        1
    );
    assert_eq!(
        world.sandbox.write(availability::refresh_limits).unwrap(),
        0
    );
    assert_eq!(world.minutes_left(agent), (30, Limit::Break));
    assert_eq!(world.minutes_left(other), (330, Limit::Break));
    let presence = world
        .sandbox
        .read(|conn| availability::presence(conn, agent))
        .unwrap()
        .unwrap();
    assert_eq!(presence.time_left().unwrap().minutes(world.sandbox.now), 30);
    world
        .sandbox
        .write(|tx| availability::drop_rules(tx, agent))
        .unwrap();
    assert_eq!(world.minutes_left(agent), (330, Limit::Break));
    assert_eq!(
        world.sandbox.write(availability::refresh_limits).unwrap(),
        1
    );
    world.sandbox.assert_promises();
}

#[test]
fn rules_that_nobody_could_keep_are_refused() {
    let mut world = World::new();
    let (by, nobody) = (world.supervisor, AgentId::new());
    let wrong = Rules {
        max_day_minutes: 29,
        max_week_minutes: 6_001,
        break_after_minutes: 0,
        break_minutes: 4,
        rest_minutes: 1_381,
    };
    let Err(Error::Invalid(invalid)) = world
        .sandbox
        .write(|tx| availability::save_rules(tx, None, &wrong, by))
    else {
        panic!("accepted");
    };
    let fields: Vec<_> = invalid
        .fields
        .iter()
        .map(|fault| fault.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "max_day_minutes",
            "max_week_minutes",
            "break_after_minutes",
            "break_minutes",
            "rest_minutes"
        ]
    );
    let rules = Rules::default();
    let unknown = world
        .sandbox
        .write(|tx| availability::save_rules(tx, Some(nobody), &rules, by));
    assert!(matches!(unknown, Err(Error::AgentNotFound)), "{unknown:?}");
}

#[test]
fn the_platform_begins_with_the_rules_that_the_program_knows() {
    let mut world = World::new();
    let decided = world
        .sandbox
        .read(|conn| availability::decided_rules(conn, None))
        .unwrap()
        .unwrap();
    assert_eq!(decided.rules, Rules::default());
}

#[test]
fn a_shift_that_leaves_too_little_rest_is_refused_and_takes_no_seat() {
    let mut world = World::new();
    let (early, late, agent) = (
        world.shift("09:00", "11:00", 1),
        world.shift("21:00", "23:00", 1),
        world.agent(),
    );
    world
        .sandbox
        .write(|tx| availability::commit(tx, early.id, agent, Tz::UTC))
        .unwrap();
    let refused = world
        .sandbox
        .write(|tx| availability::commit(tx, late.id, agent, Tz::UTC))
        .unwrap_err();
    assert!(
        matches!(refused, Error::CommitmentOverLimit(Limit::Rest)),
        "{refused:?}"
    );
    assert_eq!(
        (refused.class(), refused.code()),
        (Class::Conflict, "commitment_over_limit")
    );
    let other = world.agent();
    let seat = world
        .sandbox
        .write(|tx| availability::commit(tx, late.id, other, Tz::UTC))
        .unwrap()
        .seat;
    assert_eq!(seat, 1);
}
