//! Applicants and agents, as they and operations see them.

use std::collections::HashMap;

use availability::CommittedShift;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::{AccountId, AgentId, Page, PageRequest};
use onboarding::{
    Acceptance, Agent, AgentStatus, Agreement, ChecklistItem, Decision, Skill, SkillGrant,
};
use payouts::Payee;

use crate::{names, schema::decisions};

/// An agent, and why the latest decision about them was made.
#[derive(Clone, Debug)]
pub struct AgentLine {
    /// The agent.
    pub agent: Agent,
    /// The reason; none before there was a decision.
    pub reason: Option<String>,
}

/// All that an applicant sees of the application.
#[derive(Clone, Debug)]
pub struct Application {
    /// Who applies.
    pub line: AgentLine,
    /// All requirements, with when each was fulfilled.
    pub checklist: Vec<ChecklistItem>,
    /// The agreement to accept, if there is one.
    pub agreement: Option<Agreement>,
    /// The newest that was accepted.
    pub acceptance: Option<Acceptance>,
    /// The skills that can be shown.
    pub skills: Vec<Skill>,
    /// Those that were.
    pub grants: Vec<SkillGrant>,
    /// Where the money goes.
    pub payee: Option<Payee>,
}

/// All that operations see of an agent.
#[derive(Clone, Debug)]
pub struct AgentDetail {
    /// The agent.
    pub line: AgentLine,
    /// All requirements, with when each was fulfilled.
    pub checklist: Vec<ChecklistItem>,
    /// The skills the agent has shown.
    pub grants: Vec<SkillGrant>,
    /// What was decided, the latest first.
    pub decisions: Vec<NamedDecision>,
    /// What the agent promised to work from now on.
    pub commitments: Vec<CommittedShift>,
}

/// A decision, and what the person who made it is called.
#[derive(Clone, Debug)]
pub struct NamedDecision {
    /// What was decided.
    pub decision: Decision,
    /// By whom.
    pub decided_by_name: String,
}

/// One agent.
pub fn agent_line(conn: &mut PgConnection, id: AgentId) -> QueryResult<Option<AgentLine>> {
    let Some(agent) = onboarding::agent(conn, id)? else {
        return Ok(None);
    };
    let reason = reasons(conn, &[id])?.remove(&id);
    Ok(Some(AgentLine { agent, reason }))
}

/// Agents in the order in which they applied, all or those of one status.
pub fn agent_lines(
    conn: &mut PgConnection,
    status: Option<AgentStatus>,
    page: &PageRequest<AgentId>,
) -> QueryResult<Page<AgentLine>> {
    let agents = onboarding::agents(conn, status, page)?;
    let ids: Vec<AgentId> = agents.items.iter().map(|agent| agent.id).collect();
    let mut reasons = reasons(conn, &ids)?;
    Ok(agents.map(|agent| {
        let reason = reasons.remove(&agent.id);
        AgentLine { agent, reason }
    }))
}

/// Why the latest decision about each of these agents was made.
fn reasons(conn: &mut PgConnection, ids: &[AgentId]) -> QueryResult<HashMap<AgentId, String>> {
    let latest: Vec<(AgentId, String)> = decisions::table
        .filter(decisions::agent_id.eq_any(ids))
        .distinct_on(decisions::agent_id)
        .order((decisions::agent_id, decisions::id.desc()))
        .select((decisions::agent_id, decisions::reason))
        .load(conn)?;
    Ok(latest.into_iter().collect())
}

/// All that an applicant sees of the application.
pub fn application(conn: &mut PgConnection, id: AgentId) -> QueryResult<Option<Application>> {
    let Some(line) = agent_line(conn, id)? else {
        return Ok(None);
    };
    Ok(Some(Application {
        line,
        checklist: onboarding::checklist(conn, id)?,
        agreement: onboarding::current_agreement(conn)?,
        acceptance: onboarding::acceptance(conn, id)?,
        skills: onboarding::skills(conn)?,
        grants: onboarding::grants(conn, id)?,
        payee: payouts::payee(conn, id)?,
    }))
}

/// All that operations see of an agent.
pub fn agent_detail(
    conn: &mut PgConnection,
    id: AgentId,
    now: DateTime<Utc>,
) -> QueryResult<Option<AgentDetail>> {
    let Some(line) = agent_line(conn, id)? else {
        return Ok(None);
    };
    Ok(Some(AgentDetail {
        line,
        checklist: onboarding::checklist(conn, id)?,
        grants: onboarding::grants(conn, id)?,
        decisions: named_decisions(conn, id)?,
        commitments: availability::commitments(conn, id, now)?,
    }))
}

fn named_decisions(conn: &mut PgConnection, id: AgentId) -> QueryResult<Vec<NamedDecision>> {
    let decisions = onboarding::decisions(conn, id)?;
    let people: Vec<AccountId> = decisions.iter().map(|one| one.decided_by).collect();
    let names = names(conn, &people)?;
    let with_name = |decision: Decision| NamedDecision {
        decided_by_name: names.get(&decision.decided_by).cloned().unwrap_or_default(),
        decision,
    };
    Ok(decisions.into_iter().map(with_name).collect())
}
