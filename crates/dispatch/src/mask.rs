//! Hides what an agent must not see: card numbers, IBANs, e-mail addresses, phone numbers.
//!
//! The rules look for form, not for context, and err on the side of hiding: a number shaped like
//! a card number is hidden even when its check digit is wrong, because a mistyped card number is
//! still most of one. What is hidden is not kept anywhere.
//!
//! - card: 12 to 19 digits with a valid Luhn check digit (ISO/IEC 7812-1), or 15 or 16 digits;
//! - IBAN: two letters, two digits and 11 to 30 letters or digits with a remainder of 1 modulo 97
//!   (ISO 13616), spaces allowed;
//! - e-mail: a local part, `@` and a name with a dot;
//! - phone: `+` or `00` and 8 to 15 digits (ITU-T E.164); `0` and 9 to 11 more; ten digits in the
//!   North American plan; or 8 to 12 digits in three or more groups, or with an area code in
//!   parentheses, that are no date. Shorter local numbers look like order numbers, and stay.

use kernel::text_enum;

text_enum! {
    /// What was hidden.
    pub Kind {
        /// A payment card's number.
        Card = "card_number",
        /// A bank account's number.
        Iban = "iban",
        /// An e-mail address.
        Email = "email",
        /// A phone number.
        Phone = "phone",
    }
}

impl Kind {
    fn placeholder(self) -> &'static str {
        match self {
            Self::Card => "[card number hidden]",
            Self::Iban => "[IBAN hidden]",
            Self::Email => "[e-mail hidden]",
            Self::Phone => "[phone number hidden]",
        }
    }
}

/// A text that an agent may see.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Masked {
    /// The text with placeholders.
    pub text: String,
    /// What was hidden, each kind once.
    pub kinds: Vec<Kind>,
}

/// Hides what an agent must not see. Linear in the length of the text.
pub fn mask(text: &str) -> Masked {
    let chars: Vec<char> = text.chars().collect();
    let mut masked = Masked {
        text: String::with_capacity(text.len()),
        kinds: Vec::new(),
    };
    let mut at = 0;
    while at < chars.len() {
        let found = email(&chars, at)
            .or_else(|| iban(&chars, at))
            .or_else(|| number(&chars, at));
        match found {
            Some(Found {
                kind: Some(kind),
                end,
            }) => {
                masked.text.push_str(kind.placeholder());
                if !masked.kinds.contains(&kind) {
                    masked.kinds.push(kind);
                }
                at = end;
            }
            Some(Found { kind: None, end }) => {
                masked.text.extend(&chars[at..end]);
                at = end;
            }
            None => {
                masked.text.push(chars[at]);
                at += 1;
            }
        }
    }
    masked
}

/// A stretch that was recognised: to be hidden, or to be left alone as a whole.
struct Found {
    kind: Option<Kind>,
    end: usize,
}

fn is_local_part(c: char) -> bool {
    c.is_alphanumeric() || "._%+-'&=!#$*/?^`{|}~".contains(c)
}

/// An e-mail address, or the stretch that could have been a local part but is not.
fn email(chars: &[char], start: usize) -> Option<Found> {
    // Only at the beginning of a stretch, so that each is read once.
    if !is_local_part(chars[start]) || (start > 0 && is_local_part(chars[start - 1])) {
        return None;
    }
    let length = chars[start..]
        .iter()
        .take_while(|c| is_local_part(**c))
        .count();
    let at_sign = start + length;
    if chars.get(at_sign) != Some(&'@') {
        return None;
    }
    let is_domain = |c: &&char| c.is_alphanumeric() || matches!(**c, '.' | '-');
    let domain: Vec<char> = chars[at_sign + 1..]
        .iter()
        .take_while(is_domain)
        .copied()
        .collect();
    let trimmed = domain
        .iter()
        .rposition(|c| c.is_alphanumeric())
        .map_or(0, |last| last + 1);
    let has_dot = domain[..trimmed].iter().skip(1).any(|c| *c == '.');
    has_dot.then_some(Found {
        kind: Some(Kind::Email),
        end: at_sign + 1 + trimmed,
    })
}

fn is_gap(c: char) -> bool {
    matches!(
        c,
        ' ' | '-'
            | '.'
            | '/'
            | '('
            | ')'
            | '\n'
            | '\u{a0}'
            | '\u{2009}'
            | '\u{200b}'
            | '\u{202f}'
            | '\u{2010}'..='\u{2014}'
    )
}

/// The longest IBAN that begins here.
fn iban(chars: &[char], start: usize) -> Option<Found> {
    let country = chars
        .get(start..start + 2)?
        .iter()
        .all(char::is_ascii_alphabetic);
    let begins = start == 0 || !chars[start - 1].is_ascii_alphanumeric();
    if !country
        || !begins
        || !chars[start + 2..]
            .first()
            .copied()
            .is_some_and(starts_check)
    {
        return None;
    }
    let mut letters: Vec<u8> = Vec::with_capacity(34);
    let mut valid_until = None;
    for (offset, c) in chars[start..].iter().enumerate() {
        match u8::try_from(*c) {
            Ok(byte) if byte.is_ascii_alphanumeric() && letters.len() < 34 => {
                letters.push(byte.to_ascii_uppercase());
                let word_ends = chars
                    .get(start + offset + 1)
                    .is_none_or(|next| !next.is_ascii_alphanumeric());
                if letters.len() >= 15 && word_ends && is_iban(&letters) {
                    valid_until = Some(start + offset + 1);
                }
            }
            _ if is_gap(*c) => {}
            _ => break,
        }
    }
    valid_until.map(|end| Found {
        kind: Some(Kind::Iban),
        end,
    })
}

fn starts_check(c: char) -> bool {
    c.is_ascii_digit() || is_gap(c)
}

/// The check of ISO 13616: move the first four to the end, read letters as 10 to 35, modulo 97.
fn is_iban(letters: &[u8]) -> bool {
    if !letters[2].is_ascii_digit() || !letters[3].is_ascii_digit() {
        return false;
    }
    let rotated = letters[4..].iter().chain(&letters[..4]);
    let remainder = rotated.fold(0_u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte - b'A') + 10) % 97,
    });
    remainder == 1
}

/// The most groups and digits of which one number can consist; longer runs are several.
const GROUPS: usize = 12;
const DIGITS: usize = 40;

/// Groups of digits with the usual separators between them. The longest stretch of groups from
/// here on that is a card or phone number is hidden; where there is none, the first group stays,
/// and the next one is looked at as a beginning of its own.
fn number(chars: &[char], start: usize) -> Option<Found> {
    let first = chars[start];
    let opens = first.is_ascii_digit() || matches!(first, '+' | '(');
    if !opens || (start > 0 && chars[start - 1].is_ascii_digit()) {
        return None;
    }
    let (digits, groups) = groups_of_digits(chars, start);
    let lengths: Vec<usize> = groups.iter().map(|(length, _)| *length).collect();
    if is_date(&digits, &lengths) {
        return Some(Found {
            kind: None,
            end: groups[2].1,
        });
    }
    for count in (1..=groups.len()).rev() {
        let held = &digits[..lengths[..count].iter().sum()];
        let kind = if is_card(held) {
            Kind::Card
        } else if is_phone(first, held, &lengths[..count]) {
            Kind::Phone
        } else {
            continue;
        };
        return Some(Found {
            kind: Some(kind),
            end: groups[count - 1].1,
        });
    }
    groups.first().map(|(_, end)| Found {
        kind: None,
        end: *end,
    })
}

/// Whether a date of this or the last century comes first, year before or after.
fn is_date(digits: &[u32], lengths: &[usize]) -> bool {
    match lengths {
        [4, 2, 2, ..] => matches!(digits[..2], [1, 9] | [2, 0]) && digits[4] <= 1,
        [2, 2, 4, ..] => matches!(digits[4..6], [1, 9] | [2, 0]),
        _ => false,
    }
}

/// The digits from here on, and the groups they stand in: how many digits each has, and where it
/// ends.
fn groups_of_digits(chars: &[char], start: usize) -> (Vec<u32>, Vec<(usize, usize)>) {
    let mut digits = Vec::new();
    let mut groups: Vec<(usize, usize)> = Vec::new();
    let mut gap = 0;
    for (offset, c) in chars[start..].iter().enumerate() {
        if let Some(digit) = c.to_digit(10) {
            let end = start + offset + 1;
            let is_full = groups.len() == GROUPS || digits.len() >= DIGITS;
            match groups.last_mut() {
                Some(group) if gap == 0 => *group = (group.0 + 1, end),
                _ if is_full => break,
                _ => groups.push((1, end)),
            }
            digits.push(digit);
            gap = 0;
        } else if offset == 0 || (gap < 3 && is_gap(*c)) {
            gap += 1;
        } else {
            break;
        }
    }
    (digits, groups)
}

fn is_card(digits: &[u32]) -> bool {
    matches!(digits.len(), 15 | 16) || ((12..=19).contains(&digits.len()) && passes_luhn(digits))
}

/// The check digit of ISO/IEC 7812-1, annex B.
fn passes_luhn(digits: &[u32]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match place % 2 {
            0 => *digit,
            _ if *digit > 4 => digit * 2 - 9,
            _ => digit * 2,
        })
        .sum();
    sum.is_multiple_of(10)
}

fn is_phone(first: char, digits: &[u32], groups: &[usize]) -> bool {
    let international = first == '+' || digits.starts_with(&[0, 0]);
    let national = digits.first() == Some(&0) && (10..=12).contains(&digits.len());
    // Area code and exchange begin with 2 to 9; an optional 1 goes before.
    let local = if digits.len() == 11 && digits[0] == 1 {
        &digits[1..]
    } else {
        digits
    };
    let north_american = local.len() == 10 && local[0] >= 2 && local[3] >= 2;
    let grouped = (groups.len() >= 3 || first == '(') && (8..=12).contains(&digits.len());
    (international && (8..=15).contains(&digits.len())) || national || north_american || grouped
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hidden(text: &str) -> String {
        mask(text).text
    }

    #[test]
    fn card_numbers_are_hidden_however_they_are_written() {
        for card in [
            "4111111111111111",
            "4111 1111 1111 1111",
            "4111-1111-1111-1111",
            "378282246310005",
        ] {
            assert_eq!(
                hidden(&format!("it is {card}, ok?")),
                "it is [card number hidden], ok?"
            );
        }
        for text in [
            "4111 1111 1111 1111 12/27 123",
            "4111 1111 1111 1111 (12/2027)",
            "order 48213 4111 1111 1111 1111",
        ] {
            assert!(!hidden(text).contains("1111"), "{}", hidden(text));
        }
        // One digit wrong is still a card number somebody typed.
        assert_eq!(hidden("4111 1111 1111 1112"), "[card number hidden]");
    }

    #[test]
    fn ibans_are_hidden_with_and_without_spaces() {
        for iban in [
            "DE89370400440532013000",
            "DE89 3704 0044 0532 0130 00",
            "gb82west12345698765432",
            "DE89.3704.0044.0532.0130.00",
        ] {
            assert_eq!(
                hidden(&format!("to {iban} please")),
                "to [IBAN hidden] please"
            );
        }
    }

    #[test]
    fn addresses_and_phones_are_hidden() {
        assert_eq!(
            hidden("Mail me: a.b+c@mail.example.org."),
            "Mail me: [e-mail hidden]."
        );
        for phone in [
            "+46 70 123 45 67",
            "0046701234567",
            "(212) 555-0187",
            "212-555-0187",
            "070-1234567",
        ] {
            assert_eq!(
                hidden(&format!("call {phone}!")),
                "call [phone number hidden]!"
            );
        }
    }

    #[test]
    fn what_an_agent_needs_stays() {
        for text in [
            "Order 48213 of 2026-11-21, 12:30, costs 1,299.00 EUR",
            "Flight SK1427 at 10:05 from gate B12",
            "It was on 2026-11-21 10:05 and again on 21.11.2026 12:30",
            "Invoice 20261121",
            "me@home",
            "1 2 3 4 5",
            "DE is Germany 12",
            "",
        ] {
            assert_eq!(hidden(text), text);
        }
    }

    #[test]
    fn the_kinds_are_named_once_each() {
        let masked = mask("a@b.example, c@d.example and 4111111111111111");
        assert_eq!(masked.kinds, [Kind::Email, Kind::Card]);
    }

    proptest! {
        #[test]
        fn masking_takes_any_text_and_once_is_enough(text in "\\PC{0,300}") {
            let once = mask(&text).text;
            prop_assert_eq!(mask(&once).text, once);
        }

        #[test]
        fn no_card_number_survives(prefix in "[a-z ]{0,9}", body in "[0-9]{15}", suffix in "[a-z ]{0,3}( [0-9]{1,4}){0,2}") {
            let digits: Vec<u32> = body.chars().filter_map(|c| c.to_digit(10)).collect();
            let check = (0..10)
                .find(|check| passes_luhn(&[digits.as_slice(), &[*check]].concat()))
                .unwrap();
            let text = format!("{prefix}{body}{check}{suffix}");
            prop_assert!(!hidden(&text).contains(&body));
        }
    }
}
