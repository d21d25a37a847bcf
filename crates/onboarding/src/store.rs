//! What is written, and what is locked for it.

use chrono::{DateTime, Utc};
use db::{OnConstraint as _, Tx};
use diesel::prelude::*;
use kernel::{AgentId, AttemptId};

use crate::{
    agent::{Agent, AgentStatus},
    agreement::{Acceptance, Agreement},
    attempt::{Attempt, AttemptStatus, Sitting},
    conflict::{Conflict, ConflictStatus, NewConflict},
    customer::Customer,
    decision::NewDecision,
    email_code::SentCode,
    error::Error,
    queries,
    requirement::{Fulfilment, Requirement},
    schema::{
        acceptances, agents, agreements, attempts, conflicts, customers, decisions, email_codes,
        fulfilments, questions, skill_grants, skills,
    },
    skill::{Question, SKILL_LIMIT, Skill, SkillGrant},
};

pub(crate) fn insert_agent(tx: &mut Tx<'_>, agent: &Agent) -> Result<(), Error> {
    let inserted = diesel::insert_into(agents::table)
        .values(agent)
        .execute(tx.conn());
    match inserted {
        Err(error)
            if names(
                &error,
                &["agents_one_per_customer", "agents_one_per_account"],
            ) =>
        {
            Err(Error::AlreadyApplied)
        }
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Whether one of these constraints was violated.
fn names(error: &diesel::result::Error, constraints: &[&str]) -> bool {
    let diesel::result::Error::DatabaseError(_, info) = error else {
        return false;
    };
    info.constraint_name()
        .is_some_and(|name| constraints.contains(&name))
}

/// Finds the agent and locks the row, but not its key: rows that refer to it may be inserted.
pub(crate) fn lock_agent(tx: &mut Tx<'_>, id: AgentId) -> QueryResult<Option<Agent>> {
    agents::table
        .find(id)
        .for_no_key_update()
        .select(Agent::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn update_agent(tx: &mut Tx<'_>, agent: &Agent) -> QueryResult<()> {
    diesel::update(agent)
        .set(agent)
        .execute(tx.conn())
        .map(drop)
}

/// The active ones of these agents, who stay active until the transaction ends; locked in the order
/// of their ids, so that two matchers never wait for each other in a circle.
pub(crate) fn share_active(tx: &mut Tx<'_>, ids: &[AgentId]) -> QueryResult<Vec<AgentId>> {
    let active = agents::table
        .filter(agents::status.eq(AgentStatus::Active))
        .order(agents::id)
        .select(agents::id);
    db::among!(agents::id, ids, |asked| active
        .filter(asked)
        .for_share()
        .load(tx.conn()))
}

/// Notes that a requirement is fulfilled; the first time counts.
pub(crate) fn insert_fulfilment(
    tx: &mut Tx<'_>,
    agent_id: AgentId,
    requirement: Requirement,
) -> QueryResult<()> {
    let fulfilment = Fulfilment {
        agent_id,
        requirement,
        fulfilled_at: tx.now(),
    };
    diesel::insert_into(fulfilments::table)
        .values(fulfilment)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn list_fulfilled(tx: &mut Tx<'_>, id: AgentId) -> QueryResult<Vec<Requirement>> {
    fulfilments::table
        .filter(fulfilments::agent_id.eq(id))
        .select(fulfilments::requirement)
        .load(tx.conn())
}

pub(crate) fn find_code(tx: &mut Tx<'_>, id: AgentId) -> QueryResult<Option<SentCode>> {
    email_codes::table
        .find(id)
        .select(SentCode::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn upsert_code(tx: &mut Tx<'_>, code: &SentCode) -> QueryResult<()> {
    diesel::insert_into(email_codes::table)
        .values(code)
        .on_conflict(email_codes::agent_id)
        .do_update()
        .set(code)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn delete_code(tx: &mut Tx<'_>, id: AgentId) -> QueryResult<()> {
    diesel::delete(email_codes::table.find(id))
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn insert_agreement(tx: &mut Tx<'_>, agreement: &Agreement) -> Result<(), Error> {
    diesel::insert_into(agreements::table)
        .values(agreement)
        .execute(tx.conn())
        .on_constraint("agreements_pkey", Error::AgreementPublishedMeanwhile)?;
    Ok(())
}

pub(crate) fn find_current_agreement(tx: &mut Tx<'_>) -> QueryResult<Option<Agreement>> {
    queries::current_agreement(tx.conn())
}

/// Records an acceptance; accepting twice changes nothing.
pub(crate) fn insert_acceptance(tx: &mut Tx<'_>, acceptance: &Acceptance) -> QueryResult<()> {
    diesel::insert_into(acceptances::table)
        .values(acceptance)
        .on_conflict_do_nothing()
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn list_skill_codes(tx: &mut Tx<'_>) -> QueryResult<Vec<String>> {
    skills::table
        .select(skills::code)
        .limit(SKILL_LIMIT)
        .load(tx.conn())
}

pub(crate) fn upsert_skill(tx: &mut Tx<'_>, skill: &Skill) -> QueryResult<()> {
    diesel::insert_into(skills::table)
        .values(skill)
        .on_conflict(skills::code)
        .do_update()
        .set(skill)
        .execute(tx.conn())
        .map(drop)
}

/// Finds the skill and keeps it and its bank as they are until the transaction ends.
pub(crate) fn share_skill(tx: &mut Tx<'_>, code: &str) -> QueryResult<Option<Skill>> {
    skills::table
        .find(code)
        .for_share()
        .select(Skill::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn replace_questions(
    tx: &mut Tx<'_>,
    skill: &str,
    bank: &[Question],
) -> QueryResult<()> {
    diesel::delete(questions::table.filter(questions::skill.eq(skill))).execute(tx.conn())?;
    diesel::insert_into(questions::table)
        .values(bank)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn list_questions(tx: &mut Tx<'_>, skill: &str) -> QueryResult<Vec<Question>> {
    questions::table
        .filter(questions::skill.eq(skill))
        .order(questions::number)
        .select(Question::as_select())
        .load(tx.conn())
}

pub(crate) fn insert_sitting(tx: &mut Tx<'_>, sitting: &Sitting) -> QueryResult<()> {
    diesel::insert_into(attempts::table)
        .values(sitting)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn find_sitting(
    tx: &mut Tx<'_>,
    agent: AgentId,
    id: AttemptId,
) -> QueryResult<Option<Sitting>> {
    attempts::table
        .find(id)
        .filter(attempts::agent_id.eq(agent))
        .select(Sitting::as_select())
        .first(tx.conn())
        .optional()
}

pub(crate) fn find_open_sitting(
    tx: &mut Tx<'_>,
    agent: AgentId,
    skill: &str,
) -> QueryResult<Option<Sitting>> {
    attempts::table
        .filter(attempts::agent_id.eq(agent))
        .filter(attempts::skill.eq(skill))
        .filter(attempts::status.eq(AttemptStatus::Open))
        .select(Sitting::as_select())
        .first(tx.conn())
        .optional()
}

/// When the agent's latest attempts at a skill began, the latest first.
pub(crate) fn list_starts(
    tx: &mut Tx<'_>,
    agent: AgentId,
    skill: &str,
    count: usize,
) -> QueryResult<Vec<DateTime<Utc>>> {
    attempts::table
        .filter(attempts::agent_id.eq(agent))
        .filter(attempts::skill.eq(skill))
        .order(attempts::started_at.desc())
        .limit(i64::try_from(count).unwrap_or(i64::MAX))
        .select(attempts::started_at)
        .load(tx.conn())
}

/// Records how an attempt ended; nothing else of it ever changes.
pub(crate) fn update_attempt(tx: &mut Tx<'_>, attempt: &Attempt) -> QueryResult<()> {
    diesel::update(attempt)
        .set((
            attempts::status.eq(attempt.status),
            attempts::score.eq(attempt.score),
            attempts::ended_at.eq(attempt.ended_at),
        ))
        .execute(tx.conn())
        .map(drop)
}

/// Grants a skill, or renews it: the latest pass is what counts.
pub(crate) fn upsert_grant(tx: &mut Tx<'_>, grant: &SkillGrant) -> QueryResult<()> {
    diesel::insert_into(skill_grants::table)
        .values(grant)
        .on_conflict((skill_grants::agent_id, skill_grants::skill))
        .do_update()
        .set(grant)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn insert_decision(tx: &mut Tx<'_>, decision: &NewDecision<'_>) -> QueryResult<()> {
    diesel::insert_into(decisions::table)
        .values(decision)
        .execute(tx.conn())
        .map(drop)
}

pub(crate) fn count_conflicts(tx: &mut Tx<'_>, agent: AgentId) -> QueryResult<i64> {
    conflicts::table
        .filter(conflicts::agent_id.eq(agent))
        .filter(conflicts::status.eq(ConflictStatus::Declared))
        .count()
        .get_result(tx.conn())
}

pub(crate) fn insert_conflict(
    tx: &mut Tx<'_>,
    conflict: &NewConflict<'_>,
) -> Result<Conflict, Error> {
    diesel::insert_into(conflicts::table)
        .values(conflict)
        .returning(Conflict::as_returning())
        .get_result(tx.conn())
        .on_constraint("conflicts_declared_once", Error::ConflictDeclared)
}

/// Withdraws the agent's conflict, if they have declared it.
pub(crate) fn update_conflict_withdrawn(
    tx: &mut Tx<'_>,
    agent: AgentId,
    id: i64,
) -> QueryResult<bool> {
    let now = tx.now();
    diesel::update(conflicts::table.find(id))
        .filter(conflicts::agent_id.eq(agent))
        .filter(conflicts::status.eq(ConflictStatus::Declared))
        .set((
            conflicts::status.eq(ConflictStatus::Withdrawn),
            conflicts::withdrawn_at.eq(now),
        ))
        .execute(tx.conn())
        .map(|count| count > 0)
}

/// Keeps other imports out until the transaction ends; who only reads goes on.
pub(crate) fn lock_customers(tx: &mut Tx<'_>) -> QueryResult<()> {
    diesel::sql_query("LOCK TABLE onboarding.customers IN SHARE ROW EXCLUSIVE MODE")
        .execute(tx.conn())
        .map(drop)
}

/// Those of the customers' addresses that belong to customers other than these, with their owners.
pub(crate) fn list_other_owners<'c>(
    tx: &mut Tx<'_>,
    customers: impl Iterator<Item = &'c Customer>,
    limit: usize,
) -> QueryResult<Vec<(String, String)>> {
    let (emails, refs): (Vec<&str>, Vec<&str>) = customers
        .map(|c| (c.email.as_str(), c.customer_ref.as_str()))
        .unzip();
    customers::table
        .filter(customers::email.eq_any(emails))
        .filter(customers::customer_ref.ne_all(refs))
        .order(customers::customer_ref)
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .select((customers::email, customers::customer_ref))
        .load(tx.conn())
}

/// Removes those of these customers that are known, and says how many they were.
pub(crate) fn delete_customers(tx: &mut Tx<'_>, customers: &[Customer]) -> QueryResult<usize> {
    let refs = customers
        .iter()
        .map(|customer| customer.customer_ref.as_str());
    diesel::delete(customers::table.filter(customers::customer_ref.eq_any(refs))).execute(tx.conn())
}

/// Copies the customers in, which for many rows is the quickest way.
pub(crate) fn insert_customers(tx: &mut Tx<'_>, customers: &[Customer]) -> QueryResult<()> {
    diesel::copy_from(customers::table)
        .from_insertable(customers)
        .execute(tx.conn())
        .map(drop)
}
