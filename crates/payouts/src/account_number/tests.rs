//! Account numbers made from the published structures, and what a slip of the hand makes of them.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// A file of the shared data, where it is there.
fn shared(path: &str) -> Option<Value> {
    let root = std::env::var_os("GIGDESK_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(root.join(path)) else {
        eprintln!(
            "skipped: {path} is not in {}; set GIGDESK_DATA",
            root.display()
        );
        return None;
    };
    // Halves of characters, which these lists of bad input hold, are no JSON: any oddity will do.
    Some(serde_json::from_str(&text.replace("\\ud", "\\u0d")).unwrap())
}

/// The remainder by 97, digit by digit: slow and plain, to judge the library by.
fn remainder(iban: &str) -> u32 {
    let (head, body) = iban.split_at(4);
    let digits: String = body
        .chars()
        .chain(head.chars())
        .map(|c| c.to_digit(36).unwrap().to_string())
        .collect();
    digits.chars().fold(0, |rest, digit| {
        (rest * 10 + digit.to_digit(10).unwrap()) % 97
    })
}

/// Puts the right check digits before a country's own number.
fn iban(country: &str, bban: &str) -> String {
    format!(
        "{country}{:02}{bban}",
        98 - remainder(&format!("{country}00{bban}"))
    )
}

/// A number for a structure such as `4!n12!c`, its characters chosen by `pick`.
fn bban(structure: &str, mut pick: impl FnMut(u32) -> u32) -> String {
    let mut bban = String::new();
    let mut rest = structure;
    while let Some((length, tail)) = rest.split_once('!') {
        for _ in 0..length.parse::<usize>().unwrap() {
            let digit = match tail.chars().next().unwrap() {
                'n' => pick(10),
                'a' => 10 + pick(26),
                'c' => pick(36),
                kind => panic!("unknown kind {kind}"),
            };
            bban.push(char::from_digit(digit, 36).unwrap().to_ascii_uppercase());
        }
        rest = &tail[1..];
    }
    bban
}

#[test]
fn every_country_of_the_register_is_known() {
    let Some(registry) = shared("payments/iban/schwifty_iban_registry.json") else {
        return;
    };
    let (mut accepted, mut unknown, mut unlike) = (0, Vec::new(), Vec::new());
    for (code, country) in registry.as_object().unwrap() {
        let prefix = &country["iban_spec"].as_str().unwrap()[..2];
        let structure = country["bban_spec"].as_str().unwrap();
        let mut turn = 0;
        let text = iban(
            prefix,
            &bban(structure, |bound| {
                turn += 7;
                turn % bound
            }),
        );
        match parse(&text) {
            Ok(parsed) => {
                accepted += 1;
                assert_eq!(parsed.electronic_str(), text);
                assert!(parse(&text[..text.len() - 1]).is_err(), "{text} cut");
                assert!(parse(&format!("{text}0")).is_err(), "{text} with more");
            }
            Err(message) if message.contains("register") => unknown.push(code.as_str()),
            Err(_) => unlike.push(code.as_str()),
        }
    }
    assert!(accepted >= 100, "{accepted}");
    // This list allows letters where the published register has digits.
    assert_eq!(unlike, ["BR"]);
    for code in unknown {
        assert_ne!(
            registry[code]["in_sepa_zone"],
            Value::Bool(true),
            "{code} is not known"
        );
    }
}

#[test]
fn the_vectors_of_another_validator_agree() {
    let Some(vectors) = shared("bad-input/validators/validatorjs_vectors.json") else {
        return;
    };
    let plain =
        |case: &&Value| case["validator"] == "isIBAN" && case["args"] == serde_json::json!([]);
    let case = vectors.as_array().unwrap().iter().find(plain).unwrap();
    for text in case["valid"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
    {
        if let Err(message) = parse(text) {
            assert!(message.contains("register"), "{text}: {message}");
        }
    }
    for text in case["invalid"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
    {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn a_refusal_says_what_is_wrong() {
    for (text, words) in [
        (" \u{a0}", "empty"),
        ("DE89-3704", "not '-'"),
        ("DE89 3704 Ö", "not 'Ö'"),
        ("8937040044", "two letters"),
        ("DE88 3704 0044 0532 0130 00", "does not add up"),
        (
            &iban("DE", "37040044053201300"),
            "length or form of an IBAN from DE",
        ),
        (&iban("XX", "370400440532013000"), "begins with XX"),
    ] {
        let message = parse(text).unwrap_err();
        assert!(message.contains(words), "{text}: {message}");
    }
}

#[test]
fn it_is_read_as_people_write_it_and_shown_by_its_ends() {
    for text in [
        "DE89370400440532013000",
        " de89 3704 0044 0532 0130 00",
        "DE893704 00440532013000",
    ] {
        let parsed = parse(text).unwrap();
        assert_eq!(parsed.electronic_str(), "DE89370400440532013000");
        assert_eq!(masked(&parsed), "DE•• … 3000");
    }
}

#[test]
fn check_digits_that_no_bank_gives_are_refused() {
    let last = (0..1_000_u32)
        .map(|n| iban("DE", &format!("{n:018}")))
        .find(|text| text.starts_with("DE02"))
        .unwrap();
    assert!(parse(&last).is_ok());
    let twin = last.replacen("DE02", "DE99", 1);
    assert_eq!(remainder(&twin), 1, "it does add up");
    assert!(parse(&twin).is_err());
}

const STRUCTURES: [(&str, &str); 8] = [
    ("DE", "18!n"),
    ("AT", "5!n11!n"),
    ("NL", "4!a10!n"),
    ("GB", "4!a6!n8!n"),
    ("FR", "5!n5!n11!c2!n"),
    ("ES", "4!n4!n1!n1!n10!n"),
    ("PL", "8!n16!n"),
    ("MT", "4!a5!n18!c"),
];

proptest! {
    /// 97 is a prime, so no one slip leaves the remainder as it was. The one exception is the swap
    /// of a letter with a digit, which changes the number of digits (`B1` and `1B` are both 111).
    #[test]
    fn one_wrong_or_swapped_character_is_noticed(
        country in 0..STRUCTURES.len(),
        picks in proptest::collection::vec(0_u32..36, 40),
        position in 0_usize..64,
        other in 0_u32..36,
    ) {
        let (code, structure) = STRUCTURES[country];
        let mut picks = picks.into_iter();
        let text = iban(code, &bban(structure, |bound| picks.next().unwrap() % bound));
        prop_assert!(parse(&text).is_ok(), "{text}");

        let characters: Vec<char> = text.chars().collect();
        let position = position % (characters.len() - 1);
        let other = char::from_digit(other, 36).unwrap().to_ascii_uppercase();
        let mut wrong = characters.clone();
        wrong[position] = other;
        let same_kind = |a: char, b: char| a.is_ascii_digit() == b.is_ascii_digit();
        if wrong != characters && same_kind(characters[position], other) {
            let wrong: String = wrong.into_iter().collect();
            prop_assert!(parse(&wrong).is_err(), "{wrong} for {text}");
        }
        let mut swapped = characters.clone();
        swapped.swap(position, position + 1);
        if swapped != characters && same_kind(characters[position], characters[position + 1]) {
            let swapped: String = swapped.into_iter().collect();
            prop_assert!(parse(&swapped).is_err(), "{swapped} for {text}");
        }
    }
}
