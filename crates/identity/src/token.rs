//! Access tokens: short-lived JSON Web Tokens, signed with HMAC-SHA-256 and with nothing else.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::{ErrorKind, Result as JwtResult, new_error},
    signature::{self, Signer, Verifier},
};
use kernel::{AccountId, Role, SessionId};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{Account, Error, Session};

const ISSUER: &str = "gigdesk";
const AUDIENCE: &str = "gigdesk";
/// Keeps the signing key apart from other keys that are made from the same secret.
const LABEL: &[u8] = b"gigdesk jwt v1";
/// What somebody with a fast machine cannot guess.
const SECRET_BYTES: usize = 32;

/// Issues and verifies access tokens.
#[derive(Clone, Debug)]
pub struct Tokens {
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
}

/// What a token says, and we signed. The session may have ended since: ask [`crate::caller`].
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Claims {
    /// Who.
    pub account_id: AccountId,
    /// Under which session.
    pub session_id: SessionId,
    /// What they could do when the token was issued.
    pub role: Role,
    /// When the token is over.
    pub expires_at: DateTime<Utc>,
}

/// The claims as they are signed; all of them are required. Instants are seconds since 1970.
#[derive(Deserialize, Serialize)]
struct Wire {
    iss: String,
    aud: String,
    exp: i64,
    iat: i64,
    sub: AccountId,
    sid: SessionId,
    role: Role,
}

impl Tokens {
    /// Derives the signing key from the installation's secret.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < SECRET_BYTES {
            return Err(Error::WeakSecret {
                bytes: secret.len(),
            });
        }
        // The first call installs it for the process; the later ones find it in place.
        let _ = PROVIDER.install_default();
        let mut mac = Hmac::<Sha256>::new_from_slice(secret)
            .map_err(|error| Error::Cryptography(error.to_string()))?;
        mac.update(LABEL);
        let key = mac.finalize().into_bytes();

        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // The library would ask this machine's clock; we compare with the platform's.
        validation.validate_exp = false;
        validation.leeway = 0;
        Ok(Self {
            signing: EncodingKey::from_secret(&key),
            verifying: DecodingKey::from_secret(&key),
            validation,
        })
    }

    /// A token for `lifetime` from now, but never for longer than the session lasts.
    pub fn issue(
        &self,
        session: &Session,
        account: &Account,
        now: DateTime<Utc>,
        lifetime: TimeDelta,
    ) -> Result<String, Error> {
        let end = now
            .checked_add_signed(lifetime)
            .unwrap_or(session.expires_at);
        let claims = Wire {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            exp: end.min(session.expires_at).timestamp(),
            iat: now.timestamp(),
            sub: account.id,
            sid: session.id,
            role: account.role,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.signing)
            .map_err(|error| Error::Cryptography(error.to_string()))
    }

    /// What the token says, if we signed it and it is not over. Why not is never told.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<Claims, Error> {
        let decoded = jsonwebtoken::decode::<Wire>(token, &self.verifying, &self.validation)
            .map_err(|_| Error::NotSignedIn)?;
        // Our tokens have this header to the letter: no other type, no keys, nothing critical.
        if decoded.header != Header::new(Algorithm::HS256) {
            return Err(Error::NotSignedIn);
        }
        let wire = decoded.claims;
        let expires_at = DateTime::from_timestamp(wire.exp, 0)
            .filter(|end| now < *end)
            .ok_or(Error::NotSignedIn)?;
        Ok(Claims {
            account_id: wire.sub,
            session_id: wire.sid,
            role: wire.role,
            expires_at,
        })
    }
}

/// The library's door to cryptography, open for HS256 only. Its own providers bring RSA along,
/// which we do not use and whose Rust implementation leaks timing (RUSTSEC-2023-0071).
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| Ok(Box::new(Hs256::new(*algorithm, key.as_bytes())?)),
    verifier_factory: |algorithm, key| {
        Ok(Box::new(Hs256::new(*algorithm, key.try_get_as_bytes()?)?))
    },
    key_utils: KeyUtils::new_unimplemented(),
};

struct Hs256(Hmac<Sha256>);

impl Hs256 {
    fn new(algorithm: Algorithm, key: &[u8]) -> JwtResult<Self> {
        if algorithm != Algorithm::HS256 {
            return Err(new_error(ErrorKind::UnsupportedAlgorithm));
        }
        Hmac::new_from_slice(key)
            .map(Self)
            .map_err(|_| new_error(ErrorKind::InvalidKeyFormat))
    }
}

impl Signer<Vec<u8>> for Hs256 {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        Ok(mac.finalize().into_bytes().to_vec())
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    /// In constant time, and with the whole tag.
    fn verify(&self, message: &[u8], tag: &Vec<u8>) -> Result<(), signature::Error> {
        let mut mac = self.0.clone();
        mac.update(message);
        mac.verify_slice(tag).map_err(signature::Error::from_source)
    }
}

impl JwtSigner for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}
