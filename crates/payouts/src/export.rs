//! The file of a payout run for the bank: comma-separated values, made once and kept.

use std::{borrow::Cow, fmt::Write as _};

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{Money, PayoutRunId};
use sha2::{Digest as _, Sha256};

use crate::{
    error::Error,
    run::{PayoutItem, PayoutRun},
    schema, store,
    vault::Vault,
};

/// The only format so far.
pub(crate) const FORMAT: &str = "csv";

const COLUMNS: [&str; 14] = [
    "run_id",
    "item_id",
    "agent_id",
    "payee_name",
    "street",
    "building",
    "postcode",
    "city",
    "country",
    "iban",
    "amount",
    "currency",
    "line_count",
    "reference",
];

/// A file to hand out.
#[derive(Clone, Debug)]
pub struct PayoutFile {
    /// What is in it.
    pub bytes: Vec<u8>,
    /// Its checksum.
    pub sha256_hex: String,
    /// What to call it.
    pub file_name: String,
}

/// The file as it is stored.
#[derive(Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::payout_files, check_for_backend(diesel::pg::Pg))]
pub(crate) struct StoredFile {
    run_id: PayoutRunId,
    format: String,
    bytes: Vec<u8>,
    sha256: Vec<u8>,
    created_at: DateTime<Utc>,
}

impl StoredFile {
    pub(crate) fn named(self, run: &PayoutRun) -> PayoutFile {
        let mut sha256_hex = String::with_capacity(64);
        for byte in &self.sha256 {
            let _ = write!(sha256_hex, "{byte:02x}");
        }
        let day = run.period_end.format("%Y-%m-%d");
        let file_name = format!("payout-{day}-{}.{FORMAT}", run.id);
        PayoutFile {
            bytes: self.bytes,
            sha256_hex,
            file_name,
        }
    }
}

/// Makes the file of an approved run. Asked again, it returns the same bytes, whatever has changed
/// about the payees since.
pub fn export_run(tx: &mut Tx<'_>, vault: &Vault, id: PayoutRunId) -> Result<PayoutFile, Error> {
    let mut run = store::lock_run(tx, id)?;
    if let Some(file) = store::find_file(tx, id)? {
        return Ok(file.named(&run));
    }
    run.export(tx.now())?;
    let bytes = write(vault, &run, &store::list_items(tx, id)?)?;
    let file = StoredFile {
        run_id: id,
        format: FORMAT.to_owned(),
        sha256: Sha256::digest(&bytes).to_vec(),
        bytes,
        created_at: tx.now(),
    };
    store::insert_file(tx, &file)?;
    store::update_run(tx, &run)?;
    Ok(file.named(&run))
}

/// The items in order of their ids. The reference is the item's id without its prefix, because a
/// SEPA end-to-end reference has at most 35 characters.
fn write(vault: &Vault, run: &PayoutRun, items: &[PayoutItem]) -> Result<Vec<u8>, Error> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(COLUMNS)?;
    for item in items {
        let iban = vault.open(item.agent_id, &item.iban_ciphertext)?;
        writer.write_record([
            &*run.id.to_string(),
            &*item.id.to_string(),
            &*item.agent_id.to_string(),
            &*cell(&item.payee_name),
            &*cell(&item.street),
            &*cell(item.building.as_deref().unwrap_or_default()),
            &*cell(&item.postcode),
            &*cell(&item.city),
            &*cell(&item.country),
            &*cell(&iban),
            &*Money::new(item.amount_minor, run.currency)
                .major()
                .to_string(),
            run.currency.as_str(),
            &*item.line_count.to_string(),
            &*item.id.uuid().simple().to_string(),
        ])?;
    }
    writer
        .into_inner()
        .map_err(|error| csv::Error::from(error.into_error()).into())
}

/// A text as a spreadsheet may have it: one that would be taken for a formula gets a leading
/// apostrophe. Spreadsheets look past white space, quotes and invisible characters, and some past
/// the difference between `=` and its full-width twin.
fn cell(text: &str) -> Cow<'_, str> {
    let looked_past = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || matches!(
                c,
                '"' | '\'' | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}'
            )
    };
    let formula = |c: char| {
        matches!(
            c,
            '=' | '+'
                | '-'
                | '@'
                | '＝'
                | '＋'
                | '－'
                | '＠'
                | '﹢'
                | '﹣'
                | '﹦'
                | '﹫'
                | '–'
                | '−'
        )
    };
    if text.starts_with(['\t', '\r', '\n'])
        || text.trim_start_matches(looked_past).starts_with(formula)
    {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests;
