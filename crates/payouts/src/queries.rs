//! What others may read.

use chrono::{DateTime, Utc};
use diesel::{dsl::sum, prelude::*};
use kernel::{
    AgentId, Currency, LineId, Money, PAGE_LIMIT, Page, PageRequest, PayoutItemId, PayoutRunId,
    RateCardId,
};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use crate::{
    earning::EarningLine,
    entry::AccountKind,
    export::{PayoutFile, StoredFile},
    payee::Payee,
    rate_card::{Rate, RateCard},
    run::{PayoutItem, PayoutRun, RunStatus},
    schema::{
        earning_lines, ledger_accounts, payees, payout_files, payout_item_lines, payout_items,
        payout_runs, postings, rate_cards,
    },
};

/// The lines of one item that are listed.
const ITEM_LINES_AT_MOST: i64 = 10_000;

/// What an agent has earned, was paid and is owed, in one currency.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Summary {
    /// What the ledger says the agent is owed now.
    pub balance: Money,
    /// All that was ever earned.
    pub earned: Money,
    /// All that was ever settled.
    pub paid: Money,
}

/// One item of a payout run, as the agent it pays sees it.
#[derive(Clone, Debug, Queryable)]
pub struct Payment {
    /// The item.
    pub item_id: PayoutItemId,
    /// Its run.
    pub run_id: PayoutRunId,
    /// How far the run is.
    pub status: RunStatus,
    /// What is paid, in minor units.
    pub amount_minor: i64,
    /// The currency of it.
    pub currency: Currency,
    /// How many earning lines are paid.
    pub line_count: i32,
    /// What may be shown of the account number it goes to.
    pub iban_masked: String,
    /// Where the run's period begins.
    pub period_start: DateTime<Utc>,
    /// Where it ends.
    pub period_end: DateTime<Utc>,
    /// When it was paid.
    pub settled_at: Option<DateTime<Utc>>,
}

/// The balance of all accounts of one kind and currency. Over all kinds a currency sums to zero.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AccountBalance {
    /// What the accounts are for.
    pub kind: AccountKind,
    /// Their currency.
    pub currency: Currency,
    /// Debits less credits, in minor units.
    pub balance_minor: i64,
}

/// The price lists, the latest first; at most 100.
pub fn rate_cards(conn: &mut PgConnection) -> QueryResult<Vec<RateCard>> {
    rate_cards::table
        .order((rate_cards::valid_from.desc(), rate_cards::id.desc()))
        .limit(PAGE_LIMIT)
        .select(RateCard::as_select())
        .load(conn)
}

/// What stands on a price list, by queue.
pub fn rates(conn: &mut PgConnection, card: RateCardId) -> QueryResult<Vec<Rate>> {
    use crate::schema::rates;
    rates::table
        .filter(rates::rate_card_id.eq(card))
        .order(rates::queue)
        .select(Rate::as_select())
        .load(conn)
}

/// What stands on these price lists, by list and queue. Pass no more than a page's worth.
pub fn rates_on(conn: &mut PgConnection, cards: &[RateCardId]) -> QueryResult<Vec<Rate>> {
    use crate::schema::rates;
    rates::table
        .filter(rates::rate_card_id.eq_any(cards))
        .order((rates::rate_card_id, rates::queue))
        .select(Rate::as_select())
        .load(conn)
}

/// The price list in force at an instant.
pub fn rate_card_in_force(
    conn: &mut PgConnection,
    currency: Currency,
    at: DateTime<Utc>,
) -> QueryResult<Option<RateCard>> {
    rate_cards::table
        .filter(rate_cards::currency.eq(currency))
        .filter(rate_cards::valid_from.le(at))
        .filter(
            rate_cards::valid_until
                .is_null()
                .or(rate_cards::valid_until.gt(at)),
        )
        .select(RateCard::as_select())
        .first(conn)
        .optional()
}

/// What an agent earned, the newest first.
pub fn earning_lines(
    conn: &mut PgConnection,
    agent: AgentId,
    page: &PageRequest<LineId>,
) -> QueryResult<Page<EarningLine>> {
    let mut lines = earning_lines::table
        .filter(earning_lines::agent_id.eq(agent))
        .order(earning_lines::id.desc())
        .limit(page.limit + 1)
        .select(EarningLine::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        lines = lines.filter(earning_lines::id.lt(after));
    }
    Ok(Page::cut(lines.load(conn)?, page.limit, |line| {
        line.id.to_string()
    }))
}

/// What an agent has earned, was paid and is owed.
pub fn earnings_summary(
    conn: &mut PgConnection,
    agent: AgentId,
    currency: Currency,
) -> QueryResult<Summary> {
    let balance: Option<i64> = ledger_accounts::table
        .filter(ledger_accounts::kind.eq(AccountKind::AgentPayable))
        .filter(ledger_accounts::agent_id.eq(agent))
        .filter(ledger_accounts::currency.eq(currency))
        .select(ledger_accounts::balance_minor.assume_not_null())
        .first(conn)
        .optional()?;
    let earned: Option<Decimal> = earning_lines::table
        .filter(earning_lines::agent_id.eq(agent))
        .filter(earning_lines::currency.eq(currency))
        .select(sum(earning_lines::amount_minor))
        .first(conn)?;
    let paid: Option<Decimal> = payout_items::table
        .inner_join(payout_runs::table.on(payout_runs::id.eq(payout_items::run_id)))
        .filter(payout_items::agent_id.eq(agent))
        .filter(payout_runs::currency.eq(currency))
        .filter(payout_runs::status.eq(RunStatus::Settled))
        .select(sum(payout_items::amount_minor))
        .first(conn)?;
    Ok(Summary {
        balance: Money::new(balance.unwrap_or(0), currency),
        earned: Money::new(minor(earned)?, currency),
        paid: Money::new(minor(paid)?, currency),
    })
}

/// Where an agent's money goes.
pub fn payee(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Option<Payee>> {
    payees::table
        .find(agent)
        .select(Payee::as_select())
        .first(conn)
        .optional()
}

/// The payout runs, the newest first.
pub fn runs(
    conn: &mut PgConnection,
    page: &PageRequest<PayoutRunId>,
) -> QueryResult<Page<PayoutRun>> {
    let mut runs = payout_runs::table
        .order(payout_runs::id.desc())
        .limit(page.limit + 1)
        .select(PayoutRun::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        runs = runs.filter(payout_runs::id.lt(after));
    }
    Ok(Page::cut(runs.load(conn)?, page.limit, |run| {
        run.id.to_string()
    }))
}

/// One payout run.
pub fn run(conn: &mut PgConnection, id: PayoutRunId) -> QueryResult<Option<PayoutRun>> {
    payout_runs::table
        .find(id)
        .select(PayoutRun::as_select())
        .first(conn)
        .optional()
}

/// The file of a run that was exported.
pub fn payout_file(conn: &mut PgConnection, id: PayoutRunId) -> QueryResult<Option<PayoutFile>> {
    let found = payout_runs::table
        .inner_join(payout_files::table.on(payout_files::run_id.eq(payout_runs::id)))
        .filter(payout_runs::id.eq(id))
        .select((PayoutRun::as_select(), StoredFile::as_select()))
        .first::<(PayoutRun, StoredFile)>(conn)
        .optional()?;
    Ok(found.map(|(run, file)| file.named(&run)))
}

/// What a run pays to whom, in the order of its file.
pub fn items(
    conn: &mut PgConnection,
    run: PayoutRunId,
    page: &PageRequest<PayoutItemId>,
) -> QueryResult<Page<PayoutItem>> {
    let mut items = payout_items::table
        .filter(payout_items::run_id.eq(run))
        .order(payout_items::id)
        .limit(page.limit + 1)
        .select(PayoutItem::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        items = items.filter(payout_items::id.gt(after));
    }
    Ok(Page::cut(items.load(conn)?, page.limit, |item| {
        item.id.to_string()
    }))
}

/// The earning lines that an item pays, the oldest first; at most 10,000. None once its run is void.
pub fn item_lines(conn: &mut PgConnection, item: PayoutItemId) -> QueryResult<Vec<EarningLine>> {
    earning_lines::table
        .inner_join(payout_item_lines::table.on(payout_item_lines::line_id.eq(earning_lines::id)))
        .filter(payout_item_lines::item_id.eq(item))
        .order(earning_lines::id)
        .limit(ITEM_LINES_AT_MOST)
        .select(EarningLine::as_select())
        .load(conn)
}

/// What runs pay or paid to an agent, the newest first; at most 100. Void runs pay nothing.
pub fn payments(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Vec<Payment>> {
    payout_items::table
        .inner_join(payout_runs::table.on(payout_runs::id.eq(payout_items::run_id)))
        .filter(payout_items::agent_id.eq(agent))
        .filter(payout_runs::status.ne(RunStatus::Void))
        .order(payout_items::id.desc())
        .limit(PAGE_LIMIT)
        .select((
            payout_items::id,
            payout_runs::id,
            payout_runs::status,
            payout_items::amount_minor,
            payout_runs::currency,
            payout_items::line_count,
            payout_items::iban_masked,
            payout_runs::period_start,
            payout_runs::period_end,
            payout_runs::settled_at,
        ))
        .load(conn)
}

/// What the postings sum to, by kind of account and currency.
pub fn trial_balance(conn: &mut PgConnection) -> QueryResult<Vec<AccountBalance>> {
    let sums: Vec<(AccountKind, Currency, Option<Decimal>)> = postings::table
        .inner_join(ledger_accounts::table.on(ledger_accounts::id.eq(postings::account_id)))
        .group_by((ledger_accounts::kind, ledger_accounts::currency))
        .order((ledger_accounts::kind, ledger_accounts::currency))
        .select((
            ledger_accounts::kind,
            ledger_accounts::currency,
            sum(postings::amount_minor),
        ))
        .load(conn)?;
    sums.into_iter()
        .map(|(kind, currency, sum)| {
            Ok(AccountBalance {
                kind,
                currency,
                balance_minor: minor(sum)?,
            })
        })
        .collect()
}

/// PostgreSQL sums bigints as numeric.
fn minor(sum: Option<Decimal>) -> QueryResult<i64> {
    sum.unwrap_or_default()
        .to_i64()
        .ok_or_else(|| diesel::result::Error::DeserializationError("a sum is over 64 bits".into()))
}
