//! Every run of the matcher that made offers can be explained, and replayed bit for bit.

use chrono::TimeDelta;
use dispatch::{Error, Replayed, agent_key, ticket_key};
use routing::WhyNot;

use crate::arrange::{agent, floor, run_matcher, ticket};

#[test]
fn an_offer_can_be_explained_and_its_run_replayed() {
    let mut sandbox = floor();
    let (mut novice, expert) = (agent(&mut sandbox), agent(&mut sandbox));
    novice.skills = vec![("care".to_owned(), 1)];
    let (mut stranger, wanted) = (agent(&mut sandbox), ticket(&mut sandbox, "1"));
    stranger.skills.clear();
    let offer = run_matcher(&mut sandbox, &[&novice, &expert, &stranger]).remove(0);
    assert_eq!(offer.agent_id, expert.agent_id);

    let found: Result<_, Error> =
        sandbox.read(|conn| Ok(dispatch::queries::explained_offer(conn, offer.id)?));
    let record = found.unwrap().unwrap().1.unwrap();
    assert_eq!(record.replay().unwrap(), Replayed::Same);
    let (inputs, outcome) = record.read().unwrap();
    let why = |agent: &dispatch::Candidate| {
        routing::why_not(
            &inputs,
            &outcome,
            ticket_key(wanted.id),
            agent_key(agent.agent_id),
        )
    };
    assert_eq!(why(&expert), WhyNot::Asked);
    assert!(matches!(why(&novice), WhyNot::Outranked { place: 2, .. }));
    assert!(
        matches!(why(&stranger), WhyNot::Objection { objection } if objection.code() == "skill")
    );
}

/// The control: a record that was tampered with, or that decides differently, is told apart.
#[test]
fn a_replay_notices_what_was_altered() {
    let mut sandbox = floor();
    let agent = agent(&mut sandbox);
    ticket(&mut sandbox, "1");
    let offer = run_matcher(&mut sandbox, &[&agent]).remove(0);
    let found: Result<_, Error> =
        sandbox.read(|conn| Ok(dispatch::queries::explained_offer(conn, offer.id)?));
    let record = found.unwrap().unwrap().1.unwrap();

    let mut altered = record.clone();
    altered.inputs = altered.inputs.replace("\"level\":3", "\"level\":4");
    assert_eq!(altered.replay().unwrap(), Replayed::InputsAltered);
    let mut other = record.clone();
    other.outcome = other.outcome.replace("\"score\":", "\"score\":1");
    assert_eq!(other.replay().unwrap(), Replayed::OutcomeDiffers);
    let mut older = record;
    older.engine -= 1;
    assert_eq!(older.replay().unwrap(), Replayed::OtherEngine);
}

#[test]
fn records_are_forgotten_in_time_and_offers_stay() {
    let mut sandbox = floor();
    let agent = agent(&mut sandbox);
    ticket(&mut sandbox, "1");
    let offer = run_matcher(&mut sandbox, &[&agent]).remove(0);
    sandbox.now += TimeDelta::days(31);
    assert_eq!(
        sandbox
            .write(|tx| -> Result<_, Error> { Ok(dispatch::prune(tx)?) })
            .unwrap(),
        1
    );
    let found: Result<_, Error> =
        sandbox.read(|conn| Ok(dispatch::queries::explained_offer(conn, offer.id)?));
    let (kept, record) = found.unwrap().unwrap();
    assert!(record.is_none() && kept.match_record_id.is_none());
    sandbox.assert_promises();
}
