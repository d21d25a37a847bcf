//! The database itself keeps the books: these statements go past our code.

use db::testing::{TestDatabase, sandbox};
use payouts::{AccountKind, trial_balance};

use crate::world::{EUR, World as _};

const ENTRY: &str = "INSERT INTO payouts.entries (id, fact, description, posted_at) \
                     VALUES ('00000000-0000-0000-0000-000000000001', 'f', 'd', now());";

/// Postings to the entry above; the first account of the kind takes each amount.
fn postings(amounts: &[(&str, i64)]) -> String {
    postings_to("'00000000-0000-0000-0000-000000000001'", 1, amounts)
}

fn postings_to(entry: &str, first: usize, amounts: &[(&str, i64)]) -> String {
    let statement = |(number, (kind, amount)): (usize, &(&str, i64))| {
        format!(
            "INSERT INTO payouts.postings SELECT {entry}, {number}, id, {amount}, currency \
             FROM payouts.ledger_accounts WHERE kind = '{kind}' ORDER BY ledger_accounts.id LIMIT 1;"
        )
    };
    (first..).zip(amounts).map(statement).collect()
}

#[test]
fn the_database_refuses_an_entry_that_does_not_balance() {
    let mut db = sandbox();
    db.priced();
    let agent = db.agent();
    db.earn(agent);
    for amounts in [
        &[][..],
        &[("agent_cost", 5)],
        &[("agent_cost", 5), ("agent_payable", -4)],
        &[("agent_cost", 5), ("agent_payable", 5)],
    ] {
        let refusal = db.refusal(&format!("{ENTRY}{}", postings(amounts)));
        assert_eq!(refusal, "entries_balance", "{amounts:?}");
    }
    let balanced = postings(&[("agent_cost", 5), ("agent_payable", -5)]);
    assert_eq!(
        db.refusal(&format!("{ENTRY}{balanced}")),
        "Ok(())",
        "the control is accepted"
    );
}

#[test]
fn the_database_refuses_a_posting_in_another_currency_than_its_account() {
    let mut db = sandbox();
    db.priced();
    let agent = db.agent();
    db.earn(agent);
    let dollars = postings(&[("agent_cost", 5), ("agent_payable", -5)])
        .replace("currency FROM", "'USD' FROM");
    assert_eq!(
        db.refusal(&format!("{ENTRY}{dollars}")),
        "postings_in_the_account_currency"
    );
}

#[test]
fn the_database_refuses_a_balanced_pair_added_to_an_old_entry() {
    let mut db = TestDatabase::create();
    db.priced();
    let agent = db.agent();
    db.earn(agent);
    let pair = postings_to(
        "(SELECT id FROM payouts.entries)",
        3,
        &[("agent_cost", 500), ("agent_payable", -500)],
    );
    assert_eq!(db.refusal(&pair), "postings_within_their_entry");
    db.assert_promises();
    // Control: without the seal the pair goes in, and the promises notice.
    db.sql("DROP TRIGGER postings_sealed ON payouts.postings");
    assert_eq!(db.refusal(&pair), "Ok(())");
    let mut conn = diesel::Connection::establish(&db.url()).unwrap();
    assert!(!db::verify::broken(&mut conn).unwrap().is_empty());
}

#[test]
fn the_database_refuses_to_change_or_lose_what_was_booked() {
    let mut db = sandbox();
    db.priced();
    let agent = db.agent();
    db.earn(agent);
    db.check_constraints().unwrap();
    for statement in [
        "UPDATE payouts.entries SET description = 'x'",
        "DELETE FROM payouts.entries",
        "TRUNCATE payouts.entries CASCADE",
        "UPDATE payouts.postings SET amount_minor = 1",
        "DELETE FROM payouts.postings",
        "TRUNCATE payouts.postings",
        "UPDATE payouts.earning_lines SET amount_minor = 1",
        "DELETE FROM payouts.earning_lines",
    ] {
        assert!(db.refusal(statement).contains("append-only"), "{statement}");
    }
}

#[test]
fn every_currency_sums_to_zero_over_all_accounts() {
    let mut db = sandbox();
    db.priced();
    let (ada, ben) = (db.paid_agent(), db.paid_agent());
    db.earn(ada);
    db.earn(ben);
    let run = db.exported_run();
    db.earn(ada);
    db.write(|tx| payouts::settle_run(tx, run)).unwrap();
    let balances: Vec<_> = db
        .read(trial_balance)
        .unwrap()
        .into_iter()
        .map(|account| (account.kind, account.currency, account.balance_minor))
        .collect();
    assert_eq!(
        balances,
        [
            (AccountKind::AgentCost, EUR, 1350),
            (AccountKind::AgentPayable, EUR, -450),
            (AccountKind::BankClearing, EUR, -900),
        ]
    );
    db.check_constraints().unwrap();
    db.assert_promises();
}
