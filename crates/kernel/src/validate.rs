//! Collects what is wrong with an input, so that all of it is said at once.

use crate::error::{FieldError, Invalid};

/// Gathers the faults of one input.
#[derive(Debug, Default)]
pub struct Checks {
    faults: Vec<FieldError>,
}

impl Checks {
    /// Starts without a fault.
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes a fault unless `holds`.
    pub fn check(&mut self, field: &str, holds: bool, message: &str) -> &mut Self {
        if !holds {
            self.fault(field, message);
        }
        self
    }

    /// Notes a fault.
    pub fn fault(&mut self, field: &str, message: impl Into<String>) -> &mut Self {
        self.faults.push(FieldError {
            field: field.to_owned(),
            message: message.into(),
        });
        self
    }

    /// A text a person wrote: `min` to `max` characters after trimming, and no NUL, which
    /// PostgreSQL cannot store. Line breaks and tabs are fine; other control characters are not.
    pub fn text(&mut self, field: &str, text: &str, min: usize, max: usize) -> &mut Self {
        let length = text.trim().chars().count();
        if text
            .chars()
            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
        {
            self.fault(field, "must not contain control characters");
        } else if length < min && length == 0 {
            self.fault(field, "must not be empty");
        } else if length < min {
            self.fault(field, format!("must have at least {min} characters"));
        } else if text.chars().count() > max {
            self.fault(field, format!("must have at most {max} characters"));
        }
        self
    }

    /// As [`Checks::text`], where the text is there at all.
    pub fn optional_text(&mut self, field: &str, text: Option<&str>, max: usize) -> &mut Self {
        if let Some(text) = text {
            self.text(field, text, 0, max);
        }
        self
    }

    /// A code that people and programs share: `a-z`, `0-9`, `-`, `_`, `.`; 1 to 64 characters.
    pub fn code(&mut self, field: &str, code: &str) -> &mut Self {
        let well_formed = (1..=64).contains(&code.len())
            && code
                .bytes()
                .all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.'));
        self.check(
            field,
            well_formed,
            "must be 1 to 64 of a-z, 0-9, '-', '_' and '.'",
        )
    }

    /// All faults, or none.
    pub fn done(self) -> Result<(), Invalid> {
        if self.faults.is_empty() {
            Ok(())
        } else {
            Err(Invalid {
                fields: self.faults,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_an_input_is_named() {
        let mut checks = Checks::new();
        checks
            .text("name", " ", 1, 10)
            .text("note", "a\0b", 0, 10)
            .text("title", "much too long", 1, 5)
            .code("queue", "VIP!");
        let fields: Vec<String> = checks
            .done()
            .unwrap_err()
            .fields
            .into_iter()
            .map(|fault| fault.field)
            .collect();
        assert_eq!(fields, ["name", "note", "title", "queue"]);
    }
}
