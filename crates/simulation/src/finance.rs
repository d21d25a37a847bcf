//! What finance does at the end of a period: prepare, have approved, export, settle, compare.

use std::collections::HashSet;

use anyhow::{Context as _, bail};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::IgnoredAny};
use serde_json::json;
use tokio::time::{Duration, sleep};

use crate::{
    caller::{Caller, Credentials},
    client::Api,
    marketplace::{Marketplace, whole},
};

/// The currency in which the simulated company pays.
const CURRENCY: &str = "EUR";
/// The platform's time reaches us in whole seconds, and may be half a second old.
const CLOCK_STEP: Duration = Duration::from_secs(2);

/// What the agents earned by the conversations of a replay.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Earnings {
    /// Earning lines.
    pub lines: usize,
    /// Tickets with more than one line.
    pub doubled: usize,
    /// Their sum, in minor units.
    pub total_minor: i64,
}

/// The payout run, and the ledger beside it. All amounts are in minor units.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize)]
pub struct Payout {
    /// The run.
    pub run_id: String,
    /// How many agents it pays.
    pub items: u64,
    /// How many earning lines it pays.
    pub lines: u64,
    /// How many agents it cannot pay yet.
    pub held: usize,
    /// What the run says it pays.
    pub run_total_minor: i64,
    /// By how much settling it lowered what the ledger says we owe.
    pub ledger_total_minor: i64,
    /// By how much settling it changed the ledger's account for the bank.
    pub bank_total_minor: i64,
    /// Whether the three are the same.
    pub equal: bool,
    /// Whether exporting it twice gave the same bytes.
    pub exports_identical: bool,
    /// How long the file is.
    pub export_bytes: usize,
}

/// What the platform says of its own promises.
#[derive(Clone, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
pub struct Verification {
    /// How many were checked.
    pub promises: u64,
    /// Those that do not hold.
    pub broken: Vec<BrokenPromise>,
}

/// A promise that does not hold.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct BrokenPromise {
    /// Which.
    pub promise: String,
    /// How many rows break it.
    pub rows: u64,
}

#[derive(Deserialize)]
struct Amount {
    minor: i64,
}

/// Adds up what these agents earned by these tickets.
pub(crate) async fn earnings(
    api: &Api,
    agents: &[Credentials],
    tickets: &HashSet<String>,
) -> anyhow::Result<Earnings> {
    #[derive(Deserialize)]
    struct Line {
        ticket_id: String,
        amount: Amount,
    }
    let mut earnings = Earnings::default();
    let mut paid = HashSet::new();
    for agent in agents {
        let agent = Caller::person(api, agent);
        let lines: Vec<Line> = whole(&agent, "/earnings").await?;
        for line in lines
            .into_iter()
            .filter(|line| tickets.contains(&line.ticket_id))
        {
            earnings.lines += 1;
            earnings.total_minor += line.amount.minor;
            if !paid.insert(line.ticket_id) {
                earnings.doubled += 1;
            }
        }
    }
    Ok(earnings)
}

/// What the ledger says that we owe, and that the bank has still to move.
async fn balances(finance: &Caller) -> anyhow::Result<(i64, i64)> {
    #[derive(Deserialize)]
    struct Ledger {
        accounts: Vec<Account>,
    }
    #[derive(Deserialize)]
    struct Account {
        kind: String,
        currency: String,
        balance_minor: i64,
    }
    let ledger: Ledger = finance.get("/finance/ledger").await?;
    let sum = |kind: &str| {
        let accounts = ledger.accounts.iter();
        let accounts = accounts.filter(|a| a.kind == kind && a.currency == CURRENCY);
        accounts.map(|account| account.balance_minor).sum()
    };
    Ok((sum("agent_payable"), sum("bank_clearing")))
}

/// Pays out everything that was earned until now.
pub(crate) async fn pay_out(api: &Api, marketplace: &Marketplace) -> anyhow::Result<Payout> {
    #[derive(Deserialize)]
    struct Prepared {
        run: Run,
        held: Vec<IgnoredAny>,
    }
    #[derive(Deserialize)]
    struct Run {
        id: String,
        item_count: u64,
        line_count: u64,
        total: Amount,
    }
    let preparer = Caller::person(api, &marketplace.finance_preparer);
    let approver = Caller::person(api, &marketplace.finance_approver);
    let before = balances(&preparer).await?;
    let body = json!({
        "period_start": first_rates(&preparer).await?,
        "period_end": end_of_now(api).await?,
        "currency": CURRENCY,
    });
    let Prepared { run, held } = preparer.post("/finance/payout-runs", &body).await?;
    let path = format!("/finance/payout-runs/{}", run.id);
    approver
        .step::<IgnoredAny>(&format!("{path}/approve"))
        .await?;
    let file = preparer.download(&format!("{path}/export")).await?;
    let again = approver.download(&format!("{path}/export")).await?;
    approver
        .step::<IgnoredAny>(&format!("{path}/settle"))
        .await?;
    let after = balances(&preparer).await?;
    let run_total_minor = run.total.minor;
    let ledger_total_minor = (before.0 - after.0).abs();
    let bank_total_minor = (before.1 - after.1).abs();
    Ok(Payout {
        run_id: run.id,
        items: run.item_count,
        lines: run.line_count,
        held: held.len(),
        run_total_minor,
        ledger_total_minor,
        bank_total_minor,
        equal: run_total_minor == ledger_total_minor && run_total_minor == bank_total_minor,
        exports_identical: !file.is_empty() && file == again,
        export_bytes: file.len(),
    })
}

/// Nothing can have been earned before the first rates.
async fn first_rates(preparer: &Caller) -> anyhow::Result<DateTime<Utc>> {
    #[derive(Deserialize)]
    struct Card {
        valid_from: DateTime<Utc>,
    }
    let cards: Vec<Card> = whole(preparer, "/finance/rate-cards").await?;
    cards
        .iter()
        .map(|card| card.valid_from)
        .min()
        .context("there are no rates")
}

/// An instant of the platform's time after everything that has happened so far.
async fn end_of_now(api: &Api) -> anyhow::Result<DateTime<Utc>> {
    sleep(CLOCK_STEP).await;
    Ok(api.now().await?)
}

/// Asks the platform whether its promises hold.
pub(crate) async fn verify(api: &Api, marketplace: &Marketplace) -> anyhow::Result<Verification> {
    let admin = Caller::person(api, &marketplace.admin);
    let verification: Verification = admin.get("/admin/verify").await?;
    if verification.promises == 0 {
        bail!("the platform checked none of its promises");
    }
    Ok(verification)
}
