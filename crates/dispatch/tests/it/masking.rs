//! Masking, on sentences with known personal data.

use std::path::PathBuf;

use dispatch::mask;
use serde_json::Value;

/// Public test data; a test that needs it says so when it is not there.
fn data(file: &str) -> Option<String> {
    let root = std::env::var_os("GIGDESK_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let text = std::fs::read_to_string(root.join(file));
    if text.is_err() {
        eprintln!("skipped: {file} is not in {}", root.display());
    }
    text.ok()
}

#[test]
fn labelled_personal_data_does_not_get_through() {
    let Some(text) = data("pii/presidio_research_synth.jsonl") else {
        return;
    };
    let kinds = [
        ("CREDIT_CARD", 100),
        ("IBAN_CODE", 100),
        ("EMAIL_ADDRESS", 100),
        ("PHONE_NUMBER", 84),
    ];
    for (label, percent) in kinds {
        let (mut hidden, mut all) = (0, 0);
        for line in text.lines() {
            let sample: Value = serde_json::from_str(line).unwrap();
            let sentence = sample["text"].as_str().unwrap_or_default();
            for span in sample["spans"].as_array().into_iter().flatten() {
                if span[0].as_str() != Some(label) {
                    continue;
                }
                let value = span[3].as_str().unwrap_or_default();
                let masked = mask(sentence);
                all += 1;
                if !masked.kinds.is_empty() && !masked.text.contains(value) {
                    hidden += 1;
                } else {
                    eprintln!("{label} got through: {value}");
                }
            }
        }
        eprintln!("{label}: {hidden} of {all}");
        assert!(all > 0, "no {label} in the data");
        assert!(hidden * 100 >= all * percent, "{label}: {hidden} of {all}");
    }
}
