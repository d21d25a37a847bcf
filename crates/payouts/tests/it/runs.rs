//! Payout runs, from the snapshot to the books.

use chrono::TimeDelta;
use db::testing::{Sandbox, sandbox};
use kernel::{Class, Classify as _, Money, PageRequest};
use payouts::{
    Error, HeldReason, RunStatus, approve_run, export_run, prepare_run, settle_run, void_run,
};

use crate::world::{EUR, World as _, vault};

#[test]
fn a_run_pays_what_was_earned_before_its_end_and_never_paid() {
    let mut db = sandbox();
    db.priced();
    let (ada, ben, by) = (db.paid_agent(), db.paid_agent(), db.account());
    let end = db.now - TimeDelta::days(1);
    let mut line = |agent, earned_at| {
        let mut work = db.work(agent, 400);
        work.earned_at = earned_at;
        db.write(|tx| payouts::accrue(tx, &work)).unwrap().id
    };
    let earlier = line(ada, end - TimeDelta::days(8));
    let within = line(ada, end - TimeDelta::microseconds(1));
    let bens = line(ben, end - TimeDelta::days(1));
    line(ada, end);

    let prepared = db
        .write(|tx| prepare_run(tx, end - TimeDelta::days(7), end, EUR, by))
        .unwrap();
    let run = prepared.run;
    assert_eq!(
        (run.status, run.item_count, run.line_count),
        (RunStatus::Closed, 2, 3)
    );
    assert_eq!(
        (run.total(), prepared.held),
        (Money::new(1350, EUR), vec![])
    );

    let items = db
        .read(|conn| payouts::items(conn, run.id, &PageRequest::first()))
        .unwrap()
        .items;
    let adas = items.iter().find(|item| item.agent_id == ada).unwrap();
    assert_eq!(
        (adas.amount_minor, adas.line_count, adas.country.as_str()),
        (900, 2, "DE")
    );
    let lines = |db: &mut Sandbox, item| -> Vec<_> {
        db.read(|conn| payouts::item_lines(conn, item))
            .unwrap()
            .iter()
            .map(|line| line.id)
            .collect()
    };
    assert_eq!(lines(&mut db, adas.id), [earlier, within]);
    let item = items.iter().find(|item| item.agent_id == ben).unwrap();
    assert_eq!(lines(&mut db, item.id), [bens]);

    let again = db.write(|tx| prepare_run(tx, end - TimeDelta::days(7), end, EUR, by));
    assert!(matches!(again, Err(Error::NothingToPay)), "{again:?}");
    let next = db.prepare(by).unwrap().run;
    assert_eq!(
        next.total_minor, 450,
        "what was earned at the end belongs to the next run"
    );
    let page = db
        .read(|conn| payouts::runs(conn, &PageRequest::new(None, Some(1))))
        .unwrap();
    assert_eq!(
        (page.items[0].id, page.next),
        (next.id, Some(next.id.to_string()))
    );
    db.check_constraints().unwrap();
    db.assert_promises();
}

#[test]
fn an_agent_without_a_payee_is_held_and_paid_by_a_later_run() {
    let mut db = sandbox();
    db.priced();
    let (ada, ben, by) = (db.paid_agent(), db.agent(), db.account());
    db.earn(ben);
    db.earn(ben);
    assert!(
        matches!(db.prepare(by), Err(Error::NothingToPay)),
        "nobody can be paid"
    );
    db.earn(ada);
    let prepared = db.prepare(by).unwrap();
    assert_eq!(
        (prepared.run.item_count, prepared.run.total_minor),
        (1, 450)
    );
    let [held] = &prepared.held[..] else {
        panic!("{:?}", prepared.held)
    };
    assert_eq!((held.agent_id, held.amount), (ben, Money::new(900, EUR)));
    assert_eq!(held.reason, HeldReason::NoPayee);

    db.write(|tx| payouts::save_payee(tx, &vault(), ben, &crate::world::payee_input()))
        .unwrap();
    let later = db.prepare(by).unwrap();
    assert_eq!((later.run.total_minor, later.held.len()), (900, 0));
}

#[test]
fn a_period_ends_after_its_start_and_not_in_the_future() {
    let mut db = sandbox();
    let (by, now) = (db.account(), db.now);
    for (start, end) in [
        (now, now),
        (now, now - TimeDelta::days(1)),
        (now, now + TimeDelta::days(1)),
    ] {
        let error = db
            .write(|tx| prepare_run(tx, start, end, EUR, by))
            .unwrap_err();
        assert_eq!(error.fields()[0].field, "period_end", "{start} {end}");
    }
}

#[test]
fn a_run_is_approved_by_a_second_person() {
    let mut db = sandbox();
    db.priced();
    let (agent, preparer, approver) = (db.paid_agent(), db.account(), db.account());
    db.earn(agent);
    let id = db.prepare(preparer).unwrap().run.id;
    let own = db.write(|tx| approve_run(tx, id, preparer)).unwrap_err();
    assert_eq!(
        (own.class(), own.code()),
        (Class::Forbidden, "approver_prepared")
    );
    let run = db.write(|tx| approve_run(tx, id, approver)).unwrap();
    assert_eq!(
        (run.status, run.approved_by),
        (RunStatus::Approved, Some(approver))
    );
    let again = db.write(|tx| approve_run(tx, id, approver)).unwrap_err();
    assert_eq!(
        again.to_string(),
        "this payout run is approved; only one that is closed can be approved"
    );
}

#[test]
fn a_run_moves_along_its_arrows_only() {
    let mut db = sandbox();
    db.priced();
    let agent = db.paid_agent();
    let (preparer, approver) = (db.account(), db.account());
    // Which of approve, export, settle and void each state allows.
    let mut allowed = |at: RunStatus| {
        db.earn(agent);
        let id = db.prepare(preparer).unwrap().run.id;
        let path = [
            RunStatus::Closed,
            RunStatus::Approved,
            RunStatus::Exported,
            RunStatus::Settled,
        ];
        let steps = path.iter().position(|status| *status == at).unwrap_or(0);
        if steps >= 1 {
            db.write(|tx| approve_run(tx, id, approver)).unwrap();
        }
        if steps >= 2 {
            db.write(|tx| export_run(tx, &vault(), id)).unwrap();
        }
        if steps >= 3 {
            db.write(|tx| settle_run(tx, id)).unwrap();
        }
        if at == RunStatus::Void {
            db.write(|tx| void_run(tx, id, preparer, "wrong")).unwrap();
        }
        assert_eq!(
            db.read(|conn| payouts::run(conn, id))
                .unwrap()
                .unwrap()
                .status,
            at
        );
        let mut tried = |work: &dyn Fn(&mut db::Tx<'_>) -> Result<(), Error>| {
            // What succeeds is undone, so that each is tried from the same state.
            let outcome: Result<(), Error> = db.write(|tx| {
                work(tx)?;
                Err(Error::NothingToPay)
            });
            match outcome {
                Err(Error::NothingToPay) => true,
                Err(Error::WrongState { status, .. }) if status == at => false,
                other => panic!("{at}: {other:?}"),
            }
        };
        [
            tried(&|tx| approve_run(tx, id, approver).map(drop)),
            tried(&|tx| export_run(tx, &vault(), id).map(drop)),
            tried(&|tx| settle_run(tx, id).map(drop)),
            tried(&|tx| void_run(tx, id, approver, "wrong").map(drop)),
        ]
    };
    assert_eq!(allowed(RunStatus::Closed), [true, false, false, true]);
    assert_eq!(allowed(RunStatus::Approved), [false, true, false, true]);
    assert_eq!(allowed(RunStatus::Exported), [false, true, true, false]);
    assert_eq!(allowed(RunStatus::Settled), [false, true, false, false]);
    assert_eq!(allowed(RunStatus::Void), [false, false, false, false]);
}

#[test]
fn a_void_run_sets_its_lines_free() {
    let mut db = sandbox();
    db.priced();
    let (agent, by) = (db.paid_agent(), db.account());
    db.earn(agent);
    let run = db.approved_run();
    let unexplained = db.write(|tx| void_run(tx, run, by, " ")).unwrap_err();
    assert_eq!(unexplained.fields()[0].field, "reason");
    let void = db
        .write(|tx| void_run(tx, run, by, " a wrong rate "))
        .unwrap();
    assert_eq!((void.status, void.voided_by), (RunStatus::Void, Some(by)));
    assert_eq!(void.void_reason.as_deref(), Some("a wrong rate"));
    assert_eq!(
        db.read(|conn| payouts::payments(conn, agent))
            .unwrap()
            .len(),
        0
    );
    assert_eq!(db.prepare(by).unwrap().run.total_minor, 450);
    db.assert_promises();
}

#[test]
fn a_settled_run_is_booked_and_seen_by_the_agent() {
    let mut db = sandbox();
    db.priced();
    let agent = db.paid_agent();
    db.earn(agent);
    db.earn(agent);
    let run = db.exported_run();
    db.now += TimeDelta::days(1);
    let settled = db.write(|tx| settle_run(tx, run)).unwrap();
    assert_eq!(
        (settled.status, settled.settled_at),
        (RunStatus::Settled, Some(db.now))
    );

    let summary = db
        .read(|conn| payouts::earnings_summary(conn, agent, EUR))
        .unwrap();
    assert_eq!(summary.balance, Money::zero(EUR));
    assert_eq!(
        (summary.earned, summary.paid),
        (Money::new(900, EUR), Money::new(900, EUR))
    );
    let [payment] = &db.read(|conn| payouts::payments(conn, agent)).unwrap()[..] else {
        panic!("one payment")
    };
    assert_eq!(
        (payment.status, payment.amount_minor),
        (RunStatus::Settled, 900)
    );
    assert_eq!(
        (payment.run_id, payment.iban_masked.as_str()),
        (run, "DE•• … 3000")
    );
    db.check_constraints().unwrap();
    db.assert_promises();
}

#[test]
fn an_unknown_run_is_not_found() {
    let mut db = sandbox();
    let (id, by) = (kernel::PayoutRunId::new(), db.account());
    for outcome in [
        db.write(|tx| approve_run(tx, id, by)).map(drop),
        db.write(|tx| export_run(tx, &vault(), id)).map(drop),
        db.write(|tx| settle_run(tx, id)).map(drop),
        db.write(|tx| void_run(tx, id, by, "x")).map(drop),
    ] {
        assert!(matches!(outcome, Err(Error::RunNotFound)), "{outcome:?}");
    }
}

#[test]
fn the_database_refuses_what_would_change_a_run_or_pay_twice() {
    let mut db = sandbox();
    db.priced();
    let agent = db.paid_agent();
    db.earn(agent);
    db.exported_run();
    for (statement, rule) in [
        (
            "UPDATE payouts.payout_runs SET total_minor = 1",
            "payout_runs_frozen",
        ),
        (
            "UPDATE payouts.payout_runs SET period_end = now()",
            "payout_runs_frozen",
        ),
        (
            "UPDATE payouts.payout_runs SET status = 'closed'",
            "payout_runs_one_way",
        ),
        (
            "UPDATE payouts.payout_runs SET status = 'void', voided_by = created_by, \
             void_reason = 'x'",
            "payout_runs_one_way",
        ),
        (
            "UPDATE payouts.payout_runs SET approved_by = NULL",
            "payout_runs_one_way",
        ),
        (
            "UPDATE payouts.payout_items SET amount_minor = 1",
            "payout_items_frozen",
        ),
        (
            "INSERT INTO payouts.payout_item_lines SELECT line_id, item_id \
             FROM payouts.payout_item_lines",
            "payout_item_lines_pkey",
        ),
        (
            "DELETE FROM payouts.payout_item_lines",
            "payout_item_lines_kept",
        ),
    ] {
        assert_eq!(db.refusal(statement), rule, "{statement}");
    }
    for statement in [
        "UPDATE payouts.payout_item_lines SET item_id = gen_random_uuid()",
        "DELETE FROM payouts.payout_items",
        "UPDATE payouts.payout_files SET bytes = ''",
        "DELETE FROM payouts.payout_files",
    ] {
        assert!(db.refusal(statement).contains("append-only"), "{statement}");
    }
}

#[test]
fn the_database_refuses_an_approver_who_prepared_the_run() {
    let mut db = sandbox();
    db.priced();
    let (agent, by) = (db.paid_agent(), db.account());
    db.earn(agent);
    let _ = db.prepare(by).unwrap();
    let own = "UPDATE payouts.payout_runs SET status = 'approved', approved_by = created_by, \
               approved_at = now()";
    assert_eq!(db.refusal(own), "payout_runs_approved_by_another");
}
