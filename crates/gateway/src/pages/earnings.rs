//! What an agent earned, and what was paid.

use std::collections::BTreeMap;

use actix_web::{
    get,
    web::{Data, Query, ServiceConfig},
};
use askama::Template;
use kernel::{LineId, Money, PageRequest};
use payouts::{EarningLine, PLATFORM_CURRENCY, Payment, RunStatus};
use serde::Deserialize;

use super::{
    Layout, PageResult, figures, html,
    wording::{Clock, name_of, queue_names},
};
use crate::{extract::Agent, state::State};

/// Lines on one page.
const LINES: i64 = 25;

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(earnings_page);
}

#[derive(Template)]
#[template(path = "earnings.html")]
struct EarningsPage {
    layout: Layout,
    zone: &'static str,
    balance: String,
    earned: String,
    paid: String,
    lines: Vec<Line>,
    payments: Vec<Paid>,
    is_first: bool,
    next: Option<String>,
}

/// One conversation, priced.
struct Line {
    when: String,
    queue: String,
    handled: String,
    computation: String,
    amount: String,
}

impl Line {
    fn new(line: &EarningLine, clock: Clock, queues: &BTreeMap<String, String>) -> Self {
        Self {
            when: clock.moment(line.earned_at),
            queue: name_of(queues, &line.queue),
            handled: figures::seconds(line.handled_seconds),
            computation: line.computation(),
            amount: figures::money(line.amount()),
        }
    }
}

/// What one payout run pays.
struct Paid {
    period: String,
    lines: i32,
    account: String,
    state: String,
    tone: &'static str,
    amount: String,
}

impl Paid {
    fn new(payment: Payment, clock: Clock) -> Self {
        let (state, tone) = match (payment.status, payment.settled_at) {
            (_, Some(at)) => (format!("Paid on {}", clock.full_day(at)), "good"),
            (RunStatus::Exported, None) => ("With the bank".to_owned(), "info"),
            (_, None) => ("Being prepared".to_owned(), "wait"),
        };
        Self {
            period: format!(
                "{} to {}",
                clock.full_day(payment.period_start),
                clock.full_day(payment.period_end)
            ),
            lines: payment.line_count,
            account: payment.iban_masked,
            state,
            tone,
            amount: figures::money(Money::new(payment.amount_minor, payment.currency)),
        }
    }
}

#[derive(Deserialize)]
struct From {
    after: Option<LineId>,
}

#[get("/earnings")]
async fn earnings_page(
    agent: Agent,
    state: Data<State>,
    layout: Layout,
    from: Query<From>,
) -> PageResult {
    let (id, after) = (agent.agent_id, from.after);
    let read = state.read(move |conn| {
        let agent = onboarding::agent(conn, id)?;
        let clock = Clock::of(agent.and_then(|agent| agent.time_zone).as_deref());
        let queues = queue_names(dispatch::queries::queues(conn)?);
        let lines = payouts::earning_lines(conn, id, &PageRequest::new(after, Some(LINES)))?;
        let summary = payouts::earnings_summary(conn, id, PLATFORM_CURRENCY)?;
        let payments = payouts::payments(conn, id)?;
        let lines = lines.map(|line| Line::new(&line, clock, &queues));
        Ok((clock, summary, lines, payments))
    });
    let (clock, summary, lines, payments) = read.await?;
    html(&EarningsPage {
        layout: layout.titled("Earnings"),
        zone: clock.zone(),
        balance: figures::money(summary.balance),
        earned: figures::money(summary.earned),
        paid: figures::money(summary.paid),
        lines: lines.items,
        payments: payments.into_iter().map(|p| Paid::new(p, clock)).collect(),
        is_first: after.is_none(),
        next: lines.next,
    })
}
