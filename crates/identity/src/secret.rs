//! Secrets that we hand out once and keep only as a hash.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest as _, Sha256};

/// A new secret: what it is for, and 32 random bytes.
pub(crate) fn mint(prefix: &str) -> String {
    format!(
        "{prefix}{}",
        URL_SAFE_NO_PAD.encode(kernel::random::bytes::<32>())
    )
}

/// What is kept of a secret. It needs no slow hash, since nobody can guess 256 random bits.
pub(crate) fn fingerprint(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_says_what_it_is_for_and_nothing_else() {
        let (one, other) = (mint("gdk_"), mint("gdk_"));
        assert!(one.starts_with("gdk_") && one.len() == 47, "{one}");
        assert_ne!(one, other);
        assert_eq!(fingerprint(&one).len(), 32);
        assert_ne!(fingerprint(&one), fingerprint(&other));
    }
}
