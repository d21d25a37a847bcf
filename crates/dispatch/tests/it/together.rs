//! Several at once in one transaction: each as if they had come alone.

use chrono::TimeDelta;
use dispatch::{Error, Escalation, OfferStatus};
use kernel::{AccountId, TicketId};

use crate::arrange::{
    agent, escalate_all, escalation, floor, last_message, shared_agent, shared_floor,
    shared_ticket, ticket,
};

fn with(external_id: &str, change: impl FnOnce(&mut Escalation)) -> Escalation {
    let mut handoff = escalation(external_id);
    change(&mut handoff);
    handoff
}

#[test]
fn handoffs_that_come_together_are_refused_each_by_itself() {
    let mut floor = floor();
    let handoffs = vec![
        escalation("1"),
        with("2", |handoff| handoff.queue = "nowhere".to_owned()),
        escalation("1"),
        with("3", |handoff| handoff.summary = String::new()),
        escalation("4"),
    ];
    let outcomes = floor.write(|tx| escalate_all(tx, handoffs)).unwrap();
    let [Ok(first), Err(queue), Err(again), Err(summary), Ok(last)] = outcomes.as_slice() else {
        panic!("{outcomes:?}");
    };
    assert!(queue.to_string().contains("queue"), "{queue}");
    assert!(matches!(again, Error::TicketExists), "{again}");
    assert!(summary.to_string().contains("summary"), "{summary}");
    assert_eq!((&*first.external_id, &*last.external_id), ("1", "4"));
    floor.assert_promises();
}

#[test]
fn an_id_that_is_there_already_stops_all_and_nothing_is_stored() {
    let mut floor = floor();
    ticket(&mut floor, "1");
    let handoffs = vec![escalation("2"), escalation("1")];
    let outcome = floor.write(|tx| escalate_all(tx, handoffs));
    assert!(matches!(outcome, Err(Error::TicketExists)), "{outcome:?}");
    // So the other can still be taken in by itself.
    ticket(&mut floor, "2");
}

#[test]
fn customers_are_told_where_they_stand_among_those_who_come_with_them() {
    let mut floor = floor();
    ticket(&mut floor, "0");
    floor.now += TimeDelta::seconds(1);
    // What waits is a complex case, whose priority is 4.
    let ranked = |id: &str, priority| with(id, |handoff| handoff.priority = Some(priority));
    let handoffs = vec![ranked("1", 4), ranked("2", 9), ranked("3", 4)];
    let outcomes = floor.write(|tx| escalate_all(tx, handoffs)).unwrap();
    let tickets = outcomes.into_iter().map(Result::unwrap);
    let told: Vec<String> = tickets
        .map(|ticket| last_message(&mut floor, ticket.id).body)
        .collect();
    for (told, place) in told.iter().zip([
        "2 people are before you.",
        "You are next.",
        "3 people are before you.",
    ]) {
        assert!(told.contains(place), "{told}");
    }
}

#[test]
fn claims_that_come_together_are_decided_on_each_by_itself() {
    let mut floor = floor();
    let agents = [(); 4].map(|()| agent(&mut floor));
    let tickets = ["1", "2", "3"].map(|id| ticket(&mut floor, id));
    let mut kin = agents[1].clone();
    kin.household_ref = tickets[1].household_ref.clone();
    floor
        .write(|tx| dispatch::claim(tx, &[(&agents[3], tickets[2].id)]))
        .unwrap()
        .remove(0)
        .unwrap();
    let wishes = [
        (&agents[0], tickets[0].id),
        (&kin, tickets[1].id),
        (&agents[2], tickets[2].id),
        (&agents[3], TicketId::new()),
    ];
    let outcomes = floor.write(|tx| dispatch::claim(tx, &wishes)).unwrap();
    let [
        Ok(taken),
        Err(Error::NotEligible(_)),
        Err(Error::TicketTaken),
        Err(Error::TicketNotFound),
    ] = outcomes.as_slice()
    else {
        panic!("{outcomes:?}");
    };
    assert_eq!(taken.engagement.agent_id, agents[0].agent_id);
    assert_eq!(taken.engagement.ticket_id, tickets[0].id);
    let loads = agents.each_ref().map(|one| {
        let workload = floor.read(|conn| dispatch::queries::workload(conn, one.agent_id));
        workload.unwrap().unwrap().load
    });
    assert_eq!(loads, [1, 0, 0, 1]);
    let offer = floor
        .read(|conn| dispatch::queries::offer(conn, taken.engagement.offer_id, agents[0].agent_id));
    assert_eq!(offer.unwrap().unwrap().0.status, OfferStatus::Accepted);
    floor.assert_promises();
}

#[test]
fn the_trail_says_of_each_ticket_who_took_it() {
    let mut database = shared_floor();
    let agents = [(); 2].map(|()| shared_agent(&mut database));
    let tickets = ["1", "2", "3"].map(|id| shared_ticket(&mut database, id));
    let db = database.db();
    let doors = [(); 2].map(|()| db.acting_as(&format!("it's {}", AccountId::new())));
    let each = tickets.iter().map(|ticket| ticket.id).zip(&doors);
    db.acting_for(each)
        .write_blocking("claim", |tx| {
            let wishes = [(&agents[0], tickets[0].id), (&agents[1], tickets[1].id)];
            for taken in dispatch::claim(tx, &wishes)? {
                taken?;
            }
            // Nobody was said to act for the third.
            dispatch::leave(tx, tickets[2].id).map(drop)
        })
        .unwrap();
    for (ticket, actor) in tickets
        .iter()
        .zip([doors[0].actor(), doors[1].actor(), "system"])
    {
        let (id, actor) = (ticket.id.uuid(), actor.replace('\'', "''"));
        let of_it = format!(
            "SELECT count(*) FROM audit.events WHERE ticket_id = '{id}' AND action = 'claim'"
        );
        let rows = database.number(&of_it);
        assert!(rows >= 1);
        let by_them = format!("{of_it} AND actor = '{actor}'");
        assert_eq!(database.number(&by_them), rows, "{actor}");
    }
    // What comes later in the same session is nobody's of before.
    shared_ticket(&mut database, "4");
    let other = "SELECT count(*) FROM audit.events WHERE action = 'test' AND actor <> 'system'";
    assert_eq!(database.number(other), 0);
}
