//! Whom we pay and where to.

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use iban::{Iban, IbanLike as _};
use kernel::{AgentId, Checks, Invalid};

use crate::{
    account_number::{masked, parse},
    error::Error,
    schema, store,
    vault::Vault,
};

/// Where an agent's money goes. The account number itself stays sealed in the database.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(
    table_name = schema::payees,
    primary_key(agent_id),
    check_for_backend(diesel::pg::Pg),
    treat_none_as_null = true
)]
pub struct Payee {
    /// Whose it is.
    pub agent_id: AgentId,
    /// Who holds the account.
    pub name: String,
    /// The street.
    pub street: String,
    /// The number in it.
    pub building: Option<String>,
    /// The postcode.
    pub postcode: String,
    /// The town.
    pub city: String,
    /// The country as two capital letters (ISO 3166-1).
    pub country: String,
    /// What may be shown of the account number: `DE•• … 3000`.
    pub iban_masked: String,
    /// When it was last saved.
    pub updated_at: DateTime<Utc>,
}

/// Where an agent wants the money to go. It cannot be printed, for it holds the account number.
#[derive(Clone)]
pub struct PayeeInput {
    /// Who holds the account; at most 70 characters.
    pub name: String,
    /// The street; at most 70 characters.
    pub street: String,
    /// The number in it; at most 16 characters.
    pub building: Option<String>,
    /// The postcode; at most 16 characters.
    pub postcode: String,
    /// The town; at most 35 characters.
    pub city: String,
    /// The country as two letters (ISO 3166-1).
    pub country: String,
    /// The account number, with or without spaces.
    pub iban: String,
}

impl PayeeInput {
    fn check(&self) -> Result<Iban, Invalid> {
        let mut checks = Checks::new();
        bank_text(&mut checks, "name", &self.name, (1, 70));
        bank_text(&mut checks, "street", &self.street, (1, 70));
        bank_text(
            &mut checks,
            "building",
            self.building.as_deref().unwrap_or_default(),
            (0, 16),
        );
        bank_text(&mut checks, "postcode", &self.postcode, (1, 16));
        bank_text(&mut checks, "city", &self.city, (1, 35));
        let country = self.country.trim();
        checks.check(
            "country",
            country.len() == 2 && country.bytes().all(|b| b.is_ascii_alphabetic()),
            "must be a country as two letters (ISO 3166-1), such as DE",
        );
        let iban = parse(&self.iban);
        if let Err(message) = &iban {
            checks.fault("iban", message.as_str());
        }
        checks.done()?;
        iban.map_err(|message| Invalid::field("iban", message))
    }
}

/// A text that reaches a bank: the SEPA character set and Latin letters with their accents.
fn bank_text(checks: &mut Checks, field: &str, text: &str, (min, max): (usize, usize)) {
    match text.trim().chars().find(|c| !reaches_a_bank(*c)) {
        Some(odd) => {
            let odd = odd.escape_debug();
            checks.fault(
                field,
                format!(
                    "must not contain '{odd}': banks take Latin letters, digits, spaces and \
                     / - ? : ( ) . , ' +"
                ),
            );
        }
        None => {
            checks.text(field, text.trim(), min, max);
        }
    }
}

fn reaches_a_bank(c: char) -> bool {
    let latin_with_accent = matches!(c, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}');
    c.is_ascii_alphanumeric() || " /-?:().,'+".contains(c) || latin_with_accent && c.is_alphabetic()
}

/// Saves where an agent's money goes, in place of what was there. Payout runs that are there
/// already keep what they were closed with.
pub fn save_payee(
    tx: &mut Tx<'_>,
    vault: &Vault,
    agent: AgentId,
    input: &PayeeInput,
) -> Result<Payee, Error> {
    let iban = input.check()?;
    let building = input
        .building
        .as_deref()
        .map(str::trim)
        .filter(|text| !text.is_empty());
    let payee = Payee {
        agent_id: agent,
        name: input.name.trim().to_owned(),
        street: input.street.trim().to_owned(),
        building: building.map(str::to_owned),
        postcode: input.postcode.trim().to_owned(),
        city: input.city.trim().to_owned(),
        country: input.country.trim().to_ascii_uppercase(),
        iban_masked: masked(&iban),
        updated_at: tx.now(),
    };
    let sealed = vault.seal(agent, iban.electronic_str())?;
    store::upsert_payee(tx, &payee, &sealed)?;
    Ok(payee)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(change: impl Fn(&mut PayeeInput)) -> Vec<(String, String)> {
        let mut input = PayeeInput {
            name: "Zoë Łuczak-O'Neill".to_owned(),
            street: "Große Straße".to_owned(),
            building: None,
            postcode: "D-10115".to_owned(),
            city: "Đà Nẵng".to_owned(),
            country: "de".to_owned(),
            iban: "DE89 3704 0044 0532 0130 00".to_owned(),
        };
        change(&mut input);
        let fields = input
            .check()
            .err()
            .map(|invalid| invalid.fields)
            .unwrap_or_default();
        fields
            .into_iter()
            .map(|fault| (fault.field, fault.message))
            .collect()
    }

    #[test]
    fn names_with_latin_accents_are_welcome() {
        assert_eq!(faults(|_| {}), []);
    }

    #[test]
    fn a_character_that_no_bank_takes_is_named() {
        for (name, odd) in [
            ("Ben\nSmith", r"\n"),
            ("=1+1", "="),
            ("Иван", "И"),
            ("A×B", "×"),
            ("Zoe\u{308}", r"\u{308}"),
        ] {
            let found = faults(|input| input.name = name.to_owned());
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].0, "name");
            assert!(
                found[0].1.starts_with(&format!("must not contain '{odd}'")),
                "{found:?}"
            );
        }
    }

    #[test]
    fn every_fault_is_named_at_once() {
        let found = faults(|input| {
            input.name = " ".to_owned();
            input.street = "x".repeat(71);
            input.building = Some("1234567890 - 1234".to_owned());
            input.postcode = String::new();
            input.city = "c".repeat(36);
            input.country = "Germany".to_owned();
            input.iban = "DE00".to_owned();
        });
        let fields: Vec<&str> = found.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(
            fields,
            [
                "name", "street", "building", "postcode", "city", "country", "iban"
            ]
        );
    }
}
