//! The company's signed word that somebody is its customer.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDate, Utc};
use hmac::{Hmac, KeyInit as _, Mac as _};
use kernel::Checks;
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    error::Error,
    text::{check_country, check_email, check_line, check_optional_line},
};

const PREFIX: &str = "gdi_";
/// Longer than any invitation with fields of lawful lengths.
const TOKEN_BYTES: usize = 4_096;

/// An invitation to apply. As a token it is `gdi_PAYLOAD.SIGNATURE`: the payload is this as JSON,
/// the signature is the HMAC-SHA256 of everything before the dot, both in base64url without
/// padding.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Invitation {
    /// The company's reference of the customer.
    #[serde(rename = "customer")]
    pub customer_ref: String,
    /// The customer's tier, in the company's words.
    pub tier: String,
    /// Customer since this day.
    pub since: NaiveDate,
    /// The country of residence (ISO 3166, two letters).
    pub country: String,
    /// The company's reference of the household.
    #[serde(rename = "household", default, skip_serializing_if = "Option::is_none")]
    pub household_ref: Option<String>,
    /// The address the company knows. The applicant may apply with another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When the invitation ceases to be valid; whole seconds.
    #[serde(rename = "exp", with = "chrono::serde::ts_seconds")]
    pub expires_at: DateTime<Utc>,
}

impl Invitation {
    /// The token for this invitation.
    #[expect(
        clippy::expect_used,
        reason = "texts, a date and a number always are JSON"
    )]
    pub fn sign(&self, secret: &[u8]) -> String {
        let json = serde_json::to_vec(self).expect("an invitation is JSON");
        let signed = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(json));
        let signature = mac(&signed, secret).finalize().into_bytes();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The invitation in a token, where the company signed it and it is still valid.
    pub fn open(token: &str, secret: &[u8], now: DateTime<Utc>) -> Result<Self, Error> {
        let invitation = Self::verified(token, secret).ok_or(Error::InvitationInvalid)?;
        invitation.check_validity(now)?;
        Ok(invitation)
    }

    fn verified(token: &str, secret: &[u8]) -> Option<Self> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let (signed, signature) = token.split_once('.')?;
        let payload = signed.strip_prefix(PREFIX)?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        // Takes the same time whatever the signature is, and comes before the payload is read.
        mac(signed, secret).verify_slice(&signature).ok()?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
    }

    pub(crate) fn check_validity(&self, now: DateTime<Utc>) -> Result<(), Error> {
        if now < self.expires_at {
            Ok(())
        } else {
            Err(Error::InvitationExpired)
        }
    }

    /// A signature says who wrote the fields, not that they are well-formed.
    pub(crate) fn check_fields(&self, checks: &mut Checks) {
        check_line(checks, "invitation.customer", &self.customer_ref, 100);
        check_line(checks, "invitation.tier", &self.tier, 64);
        check_country(checks, "invitation.country", &self.country);
        check_optional_line(
            checks,
            "invitation.household",
            self.household_ref.as_deref(),
            100,
        );
        if let Some(email) = &self.email {
            check_email(checks, "invitation.email", email);
        }
    }
}

#[expect(clippy::expect_used, reason = "an HMAC takes a key of any length")]
fn mac(text: &str, secret: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).expect("a key of any length");
    mac.update(text.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use proptest::prelude::*;

    const SECRET: &[u8] = b"the company and we know this, and nobody else";

    fn invitation() -> Invitation {
        Invitation {
            customer_ref: "C-1815".to_owned(),
            tier: "gold".to_owned(),
            since: NaiveDate::default(),
            country: "GB".to_owned(),
            household_ref: None,
            email: Some("ada@example.org".to_owned()),
            expires_at: DateTime::UNIX_EPOCH + TimeDelta::days(1),
        }
    }

    /// What a company's own program would sign, with names and form as they are promised.
    #[test]
    fn a_token_is_made_as_documented() {
        let json = r#"{"customer":"C-1","tier":"gold","since":"2019-05-01","country":"SE","household":"H-1","exp":86400}"#;
        let signed = format!("gdi_{}", URL_SAFE_NO_PAD.encode(json));
        let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).unwrap();
        mac.update(signed.as_bytes());
        let token = format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        );

        let opened = Invitation::open(&token, SECRET, DateTime::UNIX_EPOCH).unwrap();

        assert_eq!(opened.customer_ref, "C-1");
        assert_eq!(opened.household_ref.as_deref(), Some("H-1"));
        assert_eq!(opened.email, None);
        assert_eq!(opened.expires_at.timestamp(), 86_400);
        assert_eq!(opened.sign(SECRET), token);
    }

    #[test]
    fn an_invitation_opens_until_it_expires() {
        let (invitation, second) = (invitation(), TimeDelta::seconds(1));
        let token = invitation.sign(SECRET);
        let at = |now| Invitation::open(&token, SECRET, now);
        assert_eq!(at(invitation.expires_at - second).unwrap(), invitation);
        assert!(matches!(
            at(invitation.expires_at),
            Err(Error::InvitationExpired)
        ));
    }

    #[test]
    fn anothers_signature_does_not_open() {
        let now = DateTime::UNIX_EPOCH;
        let token = invitation().sign(b"somebody else's secret");
        assert!(matches!(
            Invitation::open(&token, SECRET, now),
            Err(Error::InvitationInvalid)
        ));
        let (signed, _) = token.split_once('.').unwrap();
        for forged in [
            signed.to_owned(),
            format!("{signed}."),
            format!("{signed}.e30"),
        ] {
            let outcome = Invitation::open(&forged, SECRET, now);
            assert!(matches!(outcome, Err(Error::InvitationInvalid)), "{forged}");
        }
    }

    #[test]
    fn a_token_that_is_too_long_is_not_even_read() {
        let long = Invitation {
            tier: "x".repeat(TOKEN_BYTES),
            ..invitation()
        };
        let outcome = Invitation::open(&long.sign(SECRET), SECRET, DateTime::UNIX_EPOCH);
        assert!(matches!(outcome, Err(Error::InvitationInvalid)));
    }

    proptest! {
        #[test]
        fn every_invitation_survives_its_token(
            customer_ref in ".{1,50}", tier in ".{1,20}", household_ref in proptest::option::of(".{1,50}"),
        ) {
            let sent = Invitation { customer_ref, tier, household_ref, ..invitation() };
            let opened = Invitation::open(&sent.sign(SECRET), SECRET, DateTime::UNIX_EPOCH);
            prop_assert_eq!(opened.unwrap(), sent);
        }

        #[test]
        fn a_changed_letter_anywhere_spoils_the_token(
            place in any::<proptest::sample::Index>(), letter in "[A-Za-z0-9_.-]",
        ) {
            let token = invitation().sign(SECRET);
            let at = place.index(token.len());
            prop_assume!(token[at..=at] != letter);
            let forged = format!("{}{letter}{}", &token[..at], &token[at + 1..]);
            let outcome = Invitation::open(&forged, SECRET, DateTime::UNIX_EPOCH);
            prop_assert!(matches!(outcome, Err(Error::InvitationInvalid)));
        }

        #[test]
        fn nonsense_is_refused_and_harms_nothing(token in ".{0,200}") {
            let outcome = Invitation::open(&token, SECRET, DateTime::UNIX_EPOCH);
            prop_assert!(matches!(outcome, Err(Error::InvitationInvalid)));
        }
    }
}
