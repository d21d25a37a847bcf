//! Files of customers.

use db::testing::{Sandbox, sandbox};
use onboarding::{Customer, Error, IMPORT_FAULTS, IMPORT_ROWS, Import};
use proptest::prelude::*;

use crate::arrange::{self, faults};

const HEADER: &str = "customer_ref,email,display_name,tier,customer_since,country,household_ref\n";

fn import(sandbox: &mut Sandbox, csv: &str) -> Result<Import, Error> {
    sandbox.write(|tx| onboarding::import_customers(tx, csv.as_bytes()))
}

fn customer(sandbox: &mut Sandbox, customer_ref: &str) -> Customer {
    sandbox
        .read(|conn| onboarding::customer(conn, customer_ref))
        .unwrap()
        .unwrap()
}

fn count(sandbox: &mut Sandbox) -> i64 {
    sandbox
        .read(|conn| arrange::number(conn, "SELECT count(*) FROM onboarding.customers"))
        .unwrap()
}

#[test]
fn customers_are_imported_and_updated() {
    let mut sandbox = sandbox();
    let csv = format!(
        "{HEADER}C-1,Ada@Example.org,Ada Lovelace,gold,2019-05-31,gb,H-1\n\
         C-2, ben@example.org ,\"Müller, Ben\",silver,2020-01-02,DE,\n",
    );
    assert_eq!(
        import(&mut sandbox, &csv).unwrap(),
        Import {
            imported: 2,
            updated: 0
        }
    );
    let ada = customer(&mut sandbox, "C-1");
    assert_eq!(
        (ada.email.as_str(), ada.country.as_str()),
        ("ada@example.org", "GB")
    );
    assert_eq!(
        (ada.tier.as_str(), ada.household_ref.as_deref()),
        ("gold", Some("H-1"))
    );
    assert_eq!(ada.customer_since.to_string(), "2019-05-31");
    let ben = customer(&mut sandbox, "C-2");
    assert_eq!(
        (ben.display_name.as_str(), ben.household_ref),
        ("Müller, Ben", None)
    );
    let found = sandbox
        .read(|conn| onboarding::customer_by_email(conn, " ADA@example.org"))
        .unwrap();
    assert_eq!(found.unwrap().customer_ref, "C-1");

    let csv = format!(
        "{HEADER}C-3,eve@example.org,Eve,gold,2021-01-01,SE,\n\
         C-1,ada@example.org,Ada,platinum,2019-05-31,GB,H-9\n",
    );
    assert_eq!(
        import(&mut sandbox, &csv).unwrap(),
        Import {
            imported: 1,
            updated: 1
        }
    );
    assert_eq!(customer(&mut sandbox, "C-1").tier, "platinum");
    assert_eq!(count(&mut sandbox), 3);
}

#[test]
fn a_file_may_come_from_a_spreadsheet() {
    let mut sandbox = sandbox();
    let csv = "\u{feff}email;customer_ref;display_name;tier;customer_since;country;household_ref\r\n\
               ada@example.org;C-1;\"Lovelace, Ada\";gold;2019-05-31;GB;H-1\r\n\r\n";
    assert_eq!(
        import(&mut sandbox, csv).unwrap(),
        Import {
            imported: 1,
            updated: 0
        }
    );
    assert_eq!(customer(&mut sandbox, "C-1").display_name, "Lovelace, Ada");
    let faulty = format!("{csv}nowhere;C-2;Ben;gold;2019-05-31;GB;\r\n");
    assert_eq!(faults(import(&mut sandbox, &faulty)), ["line 4.email"]);
}

#[test]
fn an_empty_list_imports_nobody() {
    let mut sandbox = sandbox();
    assert_eq!(
        import(&mut sandbox, HEADER).unwrap(),
        Import {
            imported: 0,
            updated: 0
        }
    );
}

#[test]
fn a_single_fault_keeps_the_whole_file_out() {
    let mut sandbox = sandbox();
    let csv = format!(
        "{HEADER}C-1,ada@example.org,Ada,gold,2019-05-31,GB,\n\
         \n\
         ,ben@,\"Ben\nBen\",,31.05.2019,Germany,{}\n\
         C-3,eve@example.org,Eve,gold,2021-01-01\n\
         C-1,eve@example.org,Eve,gold,2021-01-01,SE,\n\
         C-4,ADA@example.org,Eve,gold,2021-01-01,SE,\n",
        "x".repeat(101),
    );
    assert_eq!(
        faults(import(&mut sandbox, &csv)),
        [
            "line 4.customer_ref",
            "line 4.email",
            "line 4.display_name",
            "line 4.tier",
            "line 4.customer_since",
            "line 4.country",
            "line 4.household_ref",
            "line 6",
            "line 7.customer_ref",
            "line 8.email",
        ],
    );
    assert_eq!(count(&mut sandbox), 0);
}

#[test]
fn an_address_of_a_customer_outside_the_file_is_taken() {
    let mut sandbox = sandbox();
    let _ = import(
        &mut sandbox,
        &format!("{HEADER}C-1,ada@example.org,Ada,gold,2019-05-31,GB,\n"),
    )
    .unwrap();
    let csv = format!(
        "{HEADER}C-2,ben@example.org,Ben,gold,2019-05-31,GB,\nC-3,ada@example.org,Ada,gold,2019-05-31,GB,\n",
    );
    let outcome = import(&mut sandbox, &csv);
    assert!(
        outcome.as_ref().unwrap_err().to_string().contains("C-1"),
        "{outcome:?}"
    );
    assert_eq!(faults(outcome), ["line 3.email"]);
    assert_eq!(count(&mut sandbox), 1);
}

#[test]
fn two_customers_can_swap_their_addresses() {
    let mut sandbox = sandbox();
    let file = |one: &str, two: &str| {
        format!("{HEADER}C-1,{one},A,gold,2019-05-31,GB,\nC-2,{two},B,gold,2019-05-31,GB,\n")
    };
    let _ = import(&mut sandbox, &file("a@example.org", "b@example.org")).unwrap();
    let swapped = import(&mut sandbox, &file("b@example.org", "a@example.org")).unwrap();
    assert_eq!(
        swapped,
        Import {
            imported: 0,
            updated: 2
        }
    );
    assert_eq!(customer(&mut sandbox, "C-1").email, "b@example.org");
}

#[test]
fn columns_must_be_the_known_ones() {
    let mut sandbox = sandbox();
    let outcome = import(
        &mut sandbox,
        "customer_ref,email,email,tier,customer_since,country,note\n",
    );
    let message = outcome.as_ref().unwrap_err().to_string();
    for part in [
        "email is twice",
        "display_name is missing",
        "household_ref is missing",
        "'note'",
    ] {
        assert!(message.contains(part), "{part}: {message}");
    }
    assert_eq!(faults(outcome), ["line 1"; 4]);
    assert_eq!(faults(import(&mut sandbox, "")), ["line 1"; 7]);
}

#[test]
fn fifty_faults_are_enough() {
    let mut sandbox = sandbox();
    let csv = format!("{HEADER}{}", ",,,,,,\n".repeat(500));
    assert_eq!(faults(import(&mut sandbox, &csv)).len(), IMPORT_FAULTS);
}

#[test]
fn a_file_in_another_encoding_is_refused_with_its_line() {
    let mut sandbox = sandbox();
    let latin = [
        HEADER.as_bytes(),
        b"C-1,a@example.org,M\xfcller,gold,2019-05-31,DE,\n",
    ]
    .concat();
    let outcome = sandbox.write(|tx| onboarding::import_customers(tx, &latin));
    assert_eq!(faults(outcome), ["line 2"]);
}

#[test]
fn a_large_file_is_taken_and_a_larger_one_is_not() {
    use std::fmt::Write as _;
    let mut sandbox = sandbox();
    let mut csv = HEADER.to_owned();
    for number in 1..=IMPORT_ROWS {
        writeln!(
            csv,
            "C-{number},c{number}@example.org,Customer,gold,2019-05-31,GB,"
        )
        .unwrap();
    }
    let first = import(&mut sandbox, &csv).unwrap();
    assert_eq!(
        first,
        Import {
            imported: IMPORT_ROWS,
            updated: 0
        }
    );
    csv.push_str("C-0,c0@example.org,Customer,gold,2019-05-31,GB,\n");
    assert_eq!(faults(import(&mut sandbox, &csv)), ["file"]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn whatever_is_in_a_file_it_is_imported_or_refused_with_a_reason(
        lines in proptest::collection::vec("[ -~\u{e4}\"\r\n,;]{0,60}", 0..8),
    ) {
        let mut sandbox = sandbox();
        let outcome = import(&mut sandbox, &format!("{HEADER}{}", lines.join("\n")));
        prop_assert!(matches!(outcome, Ok(_) | Err(Error::Invalid(_))), "{:?}", outcome);
    }
}
