//! Price lists: what work in a queue earns, and from when to when.

use std::collections::BTreeSet;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{AccountId, Checks, Currency, Invalid, RateCardId};
use rust_decimal::Decimal;

use crate::{error::Error, schema, store};

/// The currency in which the platform prices work.
pub const PLATFORM_CURRENCY: Currency = Currency::EUR;

/// How far ahead a card may be published: a slip of the pen must not fix prices for decades.
const HORIZON: TimeDelta = TimeDelta::days(366);

/// A new card may begin this long ago, so that "from now on" survives the way to the server.
const TOLERANCE: TimeDelta = TimeDelta::minutes(1);
const RATES_AT_MOST: usize = 100;
/// The first amount that `numeric(12,4)` cannot hold.
const RATE_BOUND: Decimal = Decimal::from_parts(100_000_000, 0, 0, false, 0);

/// A price list of one currency. At any instant at most one is in force for a currency.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = schema::rate_cards, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct RateCard {
    /// Its id.
    pub id: RateCardId,
    /// What finance calls it.
    pub name: String,
    /// The currency of its rates.
    pub currency: Currency,
    /// In force from this instant on.
    pub valid_from: DateTime<Utc>,
    /// In force until just before this instant; none while no other card follows.
    pub valid_until: Option<DateTime<Utc>>,
    /// Who published it.
    pub created_by: AccountId,
    /// When it was published.
    pub created_at: DateTime<Utc>,
}

/// What work in one queue earns. It never changes: a new price is a new card.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(table_name = schema::rates, primary_key(rate_card_id, queue), check_for_backend(diesel::pg::Pg))]
pub struct Rate {
    /// The card it stands on.
    pub rate_card_id: RateCardId,
    /// The queue's code.
    pub queue: String,
    /// For each engagement, in major units.
    pub per_engagement: Decimal,
    /// For each minute of handling, in major units.
    pub per_minute: Decimal,
    /// A shorter engagement is paid as if it had lasted so long.
    pub minimum_seconds: i32,
}

/// A price list to be published.
#[derive(Clone, Debug)]
pub struct RateCardInput {
    /// What finance calls it.
    pub name: String,
    /// An ISO 4217 code.
    pub currency: String,
    /// From when on it is in force.
    pub valid_from: DateTime<Utc>,
    /// One for each queue that is paid.
    pub rates: Vec<RateInput>,
}

/// What work in one queue is to earn.
#[derive(Clone, Debug)]
pub struct RateInput {
    /// The queue's code.
    pub queue: String,
    /// For each engagement, in major units, with at most four decimals.
    pub per_engagement: Decimal,
    /// For each minute of handling, in major units, with at most four decimals.
    pub per_minute: Decimal,
    /// A shorter engagement is paid as if it had lasted so long; at most an hour.
    pub minimum_seconds: i32,
}

impl RateCardInput {
    fn check(&self, checks: &mut Checks) {
        checks.text("name", &self.name, 1, 100).check(
            "rates",
            (1..=RATES_AT_MOST).contains(&self.rates.len()),
            "must name 1 to 100 queues",
        );
        let mut queues = BTreeSet::new();
        for (index, rate) in self.rates.iter().take(RATES_AT_MOST).enumerate() {
            rate.check(checks, index);
            checks.check(
                &format!("rates[{index}].queue"),
                queues.insert(&rate.queue),
                "must not be named twice on one card",
            );
        }
    }
}

impl RateInput {
    fn check(&self, checks: &mut Checks, index: usize) {
        checks.code(&format!("rates[{index}].queue"), &self.queue);
        for (name, amount) in [
            ("per_engagement", self.per_engagement),
            ("per_minute", self.per_minute),
        ] {
            let field = format!("rates[{index}].{name}");
            checks
                .check(&field, amount >= Decimal::ZERO, "must not be negative")
                .check(&field, amount < RATE_BOUND, "must be less than 100 million")
                .check(
                    &field,
                    amount.normalize().scale() <= 4,
                    "must have at most 4 decimals",
                );
        }
        checks.check(
            &format!("rates[{index}].minimum_seconds"),
            (0..=3600).contains(&self.minimum_seconds),
            "must be 0 to 3600",
        );
    }

    fn on(&self, card: RateCardId) -> Rate {
        Rate {
            rate_card_id: card,
            queue: self.queue.clone(),
            per_engagement: self.per_engagement,
            per_minute: self.per_minute,
            minimum_seconds: self.minimum_seconds,
        }
    }
}

impl RateCard {
    /// Ends where its successor begins, which must be after its own beginning.
    fn close(&mut self, successor_from: DateTime<Utc>) -> Result<(), Error> {
        if successor_from <= self.valid_from {
            return Err(Error::RateCardOverlaps);
        }
        self.valid_until = Some(successor_from);
        Ok(())
    }
}

/// Publishes a price list; the open-ended one of the currency ends where this one begins. It does
/// not begin in the past, where work is priced already, unless the currency has no card yet.
pub fn publish_rate_card(
    tx: &mut Tx<'_>,
    input: &RateCardInput,
    by: AccountId,
) -> Result<RateCard, Error> {
    let currency = check(tx, input)?;
    let card = RateCard {
        id: RateCardId::new(),
        name: input.name.trim().to_owned(),
        currency,
        valid_from: input.valid_from.trunc_subsecs(6),
        valid_until: None,
        created_by: by,
        created_at: tx.now(),
    };
    if let Some(mut open) = store::lock_open_rate_card(tx, currency)? {
        open.close(card.valid_from)?;
        store::update_rate_card(tx, &open)?;
    }
    store::insert_rate_card(tx, &card)?;
    for (index, rate) in input.rates.iter().enumerate() {
        let unknown = Invalid::field(
            format!("rates[{index}].queue"),
            format!("there is no queue {}", rate.queue),
        );
        store::insert_rate(tx, &rate.on(card.id), unknown)?;
    }
    Ok(card)
}

/// Names everything that is wrong with the input, or returns its currency.
fn check(tx: &mut Tx<'_>, input: &RateCardInput) -> Result<Currency, Error> {
    let mut checks = Checks::new();
    input.check(&mut checks);
    let currency = input.currency.parse::<Currency>();
    match &currency {
        Err(message) => {
            checks.fault("currency", message.as_str());
        }
        Ok(_) if input.valid_from > tx.now() + HORIZON => {
            checks.fault(
                "valid_from",
                "must be within a year; a card cannot be taken back",
            );
        }
        Ok(currency) if input.valid_from < tx.now() - TOLERANCE => {
            checks.check(
                "valid_from",
                !store::has_rate_card(tx, *currency)?,
                "must not be in the past: work done by then is priced already",
            );
        }
        Ok(_) => {}
    }
    checks.done()?;
    currency.map_err(|message| Invalid::field("currency", message).into())
}
