//! Offers: made, accepted, declined, timed out, taken back.

use chrono::TimeDelta;
use diesel::RunQueryDsl as _;
use dispatch::{DeclineReason, Error, OfferStatus, TicketStatus};

use crate::arrange::{agent, claim, engaged, escalation, floor, run_matcher, status, ticket};

#[test]
fn an_offer_is_accepted_once() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let ticket = ticket(&mut floor, "1");
    let offer = run_matcher(&mut floor, &[&agent]).remove(0);
    assert_eq!(status(&mut floor, &ticket), TicketStatus::Offered);

    let taken = floor
        .write(|tx| dispatch::accept(tx, offer.id, agent.agent_id))
        .unwrap();
    assert_eq!(taken.engagement.ticket_id, ticket.id);
    assert_eq!(status(&mut floor, &ticket), TicketStatus::Engaged);
    let again = floor.write(|tx| dispatch::accept(tx, offer.id, agent.agent_id));
    assert!(matches!(again, Err(Error::OfferClosed)), "{again:?}");
    floor.assert_promises();
}

#[test]
fn an_offer_expires() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let ticket = ticket(&mut floor, "1");
    let offer = run_matcher(&mut floor, &[&agent]).remove(0);

    floor.now += TimeDelta::seconds(20);
    let late = floor.write(|tx| dispatch::accept(tx, offer.id, agent.agent_id));
    assert!(matches!(late, Err(Error::OfferExpired)), "{late:?}");

    let missed = floor.write(dispatch::expire_offers).unwrap();
    assert_eq!(missed.len(), 1);
    assert_eq!(
        (missed[0].agent_id, missed[0].offer_id),
        (agent.agent_id, offer.id)
    );
    assert_eq!(status(&mut floor, &ticket), TicketStatus::Waiting);
    assert!(
        floor.write(dispatch::expire_offers).unwrap().is_empty(),
        "it expires once"
    );
    floor.assert_promises();
}

#[test]
fn an_offer_in_its_last_microsecond_is_accepted() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    ticket(&mut floor, "1");
    let offer = run_matcher(&mut floor, &[&agent]).remove(0);
    floor.now = offer.expires_at - TimeDelta::microseconds(1);
    assert!(floor.write(dispatch::expire_offers).unwrap().is_empty());
    floor
        .write(|tx| dispatch::accept(tx, offer.id, agent.agent_id))
        .unwrap();
}

#[test]
fn a_declined_ticket_goes_to_somebody_else_and_keeps_its_place() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let first = ticket(&mut floor, "1");
    let offer = run_matcher(&mut floor, &[&ada]).remove(0);
    floor.now += TimeDelta::seconds(5);
    let declined = floor
        .write(|tx| dispatch::decline(tx, offer.id, ada.agent_id, DeclineReason::TooComplex))
        .unwrap();
    assert_eq!(declined.status, OfferStatus::Declined);

    assert!(
        run_matcher(&mut floor, &[&ada]).is_empty(),
        "who declined is not asked again"
    );
    let other = run_matcher(&mut floor, &[&ada, &ben]).remove(0);
    assert_eq!((other.ticket_id, other.agent_id), (first.id, ben.agent_id));
    let read: Result<_, Error> = floor.read(|conn| Ok(dispatch::queries::ticket(conn, first.id)?));
    assert_eq!(read.unwrap().unwrap().waiting_since, first.waiting_since);
    floor.assert_promises();
}

#[test]
fn an_agent_cannot_answer_anothers_offer() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    ticket(&mut floor, "1");
    let offer = run_matcher(&mut floor, &[&ada]).remove(0);
    let other = floor.write(|tx| dispatch::accept(tx, offer.id, ben.agent_id));
    assert!(matches!(other, Err(Error::OfferNotFound)), "{other:?}");
}

#[test]
fn nobody_is_offered_more_than_they_can_hold() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    for number in 0..5 {
        ticket(&mut floor, &number.to_string());
    }
    assert_eq!(run_matcher(&mut floor, &[&agent]).len(), 2);
    assert!(run_matcher(&mut floor, &[&agent]).is_empty());
    floor.assert_promises();
}

#[test]
fn nobody_gets_their_own_ticket_or_one_of_their_household() {
    let mut floor = floor();
    let mut own = agent(&mut floor);
    own.customer_ref = "cus-1".to_owned();
    let mut kin = agent(&mut floor);
    kin.household_ref = Some("house-1".to_owned());
    let ticket = ticket(&mut floor, "1");
    assert!(run_matcher(&mut floor, &[&own, &kin]).is_empty());
    for agent in [&own, &kin] {
        let claim = floor.write(|tx| claim(tx, ticket.id, agent));
        assert!(matches!(claim, Err(Error::NotEligible(_))), "{claim:?}");
    }
}

#[test]
fn a_ticket_needs_its_language_and_every_skill() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let mut swedish = escalation("1");
    swedish.language = "sv".to_owned();
    let mut payments = escalation("2");
    payments.required_skills = vec!["care".into(), "payments".into()];
    for handoff in [swedish, payments] {
        let ticket = floor
            .write(|tx| crate::arrange::escalate(tx, handoff))
            .unwrap();
        let claim = floor.write(|tx| claim(tx, ticket.id, &agent));
        assert!(matches!(claim, Err(Error::NotEligible(_))), "{claim:?}");
    }
    assert!(run_matcher(&mut floor, &[&agent]).is_empty());
}

#[test]
fn a_claimed_ticket_is_taken() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let ticket = ticket(&mut floor, "1");
    floor.write(|tx| claim(tx, ticket.id, &ada)).unwrap();
    let late = floor.write(|tx| claim(tx, ticket.id, &ben));
    assert!(matches!(late, Err(Error::TicketTaken)), "{late:?}");
    floor.assert_promises();
}

#[test]
fn a_ticket_on_offer_cannot_be_claimed() {
    let mut floor = floor();
    let (ada, ben) = (agent(&mut floor), agent(&mut floor));
    let ticket = ticket(&mut floor, "1");
    run_matcher(&mut floor, &[&ada]);
    let claim = floor.write(|tx| claim(tx, ticket.id, &ben));
    assert!(matches!(claim, Err(Error::TicketOnOffer)), "{claim:?}");
}

#[test]
fn a_lost_agents_unanswered_work_goes_back_to_its_place() {
    let mut floor = floor();
    let agent = agent(&mut floor);
    let (answered, unanswered) = (ticket(&mut floor, "1"), ticket(&mut floor, "2"));
    let talking = floor.write(|tx| claim(tx, answered.id, &agent)).unwrap();
    let hello = dispatch::NewMessage {
        client_id: "1".to_owned(),
        body: "Hello".to_owned(),
    };
    floor
        .write(|tx| dispatch::say_as_agent(tx, talking.engagement.id, agent.agent_id, &hello))
        .unwrap();
    floor.write(|tx| claim(tx, unanswered.id, &agent)).unwrap();

    floor
        .write(|tx| dispatch::release_lost(tx, agent.agent_id))
        .unwrap();
    assert_eq!(
        status(&mut floor, &answered),
        TicketStatus::Engaged,
        "a conversation stays"
    );
    assert_eq!(status(&mut floor, &unanswered), TicketStatus::Waiting);
    floor.assert_promises();
}

#[test]
fn the_trail_of_a_claim_is_in_the_order_in_which_it_happened() {
    #[derive(diesel::QueryableByName)]
    struct Row {
        #[diesel(sql_type = diesel::sql_types::Text)]
        subject: String,
    }
    let mut floor = floor();
    let ada = agent(&mut floor);
    engaged(&mut floor, &ada, "1");
    let trail = floor.read(|conn| {
        let rows = "SELECT subject FROM audit.events WHERE ticket_id IS NOT NULL ORDER BY id";
        diesel::sql_query(rows).load::<Row>(conn)
    });
    let subjects: Vec<String> = trail.unwrap().into_iter().map(|row| row.subject).collect();
    assert_eq!(
        subjects,
        [
            "dispatch.tickets",
            "dispatch.offers",
            "dispatch.tickets",
            "dispatch.engagements"
        ]
    );
}
