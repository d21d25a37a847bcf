//! Payout runs: what is paid, frozen; approved by a second person; settled.

use std::collections::BTreeMap;

use chrono::{DateTime, SubsecRound as _, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{
    AccountId, AgentId, Checks, Currency, EntryId, LineId, Money, MoneyError, PayoutItemId,
    PayoutRunId,
};

use crate::{
    entry::{self, AccountKind, NewEntry},
    error::Error,
    schema, store,
};

kernel::text_enum! {
    /// How far a payout run is.
    pub RunStatus {
        /// Its figures are fixed; it waits for approval.
        Closed = "closed",
        /// A second person approved it.
        Approved = "approved",
        /// Its file for the bank was made.
        Exported = "exported",
        /// The bank paid it.
        Settled = "settled",
        /// It was given up; its lines can be paid by another run.
        Void = "void",
    }
}

kernel::text_enum! {
    /// Why an agent who is owed something is not in a run.
    pub HeldReason {
        /// The agent has not said where the money goes.
        NoPayee = "no_payee",
    }
}

/// A frozen snapshot of what is paid for a period.
#[derive(AsChangeset, Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = schema::payout_runs, check_for_backend(diesel::pg::Pg), treat_none_as_null = true)]
pub struct PayoutRun {
    /// Its id.
    pub id: PayoutRunId,
    /// Where the period it is for begins.
    pub period_start: DateTime<Utc>,
    /// It pays what was earned before this instant.
    pub period_end: DateTime<Utc>,
    /// The currency of all its amounts.
    pub currency: Currency,
    /// How far it is.
    pub status: RunStatus,
    /// To how many agents it pays.
    pub item_count: i32,
    /// How many earning lines it pays.
    pub line_count: i32,
    /// What it pays in all, in minor units.
    pub total_minor: i64,
    /// Who prepared it.
    pub created_by: AccountId,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Who approved it: never who prepared it.
    pub approved_by: Option<AccountId>,
    /// When.
    pub approved_at: Option<DateTime<Utc>>,
    /// When its file was made.
    pub exported_at: Option<DateTime<Utc>>,
    /// When it was booked as paid.
    pub settled_at: Option<DateTime<Utc>>,
    /// Who gave it up.
    pub voided_by: Option<AccountId>,
    /// Why.
    pub void_reason: Option<String>,
}

/// What a run pays to one agent, and where to as of its preparation.
#[derive(Clone, Debug, Identifiable, Insertable, Queryable, Selectable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = schema::payout_items, check_for_backend(diesel::pg::Pg))]
pub struct PayoutItem {
    /// Its id.
    pub id: PayoutItemId,
    /// The run it is part of.
    pub run_id: PayoutRunId,
    /// Whom it pays.
    pub agent_id: AgentId,
    /// What it pays, in minor units of the run's currency.
    pub amount_minor: i64,
    /// How many earning lines it pays.
    pub line_count: i32,
    /// Who holds the account.
    pub payee_name: String,
    /// The street.
    pub street: String,
    /// The number in it.
    pub building: Option<String>,
    /// The postcode.
    pub postcode: String,
    /// The town.
    pub city: String,
    /// The country as two capital letters.
    pub country: String,
    pub(crate) iban_ciphertext: Vec<u8>,
    /// What may be shown of the account number.
    pub iban_masked: String,
    /// The journal entry that settled it.
    pub entry_id: Option<EntryId>,
}

/// An agent who is owed something and cannot be paid yet.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Held {
    /// Who.
    pub agent_id: AgentId,
    /// How much is due.
    pub amount: Money,
    /// Why it is not paid.
    pub reason: HeldReason,
}

/// A new payout run, and whom it leaves out.
#[derive(Clone, Debug)]
#[must_use]
pub struct Prepared {
    /// The run.
    pub run: PayoutRun,
    /// Agents who are owed something and are not in it.
    pub held: Vec<Held>,
}

/// An earning line that is due.
#[derive(Queryable)]
pub(crate) struct DueLine {
    pub id: LineId,
    pub agent_id: AgentId,
    pub amount_minor: i64,
}

/// A payee with the sealed account number, as an item takes it over.
#[derive(Queryable, Selectable)]
#[diesel(table_name = schema::payees, check_for_backend(diesel::pg::Pg))]
pub(crate) struct PayeeSnapshot {
    pub agent_id: AgentId,
    name: String,
    street: String,
    building: Option<String>,
    postcode: String,
    city: String,
    country: String,
    iban_ciphertext: Vec<u8>,
    iban_masked: String,
}

impl PayoutRun {
    /// What it pays in all.
    pub fn total(&self) -> Money {
        Money::new(self.total_minor, self.currency)
    }

    fn approve(&mut self, by: AccountId, now: DateTime<Utc>) -> Result<(), Error> {
        self.needs(&[RunStatus::Closed], "closed", "approved")?;
        if by == self.created_by {
            return Err(Error::ApproverPrepared);
        }
        self.status = RunStatus::Approved;
        self.approved_by = Some(by);
        self.approved_at = Some(now);
        Ok(())
    }

    /// Once the file is out the bank may pay it, so an exported run cannot be given up.
    fn void(&mut self, by: AccountId, reason: &str) -> Result<(), Error> {
        let early = [RunStatus::Closed, RunStatus::Approved];
        self.needs(&early, "closed or approved", "given up")?;
        self.status = RunStatus::Void;
        self.voided_by = Some(by);
        self.void_reason = Some(reason.to_owned());
        Ok(())
    }

    pub(crate) fn export(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.needs(&[RunStatus::Approved], "approved", "exported")?;
        self.status = RunStatus::Exported;
        self.exported_at = Some(now);
        Ok(())
    }

    fn settle(&mut self, now: DateTime<Utc>) -> Result<(), Error> {
        self.needs(&[RunStatus::Exported], "exported", "settled")?;
        self.status = RunStatus::Settled;
        self.settled_at = Some(now);
        Ok(())
    }

    fn needs(
        &self,
        statuses: &[RunStatus],
        needed: &'static str,
        action: &'static str,
    ) -> Result<(), Error> {
        if statuses.contains(&self.status) {
            return Ok(());
        }
        Err(Error::WrongState {
            status: self.status,
            needed,
            action,
        })
    }
}

impl PayoutItem {
    fn of(run_id: PayoutRunId, payee: &PayeeSnapshot, lines: &[DueLine]) -> Result<Self, Error> {
        Ok(Self {
            id: PayoutItemId::new(),
            run_id,
            agent_id: payee.agent_id,
            amount_minor: sum(lines.iter().map(|line| line.amount_minor))?,
            line_count: count(lines)?,
            payee_name: payee.name.clone(),
            street: payee.street.clone(),
            building: payee.building.clone(),
            postcode: payee.postcode.clone(),
            city: payee.city.clone(),
            country: payee.country.clone(),
            iban_ciphertext: payee.iban_ciphertext.clone(),
            iban_masked: payee.iban_masked.clone(),
            entry_id: None,
        })
    }
}

/// Prepares a run: everything earned before the period's end that no run pays yet, earlier periods
/// included, of every agent who has a payee. Lines of nothing are left alone. A run takes
/// [`store::LINES_AT_MOST`] lines; what is beyond them waits for the next one.
///
/// The agents' accounts are locked, so of two preparers at once the second waits, sees what the
/// first took, and has [`Error::NothingToPay`].
pub fn prepare_run(
    tx: &mut Tx<'_>,
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
    currency: Currency,
    by: AccountId,
) -> Result<Prepared, Error> {
    let mut checks = Checks::new();
    checks
        .check(
            "period_end",
            period_end > period_start,
            "must be after the period's start",
        )
        .check(
            "period_start",
            period_start >= DateTime::UNIX_EPOCH,
            "must be after 1970",
        )
        .check(
            "period_end",
            period_end <= tx.now(),
            "must not be in the future",
        );
    checks.done()?;
    let (period_start, period_end) = (period_start.trunc_subsecs(6), period_end.trunc_subsecs(6));

    store::lock_payable_accounts(tx, currency)?;
    let due = store::list_due_lines(tx, currency, period_end)?;
    let id = PayoutRunId::new();
    let (items, paid) = gather(id, &due, store::list_payees(tx, &due)?)?;
    if items.is_empty() {
        return Err(Error::NothingToPay);
    }
    let run = PayoutRun {
        id,
        period_start,
        period_end,
        currency,
        status: RunStatus::Closed,
        item_count: count(&items)?,
        line_count: count(&paid)?,
        total_minor: sum(items.iter().map(|item| item.amount_minor))?,
        created_by: by,
        created_at: tx.now(),
        approved_by: None,
        approved_at: None,
        exported_at: None,
        settled_at: None,
        voided_by: None,
        void_reason: None,
    };
    store::insert_run(tx, &run)?;
    store::insert_items(tx, &items)?;
    store::insert_item_lines(tx, &paid)?;
    let held = store::list_held(tx, currency, period_end)?;
    Ok(Prepared { run, held })
}

/// Which item pays which line.
type PaidLines = Vec<(LineId, PayoutItemId)>;

/// One item for each agent; `due` is sorted by agent.
fn gather(
    run: PayoutRunId,
    due: &[DueLine],
    payees: Vec<PayeeSnapshot>,
) -> Result<(Vec<PayoutItem>, PaidLines), Error> {
    let payees: BTreeMap<AgentId, PayeeSnapshot> = payees
        .into_iter()
        .map(|payee| (payee.agent_id, payee))
        .collect();
    let (mut items, mut paid) = (
        Vec::with_capacity(payees.len()),
        Vec::with_capacity(due.len()),
    );
    for lines in due.chunk_by(|a, b| a.agent_id == b.agent_id) {
        let Some(payee) = lines.first().and_then(|line| payees.get(&line.agent_id)) else {
            continue;
        };
        let item = PayoutItem::of(run, payee, lines)?;
        paid.extend(lines.iter().map(|line| (line.id, item.id)));
        items.push(item);
    }
    Ok((items, paid))
}

/// Approves a run that somebody else prepared.
pub fn approve_run(tx: &mut Tx<'_>, id: PayoutRunId, by: AccountId) -> Result<PayoutRun, Error> {
    let mut run = store::lock_run(tx, id)?;
    run.approve(by, tx.now())?;
    store::update_run(tx, &run)?;
    Ok(run)
}

/// Gives up a run before its file is made; its lines can then be paid by another run.
pub fn void_run(
    tx: &mut Tx<'_>,
    id: PayoutRunId,
    by: AccountId,
    reason: &str,
) -> Result<PayoutRun, Error> {
    let mut checks = Checks::new();
    checks.text("reason", reason, 1, 500);
    checks.done()?;
    let mut run = store::lock_run(tx, id)?;
    run.void(by, reason.trim())?;
    store::update_run(tx, &run)?;
    store::delete_item_lines(tx, id)?;
    Ok(run)
}

/// Books a run as paid: for each item, what the agent was owed is now on its way through the bank.
pub fn settle_run(tx: &mut Tx<'_>, id: PayoutRunId) -> Result<PayoutRun, Error> {
    // Accounts are locked before the run; what is in a run does not change meanwhile.
    let mut items = store::list_items(tx, id)?;
    let currency = store::find_run(tx, id)?.currency;
    let agents: Vec<AgentId> = items.iter().map(|item| item.agent_id).collect();
    let accounts: BTreeMap<_, _> = store::lock_accounts_of(tx, &agents, currency)?
        .into_iter()
        .collect();
    let mut run = store::lock_run(tx, id)?;
    run.settle(tx.now())?;

    let bank = store::ledger_account(tx, AccountKind::BankClearing, None, currency)?;
    let mut entries = Vec::with_capacity(items.len());
    for item in &items {
        let payable = accounts
            .get(&item.agent_id)
            .copied()
            .ok_or(Error::Ledger("an agent who is paid has an account"))?;
        entries.push(NewEntry::transfer(
            format!("payout_item:{}", item.id),
            format!("Paid by payout run {id}"),
            Money::new(item.amount_minor, currency),
            (payable, bank),
        )?);
    }
    let ids = entry::post_all(tx, &entries)?;
    for (item, entry) in items.iter_mut().zip(ids) {
        item.entry_id = Some(entry);
    }
    store::update_item_entries(tx, &items)?;
    store::update_run(tx, &run)?;
    Ok(run)
}

fn sum(mut amounts: impl Iterator<Item = i64>) -> Result<i64, Error> {
    Ok(amounts
        .try_fold(0_i64, i64::checked_add)
        .ok_or(MoneyError::Overflow)?)
}

fn count<T>(things: &[T]) -> Result<i32, Error> {
    Ok(i32::try_from(things.len()).map_err(|_| MoneyError::Overflow)?)
}
