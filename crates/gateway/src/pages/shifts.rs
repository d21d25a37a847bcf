//! When an agent works: shifts to choose from, and those promised.

use std::collections::BTreeMap;

use actix_web::{
    get, post,
    web::{Data, Path, Query, ServiceConfig},
};
use askama::Template;
use availability::{CommittedShift, ShiftWithSeats};
use chrono::{DateTime, Utc};
use kernel::{AgentId, CommitmentId, Page, PageRequest, ShiftId};
use serde::Deserialize;

use super::{
    Faults, Layout, PageResult,
    fields::form_page,
    figures, see_other_with_notice,
    wording::{Clock, name_of, queue_names},
};
use crate::{
    extract::Agent,
    problem::ApiError,
    state::{ReadFailed, State},
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(shifts_page).service(commit).service(release);
}

#[derive(Template)]
#[template(path = "shifts.html")]
struct ShiftsPage {
    layout: Layout,
    faults: Faults,
    zone: &'static str,
    mine: Vec<Promise>,
    days: Vec<Day>,
    is_first: bool,
    next: Option<String>,
}

/// A shift that the agent promised to work.
struct Promise {
    id: CommitmentId,
    queue: String,
    day: String,
    hours: String,
    is_running: bool,
}

/// The shifts of one day.
struct Day {
    name: String,
    shifts: Vec<Choice>,
}

/// A shift to choose.
struct Choice {
    id: ShiftId,
    queue: String,
    hours: String,
    length: String,
    seats: i64,
    free: i64,
    standing: Standing,
}

/// Whether the agent can take a shift.
#[derive(Clone, Copy, Eq, PartialEq)]
enum Standing {
    Free,
    Full,
    Mine,
    Overlaps,
}

/// What the page is made of.
struct Found {
    clock: Clock,
    now: DateTime<Utc>,
    queues: BTreeMap<String, String>,
    promised: Vec<CommittedShift>,
    upcoming: Page<ShiftWithSeats>,
}

impl Found {
    async fn look(state: &State, id: AgentId, after: Option<ShiftId>) -> Result<Self, ReadFailed> {
        let now = state.db.now();
        let page = PageRequest::new(after, None);
        state
            .read(move |conn| {
                let agent = onboarding::agent(conn, id)?;
                let time_zone = agent.and_then(|agent| agent.time_zone);
                Ok(Self {
                    clock: Clock::of(time_zone.as_deref()),
                    now,
                    queues: queue_names(dispatch::queries::queues(conn)?),
                    promised: availability::commitments(conn, id, now)?,
                    upcoming: availability::upcoming_shifts(conn, now, &page)?,
                })
            })
            .await
    }

    fn queue(&self, code: &str) -> String {
        name_of(&self.queues, code)
    }

    fn hours(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> String {
        format!("{}–{}", self.clock.time(from), self.clock.time(until))
    }

    fn promise(&self, promised: &CommittedShift) -> Promise {
        let CommittedShift { commitment, shift } = promised;
        Promise {
            id: commitment.id,
            queue: self.queue(&shift.queue),
            day: self.clock.day(shift.starts_at),
            hours: self.hours(shift.starts_at, shift.ends_at),
            is_running: shift.starts_at <= self.now,
        }
    }

    fn choice(&self, ShiftWithSeats { shift, taken }: &ShiftWithSeats) -> Choice {
        let free = (i64::from(shift.seats) - taken).max(0);
        let overlaps = |other: &CommittedShift| {
            other.shift.starts_at < shift.ends_at && shift.starts_at < other.shift.ends_at
        };
        let standing = if self.promised.iter().any(|mine| mine.shift.id == shift.id) {
            Standing::Mine
        } else if self.promised.iter().any(overlaps) {
            Standing::Overlaps
        } else if free == 0 {
            Standing::Full
        } else {
            Standing::Free
        };
        Choice {
            id: shift.id,
            queue: self.queue(&shift.queue),
            hours: self.hours(shift.starts_at, shift.ends_at),
            length: figures::age(shift.starts_at, shift.ends_at),
            seats: i64::from(shift.seats),
            free,
            standing,
        }
    }

    /// The shifts, which come in the order of their start, by the agent's days.
    fn days(&self) -> Vec<Day> {
        self.upcoming
            .items
            .chunk_by(|a, b| {
                self.clock.date(a.shift.starts_at) == self.clock.date(b.shift.starts_at)
            })
            .filter_map(|shifts| {
                Some(Day {
                    name: self.clock.day(shifts.first()?.shift.starts_at),
                    shifts: shifts.iter().map(|shift| self.choice(shift)).collect(),
                })
            })
            .collect()
    }
}

#[derive(Deserialize)]
struct From {
    after: Option<ShiftId>,
}

async fn show(
    state: &State,
    layout: Layout,
    agent: AgentId,
    after: Option<ShiftId>,
    refused: Option<Faults>,
) -> PageResult {
    let found = Found::look(state, agent, after).await?;
    let page = ShiftsPage {
        layout: layout.titled("Shifts"),
        faults: refused.unwrap_or_default(),
        zone: found.clock.zone(),
        mine: found.promised.iter().map(|p| found.promise(p)).collect(),
        days: found.days(),
        is_first: after.is_none(),
        next: found.upcoming.next,
    };
    form_page(&page.faults, &page)
}

#[get("/shifts")]
async fn shifts_page(
    agent: Agent,
    state: Data<State>,
    layout: Layout,
    from: Query<From>,
) -> PageResult {
    show(&state, layout, agent.agent_id, from.after, None).await
}

#[post("/shifts/{shift}/commitments")]
async fn commit(
    agent: Agent,
    state: Data<State>,
    layout: Layout,
    shift: Path<ShiftId>,
) -> PageResult {
    let (id, agent_id) = (shift.into_inner(), agent.agent_id);
    let db = agent.acting_db();
    let outcome = db
        .write("commit_to_shift", move |tx| {
            workflows::commit_to_shift(tx, id, agent_id)
        })
        .await;
    let notice = "The shift is yours. Thank you; we count on you.";
    answer(&state, layout, agent_id, outcome.map(|_| notice)).await
}

#[post("/shifts/commitments/{commitment}/release")]
async fn release(
    agent: Agent,
    state: Data<State>,
    layout: Layout,
    commitment: Path<CommitmentId>,
) -> PageResult {
    let (id, agent_id) = (commitment.into_inner(), agent.agent_id);
    let db = agent.acting_db();
    let outcome = db
        .write("release_commitment", move |tx| {
            workflows::release_commitment(tx, id, agent_id)
        })
        .await;
    let notice = "The shift is released. Somebody else can take your place.";
    answer(&state, layout, agent_id, outcome.map(|_| notice)).await
}

/// Back to the list, which says what came of it.
async fn answer(
    state: &State,
    layout: Layout,
    agent: AgentId,
    outcome: Result<&str, impl Into<ApiError>>,
) -> PageResult {
    match outcome {
        Ok(notice) => Ok(see_other_with_notice("/shifts", notice)),
        Err(refusal) => {
            let faults = Faults::of(refusal)?;
            show(state, layout, agent, None, Some(faults)).await
        }
    }
}
