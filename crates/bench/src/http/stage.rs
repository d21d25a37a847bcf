//! What all measurements share.

use std::{sync::Arc, time::Duration};

use anyhow::{Result, bail};

use super::{
    people::People,
    platform::Platform,
    report::{Figure, Report},
    sql,
    usage::Usage,
};

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Whether this is the short form.
    pub is_quick: bool,
    /// How many clients call at the same time, in turn; as many run the ceilings.
    pub clients: &'static [u64],
    /// Rounds of each pair of rates.
    pub rounds: u64,
    /// The length of one of a round's measurements.
    pub round: Duration,
    /// How many closed tickets the list is measured with at the end.
    pub many_tickets: u64,
    /// How many tickets the matcher is given at once.
    pub backlog: u64,
    /// How long tickets arrive.
    pub arrivals: Duration,
    /// How many agents are present, in turn.
    pub growth: &'static [u32],
}

impl Plan {
    /// Under a minute.
    pub const QUICK: Self = Self {
        is_quick: true,
        clients: &[32],
        rounds: 1,
        round: Duration::from_secs(1),
        many_tickets: 30_000,
        backlog: 2_000,
        arrivals: Duration::from_secs(2),
        growth: &[100, 1_000],
    };
    /// Under ten minutes.
    pub const FULL: Self = Self {
        is_quick: false,
        clients: &[8, 32],
        rounds: 3,
        round: Duration::from_secs(5),
        many_tickets: 1_000_000,
        backlog: 20_000,
        arrivals: Duration::from_secs(30),
        growth: &[100, 1_000, 10_000, 100_000],
    };
}

/// The platform, who calls it, and what was found so far.
pub struct Stage {
    /// How long and how often.
    pub plan: Plan,
    /// What is measured.
    pub platform: Platform,
    /// Who calls.
    pub people: Arc<People>,
    /// What was found.
    pub report: Report,
}

impl Stage {
    /// The database.
    pub fn url(&self) -> &str {
        self.platform.url()
    }

    /// Ends the nodes that run and starts a new one.
    pub async fn serve(&mut self, arguments: &[&str]) -> Result<u16> {
        self.platform.kill_nodes();
        self.platform.add_node(arguments).await
    }

    /// What so many clients do of this in a second.
    pub fn rate_of(what: &str, clients: u64) -> Figure {
        Figure::new(format!("{what}, {clients} clients"), "a second")
    }

    /// What so many clients of pgbench do by this statement in a round, and what PostgreSQL spends on
    /// it.
    pub fn bench_statement(
        &self,
        figure: &mut Figure,
        statement: &str,
        clients: u64,
    ) -> Result<()> {
        let seconds = self.plan.round.as_secs();
        let before = Usage::of(&self.platform)?;
        let rate = sql::pgbench(self.url(), statement, clients, seconds)?;
        // Its sessions end at this moment, and are counted once that is over.
        std::thread::sleep(Duration::from_millis(200));
        let spent = Usage::of(&self.platform)? - before;
        figure.rounds.push(rate);
        figure.postgres_micros = Some(spent.micros_each(rate * seconds).1);
        Ok(())
    }

    /// Takes all tickets away.
    pub fn clear(&self) -> Result<()> {
        sql::run(self.url(), "SELECT bench.reset()").map(drop)
    }

    /// What was answered must be in the tables: a figure without it is void.
    pub fn expect(&self, query: &str, count: u64) -> Result<()> {
        let found = sql::number(self.url(), query)?;
        if found == count {
            return Ok(());
        }
        bail!("{count} were answered, but {found} are in the tables: {query}")
    }
}
