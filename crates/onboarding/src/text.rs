//! Forms of text that several inputs share, and digests of them.

use chrono::{DateTime, Utc};
use kernel::Checks;
use sha2::{Digest as _, Sha256};

/// The longest e-mail address there can be (RFC 5321, erratum 1690).
const EMAIL_BYTES: usize = 254;

/// An address as it is stored and compared: without blanks around it, in lower case.
pub(crate) fn plain_email(text: &str) -> String {
    text.trim().to_ascii_lowercase()
}

/// Notes a fault unless a letter could be sent to this address. Whether one arrives, only the code
/// tells.
pub(crate) fn check_email(checks: &mut Checks, field: &str, email: &str) {
    let well_formed = email.len() <= EMAIL_BYTES
        && email.bytes().all(|byte| byte.is_ascii_graphic())
        && email.split_once('@').is_some_and(|(local, domain)| {
            (1..=64).contains(&local.len())
                && domain.contains('.')
                && domain.split('.').all(|label| !label.is_empty())
                && domain
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
        });
    checks.check(
        field,
        well_formed,
        "must be an e-mail address such as ada@example.org",
    );
}

/// Notes a fault unless this is one line of 1 to `max` characters.
pub(crate) fn check_line(checks: &mut Checks, field: &str, text: &str, max: usize) {
    checks.text(field, text, 1, max);
    checks.check(
        field,
        !text.contains(['\n', '\r', '\t']),
        "must be a single line",
    );
}

/// As [`check_line`], where the text is there at all.
pub(crate) fn check_optional_line(
    checks: &mut Checks,
    field: &str,
    text: Option<&str>,
    max: usize,
) {
    if let Some(text) = text {
        check_line(checks, field, text, max);
    }
}

/// Notes a fault unless this has the form of a country code of ISO 3166.
pub(crate) fn check_country(checks: &mut Checks, field: &str, country: &str) {
    let well_formed = country.len() == 2 && country.bytes().all(|byte| byte.is_ascii_uppercase());
    checks.check(
        field,
        well_formed,
        "must be two capital letters (ISO 3166), such as SE",
    );
}

/// The SHA-256 of a text.
pub(crate) fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// Whole seconds from now until then, rounded up, at least one.
pub(crate) fn seconds_until(then: DateTime<Utc>, now: DateTime<Utc>) -> u32 {
    let milliseconds = (then - now).num_milliseconds().max(1);
    u32::try_from((milliseconds + 999) / 1000).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn an_address_needs_a_name_and_a_domain() {
        let well_formed = |email: &str| {
            let mut checks = Checks::new();
            check_email(&mut checks, "email", email);
            checks.done().is_ok()
        };
        assert!(well_formed("ada@example.org") && well_formed("a.b+c@x-y.example.co"));
        let longest = format!("ada@{}.org", "x".repeat(246));
        assert!(well_formed(&longest) && !well_formed(&format!("x{longest}")));
        for wrong in [
            "",
            "ada",
            "@example.org",
            "ada@",
            "ada@org",
            "ada@.org",
            "ada@x..org",
            "a@b@c.org",
            "a da@x.org",
            "ada@x.org\n",
            "ada@ex ample.org",
            "ädä@example.org",
        ] {
            assert!(!well_formed(wrong), "{wrong:?} passed");
        }
    }

    #[test]
    fn a_wait_is_never_told_too_short() {
        let now = DateTime::UNIX_EPOCH;
        let wait = |milliseconds| seconds_until(now + TimeDelta::milliseconds(milliseconds), now);
        assert_eq!(
            (wait(60_000), wait(59_001), wait(1), wait(-5)),
            (60, 60, 1, 1)
        );
    }
}
