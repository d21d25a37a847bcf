//! How long agents may work, as operations decide it: for all, and for one.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use db::{Topic, Tx};
use diesel::prelude::*;
use kernel::{AccountId, AgentId, Checks};

use crate::{Error, queries, schema::working_time_rules, store};

/// The most limits that one call calculates anew.
const REFRESH_LIMIT: i64 = 200;

/// The rules of working time that hold for an agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Queryable, Selectable)]
#[diesel(table_name = working_time_rules, check_for_backend(diesel::pg::Pg))]
pub struct Rules {
    /// The most minutes of a calendar day, 30 to 1,200.
    pub max_day_minutes: i32,
    /// The most minutes of a calendar week, 30 to 6,000.
    pub max_week_minutes: i32,
    /// After how many minutes of work a break is due, 30 to 1,200.
    pub break_after_minutes: i32,
    /// How long a break is at least, 5 to 240 minutes.
    pub break_minutes: i32,
    /// How long the rest is that every 24 hours from the beginning of work must hold, 240 to
    /// 1,380 minutes, and longer than a break.
    pub rest_minutes: i32,
}

impl Default for Rules {
    /// What the platform begins with: ten hours a day, forty a week, half an hour's break after
    /// six, eleven hours of rest.
    fn default() -> Self {
        Self {
            max_day_minutes: 600,
            max_week_minutes: 2_400,
            break_after_minutes: 360,
            break_minutes: 30,
            rest_minutes: 660,
        }
    }
}

/// Rules as they were decided.
#[derive(Clone, Copy, Debug, Queryable, Selectable)]
#[diesel(table_name = working_time_rules, check_for_backend(diesel::pg::Pg))]
pub struct DecidedRules {
    /// For whom; none for all who have no rules of their own.
    pub agent_id: Option<AgentId>,
    /// What was decided.
    #[diesel(embed)]
    pub rules: Rules,
    /// When.
    pub changed_at: DateTime<Utc>,
    /// By whom; none for what the platform began with.
    pub changed_by: Option<AccountId>,
}

impl Rules {
    fn check(&self) -> Result<(), Error> {
        let mut checks = Checks::new();
        checks
            .check(
                "max_day_minutes",
                (30..=1_200).contains(&self.max_day_minutes),
                "must be 30 to 1200 minutes",
            )
            .check(
                "max_week_minutes",
                (30..=6_000).contains(&self.max_week_minutes),
                "must be 30 to 6000 minutes",
            )
            .check(
                "break_after_minutes",
                (30..=1_200).contains(&self.break_after_minutes),
                "must be 30 to 1200 minutes",
            )
            .check(
                "break_minutes",
                (5..=240).contains(&self.break_minutes),
                "must be 5 to 240 minutes",
            )
            .check(
                "rest_minutes",
                (240..=1_380).contains(&self.rest_minutes),
                "must be 240 to 1380 minutes",
            )
            .check(
                "rest_minutes",
                self.rest_minutes > self.break_minutes,
                "must be longer than a break",
            );
        Ok(checks.done()?)
    }
}

/// Decides how long an agent may work, or all who have no rules of their own. Who is available
/// goes by it within moments.
pub fn save_rules(
    tx: &mut Tx<'_>,
    agent: Option<AgentId>,
    rules: &Rules,
    by: AccountId,
) -> Result<DecidedRules, Error> {
    rules.check()?;
    let decided = DecidedRules {
        agent_id: agent,
        rules: *rules,
        changed_at: tx.now(),
        changed_by: Some(by),
    };
    store::upsert_rules(tx, &decided)?;
    store::forget_limits(tx, agent)?;
    ring(tx, agent);
    Ok(decided)
}

/// Lets the agent go by the rules for all again.
pub fn drop_rules(tx: &mut Tx<'_>, agent: AgentId) -> Result<(), Error> {
    store::delete_rules(tx, agent)?;
    store::forget_limits(tx, Some(agent))?;
    ring(tx, Some(agent));
    Ok(())
}

/// Calculates anew until when agents may work whose rules have changed, up to 200 at a time, and
/// says how many they were.
pub fn refresh_limits(tx: &mut Tx<'_>) -> Result<usize, Error> {
    let now = tx.now();
    let mut stale = store::lock_unlimited(tx, REFRESH_LIMIT)?;
    let agents: Vec<AgentId> = stale.iter().map(|presence| presence.agent_id).collect();
    let left = queries::time_left(tx.conn(), &agents, now)?;
    for presence in &mut stale {
        if let Some(left) = left.get(&presence.agent_id) {
            presence.limit_to(left);
            store::update_presence(tx, presence)?;
            ring(tx, Some(presence.agent_id));
        }
    }
    Ok(stale.len())
}

/// The zone of this name; UTC for an unknown one, which no profile has.
pub(crate) fn zone(name: Option<&str>) -> Tz {
    name.and_then(|name| name.parse().ok()).unwrap_or(Tz::UTC)
}

fn ring(tx: &mut Tx<'_>, agent: Option<AgentId>) {
    if let Some(agent) = agent {
        tx.ring(Topic::Agent(agent));
    }
    tx.ring(Topic::Floor);
}
