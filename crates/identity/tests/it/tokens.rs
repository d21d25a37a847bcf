//! Access tokens: what is issued, and every forgery we know of.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use identity::{
    Account, AccountStatus, Claims, Error, Session, SessionKind, SessionStatus, Tokens,
};
use kernel::{AccountId, Class, Classify, Role, SessionId};
use proptest::prelude::*;
use serde_json::{Value, json};
use sha2::Sha256;

const SECRET: &[u8] = b"a secret of at least 32 bytes, as it must be";

fn now() -> DateTime<Utc> {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn account() -> Account {
    Account {
        id: AccountId::new(),
        email: "ada@example.com".to_owned(),
        display_name: "Ada".to_owned(),
        role: Role::Supervisor,
        status: AccountStatus::Active,
        created_at: now(),
    }
}

fn session(account: &Account) -> Session {
    Session {
        id: SessionId::new(),
        account_id: account.id,
        kind: SessionKind::Api,
        status: SessionStatus::Live,
        created_at: now(),
        expires_at: now() + TimeDelta::hours(12),
        ended_at: None,
    }
}

/// A good token, and what it says.
fn good() -> (Tokens, String, Claims) {
    let tokens = Tokens::new(SECRET).unwrap();
    let account = account();
    let session = session(&account);
    let token = tokens
        .issue(&session, &account, now(), TimeDelta::minutes(15))
        .unwrap();
    let claims = Claims {
        account_id: account.id,
        session_id: session.id,
        role: Role::Supervisor,
        expires_at: now() + TimeDelta::minutes(15),
    };
    (tokens, token, claims)
}

fn mac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(message);
    mac.finalize().into_bytes().to_vec()
}

/// Signs whatever it is told, with the very key that `Tokens` derives.
fn signed(header: &Value, claims: &Value) -> String {
    signed_with(&mac(SECRET, b"gigdesk jwt v1"), header, claims)
}

fn signed_with(key: &[u8], header: &Value, claims: &Value) -> String {
    let message = format!(
        "{}.{}",
        BASE64.encode(header.to_string()),
        BASE64.encode(claims.to_string())
    );
    let tag = BASE64.encode(mac(key, message.as_bytes()));
    format!("{message}.{tag}")
}

fn our_header() -> Value {
    json!({ "typ": "JWT", "alg": "HS256" })
}

fn our_claims() -> Value {
    json!({
        "iss": "gigdesk",
        "aud": "gigdesk",
        "exp": now().timestamp() + 60,
        "iat": now().timestamp(),
        "sub": AccountId::new(),
        "sid": SessionId::new(),
        "role": "agent",
    })
}

fn assert_refused(tokens: &Tokens, token: &str, why: &str) {
    let error = tokens.verify(token, now()).expect_err(why);
    assert!(matches!(error, Error::NotSignedIn), "{why}: {error:?}");
    assert_eq!(
        (error.class(), error.code()),
        (Class::Unauthenticated, "not_signed_in")
    );
}

#[test]
fn a_token_says_who_signed_in() {
    let (tokens, token, claims) = good();
    assert_eq!(tokens.verify(&token, now()).unwrap(), claims);
    let header = BASE64.decode(token.split('.').next().unwrap()).unwrap();
    assert_eq!(
        serde_json::from_slice::<Value>(&header).unwrap(),
        our_header()
    );
}

#[test]
fn a_token_is_over_at_its_second() {
    let (tokens, token, claims) = good();
    let end = claims.expires_at;
    assert!(
        tokens
            .verify(&token, end - TimeDelta::microseconds(1))
            .is_ok()
    );
    assert!(tokens.verify(&token, end).is_err(), "there is no leeway");
    assert!(
        tokens
            .verify(&token, end + TimeDelta::days(10_000))
            .is_err()
    );
}

#[test]
fn a_token_does_not_outlive_its_session() {
    let tokens = Tokens::new(SECRET).unwrap();
    let account = account();
    let session = session(&account);
    for lifetime in [TimeDelta::days(1), TimeDelta::MAX] {
        let token = tokens.issue(&session, &account, now(), lifetime).unwrap();
        assert_eq!(
            tokens.verify(&token, now()).unwrap().expires_at,
            session.expires_at
        );
    }
}

#[test]
fn a_secret_that_can_be_guessed_is_refused() {
    for bytes in [0, 8, 31] {
        let error = Tokens::new(&vec![b'x'; bytes]).unwrap_err();
        assert!(matches!(error, Error::WeakSecret { bytes: told } if told == bytes));
        assert!(error.to_string().contains("at least 32"), "{error}");
    }
    assert!(Tokens::new(&[b'x'; 32]).is_ok());
}

#[test]
fn a_token_signed_with_another_key_is_refused() {
    let (tokens, token, _) = good();
    let others = Tokens::new(b"another secret of at least 32 bytes, surely").unwrap();
    assert_refused(&others, &token, "another installation's");
    let raw = signed_with(SECRET, &our_header(), &our_claims());
    assert_refused(&tokens, &raw, "the secret itself is not the key");
    assert_refused(
        &tokens,
        &signed_with(b"", &our_header(), &our_claims()),
        "an empty key",
    );
}

#[test]
fn a_header_that_is_not_ours_is_refused_even_if_signed() {
    let tokens = Tokens::new(SECRET).unwrap();
    assert!(
        tokens
            .verify(&signed(&our_header(), &our_claims()), now())
            .is_ok(),
        "the control"
    );
    for header in [
        json!({ "typ": "JWT", "alg": "none" }),
        json!({ "typ": "JWT", "alg": "None" }),
        json!({ "typ": "JWT", "alg": "HS384" }),
        json!({ "typ": "JWT", "alg": "HS512" }),
        json!({ "typ": "JWT", "alg": "RS256" }),
        json!({ "typ": "JWT", "alg": "ES256" }),
        json!({ "typ": "JWT", "alg": "EdDSA" }),
        json!({ "typ": "JWT", "alg": "" }),
        json!({ "typ": "JWT" }),
        json!({ "alg": "HS256" }),
        json!({ "typ": "at+jwt", "alg": "HS256" }),
        json!({ "typ": "JWT", "alg": "HS256", "kid": "../../dev/null" }),
        json!({ "typ": "JWT", "alg": "HS256", "crit": ["exp"] }),
        json!({ "typ": "JWT", "alg": "HS256", "jku": "https://example.com/keys" }),
        json!({ "typ": "JWT", "alg": "HS256", "b64": false }),
        json!([]),
    ] {
        assert_refused(
            &tokens,
            &signed(&header, &our_claims()),
            &header.to_string(),
        );
    }
}

#[test]
fn an_unsigned_token_is_refused() {
    let (tokens, token, _) = good();
    let payload = token.split('.').nth(1).unwrap();
    for alg in ["none", "None", "NONE", "nOnE", "HS256"] {
        let header = BASE64.encode(json!({ "typ": "JWT", "alg": alg }).to_string());
        assert_refused(&tokens, &format!("{header}.{payload}."), alg);
        assert_refused(&tokens, &format!("{header}.{payload}"), alg);
    }
}

#[test]
fn claims_that_are_not_ours_are_refused_even_if_signed() {
    let tokens = Tokens::new(SECRET).unwrap();
    for claim in ["iss", "aud", "exp", "iat", "sub", "sid", "role"] {
        let mut claims = our_claims();
        claims.as_object_mut().unwrap().remove(claim);
        assert_refused(&tokens, &signed(&our_header(), &claims), claim);
        claims[claim] = Value::Null;
        assert_refused(&tokens, &signed(&our_header(), &claims), claim);
    }
    for (claim, value) in [
        ("iss", json!("somebody")),
        ("iss", json!(["gigdesk"])),
        ("aud", json!("somebody")),
        ("aud", json!(["gigdesk", "somebody"])),
        ("exp", json!(now().timestamp())),
        ("exp", json!(-1)),
        ("exp", json!(i64::MAX)),
        ("exp", json!(1e300)),
        ("exp", json!("tomorrow")),
        ("sub", json!(SessionId::new())),
        ("sub", json!("")),
        ("sid", json!(AccountId::new())),
        ("role", json!("root")),
    ] {
        let mut claims = our_claims();
        claims[claim] = value.clone();
        assert_refused(
            &tokens,
            &signed(&our_header(), &claims),
            &format!("{claim}: {value}"),
        );
    }
}

#[test]
fn a_truncated_tag_is_refused() {
    let (tokens, token, _) = good();
    let (message, tag) = token.rsplit_once('.').unwrap();
    let tag = BASE64.decode(tag).unwrap();
    for length in [0, 1, 16, 31] {
        let short = format!("{message}.{}", BASE64.encode(&tag[..length]));
        assert_refused(&tokens, &short, &format!("{length} bytes of the tag"));
    }
    let long = format!(
        "{message}.{}",
        BASE64.encode([tag.as_slice(), &[0]].concat())
    );
    assert_refused(&tokens, &long, "a byte too many");
}

#[test]
fn a_key_does_not_show_itself() {
    let tokens = Tokens::new(SECRET).unwrap();
    let shown = format!("{tokens:?}");
    assert!(
        shown.to_lowercase().contains("redacted") && !shown.contains("secret of"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn a_token_changed_anywhere_is_refused(at in any::<prop::sample::Index>(), to in "[A-Za-z0-9_.=-]") {
        let (tokens, token, _) = good();
        let at = at.index(token.len());
        prop_assume!(token[at..=at] != to);
        let forged = format!("{}{to}{}", &token[..at], &token[at + 1..]);
        prop_assert!(tokens.verify(&forged, now()).is_err(), "{forged}");
    }

    #[test]
    fn no_text_makes_it_panic(text in r"\PC*(\.\PC*){0,4}") {
        prop_assert!(Tokens::new(SECRET).unwrap().verify(&text, now()).is_err());
    }
}
