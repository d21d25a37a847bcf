//! Several agents are asked at the same time: the first who accepts has the ticket.

use std::sync::Arc;

use dispatch::{Candidate, Error, NewPolicy, OfferStatus, TicketStatus};
use routing::Policy;

use crate::{
    arrange::{
        agent, floor, match_tickets, run_matcher, shared_agent, shared_floor, shared_ticket,
        status, ticket,
    },
    races::at_once,
};

fn three_at_once() -> NewPolicy {
    NewPolicy {
        queue: "general".to_owned(),
        policy: Policy {
            simultaneous_offers: 3,
            offer_seconds: 20,
            ..Policy::default()
        },
        note: "three at once".to_owned(),
        created_by: "test".to_owned(),
    }
}

#[test]
fn the_first_who_accepts_has_it_and_the_others_are_told() {
    let mut sandbox = floor();
    sandbox
        .write(|tx| dispatch::publish_policy(tx, &three_at_once(), None))
        .unwrap();
    let agents: Vec<Candidate> = (0..4).map(|_| agent(&mut sandbox)).collect();
    let wanted = ticket(&mut sandbox, "1");
    let offers = run_matcher(&mut sandbox, &agents.iter().collect::<Vec<_>>());
    assert_eq!(offers.len(), 3);
    sandbox.assert_promises();

    let quick = &offers[1];
    sandbox
        .write(|tx| dispatch::accept(tx, quick.id, quick.agent_id))
        .unwrap();
    assert_eq!(status(&mut sandbox, &wanted), TicketStatus::Engaged);
    for slow in [&offers[0], &offers[2]] {
        let late = sandbox.write(|tx| dispatch::accept(tx, slow.id, slow.agent_id));
        assert!(matches!(late, Err(Error::OfferClosed)), "{late:?}");
        let found: Result<_, Error> =
            sandbox.read(|conn| Ok(dispatch::queries::offer(conn, slow.id, slow.agent_id)?));
        assert_eq!(found.unwrap().unwrap().0.status, OfferStatus::Rescinded);
    }
    sandbox.assert_promises();
}

#[test]
fn a_ticket_stays_on_offer_until_the_last_who_was_asked_has_declined() {
    let mut sandbox = floor();
    sandbox
        .write(|tx| dispatch::publish_policy(tx, &three_at_once(), None))
        .unwrap();
    let agents: Vec<Candidate> = (0..2).map(|_| agent(&mut sandbox)).collect();
    let wanted = ticket(&mut sandbox, "1");
    let offers = run_matcher(&mut sandbox, &agents.iter().collect::<Vec<_>>());
    let reason = dispatch::DeclineReason::Break;
    for (offer, after) in offers
        .iter()
        .zip([TicketStatus::Offered, TicketStatus::Waiting])
    {
        sandbox
            .write(|tx| dispatch::decline(tx, offer.id, offer.agent_id, reason))
            .unwrap();
        assert_eq!(status(&mut sandbox, &wanted), after);
        sandbox.assert_promises();
    }
    let again = run_matcher(&mut sandbox, &agents.iter().collect::<Vec<_>>());
    assert!(again.is_empty(), "both declined: {again:?}");
}

/// Everybody who was asked accepts at the same moment.
#[test]
fn one_of_many_who_accept_at_once_has_it() {
    let mut database = shared_floor();
    database
        .db()
        .write_blocking("test", |tx| {
            dispatch::publish_policy(tx, &three_at_once(), None)
        })
        .unwrap();
    let agents: Vec<Candidate> = (0..3).map(|_| shared_agent(&mut database)).collect();
    for agent in &agents {
        let units = dispatch::Capacity {
            total: 20,
            chat: None,
            message: None,
        };
        let widened = database.db().write_blocking("test", |tx| {
            dispatch::set_capacity(tx, agent.agent_id, units)
        });
        widened.unwrap();
    }
    for round in 0..10 {
        shared_ticket(&mut database, &round.to_string());
        let offers = database
            .db()
            .write_blocking("match", |tx| match_tickets(tx, &agents))
            .unwrap();
        assert_eq!(offers.len(), 3, "round {round}");
        let offers = Arc::new(offers);
        let asked = offers.clone();
        let outcomes = at_once(3, &database.db(), move |index, db| {
            let offer = &asked[index];
            db.write_blocking("accept", |tx| {
                dispatch::accept(tx, offer.id, offer.agent_id)
            })
        });
        let taken: Vec<_> = outcomes.into_iter().flatten().collect();
        assert_eq!(taken.len(), 1, "round {round}");
        database.assert_promises();
    }
}
