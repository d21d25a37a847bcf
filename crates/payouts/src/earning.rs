//! Earning lines: priced facts of work.

use chrono::{DateTime, SubsecRound as _, Utc};
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{
    AgentId, Checks, Currency, EngagementId, EntryId, LineId, Money, MoneyError, RateCardId,
    TicketId,
};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::{
    entry::{self, AccountKind, NewEntry},
    error::Error,
    rate_card::{PLATFORM_CURRENCY, Rate},
    schema, store,
};

/// An exact amount with more decimals than this is shown cut off.
const DECIMALS_SHOWN: u32 = 6;

/// Work that was done and is to be paid.
#[derive(Clone, Debug)]
pub struct Work {
    /// Who did it.
    pub agent_id: AgentId,
    /// The engagement; it is paid once.
    pub engagement_id: EngagementId,
    /// The ticket it was about.
    pub ticket_id: TicketId,
    /// The ticket's queue, which decides the price.
    pub queue: String,
    /// How long the agent worked on it, wrap-up included.
    pub handled_seconds: i32,
    /// Whether somebody else went on with it. Such a part is paid by the minute, without the price
    /// for an engagement and its least time: they belong to whoever brings it to its end.
    pub is_part: bool,
    /// When it was done; the card in force then has the price.
    pub earned_at: DateTime<Utc>,
}

/// One priced fact of work, with everything its price was computed from. It never changes.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = schema::earning_lines, check_for_backend(diesel::pg::Pg))]
pub struct EarningLine {
    /// Its id.
    pub id: LineId,
    /// Who earned it.
    pub agent_id: AgentId,
    /// By what.
    pub engagement_id: EngagementId,
    /// For which ticket.
    pub ticket_id: TicketId,
    /// The ticket's queue.
    pub queue: String,
    /// The card that priced it.
    pub rate_card_id: RateCardId,
    /// How long the agent worked.
    pub handled_seconds: i32,
    /// How long is paid: the time worked, or the rate's minimum if that is longer.
    pub payable_seconds: i32,
    /// The rate for the engagement, in major units.
    pub per_engagement: Decimal,
    /// The rate for a minute, in major units.
    pub per_minute: Decimal,
    /// What was earned, in minor units.
    pub amount_minor: i64,
    /// The currency of all of these.
    pub currency: Currency,
    /// The journal entry; none where the amount is zero.
    pub entry_id: Option<EntryId>,
    /// When it was earned.
    pub earned_at: DateTime<Utc>,
}

impl EarningLine {
    fn price(work: &Work, rate: &Rate, currency: Currency) -> Result<Self, Error> {
        let (per_engagement, minimum_seconds) = if work.is_part {
            (Decimal::ZERO, 0)
        } else {
            (rate.per_engagement, rate.minimum_seconds)
        };
        let mut line = Self {
            id: LineId::new(),
            agent_id: work.agent_id,
            engagement_id: work.engagement_id,
            ticket_id: work.ticket_id,
            queue: work.queue.clone(),
            rate_card_id: rate.rate_card_id,
            handled_seconds: work.handled_seconds,
            payable_seconds: work.handled_seconds.max(minimum_seconds),
            per_engagement,
            per_minute: rate.per_minute,
            amount_minor: 0,
            currency,
            entry_id: None,
            earned_at: work.earned_at.trunc_subsecs(6),
        };
        let exact = line.exact().ok_or(MoneyError::Overflow)?;
        line.amount_minor = Money::rounded(exact, currency)?.minor;
        Ok(line)
    }

    /// What an engagement of so many seconds would earn at a rate: priced and rounded like any
    /// other, and booked nowhere.
    pub fn estimate(rate: &Rate, seconds: i32, currency: Currency) -> Result<Money, Error> {
        let work = Work {
            agent_id: AgentId::from_bytes([0; 16]),
            engagement_id: EngagementId::from_bytes([0; 16]),
            ticket_id: TicketId::from_bytes([0; 16]),
            queue: rate.queue.clone(),
            handled_seconds: seconds,
            earned_at: DateTime::UNIX_EPOCH,
            is_part: false,
        };
        Ok(Self::price(&work, rate, currency)?.amount())
    }

    /// The amount before it is rounded, in major units. Rates have four decimals, so a quotient
    /// that lies half-way between two cents ends, and one that does not end is not half-way: the
    /// 28 digits of the division decide every rounding rightly.
    fn exact(&self) -> Option<Decimal> {
        let minutes_paid = self
            .per_minute
            .checked_mul(self.payable_seconds.into())?
            .checked_div(Decimal::from(60))?;
        self.per_engagement.checked_add(minutes_paid)
    }

    /// What was earned.
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// How the amount came about, in plain words, such as
    /// `2.50 EUR for the engagement + 0.30 EUR × 6 min 40 s (400 s) = 4.50 EUR`.
    pub fn computation(&self) -> String {
        format!(
            "{} {currency} for the engagement + {} {currency} × {} = {}",
            self.rate(self.per_engagement),
            self.rate(self.per_minute),
            self.time(),
            self.result(),
            currency = self.currency,
        )
    }

    /// The time that is paid, with what there is to say about it in brackets.
    fn time(&self) -> String {
        let paid = self.payable_seconds;
        let mut remarks = Vec::new();
        let time = match (paid / 60, paid % 60) {
            (0, seconds) => format!("{seconds} s"),
            (minutes, seconds) => {
                remarks.push(format!("{paid} s"));
                if seconds == 0 {
                    format!("{minutes} min")
                } else {
                    format!("{minutes} min {seconds} s")
                }
            }
        };
        if paid > self.handled_seconds {
            remarks.push(format!(
                "the minimum paid; {} s handled",
                self.handled_seconds
            ));
        }
        if remarks.is_empty() {
            time
        } else {
            format!("{time} ({})", remarks.join(", "))
        }
    }

    /// The result, and where it was rounded what it was before.
    fn result(&self) -> String {
        let amount = self.amount();
        let exact = self.exact().unwrap_or_else(|| amount.major()).normalize();
        if exact == amount.major() {
            return amount.to_string();
        }
        let shown = exact.round_dp_with_strategy(DECIMALS_SHOWN, RoundingStrategy::ToZero);
        let more = if shown == exact { "" } else { "…" };
        format!("{shown}{more} {}, rounded to {amount}", self.currency)
    }

    /// A rate with the decimals it has, and no fewer than the currency's.
    fn rate(&self, rate: Decimal) -> Decimal {
        let mut rate = rate.normalize();
        rate.rescale(rate.scale().max(self.currency.exponent()));
        rate
    }
}

/// Prices work by the card in force when it was done, and books what the agent is owed for it.
/// An engagement accrues once: again is [`Error::AlreadyAccrued`].
pub fn accrue(tx: &mut Tx<'_>, work: &Work) -> Result<EarningLine, Error> {
    let mut checks = Checks::new();
    checks.check(
        "handled_seconds",
        work.handled_seconds >= 0,
        "must not be negative",
    );
    checks.done()?;
    let currency = PLATFORM_CURRENCY;
    let Some(rate) = store::find_rate(tx, currency, &work.queue, work.earned_at)? else {
        return Err(Error::NoRate {
            queue: work.queue.clone(),
        });
    };
    let mut line = EarningLine::price(work, &rate, currency)?;
    if line.amount_minor > 0 {
        let cost = store::ledger_account(tx, AccountKind::AgentCost, None, currency)?;
        let payable =
            store::ledger_account(tx, AccountKind::AgentPayable, Some(work.agent_id), currency)?;
        let entry = NewEntry::transfer(
            format!("engagement:{}", work.engagement_id),
            format!("Work in queue {}: {}", line.queue, line.computation()),
            line.amount(),
            (cost, payable),
        )?;
        line.entry_id = Some(entry::post(tx, &entry)?);
    }
    store::insert_earning_line(tx, &line)?;
    tx.ring(Topic::Agent(work.agent_id));
    Ok(line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(per_engagement: &str, per_minute: &str, minimum: i32, handled: i32) -> EarningLine {
        price(per_engagement, per_minute, minimum, handled, false)
    }

    fn price(
        per_engagement: &str,
        per_minute: &str,
        minimum: i32,
        handled: i32,
        is_part: bool,
    ) -> EarningLine {
        let rate = Rate {
            rate_card_id: RateCardId::new(),
            queue: "vip".to_owned(),
            per_engagement: per_engagement.parse().unwrap(),
            per_minute: per_minute.parse().unwrap(),
            minimum_seconds: minimum,
        };
        let work = Work {
            agent_id: AgentId::new(),
            engagement_id: EngagementId::new(),
            ticket_id: TicketId::new(),
            queue: "vip".to_owned(),
            handled_seconds: handled,
            is_part,
            earned_at: DateTime::UNIX_EPOCH,
        };
        EarningLine::price(&work, &rate, Currency::EUR).unwrap()
    }

    #[test]
    fn a_part_is_paid_by_the_minute_alone() {
        let part = price("2.50", "0.30", 300, 120, true);
        assert_eq!(
            part.computation(),
            "0.00 EUR for the engagement + 0.30 EUR × 2 min (120 s) = 0.60 EUR"
        );
    }

    #[test]
    fn an_estimate_is_what_the_line_would_say() {
        let rate = Rate {
            rate_card_id: RateCardId::new(),
            queue: "vip".to_owned(),
            per_engagement: "2.50".parse().unwrap(),
            per_minute: "0.30".parse().unwrap(),
            minimum_seconds: 120,
        };
        for (seconds, minor) in [(400, 450), (30, 310), (0, 310)] {
            let estimate = EarningLine::estimate(&rate, seconds, Currency::EUR).unwrap();
            assert_eq!(estimate, Money::new(minor, Currency::EUR));
            assert_eq!(estimate, line("2.50", "0.30", 120, seconds).amount());
        }
    }

    #[test]
    fn a_line_says_how_its_amount_came_about() {
        for (line, words) in [
            (
                line("2.5000", "0.3000", 0, 400),
                "2.50 EUR for the engagement + 0.30 EUR × 6 min 40 s (400 s) = 4.50 EUR",
            ),
            (
                line("2.5", "0.3", 300, 120),
                "2.50 EUR for the engagement + 0.30 EUR × 5 min (300 s, the minimum paid; \
                 120 s handled) = 4.00 EUR",
            ),
            (
                line("0", "0.2525", 0, 30),
                "0.00 EUR for the engagement + 0.2525 EUR × 30 s = 0.12625 EUR, \
                 rounded to 0.13 EUR",
            ),
            (
                line("1", "0.25", 45, 10),
                "1.00 EUR for the engagement + 0.25 EUR × 45 s (the minimum paid; 10 s handled) \
                 = 1.1875 EUR, rounded to 1.19 EUR",
            ),
            (
                line("1", "0.1", 0, 61),
                "1.00 EUR for the engagement + 0.10 EUR × 1 min 1 s (61 s) = 1.101666… EUR, \
                 rounded to 1.10 EUR",
            ),
        ] {
            assert_eq!(line.computation(), words);
        }
    }

    #[test]
    fn half_a_cent_goes_to_the_even_neighbour() {
        assert_eq!(line("0.005", "0", 0, 60).amount_minor, 0);
        assert_eq!(line("0.015", "0", 0, 60).amount_minor, 2);
        assert_eq!(line("0", "0.01", 0, 30).amount_minor, 0, "0.005 EUR");
        assert_eq!(line("0", "0.01", 0, 90).amount_minor, 2, "0.015 EUR");
    }

    #[test]
    fn the_dearest_hour_of_all_can_be_priced() {
        let most = line("99999999.9999", "99999999.9999", 0, i32::MAX);
        assert!(most.amount_minor > 0);
        assert!(most.computation().len() < 230, "{}", most.computation());
    }

    proptest! {
        /// The oracle counts in ten-thousandths of a cent-minute, in whole numbers only.
        #[test]
        fn the_amount_is_what_whole_numbers_say(
            per_engagement in 0_i64..1_000_000,
            per_minute in 0_i64..1_000_000,
            minimum in 0_i32..3_600,
            handled in 0_i32..100_000,
        ) {
            let rate = |tenthousandths: i64| Decimal::new(tenthousandths, 4).to_string();
            let line = line(&rate(per_engagement), &rate(per_minute), minimum, handled);
            let seconds = i64::from(handled.max(minimum));
            let numerator = per_engagement * 60 + per_minute * seconds;
            let (cents, rest) = (numerator / 6_000, numerator % 6_000);
            let up = rest > 3_000 || (rest == 3_000 && cents % 2 == 1);
            prop_assert_eq!(line.amount_minor, cents + i64::from(up));
        }
    }
}
