//! Amounts of money: whole minor units of one currency, and no floats.

use std::{fmt, str::FromStr};

use rust_decimal::{Decimal, RoundingStrategy, prelude::ToPrimitive};
use serde::{Deserialize, Serialize};

/// Why an amount cannot be computed.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies cannot be added.
    #[error("amounts of different currencies cannot be combined")]
    CurrencyMismatch,
    /// The result does not fit into 64 bits of minor units.
    #[error("the amount is too large")]
    Overflow,
}

/// A currency of ISO 4217, such as `EUR`; `char(3)` in SQL.
#[derive(
    Clone,
    Copy,
    Eq,
    Hash,
    Ord,
    PartialEq,
    PartialOrd,
    Serialize,
    Deserialize,
    diesel::expression::AsExpression,
    diesel::deserialize::FromSqlRow,
    utoipa::ToSchema,
)]
#[serde(try_from = "String", into = "String")]
#[diesel(sql_type = diesel::sql_types::Text)]
#[schema(value_type = String, pattern = "^[A-Z]{3}$", example = "EUR")]
pub struct Currency([u8; 3]);

impl Currency {
    /// The euro.
    pub const EUR: Self = Self(*b"EUR");

    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// How many decimal places the minor unit has: 2 for EUR, 0 for JPY, 3 for KWD.
    pub fn exponent(self) -> u32 {
        iso_currency::Currency::from_code(self.as_str())
            .and_then(iso_currency::Currency::exponent)
            .map_or(2, u32::from)
    }
}

impl FromStr for Currency {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        iso_currency::Currency::from_code(text)
            .and_then(|_| <[u8; 3]>::try_from(text.as_bytes()).ok())
            .map(Self)
            .ok_or_else(|| "must be a currency of ISO 4217, such as EUR".to_owned())
    }
}

impl TryFrom<String> for Currency {
    type Error = String;
    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.as_str().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl diesel::serialize::ToSql<diesel::sql_types::Text, diesel::pg::Pg> for Currency {
    fn to_sql<'b>(
        &'b self,
        out: &mut diesel::serialize::Output<'b, '_, diesel::pg::Pg>,
    ) -> diesel::serialize::Result {
        use std::io::Write as _;
        out.write_all(&self.0)?;
        Ok(diesel::serialize::IsNull::No)
    }
}

impl diesel::deserialize::FromSql<diesel::sql_types::Text, diesel::pg::Pg> for Currency {
    fn from_sql(value: diesel::pg::PgValue<'_>) -> diesel::deserialize::Result<Self> {
        std::str::from_utf8(value.as_bytes())?
            .parse()
            .map_err(Into::into)
    }
}

/// An amount of one currency in minor units (cents for EUR). May be negative.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Money {
    /// Whole minor units.
    pub minor: i64,
    /// Their currency.
    pub currency: Currency,
}

impl Money {
    /// So many minor units.
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing.
    pub const fn zero(currency: Currency) -> Self {
        Self { minor: 0, currency }
    }

    /// The sum, where both are of one currency.
    pub fn plus(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor = self
            .minor
            .checked_add(other.minor)
            .ok_or(MoneyError::Overflow)?;
        Ok(Self {
            minor,
            currency: self.currency,
        })
    }

    /// The opposite amount.
    pub fn negated(self) -> Result<Self, MoneyError> {
        let minor = self.minor.checked_neg().ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, ..self })
    }

    /// The one way from an exact number of major units (`12.345` euros) to an amount: rounded
    /// half to even, once per earning line.
    pub fn rounded(major: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let scale = Decimal::from(10_i64.pow(currency.exponent()));
        let minor = major
            .checked_mul(scale)
            .map(|exact| exact.round_dp_with_strategy(0, RoundingStrategy::MidpointNearestEven))
            .and_then(|whole| whole.to_i64())
            .ok_or(MoneyError::Overflow)?;
        Ok(Self { minor, currency })
    }

    /// The amount in major units, exactly: 1234 cents are `12.34`.
    pub fn major(self) -> Decimal {
        Decimal::new(self.minor, self.currency.exponent())
    }
}

impl fmt::Display for Money {
    /// As people read it: `12.34 EUR`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.major(), self.currency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn half_cents_are_rounded_to_even() {
        let cents = |text: &str| {
            Money::rounded(text.parse().unwrap(), Currency::EUR)
                .unwrap()
                .minor
        };
        assert_eq!((cents("0.005"), cents("0.015"), cents("0.025")), (0, 2, 2));
        assert_eq!(cents("-0.015"), -2);
    }

    #[test]
    fn a_currency_knows_its_minor_unit() {
        let yen: Currency = "JPY".parse().unwrap();
        assert_eq!(Money::new(1234, yen).to_string(), "1234 JPY");
        assert_eq!(Money::new(-1205, Currency::EUR).to_string(), "-12.05 EUR");
        assert!("EUX".parse::<Currency>().is_err());
    }

    #[test]
    fn amounts_never_wrap_around() {
        let most = Money::new(i64::MAX, Currency::EUR);
        assert_eq!(
            most.plus(Money::new(1, Currency::EUR)),
            Err(MoneyError::Overflow)
        );
        let yen = Money::new(1, "JPY".parse().unwrap());
        assert_eq!(most.plus(yen), Err(MoneyError::CurrencyMismatch));
    }

    proptest! {
        #[test]
        fn an_amount_survives_its_major_form(minor in any::<i64>()) {
            let money = Money::new(minor, Currency::EUR);
            prop_assert_eq!(Money::rounded(money.major(), Currency::EUR), Ok(money));
        }
    }
}
