//! The live queue: what waits, who is there, what they are at.

use std::collections::BTreeMap;

use actix_web::{
    get,
    web::{Data, ServiceConfig},
};
use askama::Template;
use availability::PresenceStatus;
use chrono::{DateTime, TimeDelta, Utc};
use dispatch::{Queue, TicketStatus};
use reports::{Floor, FloorTicket, PresentAgent, QueueLoad};

use crate::{
    extract::Supervisor,
    pages::{Layout, PageResult, figures, html},
    problem::ApiResult,
    state::State,
};

pub(super) fn configure(config: &mut ServiceConfig) {
    config.service(floor_page).service(floor_now);
}

#[derive(Template)]
#[template(path = "ops/floor.html")]
struct FloorPage {
    layout: Layout,
    part: FloorPart,
    now: DateTime<Utc>,
}

/// The part of the page that changes.
#[derive(Template)]
#[template(path = "ops/floor_part.html")]
struct FloorPart {
    /// When ages are told; a script counts on from there.
    aged_at: DateTime<Utc>,
    queues: Vec<QueueRow>,
    tickets: Vec<TicketRow>,
    agents: Vec<PresentAgent>,
    resolved_today: i64,
    abandoned_today: i64,
}

struct QueueRow {
    load: QueueLoad,
    /// How soon a customer should have a first reply.
    target: String,
    /// Whether somebody waits longer than that.
    is_late: bool,
}

struct TicketRow {
    ticket: FloorTicket,
    queue_name: String,
    /// Whether the customer should have had a first reply by now, and nobody is at it.
    is_late: bool,
}

impl FloorPart {
    fn of(floor: Floor, queues: Vec<Queue>, now: DateTime<Utc>) -> Self {
        let known: BTreeMap<String, Queue> = queues
            .into_iter()
            .map(|queue| (queue.code.clone(), queue))
            .collect();
        let tickets = floor.tickets.into_iter();
        Self {
            aged_at: now,
            tickets: tickets
                .map(|ticket| TicketRow::of(ticket, &known, now))
                .collect(),
            queues: floor
                .queues
                .into_iter()
                .map(|load| QueueRow::of(load, &known, now))
                .collect(),
            agents: floor.agents,
            resolved_today: floor.resolved_today,
            abandoned_today: floor.abandoned_today,
        }
    }

    /// The floor as it is.
    async fn look(state: &State) -> ApiResult<Self> {
        let now = state.db.now();
        let (floor, queues) = state
            .read(move |conn| Ok((reports::floor(conn, now)?, dispatch::queries::queues(conn)?)))
            .await?;
        Ok(Self::of(floor, queues, now))
    }

    fn age(&self, since: &DateTime<Utc>) -> String {
        figures::age(*since, self.aged_at)
    }

    fn waiting(&self) -> i64 {
        self.queues.iter().map(|row| row.load.waiting).sum()
    }

    fn in_hand(&self) -> i64 {
        self.queues
            .iter()
            .map(|row| row.load.engaged + row.load.wrapping)
            .sum()
    }

    fn oldest(&self) -> Option<DateTime<Utc>> {
        let waiting = self.queues.iter();
        waiting
            .filter_map(|row| row.load.oldest_waiting_since)
            .min()
    }

    /// The customers whose agent does not answer.
    fn unanswered(&self) -> Vec<&TicketRow> {
        let rows = self.tickets.iter();
        rows.filter(|row| row.ticket.alerted_at.is_some()).collect()
    }

    fn is_late(&self) -> bool {
        self.queues.iter().any(|row| row.is_late)
    }

    fn available(&self) -> usize {
        let there =
            |agent: &&PresentAgent| agent.status == PresenceStatus::Available && !agent.is_unstable;
        self.agents.iter().filter(there).count()
    }
}

impl QueueRow {
    fn of(load: QueueLoad, known: &BTreeMap<String, Queue>, now: DateTime<Utc>) -> Self {
        let target = known.get(&load.code).map(|queue| queue.first_reply_seconds);
        let is_late = load
            .oldest_waiting_since
            .zip(target)
            .is_some_and(|(since, target)| now - since > TimeDelta::seconds(target.into()));
        Self {
            load,
            target: target.map(figures::seconds).unwrap_or_default(),
            is_late,
        }
    }
}

impl TicketRow {
    fn of(ticket: FloorTicket, known: &BTreeMap<String, Queue>, now: DateTime<Utc>) -> Self {
        let brief = &ticket.brief;
        let unheld = matches!(brief.status, TicketStatus::Waiting | TicketStatus::Offered);
        Self {
            is_late: unheld && brief.first_reply_due_at < now,
            queue_name: known
                .get(&brief.queue)
                .map_or_else(|| brief.queue.clone(), |queue| queue.name.clone()),
            ticket,
        }
    }

    /// The word for where the ticket stands, and its colour.
    fn state(&self) -> (&'static str, &'static str) {
        match self.ticket.brief.status {
            TicketStatus::Waiting if self.is_late => ("bad", "Waiting"),
            TicketStatus::Waiting => ("wait", "Waiting"),
            TicketStatus::Offered => ("info", "Offered"),
            TicketStatus::Engaged if self.ticket.alerted_at.is_some() => ("bad", "No answer"),
            TicketStatus::Engaged => ("good", "Talking"),
            TicketStatus::Wrapping => ("", "Wrapping up"),
            TicketStatus::Resolved => ("", "Resolved"),
            TicketStatus::Abandoned => ("", "Abandoned"),
            TicketStatus::Returned => ("", "Returned"),
            TicketStatus::Expired => ("", "Put aside"),
        }
    }
}

#[get("/ops")]
async fn floor_page(_caller: Supervisor, state: Data<State>, layout: Layout) -> PageResult {
    let part = FloorPart::look(&state).await?;
    html(&FloorPage {
        layout: layout.titled("Live queue"),
        part,
        now: state.db.now(),
    })
}

/// The changing part of the page, as it is now. The page asks when its stream tells of news.
#[get("/ops/now")]
async fn floor_now(_caller: Supervisor, state: Data<State>) -> PageResult {
    html(&FloorPart::look(&state).await?)
}
