//! Account numbers are stored encrypted, each bound to its agent.

use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hmac::{Hmac, Mac as _};
use kernel::AgentId;
use sha2::Sha256;

use crate::error::Error;

const SECRET_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;

/// Seals and opens account numbers.
///
/// A sealed number is one byte that names the key, 24 random bytes of nonce, and what
/// XChaCha20-Poly1305 makes of the number with the agent's id as associated data: a ciphertext
/// copied to another agent's row does not open. The keys come from one secret, each by
/// HMAC-SHA-256 of a label of its own.
#[derive(Clone)]
pub struct Vault {
    key_id: u8,
    cipher: XChaCha20Poly1305,
    index: Hmac<Sha256>,
}

/// An account number as it is stored.
pub(crate) struct SealedIban {
    pub ciphertext: Vec<u8>,
    /// Equal for equal numbers, and useless without the secret.
    pub index: [u8; 32],
}

impl Vault {
    /// A vault for a secret of at least 32 bytes.
    pub fn new(secret: &[u8]) -> Result<Self, Error> {
        if secret.len() < SECRET_BYTES {
            return Err(Error::SecretTooShort);
        }
        let [key_id, ..] = derive(secret, "gigdesk payouts iban key id")?;
        let key = derive(secret, "gigdesk payouts iban encryption")?;
        let index = derive(secret, "gigdesk payouts iban index")?;
        Ok(Self {
            key_id,
            cipher: XChaCha20Poly1305::new(&key.into()),
            index: mac(&index)?,
        })
    }

    pub(crate) fn seal(&self, agent: AgentId, iban: &str) -> Result<SealedIban, Error> {
        let nonce: [u8; NONCE_BYTES] = kernel::random::bytes();
        let aad = associated(agent);
        let payload = Payload {
            msg: iban.as_bytes(),
            aad: aad.as_bytes(),
        };
        let sealed = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|_| Error::Sealed)?;
        let ciphertext = [&[self.key_id][..], &nonce, &sealed].concat();
        let index = self
            .index
            .clone()
            .chain_update(iban)
            .finalize()
            .into_bytes()
            .into();
        Ok(SealedIban { ciphertext, index })
    }

    pub(crate) fn open(&self, agent: AgentId, sealed: &[u8]) -> Result<String, Error> {
        let (key_id, rest) = sealed.split_first().ok_or(Error::Sealed)?;
        let (nonce, msg) = rest
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or(Error::Sealed)?;
        if *key_id != self.key_id {
            return Err(Error::Sealed);
        }
        let aad = associated(agent);
        let payload = Payload {
            msg,
            aad: aad.as_bytes(),
        };
        let opened = self
            .cipher
            .decrypt(&XNonce::from(*nonce), payload)
            .map_err(|_| Error::Sealed)?;
        String::from_utf8(opened).map_err(|_| Error::Sealed)
    }
}

fn associated(agent: AgentId) -> String {
    format!("payees:iban:{agent}")
}

fn derive(secret: &[u8], label: &str) -> Result<[u8; 32], Error> {
    Ok(mac(secret)?
        .chain_update(label)
        .finalize()
        .into_bytes()
        .into())
}

fn mac(key: &[u8]) -> Result<Hmac<Sha256>, Error> {
    Hmac::new_from_slice(key).map_err(|_| Error::SecretTooShort)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IBAN: &str = "DE89370400440532013000";

    fn vault(byte: u8) -> Vault {
        Vault::new(&[byte; 32]).unwrap()
    }

    #[test]
    fn a_sealed_number_opens_for_its_agent_only() {
        let (ada, ben) = (AgentId::new(), AgentId::new());
        let sealed = vault(1).seal(ada, IBAN).unwrap().ciphertext;
        assert_eq!(vault(1).open(ada, &sealed).unwrap(), IBAN);
        assert!(matches!(vault(1).open(ben, &sealed), Err(Error::Sealed)));
        assert!(matches!(vault(2).open(ada, &sealed), Err(Error::Sealed)));
    }

    #[test]
    fn a_sealed_number_that_was_touched_or_cut_does_not_open() {
        let agent = AgentId::new();
        let sealed = vault(1).seal(agent, IBAN).unwrap().ciphertext;
        for position in 0..sealed.len() {
            let mut touched = sealed.clone();
            touched[position] ^= 1;
            assert!(vault(1).open(agent, &touched).is_err(), "byte {position}");
            assert!(
                vault(1).open(agent, &sealed[..position]).is_err(),
                "cut at {position}"
            );
        }
    }

    #[test]
    fn equal_numbers_look_different_and_are_found_by_their_index() {
        let agent = AgentId::new();
        let (one, other) = (
            vault(1).seal(agent, IBAN).unwrap(),
            vault(1).seal(AgentId::new(), IBAN).unwrap(),
        );
        assert_ne!(
            one.ciphertext,
            vault(1).seal(agent, IBAN).unwrap().ciphertext
        );
        assert_eq!(one.index, other.index);
        assert_ne!(one.index, vault(2).seal(agent, IBAN).unwrap().index);
        assert_ne!(
            one.index,
            vault(1)
                .seal(agent, "DE02120300000000202051")
                .unwrap()
                .index
        );
        assert!(
            !one.ciphertext
                .windows(4)
                .any(|part| IBAN.as_bytes().windows(4).any(|i| i == part))
        );
    }

    #[test]
    fn a_short_secret_is_refused() {
        assert!(matches!(Vault::new(&[7; 31]), Err(Error::SecretTooShort)));
    }
}
