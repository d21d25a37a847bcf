//! The live queue: what waits, who is there, what they are at.

use std::{borrow::Borrow, collections::BTreeMap};

use actix_web::{
    get,
    web::{Data, ServiceConfig},
};
use askama::Template;
use availability::PresenceStatus;
use chrono::{DateTime, TimeDelta, Utc};
use dispatch::{Queue, TicketStatus};
use reports::{
    Floor, FloorTicket, Metrics, Occupancy, Offers, PresentAgent, QueueLoad, QueueMetrics, Service,
    Spread,
};

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
    /// All queues together.
    hour: Service,
    today: Service,
    offers: Offers,
    time_to_offer: Spread,
    occupancy: Occupancy,
    /// Tickets that were put aside and wait for a decision.
    dead_letters: i64,
    resolved_today: i64,
    abandoned_today: i64,
}

struct QueueRow {
    load: QueueLoad,
    /// How customers were served in the last hour, and since midnight UTC.
    hour: Service,
    today: Service,
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
    fn of(floor: Floor, queues: Vec<Queue>, (figures, now): (&Metrics, DateTime<Utc>)) -> Self {
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
                .map(|load| QueueRow::of(load, &known, (figures, now)))
                .collect(),
            agents: floor.agents,
            hour: all_queues(figures, |queue| queue.hour),
            today: all_queues(figures, |queue| queue.today),
            offers: figures.offers_hour.clone(),
            time_to_offer: figures.time_to_offer,
            occupancy: figures.occupancy,
            dead_letters: figures.dead_letters,
            resolved_today: floor.resolved_today,
            abandoned_today: floor.abandoned_today,
        }
    }

    /// The floor as it is.
    async fn look(state: &State) -> ApiResult<Self> {
        let now = state.db.now();
        let figures = state.figures.figures(&state.db).await?;
        let (floor, queues) = state
            .read(move |conn| Ok((reports::floor(conn, now)?, dispatch::queries::queues(conn)?)))
            .await?;
        Ok(Self::of(floor, queues, (&figures.metrics, now)))
    }

    fn age(&self, since: &DateTime<Utc>) -> String {
        figures::age(*since, self.aged_at)
    }

    /// Templates hand over what they compute, and lend what they read from a field.
    #[expect(
        clippy::unused_self,
        reason = "a template calls methods of its own value only"
    )]
    fn share(&self, permille: impl Borrow<Option<i64>>) -> String {
        figures::share(*permille.borrow())
    }

    #[expect(
        clippy::unused_self,
        reason = "a template calls methods of its own value only"
    )]
    fn length(&self, milliseconds: impl Borrow<Option<i64>>) -> String {
        figures::length(*milliseconds.borrow())
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
    fn of(
        load: QueueLoad,
        known: &BTreeMap<String, Queue>,
        (figures, now): (&Metrics, DateTime<Utc>),
    ) -> Self {
        let found = figures.queues.iter().find(|queue| queue.code == load.code);
        let target = known.get(&load.code).map(|queue| queue.first_reply_seconds);
        let is_late = load
            .oldest_waiting_since
            .zip(target)
            .is_some_and(|(since, target)| now - since > TimeDelta::seconds(target.into()));
        Self {
            hour: found.map(|queue| queue.hour).unwrap_or_default(),
            today: found.map(|queue| queue.today).unwrap_or_default(),
            load,
            target: target.map(figures::seconds).unwrap_or_default(),
            is_late,
        }
    }
}

/// The figures of all queues together.
fn all_queues(figures: &Metrics, of: impl Fn(&QueueMetrics) -> Service) -> Service {
    let services = figures.queues.iter().map(of);
    services.fold(Service::default(), Service::and)
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
