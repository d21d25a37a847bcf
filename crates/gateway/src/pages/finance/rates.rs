//! Rate cards: what work in a queue earns, and from when to when.

use std::collections::BTreeMap;

use actix_web::{
    get, post,
    web::{Data, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, Utc};
use dispatch::Queue;
use kernel::{AccountId, Checks, FieldError, Invalid, RateCardId, Role};
use payouts::{PLATFORM_CURRENCY, Rate, RateCard, RateCardInput, RateInput};
use rust_decimal::Decimal;

use crate::{
    extract::{Caller, Finance, FinancePreparer, Form},
    pages::{
        Faults, Layout, PageResult,
        fields::{decimal_number, form_page, instant, whole_number},
        figures, see_other_with_notice,
    },
    problem::ApiError,
    state::State,
};

/// The fields of a queue's row, and their labels.
const PRICES: [(&str, &str); 3] = [
    ("per_engagement", "Each conversation"),
    ("per_minute", "Each minute"),
    ("minimum_seconds", "At least, seconds"),
];

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(rates_page).service(publish);
}

#[derive(Template)]
#[template(path = "finance/rates.html")]
struct RatesPage {
    layout: Layout,
    is_preparer: bool,
    cards: Vec<PricedCard>,
    queues: Vec<Queue>,
    faults: Faults,
    form: RatesForm,
}

/// A rate with at least two decimals, such as `0.30`.
fn price(rate: &Decimal) -> String {
    let mut rate = rate.normalize();
    if rate.scale() < 2 {
        rate.rescale(2);
    }
    rate.to_string()
}

/// A rate card and what stands on it.
struct PricedCard {
    card: RateCard,
    rates: Vec<Rate>,
    by: String,
    validity: Validity,
}

/// Where a card's time is, seen from now.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Validity {
    Coming,
    InForce,
    Over,
}

impl Validity {
    fn of(card: &RateCard, now: DateTime<Utc>) -> Self {
        match card.valid_until {
            _ if card.valid_from > now => Self::Coming,
            Some(until) if until <= now => Self::Over,
            _ => Self::InForce,
        }
    }

    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Coming => ("info", "Coming"),
            Self::InForce => ("good", "In force"),
            Self::Over => ("", "Over"),
        }
    }
}

/// What was typed, by the names of the fields: `name`, `valid_from`, and for each queue
/// `per_engagement.CODE`, `per_minute.CODE`, `minimum_seconds.CODE`.
#[derive(Clone, Default)]
struct RatesForm(BTreeMap<String, String>);

impl RatesForm {
    /// The rates in force, to be changed.
    fn fresh(cards: &[PricedCard]) -> Self {
        let mut form = Self::default();
        let current = cards.iter().find(|card| card.validity == Validity::InForce);
        for rate in current.iter().flat_map(|card| &card.rates) {
            let mut put = |name: &str, text: String| {
                form.0.insert(format!("{name}.{}", rate.queue), text);
            };
            put("per_engagement", price(&rate.per_engagement));
            put("per_minute", price(&rate.per_minute));
            put("minimum_seconds", rate.minimum_seconds.to_string());
        }
        form
    }

    fn at(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |text| text.trim())
    }

    fn rate(&self, name: &str, queue: &str) -> &str {
        self.at(&format!("{name}.{queue}"))
    }

    /// The queues with a price. One without stays unpaid, and so cannot be worked in.
    fn queues(&self) -> Vec<String> {
        let priced = |key: &&str| !self.at(key).is_empty();
        let keys = self.0.keys().map(String::as_str).filter(priced);
        let mut queues: Vec<String> = keys
            .filter_map(|key| {
                let rate = key.strip_prefix("per_engagement.");
                rate.or_else(|| key.strip_prefix("per_minute."))
            })
            .map(ToOwned::to_owned)
            .collect();
        queues.sort();
        queues.dedup();
        queues
    }

    fn input(&self, now: DateTime<Utc>) -> Result<RateCardInput, Invalid> {
        let mut checks = Checks::new();
        let valid_from = instant(&mut checks, "valid_from", self.at("valid_from"));
        let queues = self.queues();
        let rates = queues
            .iter()
            .map(|queue| self.rate_input(queue, &mut checks));
        let input = RateCardInput {
            name: self.at("name").to_owned(),
            currency: PLATFORM_CURRENCY.to_string(),
            valid_from: valid_from.unwrap_or(now),
            rates: rates.collect(),
        };
        checks.done().map(|()| input)
    }

    /// A price that was left out is nothing.
    fn rate_input(&self, queue: &str, checks: &mut Checks) -> RateInput {
        let field = |name: &str| format!("{name}.{queue}");
        let text = |name: &str| match self.rate(name, queue) {
            "" => "0",
            text => text,
        };
        RateInput {
            queue: queue.to_owned(),
            per_engagement: decimal_number(
                checks,
                &field("per_engagement"),
                text("per_engagement"),
            ),
            per_minute: decimal_number(checks, &field("per_minute"), text("per_minute")),
            minimum_seconds: whole_number(
                checks,
                &field("minimum_seconds"),
                text("minimum_seconds"),
            ),
        }
    }

    /// A refusal that names the form's own fields: `rates[1].per_minute` is `per_minute.CODE`.
    fn refusal(&self, refusal: ApiError) -> ApiError {
        if refusal.errors().is_empty() {
            return refusal;
        }
        let queues = self.queues();
        let own = |path: &str| {
            let (index, name) = path.strip_prefix("rates[")?.split_once("].")?;
            let queue = queues.get(index.parse::<usize>().ok()?)?;
            Some(format!("{name}.{queue}"))
        };
        let errors = refusal.errors().iter();
        let named = errors.map(|fault| FieldError {
            field: own(&fault.field).unwrap_or_else(|| fault.field.clone()),
            message: fault.message.clone(),
        });
        ApiError::invalid(named.collect())
    }
}

#[get("/finance/rates")]
async fn rates_page(caller: Finance, state: Data<State>, layout: Layout) -> PageResult {
    show(&state, layout, &caller, None).await
}

async fn show(
    state: &State,
    layout: Layout,
    caller: &Caller,
    sent: Option<(Faults, RatesForm)>,
) -> PageResult {
    let (queues, cards) = read(state).await?;
    let (faults, form) = sent.unwrap_or_else(|| (Faults::default(), RatesForm::fresh(&cards)));
    let page = RatesPage {
        layout: layout.titled("Rates"),
        is_preparer: caller.role == Role::FinancePreparer,
        cards,
        queues,
        faults,
        form,
    };
    form_page(&page.faults, &page)
}

async fn read(state: &State) -> Result<(Vec<Queue>, Vec<PricedCard>), crate::state::ReadFailed> {
    let now = state.db.now();
    let read = state.read(move |conn| {
        let cards = payouts::rate_cards(conn)?;
        let ids: Vec<RateCardId> = cards.iter().map(|card| card.id).collect();
        let people: Vec<AccountId> = cards.iter().map(|card| card.created_by).collect();
        let (rates, names) = (
            payouts::rates_on(conn, &ids)?,
            reports::names(conn, &people)?,
        );
        Ok((dispatch::queries::queues(conn)?, cards, rates, names))
    });
    let (queues, cards, rates, names) = read.await?;
    let priced = cards.into_iter().map(|card| PricedCard {
        rates: rates
            .iter()
            .filter(|rate| rate.rate_card_id == card.id)
            .cloned()
            .collect(),
        by: names.get(&card.created_by).cloned().unwrap_or_default(),
        validity: Validity::of(&card, now),
        card,
    });
    Ok((queues, priced.collect()))
}

#[post("/finance/rates")]
async fn publish(
    caller: FinancePreparer,
    state: Data<State>,
    layout: Layout,
    form: Form<Vec<(String, String)>>,
) -> PageResult {
    let form = RatesForm(form.0.into_iter().collect());
    let outcome = match form.input(state.db.now()) {
        Ok(input) => write(&caller, input).await,
        Err(invalid) => Err(invalid.into()),
    };
    match outcome {
        Ok(card) => Ok(see_other_with_notice("/finance/rates", &published(&card))),
        Err(error) => {
            let faults = Faults::of(form.refusal(error.into()))?;
            show(&state, layout, &caller, Some((faults, form))).await
        }
    }
}

async fn write(caller: &Caller, input: RateCardInput) -> Result<RateCard, payouts::Error> {
    let (by, db) = (caller.account_id, caller.acting_db());
    db.write("publish_rate_card", move |tx| {
        workflows::publish_rate_card(tx, &input, by)
    })
    .await
}

fn published(card: &RateCard) -> String {
    let from = card.valid_from.format("%-d %b %Y, %H:%M");
    format!(
        "{} is published and in force from {from} UTC on.",
        card.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(pairs: &[(&str, &str)]) -> RatesForm {
        let owned = pairs
            .iter()
            .map(|(key, text)| ((*key).to_owned(), (*text).to_owned()));
        RatesForm(owned.collect())
    }

    #[test]
    fn a_queue_without_a_price_is_not_on_the_card() {
        let form = form(&[
            ("name", "Spring"),
            ("per_engagement.vip", "2,50"),
            ("per_minute.vip", ""),
            ("minimum_seconds.vip", "60"),
            ("per_engagement.general", " "),
            ("minimum_seconds.general", "60"),
        ]);
        let input = form.input(DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(input.rates.len(), 1);
        assert_eq!(input.rates[0].queue, "vip");
        assert_eq!(input.rates[0].per_engagement.to_string(), "2.50");
        assert_eq!(input.valid_from, DateTime::UNIX_EPOCH);
    }

    #[test]
    fn a_fault_is_beside_the_queue_it_is_about() {
        let form = form(&[("per_minute.general", "1"), ("per_minute.vip", "-1")]);
        let fault = |field: &str| FieldError {
            field: field.to_owned(),
            message: "must not be negative".to_owned(),
        };
        let refusal = ApiError::invalid(vec![fault("rates[1].per_minute"), fault("name")]);
        let refusal = form.refusal(refusal);
        let fields: Vec<&str> = refusal.errors().iter().map(|f| f.field.as_str()).collect();
        assert_eq!(fields, ["per_minute.vip", "name"]);
    }
}
