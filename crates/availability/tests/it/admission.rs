//! Whose work an agent is admitted to.

use availability::{Admission, Basis, EARLY, Error};
use chrono::TimeDelta;
use chrono_tz::Tz;
use kernel::AgentId;

use crate::support::World;

impl World {
    fn close(&mut self, queue: &str) {
        let by = self.supervisor;
        self.sandbox
            .write(|tx| availability::set_on_demand(tx, queue, false, by))
            .unwrap();
    }

    fn admission(&mut self, agent: AgentId) -> Admission {
        let now = self.sandbox.now;
        let read = self
            .sandbox
            .read(|conn| availability::admitted(conn, &[agent], now))
            .unwrap();
        let held = self
            .sandbox
            .write(|tx| availability::hold_admitted(tx, &[agent]))
            .unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(held, [(agent, read[0].queues.clone())]);
        read[0].clone()
    }
}

#[test]
fn whoever_is_there_is_admitted_until_a_queue_is_closed_to_them() {
    let mut world = World::new();
    let agent = world.agent();
    let before = world.admission(agent);
    assert_eq!(
        (before.basis, before.shift_ends_at),
        (Basis::OnDemand, None)
    );
    assert!(before.queues.admits("vip"));
    world.close("vip");
    let closed = world.admission(agent);
    assert!(!closed.queues.admits("vip") && closed.queues.admits("general"));
    let by = world.supervisor;
    world
        .sandbox
        .write(|tx| availability::set_on_demand(tx, "vip", true, by))
        .unwrap();
    assert!(world.admission(agent).queues.admits("vip"));
    world.sandbox.assert_promises();
}

#[test]
fn a_shift_admits_from_five_minutes_before_its_start_until_its_end() {
    let mut world = World::new();
    let shift = world.shift("09:00", "11:00", 1);
    let (agent, other) = (world.agent(), world.agent());
    world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
        .unwrap();
    world.close("vip");
    let instants = [
        (shift.starts_at - EARLY - TimeDelta::seconds(1), false),
        (shift.starts_at - EARLY, true),
        (shift.ends_at - TimeDelta::seconds(1), true),
        (shift.ends_at, false),
    ];
    for (now, is_on_shift) in instants {
        world.sandbox.now = now;
        let admission = world.admission(agent);
        assert_eq!(admission.queues.admits("vip"), is_on_shift, "{now}");
        assert_eq!(admission.basis == Basis::OnShift, is_on_shift, "{now}");
        let ends_at = is_on_shift.then_some(shift.ends_at);
        assert_eq!(admission.shift_ends_at, ends_at, "{now}");
        assert!(!world.admission(other).queues.admits("vip"), "{now}");
    }
}

#[test]
fn between_two_shifts_both_admit() {
    let mut world = World::new();
    world
        .sandbox
        .sql("INSERT INTO dispatch.queues VALUES ('billing', 'Billing', 60, 120, 1, now(), 1)");
    let agent = world.agent();
    let (first, mut input) = (
        world.shift("09:00", "11:00", 1),
        crate::support::input("11:00", "13:00", 1),
    );
    "billing".clone_into(&mut input.queue);
    let by = world.supervisor;
    let second = world
        .sandbox
        .write(|tx| availability::publish_shift(tx, &input, by))
        .unwrap();
    for shift in [first.id, second.id] {
        world
            .sandbox
            .write(|tx| availability::commit(tx, shift, agent, Tz::UTC))
            .unwrap();
    }
    world.close("vip");
    world.close("billing");
    world.sandbox.now = first.ends_at - TimeDelta::minutes(2);
    let admission = world.admission(agent);
    assert!(admission.queues.admits("vip") && admission.queues.admits("billing"));
    assert_eq!(admission.shift_ends_at, Some(second.ends_at));
    world.sandbox.now = first.ends_at;
    let admission = world.admission(agent);
    assert!(!admission.queues.admits("vip") && admission.queues.admits("billing"));
}

#[test]
fn a_released_shift_does_not_admit_and_an_unknown_queue_is_refused() {
    let mut world = World::new();
    let (shift, agent, by) = (
        world.shift("09:00", "11:00", 1),
        world.agent(),
        world.supervisor,
    );
    let commitment = world
        .sandbox
        .write(|tx| availability::commit(tx, shift.id, agent, Tz::UTC))
        .unwrap();
    world
        .sandbox
        .write(|tx| availability::release(tx, commitment.id, agent))
        .unwrap();
    world.close("vip");
    world.sandbox.now = shift.starts_at;
    assert!(!world.admission(agent).queues.admits("vip"));
    let unknown = world
        .sandbox
        .write(|tx| availability::set_on_demand(tx, "nowhere", false, by));
    assert!(matches!(unknown, Err(Error::QueueNotFound)), "{unknown:?}");
    let odd = world
        .sandbox
        .write(|tx| availability::set_on_demand(tx, "No Queue", false, by));
    assert!(matches!(odd, Err(Error::Invalid(_))), "{odd:?}");
}

#[test]
fn ten_thousand_agents_are_told_apart_in_one_look() {
    let mut world = World::new();
    let shifts = [(); 20].map(|()| world.shift("09:00", "11:00", 250).id.uuid());
    // Every second of ten thousand agents is on one of twenty shifts.
    world.sandbox.sql(&format!(
        "CREATE TEMPORARY TABLE crowd ON COMMIT DROP AS \
             SELECT n, gen_random_uuid() AS agent, gen_random_uuid() AS account \
               FROM generate_series(1, 10000) n; \
         INSERT INTO identity.accounts SELECT account, account || '@example.org', 'Ada', 'x', \
             'agent', 'active', now() FROM crowd; \
         INSERT INTO onboarding.agents (id, account_id, customer_ref, tier, customer_since, \
             country, email, display_name, status, created_at) \
         SELECT agent, account, agent, 'gold', '2020-01-01', 'SE', 'a@example.org', 'Ada', \
             'applying', now() FROM crowd; \
         INSERT INTO availability.commitments \
         SELECT gen_random_uuid(), s.id, (n / 2) % 250 + 1, agent, s.starts_at, s.ends_at, \
             'committed', now() FROM crowd \
           JOIN availability.shifts s ON s.id = ('{{{}}}'::uuid[])[(n / 2) / 250 + 1] \
          WHERE n % 2 = 0 AND n / 2 < 5000; \
         ANALYZE availability.commitments",
        shifts.map(|id| id.to_string()).join(","),
    ));
    world.close("vip");
    world.sandbox.now = "2026-11-23T10:00:00Z".parse().unwrap();
    let (now, agents) = (world.sandbox.now, crowd(&mut world));
    let begun = std::time::Instant::now();
    let admitted = world
        .sandbox
        .read(|conn| availability::admitted(conn, &agents, now))
        .unwrap();
    println!("admitted 10,000 agents in {:?}", begun.elapsed());
    let on_shift = admitted.iter().filter(|one| one.queues.admits("vip"));
    assert_eq!((admitted.len(), on_shift.count()), (10_000, 4_999));
    let begun = std::time::Instant::now();
    let held = world
        .sandbox
        .write(|tx| availability::hold_admitted(tx, &agents))
        .unwrap();
    println!("held 10,000 agents in {:?}", begun.elapsed());
    let admitted = admitted.into_iter().map(|one| (one.agent_id, one.queues));
    assert_eq!(held, admitted.collect::<Vec<_>>());
}

fn crowd(world: &mut World) -> Vec<AgentId> {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Uuid)]
        agent: AgentId,
    }
    use diesel::RunQueryDsl as _;
    let rows: Vec<Row> = world
        .sandbox
        .read(|conn| diesel::sql_query("SELECT agent FROM crowd ORDER BY n").load(conn))
        .unwrap();
    rows.into_iter().map(|row| row.agent).collect()
}
