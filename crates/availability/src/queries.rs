//! What others may read about shifts, commitments and presence.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use diesel::{dsl::count_star, prelude::*};
use kernel::{AgentId, Page, PageRequest, ShiftId};
use serde::Serialize;

use crate::{
    admission::{EARLY, QueueAdmission, RunningShift},
    commitment::{Commitment, CommitmentStatus},
    presence::{Presence, PresenceStatus},
    rules::{self, DecidedRules, Rules},
    schema::{admissions, commitments, presences, shifts, work_spans, working_time_rules},
    shift::{Shift, ShiftStatus},
    working_time::{HISTORY, Span, TimeLeft},
};

/// The most agents that the matcher looks at.
const PRESENT_LIMIT: i64 = 100_000;
/// The most agents on the floor view.
const FLOOR_LIMIT: i64 = 1_000;
/// The most queues about which something was decided that are shown.
const ADMISSIONS_LIMIT: i64 = 1_000;
/// The most commitments of one agent that are shown.
const COMMITMENTS_LIMIT: i64 = 100;

/// A shift and how many of its seats are taken.
#[derive(Clone, Debug, Serialize)]
pub struct ShiftWithSeats {
    /// The shift.
    #[serde(flatten)]
    pub shift: Shift,
    /// How many agents have committed to it.
    pub taken: i64,
}

/// An agent's commitment and its shift.
#[derive(Clone, Debug, Queryable, Selectable, Serialize)]
#[diesel(check_for_backend(diesel::pg::Pg))]
pub struct CommittedShift {
    /// The promise.
    #[diesel(embed)]
    pub commitment: Commitment,
    /// What was promised.
    #[diesel(embed)]
    pub shift: Shift,
}

/// Whether an agent can be given work: available, connected, and within their working time. The
/// end of work is not known for moments after a rule changed, and stops nobody then.
#[diesel::dsl::auto_type]
pub(crate) fn is_ready(now: DateTime<Utc>) -> _ {
    let available: PresenceStatus = PresenceStatus::Available;
    presences::status
        .eq(available)
        .and(presences::connected_until.gt(now))
        .and(
            presences::works_until
                .is_null()
                .or(presences::works_until.gt(now)),
        )
}

/// The agents who can be given work, in the order of their ids: available, connected, and within
/// their working time.
pub fn present_agents(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(is_ready(now))
        .order(presences::agent_id)
        .limit(PRESENT_LIMIT)
        .select(presences::agent_id)
        .load(conn)
}

/// Those of the agents who are among the [`present_agents`], in the order of their ids.
pub fn present_of(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(presences::agent_id.eq_any(agents))
        .filter(is_ready(now))
        .order(presences::agent_id)
        .select(presences::agent_id)
        .load(conn)
}

/// The agent's presence; none for an agent who never was there.
pub fn presence(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Option<Presence>> {
    presences::table
        .find(agent)
        .select(Presence::as_select())
        .first(conn)
        .optional()
}

/// Up to 1,000 presences that are not offline, in the order of their agents. One whose lease has
/// just run out may be among them: see [`Presence::is_live`].
pub fn presences(conn: &mut PgConnection) -> QueryResult<Vec<Presence>> {
    presences::table
        .filter(presences::status.ne(PresenceStatus::Offline))
        .order(presences::agent_id)
        .limit(FLOOR_LIMIT)
        .select(Presence::as_select())
        .load(conn)
}

/// The shift.
pub fn shift(conn: &mut PgConnection, id: ShiftId) -> QueryResult<Option<Shift>> {
    shifts::table
        .find(id)
        .select(Shift::as_select())
        .first(conn)
        .optional()
}

/// The shifts that are to start, the next one first. There is nothing after an unknown shift.
pub fn upcoming_shifts(
    conn: &mut PgConnection,
    now: DateTime<Utc>,
    page: &PageRequest<ShiftId>,
) -> QueryResult<Page<ShiftWithSeats>> {
    let mut query = shifts::table
        .filter(shifts::status.eq(ShiftStatus::Published))
        .filter(shifts::starts_at.gt(now))
        .order((shifts::starts_at, shifts::id))
        .limit(page.limit + 1)
        .select(Shift::as_select())
        .into_boxed();
    if let Some(after) = page.after {
        let Some(last) = shift(conn, after)? else {
            return Ok(Page {
                items: Vec::new(),
                next: None,
            });
        };
        // The first condition says nothing new, but it is one that the index can use.
        query = query.filter(shifts::starts_at.ge(last.starts_at)).filter(
            shifts::starts_at
                .gt(last.starts_at)
                .or(shifts::id.gt(last.id)),
        );
    }
    let shifts = Page::cut(query.load(conn)?, page.limit, |shift: &Shift| {
        shift.id.to_string()
    });
    let ids: Vec<ShiftId> = shifts.items.iter().map(|shift| shift.id).collect();
    let taken = taken_seats(conn, &ids)?;
    Ok(shifts.map(|shift| {
        let taken = taken.get(&shift.id).copied().unwrap_or(0);
        ShiftWithSeats { shift, taken }
    }))
}

fn taken_seats(conn: &mut PgConnection, ids: &[ShiftId]) -> QueryResult<HashMap<ShiftId, i64>> {
    let taken: Vec<(ShiftId, i64)> = commitments::table
        .filter(commitments::shift_id.eq_any(ids))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .group_by(commitments::shift_id)
        .select((commitments::shift_id, count_star()))
        .load(conn)?;
    Ok(taken.into_iter().collect())
}

/// What the agent has promised and has not yet worked, running shifts included, the next one
/// first; up to 100.
pub fn commitments(
    conn: &mut PgConnection,
    agent: AgentId,
    now: DateTime<Utc>,
) -> QueryResult<Vec<CommittedShift>> {
    commitments::table
        .inner_join(shifts::table.on(shifts::id.eq(commitments::shift_id)))
        .filter(commitments::agent_id.eq(agent))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .filter(commitments::ends_at.gt(now))
        .order(commitments::starts_at)
        .limit(COMMITMENTS_LIMIT)
        .select(CommittedShift::as_select())
        .load(conn)
}

/// Those of the agents who have been offline since `latest` or longer.
pub fn gone_since(
    conn: &mut PgConnection,
    agents: &[AgentId],
    latest: DateTime<Utc>,
) -> QueryResult<Vec<AgentId>> {
    presences::table
        .filter(presences::agent_id.eq_any(agents))
        .filter(presences::status.eq(PresenceStatus::Offline))
        .filter(presences::since.le(latest))
        .order(presences::agent_id)
        .select(presences::agent_id)
        .load(conn)
}

/// Until when each of the agents may work, by id; none where nothing limits them. A limit that is
/// being worked out anew is none for a moment.
pub fn work_ends(
    conn: &mut PgConnection,
    agents: &[AgentId],
) -> QueryResult<Vec<(AgentId, Option<DateTime<Utc>>)>> {
    let ends = presences::table
        .order(presences::agent_id)
        .select((presences::agent_id, presences::works_until));
    db::among!(presences::agent_id, agents, |asked| ends
        .filter(asked)
        .load(conn))
}

/// How much longer each of the agents may work, if they are available or became so now.
pub fn time_left(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<HashMap<AgentId, TimeLeft>> {
    let zones: Vec<(AgentId, Option<String>)> = presences::table
        .filter(presences::agent_id.eq_any(agents))
        .select((presences::agent_id, presences::time_zone))
        .load(conn)?;
    let zones: HashMap<AgentId, Option<String>> = zones.into_iter().collect();
    let rules = rules_of(conn, agents)?;
    let mut worked = worked_spans(conn, agents, now)?;
    let left = |agent: &AgentId| {
        let zone = rules::zone(zones.get(agent).and_then(|zone| zone.as_deref()));
        let worked = worked.remove(agent).unwrap_or_default();
        (*agent, rules.of(*agent).time_left(&worked, zone, now))
    };
    Ok(agents.iter().map(left).collect())
}

/// As [`time_left`], for one agent on the calendar of a zone.
pub(crate) fn time_left_in(
    conn: &mut PgConnection,
    agent: AgentId,
    zone: Tz,
    now: DateTime<Utc>,
) -> QueryResult<TimeLeft> {
    let worked = worked_spans(conn, &[agent], now)?
        .remove(&agent)
        .unwrap_or_default();
    Ok(rules(conn, agent)?.time_left(&worked, zone, now))
}

/// When each of the agents worked lately, the earliest first. A span that lasts ends now.
fn worked_spans(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<HashMap<AgentId, Vec<Span>>> {
    let rows: Vec<(AgentId, DateTime<Utc>, Option<DateTime<Utc>>)> = work_spans::table
        .filter(work_spans::agent_id.eq_any(agents))
        .filter(work_spans::started_at.gt(now - HISTORY))
        .order((work_spans::agent_id, work_spans::started_at))
        .select((
            work_spans::agent_id,
            work_spans::started_at,
            work_spans::ended_at,
        ))
        .load(conn)?;
    let mut worked: HashMap<AgentId, Vec<Span>> = HashMap::new();
    for (agent, from, ended_at) in rows {
        let until = ended_at.unwrap_or(now);
        worked.entry(agent).or_default().push(Span { from, until });
    }
    Ok(worked)
}

/// The rules of some agents.
struct RuleBook {
    for_all: Rules,
    own: HashMap<AgentId, Rules>,
}

impl RuleBook {
    fn of(&self, agent: AgentId) -> Rules {
        self.own.get(&agent).copied().unwrap_or(self.for_all)
    }
}

fn rules_of(conn: &mut PgConnection, agents: &[AgentId]) -> QueryResult<RuleBook> {
    let own: Vec<(Option<AgentId>, Rules)> = working_time_rules::table
        .filter(working_time_rules::agent_id.eq_any(agents))
        .select((working_time_rules::agent_id, Rules::as_select()))
        .load(conn)?;
    Ok(RuleBook {
        for_all: decided_rules(conn, None)?.map_or_else(Rules::default, |decided| decided.rules),
        own: own
            .into_iter()
            .filter_map(|(agent, rules)| Some((agent?, rules)))
            .collect(),
    })
}

/// The rules of working time that hold for the agent: their own, or those for all.
pub fn rules(conn: &mut PgConnection, agent: AgentId) -> QueryResult<Rules> {
    Ok(rules_of(conn, &[agent])?.of(agent))
}

/// What was decided for the agent alone, or for all; none for who goes by what holds for all.
pub fn decided_rules(
    conn: &mut PgConnection,
    agent: Option<AgentId>,
) -> QueryResult<Option<DecidedRules>> {
    working_time_rules::table
        .filter(working_time_rules::agent_id.is_not_distinct_from(agent))
        .select(DecidedRules::as_select())
        .first(conn)
        .optional()
}

/// Whether a commitment holds, for a shift that runs or is about to.
#[diesel::dsl::auto_type]
pub(crate) fn runs(now: DateTime<Utc>) -> _ {
    let soon: DateTime<Utc> = now + EARLY;
    let committed: CommitmentStatus = CommitmentStatus::Committed;
    commitments::status
        .eq(committed)
        .and(commitments::ends_at.gt(now))
        .and(commitments::starts_at.le(soon))
}

/// The shifts that these agents are on.
pub(crate) fn running_shifts(
    conn: &mut PgConnection,
    agents: &[AgentId],
    now: DateTime<Utc>,
) -> QueryResult<Vec<RunningShift>> {
    let running = commitments::table
        .inner_join(shifts::table.on(shifts::id.eq(commitments::shift_id)))
        .filter(runs(now))
        .select((commitments::agent_id, shifts::queue, commitments::ends_at));
    db::among!(commitments::agent_id, agents, |asked| running
        .filter(asked)
        .load(conn))
}

/// A shift that an agent is on, or was.
#[derive(Clone, Debug, Queryable)]
pub struct StartedShift {
    /// Whose.
    pub agent_id: AgentId,
    /// For which queue.
    pub queue: String,
    /// When it ends, or did.
    pub ends_at: DateTime<Utc>,
}

/// The shifts of these agents that have started, and did not end before `since`.
pub fn started_shifts(
    conn: &mut PgConnection,
    agents: &[AgentId],
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<Vec<StartedShift>> {
    commitments::table
        .inner_join(shifts::table.on(shifts::id.eq(commitments::shift_id)))
        .filter(commitments::agent_id.eq_any(agents))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .filter(commitments::starts_at.le(now + EARLY))
        .filter(commitments::ends_at.ge(since))
        .select((commitments::agent_id, shifts::queue, commitments::ends_at))
        .load(conn)
}

/// Agents who came on a shift after one instant and no later than another.
pub fn begun_between(
    conn: &mut PgConnection,
    after: DateTime<Utc>,
    until: DateTime<Utc>,
) -> QueryResult<Vec<AgentId>> {
    commitments::table
        .inner_join(shifts::table.on(shifts::id.eq(commitments::shift_id)))
        .filter(shifts::starts_at.gt(after + EARLY))
        .filter(shifts::starts_at.le(until + EARLY))
        .filter(commitments::status.eq(CommitmentStatus::Committed))
        .select(commitments::agent_id)
        .load(conn)
}

/// The queues whose work goes to agents on a shift for them only, by their codes.
pub fn closed_queues(conn: &mut PgConnection) -> QueryResult<Vec<String>> {
    admissions::table
        .filter(admissions::on_demand.eq(false))
        .order(admissions::queue)
        .select(admissions::queue)
        .load(conn)
}

/// What was decided about queues, by their codes. The others take whoever is there.
pub fn queue_admissions(conn: &mut PgConnection) -> QueryResult<Vec<QueueAdmission>> {
    admissions::table
        .order(admissions::queue)
        .limit(ADMISSIONS_LIMIT)
        .select(QueueAdmission::as_select())
        .load(conn)
}
