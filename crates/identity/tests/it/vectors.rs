//! Public collections of bad input (`GIGDESK_DATA`); skipped where they are not on the machine.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use identity::{Tokens, normalized_email};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Validation, crypto, decode_header, errors::ErrorKind,
};
use serde_json::Value;

use crate::data;

/// Calling this has our cryptography installed.
fn tokens() -> Tokens {
    Tokens::new(&[7; 32]).unwrap()
}

fn text<'v>(value: &'v Value, field: &str) -> &'v str {
    value[field].as_str().unwrap_or_default()
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
        .collect()
}

/// The tests of a Wycheproof file, each with its group.
fn cases(file: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let groups = file["testGroups"].as_array().unwrap();
    groups.iter().flat_map(|group| {
        group["tests"]
            .as_array()
            .unwrap()
            .iter()
            .map(move |case| (group, case))
    })
}

#[test]
fn no_address_that_is_plainly_wrong_is_accepted() {
    let Some(cases) = data("email/isemail_tests.json") else {
        return;
    };
    let (mut wrong, mut accepted) = (0, Vec::new());
    for case in cases.as_array().unwrap() {
        let address = text(case, "address");
        let outcome = normalized_email(address);
        if text(case, "category") == "ISEMAIL_ERR" {
            wrong += 1;
            assert!(outcome.is_err(), "{address:?}: {outcome:?}");
        } else if outcome.is_ok() {
            accepted.push(address);
        }
    }
    assert!(wrong > 50, "{wrong} wrong addresses were tried");
    for address in ["test@iana.org", "test.test@iana.org", "test@nominet.org.uk"] {
        assert!(
            accepted.contains(&address),
            "{address} is among {accepted:?}"
        );
    }
}

#[test]
fn our_signatures_are_those_of_others() {
    let Some(file) = data("wycheproof/hmac_sha256_test.json") else {
        return;
    };
    let _installed = tokens();
    let mut valid = 0;
    for (group, case) in cases(&file) {
        let (key, message) = (hex(text(case, "key")), hex(text(case, "msg")));
        let tag = BASE64.encode(hex(text(case, "tag")));
        let holds = crypto::verify(
            &tag,
            &message,
            &DecodingKey::from_secret(&key),
            Algorithm::HS256,
        );
        // Tags are whole here: half a tag is refused although it begins as it should.
        let should_hold = case["result"] == "valid" && group["tagSize"] == 256;
        assert_eq!(holds.unwrap(), should_hold, "{case}");
        if should_hold {
            let key = EncodingKey::from_secret(&key);
            assert_eq!(
                crypto::sign(&message, &key, Algorithm::HS256).unwrap(),
                tag,
                "{case}"
            );
            valid += 1;
        }
    }
    assert!(valid > 30, "{valid} valid tags were tried");
}

/// Whether the token's signature holds under the settings that `Tokens` has. The payloads here are
/// no JSON, which is found out after the signature.
fn signature_holds(jws: &str, key: &[u8]) -> bool {
    let validation = Validation::new(Algorithm::HS256);
    let outcome = jsonwebtoken::decode::<Value>(jws, &DecodingKey::from_secret(key), &validation);
    decode_header(jws).is_ok()
        && outcome.map_or_else(|error| matches!(error.kind(), ErrorKind::Json(_)), |_| true)
}

#[test]
fn no_forged_signature_holds() {
    let Some(file) = data("wycheproof/json_web_signature_test.json") else {
        return;
    };
    let tokens = tokens();
    let valid: Vec<&str> = cases(&file)
        .filter(|(_, case)| case["result"] == "valid")
        .map(|(_, case)| text(case, "jws"))
        .collect();
    let (mut held, mut refused) = (0, 0);
    for (group, case) in cases(&file) {
        let jws = text(case, "jws");
        assert!(
            tokens.verify(jws, chrono::DateTime::UNIX_EPOCH).is_err(),
            "{case}"
        );
        let hs256 = text(&group["private"], "alg") == "HS256";
        let key = if hs256 {
            BASE64.decode(text(&group["private"], "k")).unwrap()
        } else {
            // Whoever mixes up algorithms takes a public key for a secret.
            group["public"].to_string().into_bytes()
        };
        let holds = signature_holds(jws, &key);
        // Two of the invalid ones differ from a valid one in padding that the file has lost.
        if !hs256 || (case["result"] == "invalid" && !valid.contains(&jws)) {
            assert!(!holds, "{case}");
            refused += 1;
        }
        held += usize::from(holds);
    }
    assert!(
        held >= 5,
        "{held} valid signatures held, so the refusals mean something"
    );
    assert!(refused > 100, "{refused} forgeries were tried");
}
