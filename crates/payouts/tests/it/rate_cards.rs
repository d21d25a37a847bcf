//! Price lists follow each other without gap or overlap.

use chrono::TimeDelta;
use db::testing::sandbox;
use kernel::{Class, Classify as _};
use payouts::{Error, publish_rate_card};

use crate::world::{EUR, World as _, card, rate};

#[test]
fn a_new_card_ends_the_one_before_it() {
    let mut db = sandbox();
    let first = db.priced();
    let by = db.account();
    let from = db.now + TimeDelta::days(1);
    let second =
        db.write(|tx| publish_rate_card(tx, &card(from, &[rate("vip", "3", "0.3333", 60)]), by));
    let second = second.unwrap();

    let (cards, before, at, rates) = db
        .read(|conn| {
            diesel::QueryResult::Ok((
                payouts::rate_cards(conn)?,
                payouts::rate_card_in_force(conn, EUR, from - TimeDelta::microseconds(1))?,
                payouts::rate_card_in_force(conn, EUR, from)?,
                payouts::rates(conn, second.id)?,
            ))
        })
        .unwrap();
    assert_eq!(
        cards.iter().map(|card| card.id).collect::<Vec<_>>(),
        [second.id, first.id]
    );
    assert_eq!(cards[1].valid_until, Some(from));
    assert_eq!(before.unwrap().id, first.id);
    assert_eq!(at.unwrap().id, second.id);
    assert_eq!((rates.len(), rates[0].minimum_seconds), (1, 60));
    let both = db
        .read(|conn| payouts::rates_on(conn, &[first.id, second.id]))
        .unwrap();
    assert_eq!(
        both.iter()
            .map(|rate| rate.rate_card_id)
            .collect::<Vec<_>>(),
        [first.id, second.id]
    );
    assert_eq!(rates[0].per_minute, "0.3333".parse().unwrap());
}

#[test]
fn a_card_says_everything_that_is_wrong_with_it() {
    let mut db = sandbox();
    let by = db.account();
    let mut input = card(
        db.now,
        &[
            rate("vip", "2.50000", "0.30", 0),
            rate("vip", "-1", "0.33333", 3601),
            rate("V I P", "100000000", "0", -1),
        ],
    );
    input.name = String::new();
    input.currency = "EUX".to_owned();
    let error = db
        .write(|tx| publish_rate_card(tx, &input, by))
        .unwrap_err();
    assert_eq!(error.class(), Class::Invalid);
    let fields: Vec<&str> = error
        .fields()
        .iter()
        .map(|fault| fault.field.as_str())
        .collect();
    assert_eq!(
        fields,
        [
            "name",
            "rates[1].per_engagement",
            "rates[1].per_minute",
            "rates[1].minimum_seconds",
            "rates[1].queue",
            "rates[2].queue",
            "rates[2].per_engagement",
            "rates[2].minimum_seconds",
            "currency",
        ]
    );
    let none = db
        .write(|tx| publish_rate_card(tx, &card(tx.now(), &[]), by))
        .unwrap_err();
    assert_eq!(none.fields()[0].field, "rates");
}

#[test]
fn an_unknown_queue_is_named() {
    let mut db = sandbox();
    db.queue("vip");
    let by = db.account();
    let input = card(
        db.now,
        &[rate("vip", "1", "0", 0), rate("nowhere", "1", "0", 0)],
    );
    let error = db
        .write(|tx| publish_rate_card(tx, &input, by))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "rates[1].queue: there is no queue nowhere"
    );
}

#[test]
fn only_the_first_card_of_a_currency_begins_in_the_past() {
    let mut db = sandbox();
    db.priced();
    let by = db.account();
    let from = |age| card(age, &[rate("vip", "1", "0", 0)]);
    let late = from(db.now - TimeDelta::seconds(61));
    let error = db.write(|tx| publish_rate_card(tx, &late, by)).unwrap_err();
    assert_eq!(error.fields()[0].field, "valid_from");
    let mut dollars = late.clone();
    dollars.currency = "USD".to_owned();
    db.write(|tx| publish_rate_card(tx, &dollars, by)).unwrap();
    let just_now = from(db.now - TimeDelta::seconds(59));
    db.write(|tx| publish_rate_card(tx, &just_now, by)).unwrap();
}

#[test]
fn a_card_does_not_begin_before_one_that_is_planned() {
    let mut db = sandbox();
    db.priced();
    let by = db.account();
    let planned = card(db.now + TimeDelta::days(7), &[rate("vip", "1", "0", 0)]);
    db.write(|tx| publish_rate_card(tx, &planned, by)).unwrap();
    for days in [1, 7] {
        let earlier = card(db.now + TimeDelta::days(days), &[rate("vip", "1", "0", 0)]);
        let refused = db.write(|tx| publish_rate_card(tx, &earlier, by));
        assert!(
            matches!(refused, Err(Error::RateCardOverlaps)),
            "{refused:?}"
        );
    }
}

#[test]
fn the_database_refuses_two_cards_in_force_and_a_changed_price() {
    let mut db = sandbox();
    db.priced();
    let overlap = "INSERT INTO payouts.rate_cards SELECT gen_random_uuid(), name, currency, now(), \
                   NULL, created_by, now() FROM payouts.rate_cards";
    assert_eq!(db.refusal(overlap), "rate_cards_one_in_force");
    assert!(
        db.refusal("UPDATE payouts.rates SET per_minute = 9")
            .contains("append-only")
    );
    assert!(
        db.refusal("DELETE FROM payouts.rates")
            .contains("append-only")
    );
}
