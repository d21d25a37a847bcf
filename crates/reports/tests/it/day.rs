//! A day as it was.

use chrono::{DateTime, TimeDelta, Utc};
use dispatch::OfferStatus;
use kernel::AgentId;
use reports::Day;

use crate::world::{Ticket, World, noon};

fn midnight() -> DateTime<Utc> {
    noon() - TimeDelta::hours(12)
}

fn look(world: &mut World) -> Day {
    let (from, to) = (midnight(), midnight() + TimeDelta::days(1));
    let day = world
        .sandbox
        .read(|conn| reports::day(conn, from, to, noon()));
    day.unwrap().unwrap()
}

fn says(world: &mut World, agent: AgentId, at: &str, state: &str) {
    world.sandbox.sql(&format!(
        "INSERT INTO audit.events (at, actor, action, subject, subject_id, agent_id, new_state) \
         VALUES ('{at}', 'test', 'test', 'availability.presences', '{0}', '{0}', '{state}')",
        agent.uuid()
    ));
}

#[test]
fn it_has_the_tickets_that_came_then_and_what_became_of_them() {
    let mut world = World::new();
    let ada = world.agent("Ada");
    let closed = |minutes| Some(TimeDelta::minutes(minutes));
    // Engaged at 11:30, half an hour before now.
    let talking = world.ticket(Ticket::new("vip", "engaged", 5, 40));
    world.engage(talking, ada, false);
    let left = world.ticket(Ticket {
        closed: closed(3),
        ..Ticket::new("vip", "abandoned", 5, 10)
    });
    let waiting = world.ticket(Ticket::new("vip", "waiting", 5, 5));
    world.ticket(Ticket::new("vip", "waiting", 5, 13 * 60));
    let day = look(&mut world);
    let found: Vec<_> = day.tickets.iter().map(|told| told.ticket.id).collect();
    assert_eq!(found, [talking, left, waiting], "yesterday's is not there");

    let minutes = |told: usize| {
        let told = &day.tickets[told];
        (told.wait().map(|wait| wait.num_minutes()), told.has_left())
    };
    assert_eq!(minutes(0), (Some(10), false));
    assert_eq!(minutes(1), (Some(7), true));
    assert_eq!(minutes(2), (None, false));
    // What goes on is counted up to now.
    assert_eq!(day.tickets[0].talk, TimeDelta::minutes(30));
    assert_eq!(day.tickets[0].wrap_up, TimeDelta::zero());
    assert_eq!(day.offers.len(), 1);
    assert_eq!(day.offers[0].status, OfferStatus::Accepted);
}

#[test]
fn it_has_all_tickets_of_a_long_day() {
    let mut world = World::new();
    for _ in 0..205 {
        world.ticket(Ticket::new("vip", "waiting", 5, 5));
    }
    assert_eq!(look(&mut world).tickets.len(), 205);
}

#[test]
fn who_was_there_at_midnight_is_there_from_the_beginning() {
    let mut world = World::new();
    let (ada, ben) = (world.agent("Ada"), world.agent("Ben"));
    says(&mut world, ada, "2026-11-22T23:00Z", "away");
    says(&mut world, ada, "2026-11-22T23:30Z", "available");
    says(&mut world, ada, "2026-11-23T01:00Z", "offline");
    says(&mut world, ben, "2026-11-22T20:00Z", "available");
    says(&mut world, ben, "2026-11-22T21:00Z", "offline");
    says(&mut world, ben, "2026-11-23T11:00Z", "available");
    let hours = |from, to| {
        (
            midnight() + TimeDelta::hours(from),
            midnight() + TimeDelta::hours(to),
        )
    };
    let mut expected = vec![(ada, hours(0, 1)), (ben, hours(11, 12))];
    expected.sort_unstable();
    let spans = look(&mut world).spans;
    let spans: Vec<_> = (spans.into_iter())
        .map(|span| (span.agent_id, (span.from, span.until)))
        .collect();
    // Ben is still there: the day ends for him now, at noon.
    assert_eq!(spans, expected);
}
