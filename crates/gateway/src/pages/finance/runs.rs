//! The payout runs, the form that prepares one, and the ledger beside them.

use actix_web::{
    get,
    http::StatusCode,
    post,
    web::{Data, Query, ServiceConfig},
};
use askama::Template;
use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use kernel::{Checks, Currency, Invalid, Money, Page, PageRequest, PayoutRunId, Role};
use payouts::{
    AccountBalance, AccountKind, Held, PLATFORM_CURRENCY, PayoutRun, Prepared, RunStatus,
};
use serde::Deserialize;

use super::run::{self, state};
use crate::{
    extract::{Caller, Finance, FinancePreparer, Form},
    pages::{
        Faults, Layout, PageResult,
        fields::{form_page, instant, instant_text},
        figures,
    },
    state::State,
};

/// How far back the first run reaches, on the form.
const FIRST_PERIOD: TimeDelta = TimeDelta::days(30);

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(runs_page).service(prepare);
}

#[derive(Template)]
#[template(path = "finance/runs.html")]
struct RunsPage {
    layout: Layout,
    is_preparer: bool,
    runs: Page<PayoutRun>,
    books: Vec<Book>,
    faults: Faults,
    form: PeriodForm,
}

/// The balances of one currency.
struct Book {
    currency: Currency,
    lines: Vec<AccountBalance>,
    /// Zero, or something is wrong.
    sum: Money,
}

impl Book {
    /// One for each currency. `balances` come sorted by kind.
    fn all(balances: Vec<AccountBalance>) -> Vec<Self> {
        let mut books: Vec<Self> = Vec::new();
        for line in balances {
            let known = books.iter().position(|book| book.currency == line.currency);
            let index = known.unwrap_or_else(|| {
                books.push(Self {
                    currency: line.currency,
                    lines: Vec::new(),
                    sum: Money::zero(line.currency),
                });
                books.len() - 1
            });
            if let Some(book) = books.get_mut(index) {
                book.sum.minor = book.sum.minor.saturating_add(line.balance_minor);
                book.lines.push(line);
            }
        }
        books
    }
}

/// What an account is for, and which side of it is the usual one.
const fn account(kind: AccountKind) -> (&'static str, &'static str) {
    match kind {
        AccountKind::AgentPayable => ("Owed to agents", "what was earned and is not yet paid"),
        AccountKind::AgentCost => ("Cost of agents' work", "everything ever earned"),
        AccountKind::BankClearing => ("Through the bank", "everything ever settled"),
    }
}

/// The balance on its side of the ledger, where it is not zero.
fn side(line: &AccountBalance, is_debit: bool) -> String {
    match line.balance_minor {
        0 => String::new(),
        minor if (minor > 0) == is_debit => {
            let size = i64::try_from(minor.unsigned_abs()).unwrap_or(i64::MAX);
            figures::money(Money::new(size, line.currency))
        }
        _ => String::new(),
    }
}

/// A period, in UTC. An empty end is now.
#[derive(Clone, Deserialize)]
struct PeriodForm {
    period_start: String,
    #[serde(default)]
    period_end: String,
}

impl PeriodForm {
    /// From where the last run ended until now.
    fn fresh(runs: &[PayoutRun], now: DateTime<Utc>) -> Self {
        let paid = |run: &&PayoutRun| run.status != RunStatus::Void;
        let last = runs.iter().filter(paid).map(|run| run.period_end).max();
        let start = last.unwrap_or_else(|| {
            let day = (now - FIRST_PERIOD).date_naive();
            day.and_time(NaiveTime::MIN).and_utc()
        });
        Self {
            period_start: instant_text(start),
            period_end: String::new(),
        }
    }

    fn period(&self, now: DateTime<Utc>) -> Result<(DateTime<Utc>, DateTime<Utc>), Invalid> {
        let mut checks = Checks::new();
        checks.check(
            "period_start",
            !self.period_start.trim().is_empty(),
            "must not be empty",
        );
        let start = instant(&mut checks, "period_start", &self.period_start);
        let end = instant(&mut checks, "period_end", &self.period_end);
        checks.done()?;
        Ok((start.unwrap_or(now), end.unwrap_or(now)))
    }
}

#[derive(Deserialize)]
struct ListQuery {
    after: Option<PayoutRunId>,
}

#[get("/finance")]
async fn runs_page(
    caller: Finance,
    query: Query<ListQuery>,
    state: Data<State>,
    layout: Layout,
) -> PageResult {
    show(&state, layout, &caller, query.after, None).await
}

/// The list, with what is wrong with a form that was sent.
async fn show(
    state: &State,
    layout: Layout,
    caller: &Caller,
    after: Option<PayoutRunId>,
    sent: Option<(Faults, PeriodForm)>,
) -> PageResult {
    let page = PageRequest::new(after, Some(20));
    let (runs, balances) = state
        .read(move |conn| Ok((payouts::runs(conn, &page)?, payouts::trial_balance(conn)?)))
        .await?;
    let (faults, form) = sent.unwrap_or_else(|| {
        let form = PeriodForm::fresh(&runs.items, state.db.now());
        (Faults::default(), form)
    });
    let page = RunsPage {
        layout: layout.titled("Payout runs"),
        is_preparer: caller.role == Role::FinancePreparer,
        runs,
        books: Book::all(balances),
        faults,
        form,
    };
    form_page(&page.faults, &page)
}

#[post("/finance/runs")]
async fn prepare(
    caller: FinancePreparer,
    state: Data<State>,
    layout: Layout,
    Form(form): Form<PeriodForm>,
) -> PageResult {
    let prepared = match form.period(state.db.now()) {
        Ok(period) => write(&caller, period).await,
        Err(invalid) => Err(invalid.into()),
    };
    match prepared {
        Ok(Prepared { run, held }) => prepared_page(&state, layout, &caller, run.id, held).await,
        Err(error) => {
            let sent = (Faults::of(error)?, form);
            show(&state, layout, &caller, None, Some(sent)).await
        }
    }
}

async fn write(
    caller: &Caller,
    (start, end): (DateTime<Utc>, DateTime<Utc>),
) -> Result<Prepared, payouts::Error> {
    let (by, db) = (caller.account_id, caller.acting_db());
    db.write("prepare_run", move |tx| {
        workflows::prepare_run(tx, start, end, PLATFORM_CURRENCY, by)
    })
    .await
}

/// The new run. Whom it leaves out is told here only, so this page answers the form itself.
async fn prepared_page(
    state: &State,
    layout: Layout,
    caller: &Caller,
    id: PayoutRunId,
    held: Vec<Held>,
) -> PageResult {
    let mut page = run::RunPage::read(state, layout, caller, id, None).await?;
    page.held = run::named(state, held).await?;
    page.is_new = true;
    page.answer(StatusCode::CREATED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_end_is_now() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::seconds(90_061);
        let form = PeriodForm::fresh(&[], now);
        let (start, end) = form.period(now).unwrap();
        assert_eq!(start.to_rfc3339(), "1969-12-03T00:00:00+00:00");
        assert_eq!(end, now);
    }

    #[test]
    fn each_currency_has_a_book_that_sums_to_zero() {
        let line = |kind, currency: &str, balance_minor| AccountBalance {
            kind,
            currency: currency.parse().unwrap(),
            balance_minor,
        };
        let books = Book::all(vec![
            line(AccountKind::AgentPayable, "EUR", -500),
            line(AccountKind::AgentPayable, "SEK", -7),
            line(AccountKind::AgentCost, "EUR", 500),
        ]);
        let sums: Vec<i64> = books.iter().map(|book| book.sum.minor).collect();
        assert_eq!(sums, [0, -7]);
        assert_eq!(side(&books[0].lines[0], false), "5.00 EUR");
        assert_eq!(side(&books[0].lines[0], true), "");
    }
}
