//! International bank account numbers (ISO 13616).

use iban::{BaseIban, Iban, IbanLike as _, ParseBaseIbanError, ParseIbanError};

/// Reads an IBAN however a person writes it: with or without spaces, in either case. The error
/// says what is wrong, in words that follow the field's name.
pub(crate) fn parse(text: &str) -> Result<Iban, String> {
    let compact: String = text
        .chars()
        .filter(|c| !c.is_whitespace())
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if compact.is_empty() {
        return Err("must not be empty".to_owned());
    }
    if let Some(odd) = compact.chars().find(|c| !c.is_ascii_alphanumeric()) {
        return Err(format!(
            "must have only letters and digits, not '{}'",
            odd.escape_debug()
        ));
    }
    // The check digits are computed as 98 less a remainder, so 99 never comes out; but 99 and 02
    // leave the same remainder.
    if compact.get(2..4) == Some("99") {
        return Err(checksum());
    }
    compact.parse::<Iban>().map_err(|fault| match fault {
        ParseIbanError::InvalidBaseIban {
            source: ParseBaseIbanError::InvalidFormat,
        } => "must begin with two letters for the country and two digits, such as DE89, \
             and have at most 34 characters"
            .to_owned(),
        ParseIbanError::InvalidBaseIban {
            source: ParseBaseIbanError::InvalidChecksum,
        } => checksum(),
        ParseIbanError::InvalidBban(iban) => {
            format!(
                "does not have the length or form of an IBAN from {}",
                country(&iban)
            )
        }
        ParseIbanError::UnknownCountry(iban) => {
            format!(
                "begins with {}, which has no entry in the register of IBANs",
                country(&iban)
            )
        }
    })
}

fn checksum() -> String {
    "does not add up: a character is wrong, missing, extra or in the wrong place".to_owned()
}

fn country(iban: &BaseIban) -> String {
    iban.country_code().to_owned()
}

/// What may be shown of it: the country and the last four characters.
pub(crate) fn masked(iban: &Iban) -> String {
    let text = iban.electronic_str();
    let last = text.get(text.len().saturating_sub(4)..).unwrap_or_default();
    format!("{}•• … {last}", iban.country_code())
}

#[cfg(test)]
mod tests;
