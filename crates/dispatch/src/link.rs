//! The signed link by which a customer gets to their conversation without an account.
//!
//! `gdc_` and, in base64url: the ticket's id (16 bytes), the expiry in Unix seconds (8 bytes, big
//! endian), and the first 16 bytes of an HMAC-SHA256 over both.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::TicketId;
use sha2::Sha256;

use crate::error::Error;

/// How long a link leads to the conversation.
pub const LINK_LIFETIME: TimeDelta = TimeDelta::days(30);

const PREFIX: &str = "gdc_";
const SIGNED_BYTES: usize = 24;
const MAC_BYTES: usize = 16;

/// Signs and reads links.
#[derive(Clone)]
pub struct ConversationLink {
    mac: Hmac<Sha256>,
}

impl ConversationLink {
    /// With a key that only this platform knows.
    pub fn new(key: &[u8; 32]) -> Self {
        // HMAC pads a short key with zeros to its block (RFC 2104, section 2).
        let mut block = [0; 64];
        block[..key.len()].copy_from_slice(key);
        Self {
            mac: Hmac::new(&block.into()),
        }
    }

    /// The token that leads to a conversation until it expires.
    pub fn sign(&self, ticket: TicketId, expires_at: DateTime<Utc>) -> String {
        let mut bytes = Vec::with_capacity(SIGNED_BYTES + MAC_BYTES);
        bytes.extend_from_slice(ticket.uuid().as_bytes());
        bytes.extend_from_slice(&expires_at.timestamp().to_be_bytes());
        let tag = self
            .mac
            .clone()
            .chain_update(&bytes)
            .finalize()
            .into_bytes();
        bytes.extend_from_slice(&tag[..MAC_BYTES]);
        format!("{PREFIX}{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    }

    /// The conversation that a token leads to.
    pub fn open(&self, token: &str, now: DateTime<Utc>) -> Result<TicketId, Error> {
        let bytes = token
            .strip_prefix(PREFIX)
            .filter(|text| text.len() <= 2 * (SIGNED_BYTES + MAC_BYTES))
            .and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(text).ok())
            .filter(|bytes| bytes.len() == SIGNED_BYTES + MAC_BYTES)
            .ok_or(Error::LinkInvalid)?;
        let (signed, tag) = bytes.split_at(SIGNED_BYTES);
        self.mac
            .clone()
            .chain_update(signed)
            .verify_truncated_left(tag)
            .map_err(|_| Error::LinkInvalid)?;
        let (id, expiry) = signed.split_at(16);
        let id = <[u8; 16]>::try_from(id).map_err(|_| Error::LinkInvalid)?;
        let expiry = <[u8; 8]>::try_from(expiry).map_err(|_| Error::LinkInvalid)?;
        if now.timestamp() >= i64::from_be_bytes(expiry) {
            return Err(Error::LinkInvalid);
        }
        Ok(TicketId::from_bytes(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_link_leads_to_its_ticket_until_it_expires() {
        let (links, id) = (ConversationLink::new(&[7; 32]), TicketId::new());
        let token = links.sign(id, at(60));
        assert_eq!(links.open(&token, at(59)).unwrap(), id);
        assert!(links.open(&token, at(60)).is_err());
    }

    #[test]
    fn a_link_that_was_tampered_with_leads_nowhere() {
        let links = ConversationLink::new(&[7; 32]);
        let token = links.sign(TicketId::new(), at(60));
        for index in PREFIX.len()..token.len() {
            let mut forged = token.clone().into_bytes();
            forged[index] = if forged[index] == b'A' { b'B' } else { b'A' };
            let forged = String::from_utf8(forged).unwrap();
            assert!(links.open(&forged, at(0)).is_err(), "{forged}");
        }
        assert!(ConversationLink::new(&[8; 32]).open(&token, at(0)).is_err());
        assert!(links.open("", at(0)).is_err());
    }
}
