//! The form of an e-mail address.

use kernel::Invalid;

const MALFORMED: &str = "must be an e-mail address such as ada@example.com";

/// The address in the one form in which it is stored and compared: trimmed and in lower case.
///
/// Of what the mail standards allow, this accepts what people have: a plain local part, a domain
/// with a dot, ASCII letters. Quoted local parts, comments and address literals are refused.
pub fn normalized_email(text: &str) -> Result<String, Invalid> {
    normalize(text).map_err(|message| Invalid::field("email", message))
}

/// As [`normalized_email`]; the error is what is wrong.
pub(crate) fn normalize(text: &str) -> Result<String, &'static str> {
    if text.chars().any(char::is_control) {
        return Err("must not contain control characters");
    }
    let email = text.trim().to_ascii_lowercase();
    if email.is_empty() {
        return Err("must not be empty");
    }
    if email.len() > 254 {
        return Err("must have at most 254 characters");
    }
    match email.split_once('@') {
        Some((local, domain)) if is_local(local) && is_domain(domain) => Ok(email),
        _ => Err(MALFORMED),
    }
}

/// RFC 5321, section 4.1.2: a dot-string of at most 64 characters.
fn is_local(local: &str) -> bool {
    local.len() <= 64
        && local.split('.').all(|atom| {
            !atom.is_empty()
                && atom
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b))
        })
}

/// RFC 1123, section 2.1: labels of letters, digits and inner hyphens; at least two of them, and
/// the last is not a number.
fn is_domain(domain: &str) -> bool {
    let labels_hold = domain.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    });
    labels_hold
        && domain
            .rsplit_once('.')
            .is_some_and(|(_, last)| !last.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_trimmed_and_put_into_lower_case() {
        assert_eq!(
            normalize("  Ada.Lovelace+Work@Example.CO.UK "),
            Ok("ada.lovelace+work@example.co.uk".to_owned())
        );
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            " ",
            "ada",
            "@",
            "ada@",
            "@example.com",
            "ada@example",
            "ada@@example.com",
            "a@b@example.com",
            ".ada@example.com",
            "ada.@example.com",
            "a..da@example.com",
            "ada@.example.com",
            "ada@example..com",
            "ada@example.com.",
            "ada@-example.com",
            "ada@example-.com",
            "ada love@example.com",
            "ada@exam ple.com",
            "ada@127.0.0.1",
            "ada@[127.0.0.1]",
            "\"ada\"@example.com",
            "ada\n@example.com",
            "ada@example.com\n",
            "ada@example.com\0",
            "ada@exämple.com",
            "ada@example.com, ben@example.com",
            "Ada <ada@example.com>",
        ] {
            assert!(normalize(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn lengths_are_bounded() {
        let at = |local: usize, domain: &str| format!("{}@{domain}", "a".repeat(local));
        assert!(normalize(&at(64, "example.com")).is_ok());
        assert!(normalize(&at(65, "example.com")).is_err());
        let label = |length: usize| format!("{}.com", "b".repeat(length));
        assert!(normalize(&at(1, &label(63))).is_ok());
        assert!(normalize(&at(1, &label(64))).is_err());
        let long = |last: usize| format!("{}{}", "ccccccc.".repeat(23), "d".repeat(last));
        assert_eq!(at(64, &long(5)).len(), 254);
        assert!(normalize(&at(64, &long(5))).is_ok());
        assert!(normalize(&at(64, &long(6))).is_err());
    }

    proptest! {
        #[test]
        fn an_accepted_address_is_in_its_final_form(text in r"\PC{0,6}[A-Za-z.@ \PC]{0,12}@[A-Za-z0-9.-]{0,12}\.\PC{0,3}[a-z]{0,3}") {
            if let Ok(email) = normalize(&text) {
                prop_assert_eq!(normalize(&email), Ok(email.clone()));
                prop_assert_eq!(email.matches('@').count(), 1);
                prop_assert!(email.is_ascii() && !email.contains([' ', '"', '<', ',']));
                prop_assert_eq!(&email, &text.trim().to_lowercase());
            }
        }
    }
}
