//! What a spreadsheet must not take for a formula.

use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

/// The dangerous beginnings, written down apart from the code.
fn looks_like_a_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'])
}

#[test]
fn a_formula_gets_an_apostrophe() {
    for text in [
        "=1+1",
        "+49 30",
        "-1",
        "@SUM(A1)",
        "\tx",
        "\rx",
        "\nx",
        "  =1",
        "\"=1",
        "'=1",
        "\u{a0}=1",
        "\u{feff}=1",
        "\u{200b}@x",
        "＝1",
        "＋1",
        "－1",
        "＠x",
        "\" =cmd",
        "\t",
    ] {
        assert_eq!(cell(text), format!("'{text}"), "{text:?}");
    }
}

#[test]
fn a_plain_text_stays_as_it_is() {
    for text in [
        "",
        "Ada Lovelace",
        "O'Neill",
        "12-14",
        "10115",
        "DE89",
        "a=b",
        "Smith + Co",
        "'s-Hertogenbosch",
    ] {
        assert_eq!(cell(text), text);
    }
}

#[test]
fn no_known_payload_survives() {
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
    let mut payloads = 0;
    for file in files {
        for payload in std::fs::read_to_string(file.unwrap().path())
            .unwrap()
            .lines()
        {
            // A payload without a formula's sign is a text to every spreadsheet.
            if payload.is_empty() || payload.starts_with("DDE (") {
                continue;
            }
            payloads += 1;
            assert_eq!(cell(payload), format!("'{payload}"), "{payload}");
        }
    }
    assert!(payloads >= 20, "{payloads}");
}

proptest! {
    #[test]
    fn no_text_comes_out_as_a_formula(text in any::<String>(), lead in "[ '\"\t\u{a0}]{0,3}[=+@\u{ff1d}-]?") {
        let text = format!("{lead}{text}");
        let safe = cell(&text);
        prop_assert!(!looks_like_a_formula(&safe), "{safe:?}");
        prop_assert!(safe.ends_with(&text), "nothing is lost");
    }
}
