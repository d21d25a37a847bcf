//! The writes and locks of this domain.

mod bulk;

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::{prelude::*, upsert::excluded};
use kernel::{
    AgentId, Currency, Invalid, LedgerAccountId, LineId, Money, MoneyError, PayoutItemId,
    PayoutRunId,
};
use rust_decimal::{Decimal, prelude::ToPrimitive as _};

use crate::{
    earning::EarningLine,
    entry::{Account, AccountKind, EntryRow, PostingRow},
    error::Error,
    export::StoredFile,
    payee::Payee,
    rate_card::{Rate, RateCard},
    run::{DueLine, Held, HeldReason, PayeeSnapshot, PayoutItem, PayoutRun},
    schema::{
        earning_lines, ledger_accounts, payees, payout_files, payout_item_lines, payout_items,
        payout_runs, rate_cards, rates,
    },
    vault::SealedIban,
};

/// How many lines one run takes.
pub(crate) const LINES_AT_MOST: i64 = 100_000;
/// How many held agents a run tells of.
const HELD_AT_MOST: i64 = 1_000;
/// Rows in one INSERT: PostgreSQL takes 65,535 values in a statement.
const ROWS_AT_ONCE: usize = 1_000;

// Rate cards

pub(crate) fn has_rate_card(tx: &mut Tx<'_>, currency: Currency) -> QueryResult<bool> {
    let any = rate_cards::table.filter(rate_cards::currency.eq(currency));
    diesel::select(diesel::dsl::exists(any)).get_result(tx.conn())
}

pub(crate) fn lock_open_rate_card(
    tx: &mut Tx<'_>,
    currency: Currency,
) -> QueryResult<Option<RateCard>> {
    rate_cards::table
        .filter(rate_cards::currency.eq(currency))
        .filter(rate_cards::valid_until.is_null())
        .for_update()
        .select(RateCard::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn update_rate_card(tx: &mut Tx<'_>, card: &RateCard) -> QueryResult<()> {
    diesel::update(card).set(card).execute(tx.conn()).map(drop)
}

pub(crate) fn insert_rate_card(tx: &mut Tx<'_>, card: &RateCard) -> Result<(), Error> {
    diesel::insert_into(rate_cards::table)
        .values(card)
        .execute(tx.conn())
        .on_constraint("rate_cards_one_in_force", Error::RateCardOverlaps)?;
    Ok(())
}

pub(crate) fn insert_rate(tx: &mut Tx<'_>, rate: &Rate, unknown: Invalid) -> Result<(), Error> {
    diesel::insert_into(rates::table)
        .values(rate)
        .execute(tx.conn())
        .on_constraint("rates_queue_fkey", Error::Invalid(unknown))?;
    Ok(())
}

/// The queue's rate on the card that was in force at an instant.
pub(crate) fn find_rate(
    tx: &mut Tx<'_>,
    currency: Currency,
    queue: &str,
    at: DateTime<Utc>,
) -> QueryResult<Option<Rate>> {
    rates::table
        .inner_join(rate_cards::table.on(rate_cards::id.eq(rates::rate_card_id)))
        .filter(rate_cards::currency.eq(currency))
        .filter(rate_cards::valid_from.le(at))
        .filter(
            rate_cards::valid_until
                .is_null()
                .or(rate_cards::valid_until.gt(at)),
        )
        .filter(rates::queue.eq(queue))
        .select(Rate::as_select())
        .first(tx.conn())
        .optional()
}

// Ledger

/// The account's id; it is opened when it is first needed.
pub(crate) fn ledger_account(
    tx: &mut Tx<'_>,
    kind: AccountKind,
    agent_id: Option<AgentId>,
    currency: Currency,
) -> QueryResult<LedgerAccountId> {
    if let Some(id) = find_ledger_account(tx, kind, agent_id, currency)? {
        return Ok(id);
    }
    let id = LedgerAccountId::new();
    let balance_minor = agent_id.map(|_| 0);
    diesel::insert_into(ledger_accounts::table)
        .values(Account {
            id,
            kind,
            agent_id,
            currency,
            balance_minor,
        })
        .on_conflict_do_nothing()
        .execute(tx.conn())?;
    // Somebody else may have opened it meanwhile.
    Ok(find_ledger_account(tx, kind, agent_id, currency)?.unwrap_or(id))
}

fn find_ledger_account(
    tx: &mut Tx<'_>,
    kind: AccountKind,
    agent_id: Option<AgentId>,
    currency: Currency,
) -> QueryResult<Option<LedgerAccountId>> {
    ledger_accounts::table
        .filter(ledger_accounts::kind.eq(kind))
        .filter(ledger_accounts::agent_id.is_not_distinct_from(agent_id))
        .filter(ledger_accounts::currency.eq(currency))
        .select(ledger_accounts::id)
        .first(tx.conn())
        .optional()
}

/// Locks the accounts of all agents who are owed something, in the order of their ids.
pub(crate) fn lock_payable_accounts(tx: &mut Tx<'_>, currency: Currency) -> QueryResult<()> {
    ledger_accounts::table
        .filter(ledger_accounts::kind.eq(AccountKind::AgentPayable))
        .filter(ledger_accounts::currency.eq(currency))
        .filter(ledger_accounts::balance_minor.gt(0))
        .order(ledger_accounts::id)
        .for_no_key_update()
        .select(ledger_accounts::id)
        .load::<LedgerAccountId>(tx.conn())
        .map(drop)
}

/// Locks the accounts of these agents, in the order of the accounts' ids.
pub(crate) fn lock_accounts_of(
    tx: &mut Tx<'_>,
    agents: &[AgentId],
    currency: Currency,
) -> QueryResult<Vec<(AgentId, LedgerAccountId)>> {
    ledger_accounts::table
        .filter(ledger_accounts::kind.eq(AccountKind::AgentPayable))
        .filter(ledger_accounts::currency.eq(currency))
        .filter(ledger_accounts::agent_id.eq_any(agents))
        .order(ledger_accounts::id)
        .for_no_key_update()
        .select((
            ledger_accounts::agent_id.assume_not_null(),
            ledger_accounts::id,
        ))
        .load(tx.conn())
}

pub(crate) fn insert_entries(tx: &mut Tx<'_>, rows: &[EntryRow<'_>]) -> Result<(), Error> {
    bulk::new_entries(rows)
        .execute(tx.conn())
        .on_constraint("entries_one_per_fact", Error::AlreadyAccrued)?;
    Ok(())
}

pub(crate) fn insert_postings(tx: &mut Tx<'_>, rows: &[PostingRow]) -> QueryResult<()> {
    bulk::new_postings(rows).execute(tx.conn()).map(drop)
}

pub(crate) fn insert_earning_line(tx: &mut Tx<'_>, line: &EarningLine) -> Result<(), Error> {
    diesel::insert_into(earning_lines::table)
        .values(line)
        .execute(tx.conn())
        .on_constraint("earning_lines_one_per_engagement", Error::AlreadyAccrued)?;
    Ok(())
}

// Payees

pub(crate) fn upsert_payee(tx: &mut Tx<'_>, payee: &Payee, iban: &SealedIban) -> Result<(), Error> {
    let sealed = (
        payees::iban_ciphertext.eq(&iban.ciphertext),
        payees::iban_index.eq(&iban.index[..]),
    );
    diesel::insert_into(payees::table)
        .values((payee, sealed))
        .on_conflict(payees::agent_id)
        .do_update()
        .set((payee, sealed))
        .execute(tx.conn())
        .on_constraint("payees_agent_id_fkey", Error::AgentNotFound)?;
    Ok(())
}

/// The payees of these lines' agents.
pub(crate) fn list_payees(tx: &mut Tx<'_>, lines: &[DueLine]) -> QueryResult<Vec<PayeeSnapshot>> {
    let mut agents: Vec<AgentId> = lines.iter().map(|line| line.agent_id).collect();
    agents.dedup();
    payees::table
        .filter(payees::agent_id.eq_any(agents))
        .select(PayeeSnapshot::as_select())
        .load(tx.conn())
}

// Payout runs

/// What no run pays yet, of agents with a payee, sorted by agent.
pub(crate) fn list_due_lines(
    tx: &mut Tx<'_>,
    currency: Currency,
    before: DateTime<Utc>,
) -> QueryResult<Vec<DueLine>> {
    earning_lines::table
        .inner_join(payees::table.on(payees::agent_id.eq(earning_lines::agent_id)))
        .left_join(payout_item_lines::table.on(payout_item_lines::line_id.eq(earning_lines::id)))
        .filter(payout_item_lines::line_id.nullable().is_null())
        .filter(earning_lines::currency.eq(currency))
        .filter(earning_lines::earned_at.lt(before))
        .filter(earning_lines::amount_minor.gt(0))
        .order((earning_lines::agent_id, earning_lines::id))
        .limit(LINES_AT_MOST)
        .select((
            earning_lines::id,
            earning_lines::agent_id,
            earning_lines::amount_minor,
        ))
        .load(tx.conn())
}

/// What is due to agents without a payee.
pub(crate) fn list_held(
    tx: &mut Tx<'_>,
    currency: Currency,
    before: DateTime<Utc>,
) -> Result<Vec<Held>, Error> {
    let sums: Vec<(AgentId, Option<Decimal>)> = earning_lines::table
        .left_join(payees::table.on(payees::agent_id.eq(earning_lines::agent_id)))
        .left_join(payout_item_lines::table.on(payout_item_lines::line_id.eq(earning_lines::id)))
        .filter(payees::agent_id.nullable().is_null())
        .filter(payout_item_lines::line_id.nullable().is_null())
        .filter(earning_lines::currency.eq(currency))
        .filter(earning_lines::earned_at.lt(before))
        .filter(earning_lines::amount_minor.gt(0))
        .group_by(earning_lines::agent_id)
        .order(earning_lines::agent_id)
        .limit(HELD_AT_MOST)
        .select((
            earning_lines::agent_id,
            diesel::dsl::sum(earning_lines::amount_minor),
        ))
        .load(tx.conn())?;
    sums.into_iter()
        .map(|(agent_id, sum)| {
            let minor = sum
                .unwrap_or_default()
                .to_i64()
                .ok_or(MoneyError::Overflow)?;
            let amount = Money::new(minor, currency);
            Ok(Held {
                agent_id,
                amount,
                reason: HeldReason::NoPayee,
            })
        })
        .collect()
}

pub(crate) fn insert_run(tx: &mut Tx<'_>, run: &PayoutRun) -> QueryResult<()> {
    diesel::insert_into(payout_runs::table)
        .values(run)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn insert_items(tx: &mut Tx<'_>, items: &[PayoutItem]) -> QueryResult<()> {
    for items in items.chunks(ROWS_AT_ONCE) {
        diesel::insert_into(payout_items::table)
            .values(items)
            .execute(tx.conn())?;
    }
    Ok(())
}

pub(crate) fn insert_item_lines(
    tx: &mut Tx<'_>,
    lines: &[(LineId, PayoutItemId)],
) -> Result<(), Error> {
    for lines in lines.chunks(ROWS_AT_ONCE) {
        let rows: Vec<_> = lines
            .iter()
            .map(|(line, item)| {
                (
                    payout_item_lines::line_id.eq(line),
                    payout_item_lines::item_id.eq(item),
                )
            })
            .collect();
        diesel::insert_into(payout_item_lines::table)
            .values(rows)
            .execute(tx.conn())
            .on_constraint("payout_item_lines_pkey", Error::NothingToPay)?;
    }
    Ok(())
}

pub(crate) fn delete_item_lines(tx: &mut Tx<'_>, run: PayoutRunId) -> QueryResult<()> {
    let items = payout_items::table
        .filter(payout_items::run_id.eq(run))
        .select(payout_items::id);
    diesel::delete(payout_item_lines::table.filter(payout_item_lines::item_id.eq_any(items)))
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn find_run(tx: &mut Tx<'_>, id: PayoutRunId) -> Result<PayoutRun, Error> {
    let run = payout_runs::table
        .find(id)
        .select(PayoutRun::as_select())
        .first(tx.conn());
    run.optional()?.ok_or(Error::RunNotFound)
}

pub(crate) fn lock_run(tx: &mut Tx<'_>, id: PayoutRunId) -> Result<PayoutRun, Error> {
    let run = payout_runs::table
        .find(id)
        .for_update()
        .select(PayoutRun::as_select())
        .first(tx.conn())
        .optional()?;
    run.ok_or(Error::RunNotFound)
}

pub(crate) fn update_run(tx: &mut Tx<'_>, run: &PayoutRun) -> Result<(), Error> {
    diesel::update(run)
        .set(run)
        .execute(tx.conn())
        .on_constraint("payout_runs_approved_by_another", Error::ApproverPrepared)?;
    Ok(())
}

pub(crate) fn list_items(tx: &mut Tx<'_>, run: PayoutRunId) -> QueryResult<Vec<PayoutItem>> {
    payout_items::table
        .filter(payout_items::run_id.eq(run))
        .order(payout_items::id)
        .limit(LINES_AT_MOST)
        .select(PayoutItem::as_select())
        .load(tx.conn())
}

/// Notes the entries of many items at once: the rows are there, so each insert is an update.
pub(crate) fn update_item_entries(tx: &mut Tx<'_>, items: &[PayoutItem]) -> QueryResult<()> {
    for items in items.chunks(ROWS_AT_ONCE) {
        diesel::insert_into(payout_items::table)
            .values(items)
            .on_conflict(payout_items::id)
            .do_update()
            .set(payout_items::entry_id.eq(excluded(payout_items::entry_id)))
            .execute(tx.conn())?;
    }
    Ok(())
}

pub(crate) fn insert_file(tx: &mut Tx<'_>, file: &StoredFile) -> QueryResult<()> {
    diesel::insert_into(payout_files::table)
        .values(file)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn find_file(tx: &mut Tx<'_>, run: PayoutRunId) -> QueryResult<Option<StoredFile>> {
    payout_files::table
        .find((run, crate::export::FORMAT))
        .select(StoredFile::as_select())
        .first(tx.conn())
        .optional()
}
