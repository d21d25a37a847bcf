//! Reads a file of customers: all of it, or nothing.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use csv::{ReaderBuilder, StringRecord, Trim};
use db::Tx;
use kernel::{Checks, Invalid};

use crate::{
    customer::Customer,
    error::Error,
    store,
    text::{check_country, check_email, check_line, check_optional_line, plain_email},
};

/// A file holds at most so many customers.
pub const IMPORT_ROWS: usize = 100_000;
/// So many faults are told; whoever mends them may find more.
pub const IMPORT_FAULTS: usize = 50;

const COLUMNS: [&str; 7] = [
    "customer_ref",
    "email",
    "display_name",
    "tier",
    "customer_since",
    "country",
    "household_ref",
];

/// What an import did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[must_use]
pub struct Import {
    /// Customers that were not known before.
    pub imported: usize,
    /// Customers that were known and now are as in the file.
    pub updated: usize,
}

/// Imports customers from a file of comma- or semicolon-separated values in UTF-8, whose first
/// line names the columns, in any order. A customer that is known is overwritten. A single fault
/// keeps the whole file out.
pub fn import_customers(tx: &mut Tx<'_>, csv: &[u8]) -> Result<Import, Error> {
    let rows = read(csv, tx.now())?;
    store::lock_customers(tx)?;
    check_emails_are_free(tx, &rows)?;
    let customers: Vec<Customer> = rows.into_iter().map(|row| row.customer).collect();
    // Known customers make way first: so two of them can swap their addresses.
    let updated = store::delete_customers(tx, &customers)?;
    store::insert_customers(tx, &customers)?;
    Ok(Import {
        imported: customers.len().saturating_sub(updated),
        updated,
    })
}

/// A customer and where in the file it stands.
#[derive(Debug)]
struct Row {
    line: u64,
    customer: Customer,
}

/// An address may belong to a customer whom the file does not mention.
fn check_emails_are_free(tx: &mut Tx<'_>, rows: &[Row]) -> Result<(), Error> {
    let customers = rows.iter().map(|row| &row.customer);
    let taken = store::list_other_owners(tx, customers, IMPORT_FAULTS)?;
    if taken.is_empty() {
        return Ok(());
    }
    let mut checks = Checks::new();
    for row in rows {
        if let Some((_, owner)) = taken.iter().find(|(email, _)| *email == row.customer.email) {
            checks.fault(
                &format!("line {}.email", row.line),
                format!("belongs to customer {owner} already"),
            );
        }
    }
    Ok(checks.done()?)
}

fn read(csv: &[u8], now: DateTime<Utc>) -> Result<Vec<Row>, Invalid> {
    let text = std::str::from_utf8(csv).map_err(|error| {
        let before = csv.get(..error.valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        Invalid::field(format!("line {line}"), "must be text in UTF-8")
    })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter_of(text))
        .trim(Trim::All)
        .flexible(true)
        .from_reader(text.as_bytes());
    let columns = Columns::of(reader.headers().map_err(|error| unreadable(&error))?)?;
    let mut found = Found::default();
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        if found.rows.len() == IMPORT_ROWS {
            return Err(Invalid::field(
                "file",
                format!("must have at most {IMPORT_ROWS} customers"),
            ));
        }
        found.take(&record, &columns, line_of(&record, text), now);
        if found.faults.fields.len() >= IMPORT_FAULTS {
            break;
        }
    }
    found.done()
}

/// Whichever of the two the line with the names has more of.
fn delimiter_of(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |delimiter: char| header.matches(delimiter).count();
    if count(';') > count(',') { b';' } else { b',' }
}

/// The line in which a record begins. The reader notes where the record before it ended, so that
/// line ends and empty lines in between are counted here.
fn line_of(record: &StringRecord, text: &str) -> u64 {
    let Some(position) = record.position() else {
        return 0;
    };
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.get(from..).unwrap_or_default();
    let between = rest.chars().take_while(|c| matches!(c, '\r' | '\n'));
    between
        .filter(|c| *c == '\n')
        .fold(position.line(), |line, _| line + 1)
}

fn unreadable(error: &csv::Error) -> Invalid {
    let line = error.position().map_or(1, csv::Position::line);
    Invalid::field(
        format!("line {line}"),
        "cannot be read as comma-separated values",
    )
}

/// Where each column of [`COLUMNS`] stands.
struct Columns {
    places: [usize; COLUMNS.len()],
    count: usize,
}

impl Columns {
    fn of(header: &StringRecord) -> Result<Self, Invalid> {
        let mut checks = Checks::new();
        let places = COLUMNS.map(|name| {
            let mut places = (0..).zip(header).filter(|(_, cell)| *cell == name);
            let place = places.next().map(|(place, _)| place);
            checks
                .check(
                    "line 1",
                    place.is_some(),
                    &format!("the column {name} is missing"),
                )
                .check(
                    "line 1",
                    places.next().is_none(),
                    &format!("the column {name} is twice there"),
                );
            place.unwrap_or_default()
        });
        for unknown in header
            .iter()
            .filter(|cell| !COLUMNS.contains(cell))
            .take(IMPORT_FAULTS)
        {
            let shown: String = unknown.chars().take(40).collect();
            checks.fault("line 1", format!("the column '{shown}' is not known"));
        }
        checks.done().map(|()| Self {
            places,
            count: header.len(),
        })
    }

    /// The cells in the order of [`COLUMNS`], where there is one for each column.
    fn cells<'r>(&self, record: &'r StringRecord) -> Option<[&'r str; COLUMNS.len()]> {
        (record.len() == self.count).then(|| {
            self.places
                .map(|place| record.get(place).unwrap_or_default())
        })
    }
}

/// What has been read so far.
#[derive(Default)]
struct Found {
    rows: Vec<Row>,
    faults: Invalid,
    line_by_ref: HashMap<String, u64>,
    line_by_email: HashMap<String, u64>,
}

impl Found {
    fn take(&mut self, record: &StringRecord, columns: &Columns, line: u64, now: DateTime<Utc>) {
        let mut checks = Checks::new();
        if let Some(cells) = columns.cells(record) {
            let customer = customer_of(cells, now, &mut checks, line);
            self.check_repeats(&customer, &mut checks, line);
            self.rows.push(Row { line, customer });
        } else {
            let message = format!(
                "must have {} values, but has {}",
                columns.count,
                record.len()
            );
            checks.fault(&format!("line {line}"), message);
        }
        if let Err(faults) = checks.done() {
            self.faults.fields.extend(faults.fields);
        }
    }

    fn check_repeats(&mut self, customer: &Customer, checks: &mut Checks, line: u64) {
        let first = *self
            .line_by_ref
            .entry(customer.customer_ref.clone())
            .or_insert(line);
        let field = format!("line {line}.customer_ref");
        checks.check(
            &field,
            first == line,
            &format!("is in line {first} already"),
        );
        let first = *self
            .line_by_email
            .entry(customer.email.clone())
            .or_insert(line);
        let field = format!("line {line}.email");
        checks.check(
            &field,
            first == line,
            &format!("is in line {first} already"),
        );
    }

    fn done(mut self) -> Result<Vec<Row>, Invalid> {
        if self.faults.fields.is_empty() {
            return Ok(self.rows);
        }
        self.faults.fields.truncate(IMPORT_FAULTS);
        Err(self.faults)
    }
}

/// The customer in one line. With a fault noted, its fields mean nothing.
fn customer_of(
    cells: [&str; COLUMNS.len()],
    now: DateTime<Utc>,
    checks: &mut Checks,
    line: u64,
) -> Customer {
    let [
        customer_ref,
        email,
        display_name,
        tier,
        since,
        country,
        household_ref,
    ] = cells;
    let field = |name: &str| format!("line {line}.{name}");
    let email = plain_email(email);
    let country = country.to_ascii_uppercase();
    let household_ref = (!household_ref.is_empty()).then(|| household_ref.to_owned());
    check_line(checks, &field("customer_ref"), customer_ref, 100);
    check_email(checks, &field("email"), &email);
    check_line(checks, &field("display_name"), display_name, 100);
    check_line(checks, &field("tier"), tier, 64);
    let customer_since = NaiveDate::parse_from_str(since, "%Y-%m-%d").unwrap_or_else(|_| {
        checks.fault(&field("customer_since"), "must be a day such as 2019-05-31");
        NaiveDate::default()
    });
    check_country(checks, &field("country"), &country);
    check_optional_line(
        checks,
        &field("household_ref"),
        household_ref.as_deref(),
        100,
    );
    Customer {
        customer_ref: customer_ref.to_owned(),
        email,
        display_name: display_name.to_owned(),
        tier: tier.to_owned(),
        customer_since,
        country,
        household_ref,
        imported_at: now,
    }
}
