//! Texts that were typed into a form, as the values they stand for.

use actix_web::http::StatusCode;
use askama::Template;
use chrono::{DateTime, NaiveDateTime, Utc};
use kernel::Checks;
use rust_decimal::Decimal;

use super::{Faults, PageResult, html_with_status};

/// What a field must hold where it is not text.
const INSTANT_FORM: &str = "%Y-%m-%dT%H:%M";

/// A whole number. Where it is none, a fault is noted and the answer means nothing.
pub(super) fn whole_number(checks: &mut Checks, field: &str, text: &str) -> i32 {
    text.trim().parse().unwrap_or_else(|_| {
        checks.fault(field, "must be a whole number");
        0
    })
}

/// An exact number such as `0.45`; a decimal comma is fine. As above where it is none.
pub(super) fn decimal_number(checks: &mut Checks, field: &str, text: &str) -> Decimal {
    text.trim().replace(',', ".").parse().unwrap_or_else(|_| {
        checks.fault(field, "must be a number such as 0.45");
        Decimal::ZERO
    })
}

/// An instant in UTC, as browsers send one; none where the field was left empty.
pub(super) fn instant(checks: &mut Checks, field: &str, text: &str) -> Option<DateTime<Utc>> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    // A browser leaves the seconds out where they are zero.
    let minutes = text.get(..16).unwrap_or(text);
    let parsed = NaiveDateTime::parse_from_str(minutes, INSTANT_FORM);
    if parsed.is_err() {
        checks.fault(field, "must be a date and a time such as 2026-05-31T09:30");
    }
    parsed.ok().map(|at| at.and_utc())
}

/// The instant as a field of this kind shows it.
pub(super) fn instant_text(at: DateTime<Utc>) -> String {
    at.format(INSTANT_FORM).to_string()
}

/// A page with a form: as it is, or with what is wrong with what was sent.
pub(super) fn form_page(faults: &Faults, page: &impl Template) -> PageResult {
    let status = match faults.summary() {
        Some(_) => faults.status(),
        None => StatusCode::OK,
    };
    html_with_status(status, page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_read_is_named() {
        let mut checks = Checks::new();
        assert_eq!(whole_number(&mut checks, "seats", " 12 "), 12);
        assert_eq!(
            decimal_number(&mut checks, "rate", "0,45"),
            Decimal::new(45, 2)
        );
        whole_number(&mut checks, "seats", "a dozen");
        decimal_number(&mut checks, "rate", "1.000,00");
        instant(&mut checks, "from", "tomorrow");
        let fields: Vec<String> = checks
            .done()
            .unwrap_err()
            .fields
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(fields, ["seats", "rate", "from"]);
    }

    #[test]
    fn an_instant_survives_its_field() {
        let mut checks = Checks::new();
        let at = instant(&mut checks, "from", "2026-05-31T09:30").unwrap();
        assert_eq!(instant_text(at), "2026-05-31T09:30");
        assert_eq!(
            instant(&mut checks, "from", "2026-05-31T09:30:00"),
            Some(at)
        );
        assert_eq!(instant(&mut checks, "from", "  "), None);
        assert!(checks.done().is_ok());
    }
}
