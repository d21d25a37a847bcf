//! Passwords: what is accepted, and how it is hashed and checked.

use std::fmt;

use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc},
};
use kernel::Invalid;

use crate::Error;

/// Verified in place of an account's where there is none, so that a refusal takes as long. It has
/// the costs of a real one and belongs to no password anybody knows.
const DUMMY: &str = "$argon2id$v=19$m=19456,t=2,p=1$euTXPaJOrOtkRNldyCf0KA$jfpancOGVUv4eCaFsMeeFCgX84DQ2IvLld/sYckbZPg";

/// The commonest passwords that are long enough to be accepted otherwise, in lower case.
const COMMONEST: &[&str] = &[
    "0123456789",
    "0987654321",
    "1234512345",
    "123123123123",
    "123456123456",
    "1234567890",
    "12345678900",
    "12345678910",
    "123456789a",
    "123456789q",
    "1234567890q",
    "1234qwerasdf",
    "1q2w3e4r5t",
    "1q2w3e4r5t6y",
    "1qaz2wsx3edc",
    "9876543210",
    "a123456789",
    "abc1234567",
    "abcd123456",
    "abcdefghij",
    "administrator",
    "basketball",
    "changeme123",
    "football123",
    "gigdesk123",
    "iloveyou123",
    "letmein123",
    "michelle123",
    "password01",
    "password12",
    "password123",
    "password1234",
    "password12345",
    "passwordpassword",
    "princess123",
    "q1w2e3r4t5",
    "q1w2e3r4t5y6",
    "qazwsxedcrfv",
    "qwerty1234",
    "qwerty12345",
    "qwerty123456",
    "qwertyqwerty",
    "qwertyuiop",
    "superman123",
    "welcome123",
    "zaq12wsxcde3",
];

/// The Argon2id hash of a password, as a PHC string.
#[derive(Clone)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// The PHC string, for the database.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Hashes a password that keeps the rules. It takes some 30 ms of a core and 19 MiB: call it
/// outside a transaction and off the async threads.
pub fn hash_password(password: &str) -> Result<PasswordHash, Error> {
    check(password).map_err(|message| Invalid::field("password", message))?;
    let salt: [u8; 16] = kernel::random::bytes();
    let hash: phc::PasswordHash = hasher()
        .and_then(|argon2| argon2.hash_password_with_salt(password.as_bytes(), &salt))
        .map_err(|error| Error::Cryptography(error.to_string()))?;
    Ok(PasswordHash(hash.to_string()))
}

/// Length does more for a password than signs and digits do, so it is the one demand; what
/// attackers try first is refused.
fn check(password: &str) -> Result<(), &'static str> {
    let length = password.chars().count();
    let mut chars = password.chars();
    let first = chars.next();
    if length < 10 {
        Err("must have at least 10 characters; three or four words make a good one")
    } else if length > 128 {
        Err("must have at most 128 characters")
    } else if chars.all(|next| Some(next) == first) {
        Err("must not be one character over and over")
    } else if COMMONEST.contains(&password.to_lowercase().as_str()) {
        Err("is one of the first that attackers try; please choose another")
    } else {
        Ok(())
    }
}

/// Whether this is the password behind the hash; without a hash, takes as long and says no.
pub(crate) fn matches(password: &str, hash: Option<&str>) -> bool {
    let verified = match (phc::PasswordHash::new(hash.unwrap_or(DUMMY)), hasher()) {
        (Ok(parsed), Ok(argon2)) => argon2.verify_password(password.as_bytes(), &parsed).is_ok(),
        _ => false,
    };
    verified && hash.is_some()
}

/// Argon2id with the costs that OWASP recommends: 19 MiB, two passes, one lane.
fn hasher() -> argon2::password_hash::Result<Argon2<'static>> {
    let params = Params::new(19_456, 2, 1, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_hash_and_no_other() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(matches("correct horse battery", Some(hash.as_str())));
        assert!(!matches("correct horse batterx", Some(hash.as_str())));
        assert!(!matches("", Some(hash.as_str())));
        assert!(!matches("correct horse battery", Some("not a hash")));
        let again = hash_password("correct horse battery").unwrap();
        assert_ne!(
            hash.as_str(),
            again.as_str(),
            "each hash has a salt of its own"
        );
    }

    #[test]
    fn an_unknown_account_costs_as_much_as_a_known_one() {
        let costs = |hash: &str| hash.rsplitn(3, '$').last().map(ToOwned::to_owned);
        let real = hash_password("correct horse battery").unwrap();
        assert_eq!(
            costs(real.as_str()).unwrap(),
            "$argon2id$v=19$m=19456,t=2,p=1"
        );
        assert_eq!(costs(DUMMY), costs(real.as_str()));
        assert_eq!(DUMMY.len(), real.as_str().len());
        let dummy = phc::PasswordHash::new(DUMMY).unwrap();
        assert!(dummy.salt.is_some() && dummy.hash.is_some());
        assert!(!matches("anything at all", None));
    }

    #[test]
    fn a_password_has_10_to_128_characters() {
        let of = |length: usize| check(&"äb".repeat(64).chars().take(length).collect::<String>());
        assert!(of(9).is_err() && of(10).is_ok() && of(128).is_ok());
        assert!(check(&format!("{}x", "äb".repeat(64))).is_err());
    }

    #[test]
    fn what_attackers_try_first_is_refused() {
        for guess in [
            "Password123",
            "1234567890",
            "aaaaaaaaaaaa",
            "          ",
            "QWERTYUIOP",
        ] {
            assert!(check(guess).is_err(), "{guess}");
        }
        for guess in COMMONEST {
            assert_eq!(guess.to_lowercase(), *guess, "the list is in lower case");
            assert!(
                guess.len() >= 10,
                "{guess} is refused for its length already"
            );
        }
    }

    #[test]
    fn a_hash_does_not_show_itself() {
        let hash = hash_password("correct horse battery").unwrap();
        assert!(!format!("{hash:?}").contains("argon2"));
    }
}
