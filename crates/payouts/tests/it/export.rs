//! The file for the bank.

use std::path::PathBuf;

use db::testing::sandbox;
use kernel::{PageRequest, PayoutRunId};
use payouts::{Error, PayoutFile, Vault, export_run, save_payee};

use crate::world::{World as _, payee_input, vault};

fn records(file: &PayoutFile) -> Vec<Vec<String>> {
    csv::Reader::from_reader(&file.bytes[..])
        .records()
        .map(|record| record.unwrap().iter().map(str::to_owned).collect())
        .collect()
}

#[test]
fn the_file_says_what_the_run_says() {
    let mut db = sandbox();
    db.priced();
    let (ada, ben) = (db.paid_agent(), db.agent());
    let mut input = payee_input();
    input.name = "+Ben, Zoë: O'Neill".to_owned();
    input.building = None;
    input.postcode = "-1".to_owned();
    input.iban = "AT611904300234573201".to_owned();
    db.write(|tx| save_payee(tx, &vault(), ben, &input))
        .unwrap();
    db.earn(ada);
    db.earn(ben);
    db.earn(ben);
    let run = db.approved_run();
    let file = db.write(|tx| export_run(tx, &vault(), run)).unwrap();

    let text = String::from_utf8(file.bytes.clone()).unwrap();
    assert!(text.starts_with(
        "run_id,item_id,agent_id,payee_name,street,building,postcode,city,country,iban,amount,\
         currency,line_count,reference\r\n"
    ));
    assert_eq!(text.matches("\r\n").count(), 3);
    assert_eq!(text.matches('\n').count(), 3);
    assert_eq!(file.sha256_hex.len(), 64);
    assert!(
        file.file_name.ends_with(&format!("-{run}.csv")),
        "{}",
        file.file_name
    );

    let items = db
        .read(|conn| payouts::items(conn, run, &PageRequest::first()))
        .unwrap()
        .items;
    let expected: Vec<String> = items
        .iter()
        .map(|item| {
            let what = if item.agent_id == ada {
                "Ada Lovelace|Unter den Linden|6|10117|Berlin|DE|DE89370400440532013000|4.50|EUR|1"
            } else {
                "'+Ben, Zoë: O'Neill|Unter den Linden||'-1|Berlin|DE|AT611904300234573201|9.00|EUR|2"
            };
            let reference = item.id.to_string().replace("itm_", "");
            format!("{run}|{}|{}|{what}|{reference}", item.id, item.agent_id)
        })
        .collect();
    let found: Vec<String> = records(&file).iter().map(|row| row.join("|")).collect();
    assert_eq!(found, expected);
}

#[test]
fn exporting_again_gives_the_same_bytes_whatever_has_changed_since() {
    let mut db = sandbox();
    db.priced();
    let agent = db.paid_agent();
    db.earn(agent);
    let run = db.approved_run();
    assert!(
        db.read(|conn| payouts::payout_file(conn, run))
            .unwrap()
            .is_none()
    );
    let first = db.write(|tx| export_run(tx, &vault(), run)).unwrap();

    let mut moved = payee_input();
    moved.iban = "AT611904300234573201".to_owned();
    moved.name = "Somebody Else".to_owned();
    db.write(|tx| save_payee(tx, &vault(), agent, &moved))
        .unwrap();
    db.now += chrono::TimeDelta::days(1);
    let again = db.write(|tx| export_run(tx, &vault(), run)).unwrap();
    let read = db
        .read(|conn| payouts::payout_file(conn, run))
        .unwrap()
        .unwrap();
    assert_eq!(
        (&read.bytes, &read.sha256_hex),
        (&first.bytes, &first.sha256_hex)
    );
    assert_eq!(
        (&again.bytes, &again.file_name),
        (&first.bytes, &first.file_name)
    );
    db.write(|tx| payouts::settle_run(tx, run)).unwrap();
    let settled = db.write(|tx| export_run(tx, &vault(), run)).unwrap();
    assert_eq!(
        (settled.bytes, settled.sha256_hex),
        (first.bytes, first.sha256_hex)
    );
}

#[test]
fn a_payee_changed_after_the_preparation_does_not_redirect_the_money() {
    let mut db = sandbox();
    db.priced();
    let agent = db.paid_agent();
    db.earn(agent);
    let run = db.approved_run();
    let mut thief = payee_input();
    thief.iban = "AT611904300234573201".to_owned();
    db.write(|tx| save_payee(tx, &vault(), agent, &thief))
        .unwrap();
    let file = db.write(|tx| export_run(tx, &vault(), run)).unwrap();
    assert_eq!(records(&file)[0][9], "DE89370400440532013000");
}

#[test]
fn another_secret_cannot_make_the_file() {
    let mut db = sandbox();
    db.priced();
    let agent = db.paid_agent();
    db.earn(agent);
    let run = db.approved_run();
    let other = Vault::new(&[9; 32]).unwrap();
    let failed = db.write(|tx| export_run(tx, &other, run));
    assert!(matches!(failed, Err(Error::Sealed)), "{failed:?}");
    db.write(|tx| export_run(tx, &vault(), run)).unwrap();
}

#[test]
fn no_payload_reaches_a_spreadsheet_as_a_formula() {
    let root = std::env::var_os("GIGDESK_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = root.join("bad-input/csv-injection");
    let Ok(files) = std::fs::read_dir(&folder) else {
        eprintln!(
            "skipped: no payloads in {}; set GIGDESK_DATA",
            folder.display()
        );
        return;
    };
    let mut db = sandbox();
    db.priced();
    let (mut refused, mut taken) = (0, 0);
    for file in files {
        for payload in std::fs::read_to_string(file.unwrap().path())
            .unwrap()
            .lines()
        {
            let agent = db.agent();
            let mut input = payee_input();
            input.name = payload.to_owned();
            match db.write(|tx| save_payee(tx, &vault(), agent, &input)) {
                Err(Error::Invalid(_)) => refused += 1,
                Ok(_) => {
                    taken += 1;
                    db.earn(agent);
                }
                Err(other) => panic!("{payload}: {other}"),
            }
        }
    }
    assert!(refused >= 20, "{refused} refused, {taken} taken");
    // What validation lets through, and what got in before there was validation.
    let agent = db.paid_agent();
    db.sql(&format!(
        "UPDATE payouts.payees SET name = '=cmd|'' /C calc''!A0', city = '@SUM(1+9)' \
         WHERE agent_id = '{}'",
        agent.uuid()
    ));
    db.earn(agent);
    let run: PayoutRunId = db.approved_run();
    let file = db.write(|tx| export_run(tx, &vault(), run)).unwrap();
    let rows = records(&file);
    assert_eq!(rows.len(), taken + 1);
    for cell in rows.iter().flatten() {
        assert!(
            !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '–']),
            "{cell}"
        );
    }
    let last = rows.iter().find(|row| row[2] == agent.to_string()).unwrap();
    assert_eq!(
        (last[3].as_str(), last[7].as_str()),
        ("'=cmd|' /C calc'!A0", "'@SUM(1+9)")
    );
}
