//! The floor.

use chrono::TimeDelta;
use dispatch::TicketStatus;
use kernel::TicketId;
use reports::Floor;

use crate::world::{Ticket, World, noon};

fn look(world: &mut World) -> Floor {
    world
        .sandbox
        .read(|conn| reports::floor(conn, noon()))
        .unwrap()
}

#[test]
fn an_empty_floor_still_shows_its_queues() {
    let floor = look(&mut World::new());
    let codes: Vec<&str> = floor
        .queues
        .iter()
        .map(|queue| queue.code.as_str())
        .collect();
    assert_eq!(codes, ["care", "vip"]);
    assert_eq!(floor.queues[0].oldest_waiting_since, None);
    assert!(floor.agents.is_empty() && floor.tickets.is_empty());
    assert_eq!((floor.resolved_today, floor.abandoned_today), (0, 0));
}

#[test]
fn open_tickets_are_counted_by_queue_and_status() {
    let mut world = World::new();
    for (queue, status, minutes) in [
        ("vip", "waiting", 5),
        ("vip", "waiting", 9),
        ("vip", "offered", 60),
        ("vip", "engaged", 50),
        ("vip", "wrapping", 40),
        ("care", "waiting", 1),
    ] {
        world.ticket(Ticket::new(queue, status, 5, minutes));
    }
    let floor = look(&mut world);
    let vip = &floor.queues[1];
    assert_eq!(
        (vip.waiting, vip.offered, vip.engaged, vip.wrapping),
        (2, 1, 1, 1)
    );
    assert_eq!(
        vip.oldest_waiting_since,
        Some(noon() - TimeDelta::minutes(9))
    );
    assert_eq!((floor.queues[0].waiting, floor.queues[0].offered), (1, 0));
}

#[test]
fn the_day_begins_at_midnight_utc() {
    let mut world = World::new();
    let mut close = |status, hours| {
        let closed = Some(TimeDelta::hours(hours));
        world.ticket(Ticket {
            closed,
            ..Ticket::new("vip", status, 5, 24 * 60)
        });
    };
    close("resolved", 1);
    close("resolved", 12);
    close("resolved", 13);
    close("abandoned", 2);
    close("abandoned", 20);
    let floor = look(&mut world);
    assert_eq!((floor.resolved_today, floor.abandoned_today), (2, 1));
    assert!(
        floor.tickets.is_empty(),
        "closed tickets are not on the floor"
    );
}

#[test]
fn tickets_that_wait_come_first_by_priority_and_then_by_age() {
    let mut world = World::new();
    let engaged = world.ticket(Ticket::new("vip", "engaged", 9, 90));
    let young = world.ticket(Ticket::new("vip", "waiting", 5, 1));
    let old = world.ticket(Ticket::new("care", "waiting", 5, 30));
    let urgent = world.ticket(Ticket::new("vip", "waiting", 8, 2));
    let order: Vec<TicketId> = look(&mut world)
        .tickets
        .iter()
        .map(|ticket| ticket.brief.id)
        .collect();
    assert_eq!(order, [urgent, old, young, engaged]);
}

#[test]
fn a_ticket_names_the_agent_who_has_it_and_not_who_lost_it() {
    let mut world = World::new();
    let (ada, ben) = (world.agent("Ada"), world.agent("Ben"));
    let ticket = world.ticket(Ticket::new("vip", "engaged", 5, 10));
    world.engage(ticket, ada, true);
    world.engage(ticket, ben, false);
    let waiting = world.ticket(Ticket::new("vip", "waiting", 5, 10));
    world.engage(waiting, ada, true);

    let floor = look(&mut world);
    let names: Vec<_> = floor
        .tickets
        .iter()
        .map(|ticket| (ticket.brief.id, ticket.agent_name.as_deref()))
        .collect();
    assert_eq!(names, [(waiting, None), (ticket, Some("Ben"))]);
    assert_eq!(floor.tickets[0].brief.status, TicketStatus::Waiting);
    assert_eq!(floor.tickets[0].brief.required_skills, ["refunds"]);
}

#[test]
fn an_agent_is_there_until_the_lease_is_over() {
    let mut world = World::new();
    let (zoe, ada, gone) = (world.agent("Zoe"), world.agent("Ada"), world.agent("Ben"));
    let absent = world.agent("Cid");
    world.presence(zoe, "available", TimeDelta::seconds(1));
    world.presence(ada, "away", TimeDelta::seconds(45));
    world.presence(gone, "available", TimeDelta::zero());
    let agents = look(&mut world).agents;
    let there: Vec<_> = agents
        .iter()
        .map(|agent| (agent.id, agent.status.as_str()))
        .collect();
    assert_eq!(
        there,
        [(ada, "away"), (zoe, "available")],
        "not {gone} nor {absent}"
    );
    assert_eq!((agents[0].load, agents[0].capacity), (0, 2));
}

#[test]
fn the_floor_shows_a_hundred_tickets_at_most() {
    let mut world = World::new();
    for _ in 0..70 {
        world.ticket(Ticket::new("vip", "waiting", 5, 1));
        world.ticket(Ticket::new("vip", "engaged", 5, 1));
    }
    let floor = look(&mut world);
    let waiting = floor
        .tickets
        .iter()
        .filter(|ticket| ticket.brief.status == TicketStatus::Waiting)
        .count();
    assert_eq!((floor.tickets.len(), waiting), (100, 70));
    assert_eq!(
        floor.queues[1].engaged, 70,
        "what is counted is counted in full"
    );
}
