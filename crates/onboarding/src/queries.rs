//! What others may read.

use chrono::{DateTime, Utc};
use diesel::prelude::*;
use kernel::{AccountId, AgentId, AttemptId, PAGE_LIMIT, Page, PageRequest};

use crate::{
    agent::{Agent, AgentStatus},
    agreement::{Acceptance, Agreement},
    attempt::{Attempt, AttemptStatus, Paper, Sitting},
    conflict::{CONFLICT_LIMIT, Conflict, ConflictStatus},
    customer::Customer,
    decision::Decision,
    qualification::{Qualification, Qualified},
    requirement::{ChecklistItem, Fulfilment, checklist_of},
    schema::{
        acceptances, agents, agreements, attempts, conflicts, customers, decisions, fulfilments,
        skill_grants, skills,
    },
    skill::{SKILL_LIMIT, Skill, SkillGrant},
    text::plain_email,
};

/// The agent with this id.
pub fn agent(conn: &mut PgConnection, id: AgentId) -> QueryResult<Option<Agent>> {
    agents::table
        .find(id)
        .select(Agent::as_select())
        .first(conn)
        .optional()
}

/// The agent who signs in with this account.
pub fn agent_by_account(conn: &mut PgConnection, id: AccountId) -> QueryResult<Option<Agent>> {
    agents::table
        .filter(agents::account_id.eq(id))
        .select(Agent::as_select())
        .first(conn)
        .optional()
}

/// Agents in the order in which they applied, all or those of one status.
pub fn agents(
    conn: &mut PgConnection,
    status: Option<AgentStatus>,
    page: &PageRequest<AgentId>,
) -> QueryResult<Page<Agent>> {
    let limit = page.limit.clamp(1, PAGE_LIMIT);
    let mut query = agents::table
        .order(agents::id)
        .limit(limit + 1)
        .select(Agent::as_select())
        .into_boxed();
    if let Some(status) = status {
        query = query.filter(agents::status.eq(status));
    }
    if let Some(after) = page.after {
        query = query.filter(agents::id.gt(after));
    }
    Ok(Page::cut(query.load(conn)?, limit, |agent| {
        agent.id.to_string()
    }))
}

/// All requirements in a fixed order, with when each was fulfilled.
pub fn checklist(conn: &mut PgConnection, id: AgentId) -> QueryResult<Vec<ChecklistItem>> {
    let fulfilled = fulfilments::table
        .filter(fulfilments::agent_id.eq(id))
        .select(Fulfilment::as_select())
        .load(conn)?;
    Ok(checklist_of(&fulfilled))
}

/// The agreement to accept, if one has been published.
pub fn current_agreement(conn: &mut PgConnection) -> QueryResult<Option<Agreement>> {
    agreements::table
        .order(agreements::version.desc())
        .select(Agreement::as_select())
        .first(conn)
        .optional()
}

/// The agreement that counts at an instant: the newest that is effective.
pub fn agreement_in_force(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
) -> QueryResult<Option<Agreement>> {
    agreements::table
        .filter(agreements::effective_at.le(now))
        .order(agreements::version.desc())
        .select(Agreement::as_select())
        .first(conn)
        .optional()
}

/// The conflicts of interest that the agent has declared, the latest first.
pub fn conflicts(conn: &mut PgConnection, id: AgentId) -> QueryResult<Vec<Conflict>> {
    conflicts::table
        .filter(conflicts::agent_id.eq(id))
        .filter(conflicts::status.eq(ConflictStatus::Declared))
        .order(conflicts::id.desc())
        .limit(CONFLICT_LIMIT)
        .select(Conflict::as_select())
        .load(conn)
}

/// The newest agreement that the agent accepted.
pub fn acceptance(conn: &mut PgConnection, id: AgentId) -> QueryResult<Option<Acceptance>> {
    acceptances::table
        .filter(acceptances::agent_id.eq(id))
        .order(acceptances::version.desc())
        .select(Acceptance::as_select())
        .first(conn)
        .optional()
}

/// All skills by code.
pub fn skills(conn: &mut PgConnection) -> QueryResult<Vec<Skill>> {
    skills::table
        .order(skills::code)
        .limit(SKILL_LIMIT)
        .select(Skill::as_select())
        .load(conn)
}

/// Those of the codes that are skills of this platform.
pub fn skills_among(conn: &mut PgConnection, codes: &[String]) -> QueryResult<Vec<String>> {
    if codes.is_empty() {
        return Ok(Vec::new());
    }
    skills::table
        .filter(skills::code.eq_any(codes))
        .select(skills::code)
        .load(conn)
}

/// The agent's skills by code, those that are no longer valid among them.
pub fn grants(conn: &mut PgConnection, id: AgentId) -> QueryResult<Vec<SkillGrant>> {
    skill_grants::table
        .filter(skill_grants::agent_id.eq(id))
        .order(skill_grants::skill)
        .limit(SKILL_LIMIT)
        .select(SkillGrant::as_select())
        .load(conn)
}

/// The agent's latest hundred attempts, the latest first.
pub fn attempts(conn: &mut PgConnection, id: AgentId) -> QueryResult<Vec<Attempt>> {
    attempts::table
        .filter(attempts::agent_id.eq(id))
        .order((attempts::started_at.desc(), attempts::id.desc()))
        .limit(PAGE_LIMIT)
        .select(Attempt::as_select())
        .load(conn)
}

/// The questions of an attempt of this agent that awaits its answers.
pub fn open_paper(
    conn: &mut PgConnection,
    agent: AgentId,
    id: AttemptId,
) -> QueryResult<Option<Paper>> {
    let found = attempts::table
        .inner_join(skills::table.on(skills::code.eq(attempts::skill)))
        .filter(attempts::id.eq(id))
        .filter(attempts::agent_id.eq(agent))
        .filter(attempts::status.eq(AttemptStatus::Open))
        .select((Sitting::as_select(), skills::name))
        .first::<(Sitting, String)>(conn)
        .optional()?;
    Ok(found.map(|(sitting, name)| sitting.into_paper(name)))
}

/// The latest hundred decisions about the agent, the latest first.
pub fn decisions(conn: &mut PgConnection, id: AgentId) -> QueryResult<Vec<Decision>> {
    decisions::table
        .filter(decisions::agent_id.eq(id))
        .order(decisions::id.desc())
        .limit(PAGE_LIMIT)
        .select(Decision::as_select())
        .load(conn)
}

/// The customer with this reference.
pub fn customer(conn: &mut PgConnection, customer_ref: &str) -> QueryResult<Option<Customer>> {
    customers::table
        .find(customer_ref)
        .select(Customer::as_select())
        .first(conn)
        .optional()
}

/// The customer with this address, in whatever case it is written.
pub fn customer_by_email(conn: &mut PgConnection, email: &str) -> QueryResult<Option<Customer>> {
    customers::table
        .filter(customers::email.eq(plain_email(email)))
        .select(Customer::as_select())
        .first(conn)
        .optional()
}

/// What those of these agents who are active are qualified for at an instant, by id.
pub fn qualifications(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<Qualification>> {
    // Who has accepted the next agreement early has done enough.
    let columns = (
        agents::id,
        agents::customer_ref,
        agents::household_ref,
        agents::tier,
        agents::languages,
        agents::language_levels,
        diesel::dsl::array(
            skill_grants::table
                .filter(skill_grants::agent_id.eq(agents::id))
                .filter(skill_grants::valid_until.gt(now))
                .order(skill_grants::skill)
                .select(skill_grants::skill),
        ),
        diesel::dsl::array(
            skill_grants::table
                .filter(skill_grants::agent_id.eq(agents::id))
                .filter(skill_grants::valid_until.gt(now))
                .order(skill_grants::skill)
                .select(skill_grants::proficiency),
        ),
        diesel::dsl::array(
            conflicts::table
                .filter(conflicts::agent_id.eq(agents::id))
                .filter(conflicts::status.eq(ConflictStatus::Declared))
                .order(conflicts::customer_ref)
                .select(conflicts::customer_ref),
        ),
        // Of each agent the newest by itself: whether there is one that is new enough PostgreSQL
        // would find out by reading the acceptances of all agents there are.
        acceptances::table
            .filter(acceptances::agent_id.eq(agents::id))
            .select(diesel::dsl::max(acceptances::version))
            .single_value()
            .ge(agreements::table
                .filter(agreements::effective_at.le(now))
                .select(diesel::dsl::max(agreements::version))
                .single_value()),
    );
    let active = agents::table
        .filter(agents::status.eq(AgentStatus::Active))
        .order(agents::id)
        .select(columns);
    let rows: Vec<Qualified> =
        db::among!(agents::id, agents, |asked| active.filter(asked).load(conn))?;
    Ok(rows.into_iter().map(Into::into).collect())
}
