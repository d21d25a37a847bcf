//! Tests of accounts, sign-in, sessions, tokens and keys, on a real PostgreSQL.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be arranged should stop"
)]

mod accounts;
mod letters;
mod machine_keys;
mod pruning;
mod races;
mod refreshing;
mod signing_in;
mod tokens;
mod vectors;

use std::{fmt::Debug, path::PathBuf, sync::OnceLock};

use db::testing::Sandbox;
use identity::{Account, Checked, Error, NewAccount, PasswordHash, SessionKind, SignIn, SignedIn};
use kernel::Role;

/// The password of every account in these tests.
pub const PASSWORD: &str = "correct horse battery";
/// Where the sign-ins in these tests come from.
pub const ADDRESS: &str = "192.0.2.1";

/// Hashed once, since hashing is slow.
pub fn password_hash() -> PasswordHash {
    static HASH: OnceLock<PasswordHash> = OnceLock::new();
    HASH.get_or_init(|| identity::hash_password(PASSWORD).unwrap())
        .clone()
}

/// An account to be made, with that password.
pub fn new_account(email: &str, role: Role) -> NewAccount {
    NewAccount {
        email: email.to_owned(),
        display_name: "Ada Lovelace".to_owned(),
        password: password_hash(),
        role,
    }
}

/// Makes an account.
pub fn create(sandbox: &mut Sandbox, email: &str, role: Role) -> Account {
    sandbox
        .write(|tx| identity::create_account(tx, &new_account(email, role)))
        .unwrap()
}

/// The first two steps of a sign-in.
pub fn checked(sandbox: &mut Sandbox, email: &str, password: &str) -> Result<Checked, Error> {
    let now = sandbox.now;
    let candidate = sandbox.read(|conn| identity::candidate(conn, email, ADDRESS, now))?;
    Ok(candidate.verify(password))
}

/// All three steps.
pub fn attempt(
    sandbox: &mut Sandbox,
    email: &str,
    password: &str,
    kind: SessionKind,
) -> Result<SignIn, Error> {
    let checked = checked(sandbox, email, password)?;
    sandbox.write(|tx| identity::sign_in(tx, &checked, kind))
}

/// Signs in with the right password.
pub fn welcome(sandbox: &mut Sandbox, email: &str, kind: SessionKind) -> SignedIn {
    match attempt(sandbox, email, PASSWORD, kind) {
        Ok(SignIn::Welcome(signed_in)) => signed_in,
        other => panic!("not welcome: {other:?}"),
    }
}

/// The fields that an input was refused for.
pub fn fields<T: Debug>(outcome: Result<T, Error>) -> Vec<String> {
    let error = outcome.expect_err("the input is refused");
    kernel::Classify::fields(&error)
        .iter()
        .map(|fault| fault.field.clone())
        .collect()
}

/// A file of the public test data, if this machine has it.
pub fn data(path: &str) -> Option<serde_json::Value> {
    let root = std::env::var_os("GIGDESK_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = root.join("bad-input").join(path);
    let Ok(text) = std::fs::read_to_string(&file) else {
        println!("skipped: there is no {} (set GIGDESK_DATA)", file.display());
        return None;
    };
    Some(serde_json::from_str(&text).expect("the test data is JSON"))
}
