//! What nobody takes in time is put aside, and a person settles it.

use chrono::TimeDelta;
use dispatch::{Error, NewPolicy, Settlement, TicketStatus};
use routing::Policy;

use crate::arrange::{agent, floor, run_matcher, status, ticket};

#[test]
fn a_ticket_that_nobody_takes_is_put_aside_and_comes_back_to_its_place() {
    let mut sandbox = floor();
    let patience = NewPolicy {
        queue: "general".to_owned(),
        policy: Policy {
            dead_letter_seconds: 600,
            ..Policy::default()
        },
        note: "ten minutes".to_owned(),
        created_by: "test".to_owned(),
    };
    sandbox
        .write(|tx| dispatch::publish_policy(tx, &patience, None))
        .unwrap();
    let waiting = ticket(&mut sandbox, "1");
    sandbox.now += TimeDelta::seconds(599);
    assert!(sandbox.write(dispatch::put_aside).unwrap().is_empty());
    sandbox.now += TimeDelta::seconds(1);
    let letter = sandbox.write(dispatch::put_aside).unwrap().remove(0);
    assert!(letter.reason.contains("10 minutes"), "{}", letter.reason);
    assert_eq!(status(&mut sandbox, &waiting), TicketStatus::Expired);
    assert!(
        sandbox.write(dispatch::put_aside).unwrap().is_empty(),
        "once"
    );
    sandbox.assert_promises();

    let replayed = sandbox
        .write(|tx| dispatch::replay_dead_letter(tx, letter.id, "Sam"))
        .unwrap();
    assert_eq!(replayed.settlement, Some(Settlement::Replayed));
    let again = sandbox.write(|tx| dispatch::discard_dead_letter(tx, letter.id, "Sam"));
    assert!(matches!(again, Err(Error::DeadLetterSettled)), "{again:?}");
    let agent = agent(&mut sandbox);
    let offer = run_matcher(&mut sandbox, &[&agent]).remove(0);
    assert_eq!(offer.ticket_id, waiting.id);
    let found: Result<_, Error> =
        sandbox.read(|conn| Ok(dispatch::queries::ticket(conn, waiting.id)?));
    assert_eq!(found.unwrap().unwrap().waiting_since, waiting.waiting_since);
    sandbox.assert_promises();
}

#[test]
fn a_ticket_may_be_put_aside_again_and_given_up() {
    let mut sandbox = floor();
    let waiting = ticket(&mut sandbox, "1");
    for round in 0..2 {
        sandbox.now += TimeDelta::days(2);
        let letter = sandbox.write(dispatch::put_aside).unwrap().remove(0);
        sandbox
            .write(|tx| match round {
                0 => dispatch::replay_dead_letter(tx, letter.id, "Sam"),
                _ => dispatch::discard_dead_letter(tx, letter.id, "Sam"),
            })
            .unwrap();
    }
    assert_eq!(status(&mut sandbox, &waiting), TicketStatus::Expired);
    let open: Result<_, Error> =
        sandbox.read(|conn| Ok(dispatch::queries::open_dead_letters(conn)?));
    assert!(open.unwrap().is_empty());
    sandbox.assert_promises();
}
