//! Whom we pay, with the account number sealed.

use db::testing::{TestDatabase, sandbox};
use kernel::{AgentId, Class, Classify as _};
use payouts::{Error, save_payee};

use crate::world::{World as _, payee_input, vault};

#[test]
fn a_payee_is_saved_in_place_of_the_one_before() {
    let mut db = sandbox();
    let agent = db.paid_agent();
    let mut input = payee_input();
    input.name = "  Zoë d'Été ".to_owned();
    input.building = Some(" ".to_owned());
    input.country = " at ".to_owned();
    input.iban = "at61 1904 3002 3457 3201".to_owned();
    db.write(|tx| save_payee(tx, &vault(), agent, &input))
        .unwrap();
    let payee = db
        .read(|conn| payouts::payee(conn, agent))
        .unwrap()
        .unwrap();
    assert_eq!((payee.name.as_str(), payee.building), ("Zoë d'Été", None));
    assert_eq!(
        (payee.country.as_str(), payee.iban_masked.as_str()),
        ("AT", "AT•• … 3201")
    );
}

#[test]
fn the_database_never_holds_the_account_number_in_the_clear() {
    let mut db = TestDatabase::create();
    let (ada, ben) = (db.paid_agent(), db.paid_agent());
    let holds = "SELECT count(*) FROM payouts.payees p \
                 WHERE position('3704004405320130'::bytea IN iban_ciphertext) > 0 \
                    OR to_jsonb(p)::text LIKE '%3704%'";
    assert_eq!(db.number(holds), 0);
    // The same number twice: its index tells, its ciphertext does not.
    assert_eq!(
        db.number("SELECT count(DISTINCT iban_index) FROM payouts.payees"),
        1
    );
    assert_eq!(
        db.number("SELECT count(DISTINCT iban_ciphertext) FROM payouts.payees"),
        2
    );
    assert_ne!(ada, ben);
}

#[test]
fn a_payee_with_a_mistyped_account_number_is_refused() {
    let mut db = sandbox();
    let agent = db.agent();
    let mut input = payee_input();
    input.iban = "DE89 3704 0044 0532 0103 00".to_owned();
    let error = db
        .write(|tx| save_payee(tx, &vault(), agent, &input))
        .unwrap_err();
    assert_eq!(
        (error.class(), error.code()),
        (Class::Invalid, "invalid_input")
    );
    assert_eq!(error.fields()[0].field, "iban");
    assert!(
        !error.to_string().contains("3704"),
        "an error may be logged: {error}"
    );
    assert!(
        db.read(|conn| payouts::payee(conn, agent))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_payee_belongs_to_an_agent() {
    let mut db = sandbox();
    let nobody = db.write(|tx| save_payee(tx, &vault(), AgentId::new(), &payee_input()));
    assert!(matches!(nobody, Err(Error::AgentNotFound)), "{nobody:?}");
}
