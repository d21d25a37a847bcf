//! The figures of a contact centre as JSON.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use reports::{Offers, PresenceMetrics, QueueMetrics, Service};
use serde::Serialize;
use utoipa::ToSchema;

use crate::metrics::Figures;

/// How it goes. Shares are in thousandths, lengths of time in milliseconds; none where there was
/// nothing to count.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MetricsView {
    /// When the figures were taken.
    at: DateTime<Utc>,
    queues: Vec<QueueMetricsView>,
    /// Of the offers made in the last hour.
    offers_hour: OffersView,
    /// Of the offers made since midnight UTC.
    offers_today: OffersView,
    /// Half of the first offers of the last hour were made within this time.
    time_to_offer_p50_milliseconds: Option<i64>,
    /// Nineteen of twenty were.
    time_to_offer_p95_milliseconds: Option<i64>,
    /// Of the time agents were available in the last hour, the share with a ticket in hand.
    occupancy_permille: Option<i64>,
    /// Agents who are there.
    presences: Vec<PresenceMetricsView>,
    /// Tickets that were put aside and that nobody decided about.
    dead_letters: i64,
    /// Jobs that wait, are done now, and were given up.
    jobs: JobsView,
}

#[derive(Debug, Serialize, ToSchema)]
struct QueueMetricsView {
    code: String,
    name: String,
    /// Open tickets by their state.
    open: BTreeMap<String, i64>,
    /// How long the longest has waited; none where none waits.
    oldest_waiting_seconds: Option<i64>,
    /// The last hour.
    hour: ServiceView,
    /// Since midnight UTC.
    today: ServiceView,
}

/// How customers were served.
#[derive(Debug, Serialize, ToSchema)]
struct ServiceView {
    /// Conversations that got the first reply of a person.
    answered: i64,
    /// Customers who left before anybody took them on.
    abandoned: i64,
    /// Engagements that were resolved.
    resolved: i64,
    /// Answered by their due time, of those answered or left after it.
    service_level_permille: Option<i64>,
    /// Left, of those who left or were answered.
    abandon_permille: Option<i64>,
    /// ASA: the mean wait for a first reply.
    average_answer_milliseconds: Option<i64>,
    /// AHT: the mean time from taking a ticket on to the end of its wrap-up.
    average_handle_milliseconds: Option<i64>,
}

/// What became of offers. Claims are none.
#[derive(Debug, Serialize, ToSchema)]
struct OffersView {
    /// How many, by their state.
    by_state: BTreeMap<String, i64>,
    /// Accepted, of those accepted, declined or left unanswered.
    accept_permille: Option<i64>,
    /// Made beyond the first of their ticket.
    repeated: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct PresenceMetricsView {
    presence: String,
    agents: i64,
    /// Units they hold together.
    load: i64,
    /// Units they can hold together.
    capacity: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct JobsView {
    queued: i64,
    leased: i64,
    discarded: i64,
}

impl MetricsView {
    pub(super) fn of(Figures { metrics, jobs }: &Figures) -> Self {
        Self {
            at: metrics.at,
            queues: metrics
                .queues
                .iter()
                .map(|queue| QueueMetricsView::at(queue, metrics.at))
                .collect(),
            offers_hour: OffersView::from(&metrics.offers_hour),
            offers_today: OffersView::from(&metrics.offers_today),
            time_to_offer_p50_milliseconds: metrics.time_to_offer.p50_milliseconds,
            time_to_offer_p95_milliseconds: metrics.time_to_offer.p95_milliseconds,
            occupancy_permille: metrics.occupancy.permille(),
            presences: metrics.presences.iter().map(Into::into).collect(),
            dead_letters: metrics.dead_letters,
            jobs: JobsView {
                queued: jobs.queued,
                leased: jobs.leased,
                discarded: jobs.discarded,
            },
        }
    }
}

impl QueueMetricsView {
    fn at(queue: &QueueMetrics, now: DateTime<Utc>) -> Self {
        let waited = |since: DateTime<Utc>| (now - since).num_seconds().max(0);
        Self {
            code: queue.code.clone(),
            name: queue.name.clone(),
            open: queue.open.clone(),
            oldest_waiting_seconds: queue.oldest_waiting_since.map(waited),
            hour: ServiceView::from(&queue.hour),
            today: ServiceView::from(&queue.today),
        }
    }
}

impl From<&Service> for ServiceView {
    fn from(service: &Service) -> Self {
        Self {
            answered: service.answered,
            abandoned: service.abandoned,
            resolved: service.resolved,
            service_level_permille: service.service_level_permille(),
            abandon_permille: service.abandon_permille(),
            average_answer_milliseconds: service.average_answer_milliseconds(),
            average_handle_milliseconds: service.average_handle_milliseconds(),
        }
    }
}

impl From<&Offers> for OffersView {
    fn from(offers: &Offers) -> Self {
        Self {
            by_state: offers.by_state.clone(),
            accept_permille: offers.accept_permille(),
            repeated: offers.repeated,
        }
    }
}

impl From<&PresenceMetrics> for PresenceMetricsView {
    fn from(presence: &PresenceMetrics) -> Self {
        Self {
            presence: presence.presence.clone(),
            agents: presence.agents,
            load: presence.load,
            capacity: presence.capacity,
        }
    }
}
