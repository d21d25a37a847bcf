//! Work is priced once, by the card in force when it was done.

use chrono::TimeDelta;
use db::testing::sandbox;
use kernel::{Class, Classify as _, Money, PageRequest};
use payouts::{Error, accrue, publish_rate_card};

use crate::world::{EUR, World as _, card, rate};

#[test]
fn work_is_priced_by_the_card_in_force_when_it_was_done() {
    let mut db = sandbox();
    let old = db.priced();
    let (agent, by) = (db.agent(), db.account());
    let dearer = card(db.now, &[rate("vip", "10", "0.30", 0)]);
    let new = db.write(|tx| publish_rate_card(tx, &dearer, by)).unwrap();

    let mut work = db.work(agent, 400);
    work.earned_at = db.now - TimeDelta::microseconds(1);
    let before = db.write(|tx| accrue(tx, &work)).unwrap();
    let mut work = db.work(agent, 400);
    work.earned_at = db.now;
    let after = db.write(|tx| accrue(tx, &work)).unwrap();

    assert_eq!((before.rate_card_id, before.amount_minor), (old.id, 450));
    assert_eq!((after.rate_card_id, after.amount_minor), (new.id, 1200));
    let summary = db
        .read(|conn| payouts::earnings_summary(conn, agent, EUR))
        .unwrap();
    assert_eq!(summary.balance, Money::new(1650, EUR));
    assert_eq!(
        (summary.earned, summary.paid),
        (Money::new(1650, EUR), Money::zero(EUR))
    );
    db.check_constraints().unwrap();
    db.assert_promises();
}

#[test]
fn a_short_engagement_is_paid_for_the_minimum() {
    let mut db = sandbox();
    db.queue("vip");
    let (agent, by) = (db.agent(), db.account());
    let input = card(
        db.now - TimeDelta::days(1),
        &[rate("vip", "0", "0.30", 300)],
    );
    db.write(|tx| publish_rate_card(tx, &input, by)).unwrap();
    let line = db.earn(agent);
    assert_eq!((line.payable_seconds, line.amount_minor), (400, 200));
    let work = db.work(agent, 12);
    let line = db.write(|tx| accrue(tx, &work)).unwrap();
    assert_eq!(
        (
            line.handled_seconds,
            line.payable_seconds,
            line.amount_minor
        ),
        (12, 300, 150)
    );
}

#[test]
fn work_that_earns_nothing_has_a_line_and_no_entry() {
    let mut db = sandbox();
    db.queue("vip");
    let (agent, by) = (db.agent(), db.account());
    let input = card(db.now - TimeDelta::days(1), &[rate("vip", "0", "0", 0)]);
    db.write(|tx| publish_rate_card(tx, &input, by)).unwrap();
    let work = db.work(agent, 400);
    let line = db.write(|tx| accrue(tx, &work)).unwrap();
    assert_eq!((line.amount_minor, line.entry_id), (0, None));
    let again = db.write(|tx| accrue(tx, &work));
    assert!(matches!(again, Err(Error::AlreadyAccrued)), "{again:?}");
    let preparer = db.account();
    assert!(matches!(db.prepare(preparer), Err(Error::NothingToPay)));
    db.assert_promises();
}

#[test]
fn an_engagement_accrues_once() {
    let mut db = sandbox();
    db.priced();
    let agent = db.agent();
    let mut work = db.work(agent, 400);
    db.write(|tx| accrue(tx, &work)).unwrap();
    work.handled_seconds = 4_000;
    let again = db.write(|tx| accrue(tx, &work)).unwrap_err();
    assert_eq!(
        (again.class(), again.code()),
        (Class::Conflict, "already_accrued")
    );
    let summary = db
        .read(|conn| payouts::earnings_summary(conn, agent, EUR))
        .unwrap();
    assert_eq!(summary.balance, Money::new(450, EUR));
    db.assert_promises();
}

#[test]
fn work_without_a_price_says_who_can_help() {
    let mut db = sandbox();
    let card = db.priced();
    let agent = db.agent();
    let mut work = db.work(agent, 400);
    work.queue = "billing".to_owned();
    let unpriced = db.write(|tx| accrue(tx, &work)).unwrap_err();
    assert_eq!(
        unpriced.to_string(),
        "no rate card in force covers queue billing; finance publishes one"
    );
    work.queue = "vip".to_owned();
    work.earned_at = card.valid_from - TimeDelta::microseconds(1);
    let early = db.write(|tx| accrue(tx, &work)).unwrap_err();
    assert_eq!((early.class(), early.code()), (Class::Conflict, "no_rate"));
    work.handled_seconds = -1;
    let negative = db.write(|tx| accrue(tx, &work)).unwrap_err();
    assert_eq!(negative.fields()[0].field, "handled_seconds");
}

#[test]
fn lines_are_listed_newest_first_by_page() {
    let mut db = sandbox();
    db.priced();
    let (agent, other) = (db.agent(), db.agent());
    let mut ids: Vec<_> = (0..5).map(|_| db.earn(agent).id).collect();
    ids.reverse();
    db.earn(other);
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let request = PageRequest::new(after, Some(2));
        let page = db
            .read(|conn| payouts::earning_lines(conn, agent, &request))
            .unwrap();
        seen.extend(page.items.iter().map(|line| line.id));
        let Some(next) = page.next else { break };
        after = Some(next.parse().unwrap());
    }
    assert_eq!(seen, ids);
    let first = db
        .read(|conn| payouts::earning_lines(conn, agent, &PageRequest::first()))
        .unwrap();
    assert_eq!(
        first.items[0].computation(),
        "2.50 EUR for the engagement + 0.30 EUR × 6 min 40 s (400 s) = 4.50 EUR"
    );
}
