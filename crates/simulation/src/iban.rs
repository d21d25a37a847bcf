//! Account numbers that pass every check and belong to nobody.

/// An IBAN for one of our people: the country's length, the digits made from a number, and the two
/// check digits of ISO 7064 (mod 97-10).
///
/// `None` for a country whose account numbers hold letters or national check digits, which none
/// of our people come from.
pub(crate) fn iban(country: &str, number: u64) -> Option<String> {
    let digits = match country {
        "DE" => 18,
        "SE" => 20,
        "AT" => 16,
        "DK" => 14,
        _ => return None,
    };
    let account = format!("{number:0digits$}");
    let check = 98 - remainder(&format!("{account}{country}00"))?;
    Some(format!("{country}{check:02}{account}"))
}

/// The remainder by 97, letters standing for 10 to 35.
fn remainder(text: &str) -> Option<u32> {
    text.chars().try_fold(0, |rest, sign| {
        let value = sign.to_digit(36)?;
        let shift = if value > 9 { 100 } else { 10 };
        Some((rest * shift + value) % 97)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The check anybody makes who is given an IBAN: the first four signs to the end, then 1.
    fn is_valid(iban: &str) -> bool {
        remainder(&format!("{}{}", &iban[4..], &iban[..4])) == Some(1)
    }

    #[test]
    fn the_check_agrees_with_published_examples() {
        assert!(is_valid("DE89370400440532013000"));
        assert!(is_valid("SE4550000000058398257466"));
        assert!(is_valid("GB82WEST12345698765432"));
        assert!(!is_valid("DE89370400440532013001"));
    }

    #[test]
    fn a_published_example_is_rebuilt() {
        let built = iban("DE", 370_400_440_532_013_000);
        assert_eq!(built.as_deref(), Some("DE89370400440532013000"));
    }

    #[test]
    fn a_country_we_do_not_know_has_none() {
        assert_eq!(iban("GB", 1), None);
    }

    proptest! {
        #[test]
        fn every_iban_is_valid_and_of_its_countrys_length(number in 0_u64..100_000_000_000_000) {
            for (country, length) in [("DE", 22), ("SE", 24), ("AT", 20), ("DK", 18)] {
                let built = iban(country, number).unwrap();
                prop_assert_eq!(built.len(), length);
                prop_assert!(is_valid(&built), "{}", built);
            }
        }
    }
}
