//! The pure function that decides who gets what.

use chrono::TimeDelta;
use dispatch::{Candidate, Seat, Ticket, Waiting, assign};
use kernel::AgentId;
use proptest::prelude::*;

use crate::arrange::{escalation, floor, now};

/// Tickets with these priorities, the first waiting longest.
fn tickets(priorities: &[i32]) -> Vec<Ticket> {
    let mut floor = floor();
    priorities
        .iter()
        .enumerate()
        .map(|(number, priority)| {
            floor.now += TimeDelta::seconds(1);
            let mut handoff = escalation(&number.to_string());
            handoff.priority = Some(*priority);
            floor
                .write(|tx| crate::arrange::escalate(tx, handoff))
                .unwrap()
        })
        .collect()
}

fn candidate(proficiency: i32) -> Candidate {
    Candidate {
        agent_id: AgentId::new(),
        customer_ref: "somebody".to_owned(),
        household_ref: None,
        languages: vec!["en".to_owned()],
        skills: vec![("care".to_owned(), proficiency)],
    }
}

fn waiting(tickets: &[Ticket]) -> Vec<Waiting<'_>> {
    tickets
        .iter()
        .map(|ticket| Waiting {
            ticket,
            declined_by: &[],
        })
        .collect()
}

fn seat(candidate: &Candidate, free: i32) -> Seat<'_> {
    Seat {
        candidate,
        free,
        idle_since: now(),
    }
}

#[test]
fn the_urgent_go_first_and_then_those_who_waited_longest() {
    let tickets = tickets(&[3, 3, 6]);
    let agent = candidate(3);
    let matches = assign(&waiting(&tickets), &[seat(&agent, 2)], now());
    let served: Vec<_> = matches.iter().map(|found| found.ticket_id).collect();
    assert_eq!(served, [tickets[2].id, tickets[0].id]);
}

#[test]
fn the_more_proficient_agent_is_chosen() {
    let tickets = tickets(&[3]);
    let (able, expert) = (candidate(3), candidate(5));
    let matches = assign(
        &waiting(&tickets),
        &[seat(&able, 1), seat(&expert, 1)],
        now(),
    );
    assert_eq!(matches[0].agent_id, expert.agent_id);
}

#[test]
fn among_equals_it_is_who_had_nothing_to_do_longest() {
    let tickets = tickets(&[3]);
    let (fresh, rested) = (candidate(3), candidate(3));
    let rested_seat = Seat {
        idle_since: now() - TimeDelta::minutes(30),
        ..seat(&rested, 1)
    };
    let matches = assign(&waiting(&tickets), &[seat(&fresh, 1), rested_seat], now());
    assert_eq!(matches[0].agent_id, rested.agent_id);
}

#[test]
fn work_spreads_before_it_piles_up() {
    let tickets = tickets(&[3, 3]);
    let (ada, ben) = (candidate(3), candidate(3));
    let matches = assign(&waiting(&tickets), &[seat(&ada, 2), seat(&ben, 2)], now());
    assert_ne!(matches[0].agent_id, matches[1].agent_id);
}

#[test]
fn who_declined_is_not_asked_again() {
    let tickets = tickets(&[3]);
    let agent = candidate(3);
    let declined = [agent.agent_id];
    let waiting = [Waiting {
        ticket: &tickets[0],
        declined_by: &declined,
    }];
    assert!(assign(&waiting, &[seat(&agent, 1)], now()).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_result_does_not_depend_on_the_order_of_the_input(
        priorities in proptest::collection::vec(0..10_i32, 1..12),
        levels in proptest::collection::vec((1..6_i32, 0..4_i32), 1..8),
        rotation in 0..12_usize,
    ) {
        let tickets = tickets(&priorities);
        let agents: Vec<(Candidate, i32)> =
            levels.iter().map(|(level, free)| (candidate(*level), *free)).collect();
        let at = now();
        let seats: Vec<Seat<'_>> = agents
            .iter()
            .map(|(agent, free)| Seat { candidate: agent, free: *free, idle_since: at })
            .collect();
        let mut turned = waiting(&tickets);
        let mut moved = seats.clone();
        turned.rotate_left(rotation % priorities.len());
        moved.rotate_left(rotation % levels.len());

        let straight = assign(&waiting(&tickets), &seats, at);
        prop_assert_eq!(&assign(&turned, &moved, at), &straight);

        // Nobody gets more than they have room for, and no ticket goes twice.
        for (agent, free) in &agents {
            let given = straight.iter().filter(|found| found.agent_id == agent.agent_id).count();
            prop_assert!(i32::try_from(given).unwrap() <= *free);
        }
        let mut served: Vec<_> = straight.iter().map(|found| found.ticket_id).collect();
        served.sort_unstable();
        served.dedup();
        prop_assert_eq!(served.len(), straight.len());

        // Nothing waits while somebody who may take it has room.
        let room: i32 = levels.iter().map(|(_, free)| free).sum();
        let expected = usize::try_from(room).unwrap().min(tickets.len());
        prop_assert_eq!(straight.len(), expected);
    }
}
