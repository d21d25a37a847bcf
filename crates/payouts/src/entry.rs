//! The ledger: double entry, append-only. A positive amount is a debit, a negative one a credit.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use db::Tx;
use diesel::prelude::*;
use kernel::{AgentId, Currency, EntryId, LedgerAccountId, Money};

use crate::{error::Error, schema, store};

kernel::text_enum! {
    /// What an account of the ledger is for.
    pub AccountKind {
        /// What the platform owes one agent.
        AgentPayable = "agent_payable",
        /// What agents' work has cost.
        AgentCost = "agent_cost",
        /// What is on its way through the bank.
        BankClearing = "bank_clearing",
    }
}

/// An account of the ledger.
#[derive(Insertable)]
#[diesel(treat_none_as_default_value = false)]
#[diesel(table_name = schema::ledger_accounts)]
pub(crate) struct Account {
    pub id: LedgerAccountId,
    pub kind: AccountKind,
    pub agent_id: Option<AgentId>,
    pub currency: Currency,
    /// Carried for agents only: a platform's account would be one row for all to wait for.
    pub balance_minor: Option<i64>,
}

/// What is moved to or from one account.
pub(crate) struct Posting {
    pub account_id: LedgerAccountId,
    pub amount: Money,
}

/// One balanced record of one fact.
pub(crate) struct NewEntry {
    /// Names the fact; a fact is recorded once.
    pub fact: String,
    pub description: String,
    pub postings: Vec<Posting>,
}

/// An entry as it is stored.
pub(crate) struct EntryRow<'e> {
    pub id: EntryId,
    pub fact: &'e str,
    pub description: &'e str,
    pub posted_at: DateTime<Utc>,
}

/// A posting as it is stored.
pub(crate) struct PostingRow {
    pub entry_id: EntryId,
    pub number: i32,
    pub account_id: LedgerAccountId,
    pub amount_minor: i64,
    pub currency: Currency,
}

impl NewEntry {
    /// Moves an amount from one account to another.
    pub fn transfer(
        fact: String,
        description: String,
        amount: Money,
        (debit, credit): (LedgerAccountId, LedgerAccountId),
    ) -> Result<Self, Error> {
        let postings = vec![
            Posting {
                account_id: debit,
                amount,
            },
            Posting {
                account_id: credit,
                amount: amount.negated()?,
            },
        ];
        Ok(Self {
            fact,
            description,
            postings,
        })
    }

    /// Two postings at least, none of nothing, and the sum of each currency is zero.
    fn check(&self) -> Result<(), Error> {
        if self.postings.len() < 2 {
            return Err(Error::Ledger("an entry has at least two postings"));
        }
        let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
        for Posting { amount, .. } in &self.postings {
            if amount.minor == 0 {
                return Err(Error::Ledger("a posting moves an amount"));
            }
            *sums.entry(amount.currency).or_default() += i128::from(amount.minor);
        }
        if sums.values().any(|sum| *sum != 0) {
            return Err(Error::Ledger("an entry balances in every currency"));
        }
        Ok(())
    }

    fn rows(&self, entry_id: EntryId) -> impl Iterator<Item = PostingRow> {
        (1..)
            .zip(&self.postings)
            .map(move |(number, posting)| PostingRow {
                entry_id,
                number,
                account_id: posting.account_id,
                amount_minor: posting.amount.minor,
                currency: posting.amount.currency,
            })
    }
}

/// Records a fact.
pub(crate) fn post(tx: &mut Tx<'_>, entry: &NewEntry) -> Result<EntryId, Error> {
    let ids = post_all(tx, std::slice::from_ref(entry))?;
    ids.first()
        .copied()
        .ok_or(Error::Ledger("an entry was not posted"))
}

/// Records many facts, few statements for all of them. The ids are in the order of the entries.
pub(crate) fn post_all(tx: &mut Tx<'_>, entries: &[NewEntry]) -> Result<Vec<EntryId>, Error> {
    for entry in entries {
        entry.check()?;
    }
    let posted_at = tx.now();
    let ids: Vec<EntryId> = entries.iter().map(|_| EntryId::new()).collect();
    let numbered = || entries.iter().zip(ids.iter().copied());
    let rows: Vec<EntryRow<'_>> = numbered()
        .map(|(entry, id)| EntryRow {
            id,
            fact: &entry.fact,
            description: &entry.description,
            posted_at,
        })
        .collect();
    let postings: Vec<PostingRow> = numbered().flat_map(|(entry, id)| entry.rows(id)).collect();
    store::insert_entries(tx, &rows)?;
    store::insert_postings(tx, &postings)?;
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(amounts: &[(i64, &str)]) -> NewEntry {
        let posting = |&(minor, currency): &(i64, &str)| Posting {
            account_id: LedgerAccountId::new(),
            amount: Money::new(minor, currency.parse().unwrap()),
        };
        NewEntry {
            fact: "a fact".to_owned(),
            description: "a description".to_owned(),
            postings: amounts.iter().map(posting).collect(),
        }
    }

    #[test]
    fn an_entry_balances_in_every_currency() {
        assert!(entry(&[(5, "EUR"), (-5, "EUR")]).check().is_ok());
        assert!(
            entry(&[(5, "EUR"), (-5, "EUR"), (1, "USD"), (-1, "USD")])
                .check()
                .is_ok()
        );
        assert!(entry(&[(5, "EUR"), (-4, "EUR")]).check().is_err());
        assert!(entry(&[(5, "EUR"), (-5, "USD")]).check().is_err());
    }

    #[test]
    fn an_entry_moves_something_between_two_accounts() {
        assert!(entry(&[]).check().is_err());
        assert!(entry(&[(0, "EUR"), (0, "EUR")]).check().is_err());
        assert!(
            entry(&[(i64::MAX, "EUR"), (i64::MAX, "EUR"), (2, "EUR")])
                .check()
                .is_err()
        );
    }
}
