//! The text format of Prometheus, version 0.0.4.

use std::fmt::{Display, Write as _};

use reports::{Offers, PresenceMetrics, QueueMetrics, Service};

use super::{Figures, broken_promises};
use crate::state::State;

pub(super) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What kind of value a family has.
#[derive(Clone, Copy)]
enum Kind {
    Gauge,
    Counter,
    Histogram,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Gauge => "gauge",
            Self::Counter => "counter",
            Self::Histogram => "histogram",
        }
    }
}

/// The text as it grows. Samples belong to the family begun last.
#[derive(Default)]
struct Text {
    text: String,
    family: &'static str,
}

/// A figure of the agents of one presence.
type OfPresence = fn(&PresenceMetrics) -> i64;

/// Labels with their values.
type Labels<'a> = &'a [(&'static str, &'a str)];

impl Text {
    fn family(&mut self, kind: Kind, name: &'static str, help: &str) {
        self.family = name;
        let kind = kind.word();
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, labels: Labels<'_>, value: impl Display) {
        self.sample_of("", labels, value);
    }

    /// A sample of a histogram, whose names have endings.
    fn sample_of(&mut self, ending: &str, labels: Labels<'_>, value: impl Display) {
        let _ = write!(self.text, "{}{ending}", self.family);
        for (index, (name, value)) in labels.iter().enumerate() {
            let opening = if index == 0 { '{' } else { ',' };
            let _ = write!(self.text, "{opening}{name}=\"{}\"", escaped(value));
        }
        let closing = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{closing} {value}");
    }

    /// A family with one sample for each queue that has a value.
    fn by_queue(
        &mut self,
        name: &'static str,
        help: &str,
        queues: &[QueueMetrics],
        value: impl Fn(&QueueMetrics) -> Option<String>,
    ) {
        self.family(Kind::Gauge, name, help);
        for queue in queues {
            if let Some(value) = value(queue) {
                self.sample(&[("queue", &queue.code)], value);
            }
        }
    }

    /// The same for the last hour and for today.
    fn by_window(
        &mut self,
        name: &'static str,
        help: &str,
        queues: &[QueueMetrics],
        value: impl Fn(&Service) -> Option<String>,
    ) {
        self.family(Kind::Gauge, name, help);
        for queue in queues {
            for (window, service) in [("hour", &queue.hour), ("today", &queue.today)] {
                if let Some(value) = value(service) {
                    self.sample(&[("queue", &queue.code), ("window", window)], value);
                }
            }
        }
    }
}

fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

/// Thousandths as a decimal number.
fn thousandths(value: i64) -> String {
    format!("{}.{:03}", value / 1_000, (value % 1_000).abs())
}

/// All figures as text.
pub(super) fn render(state: &State, figures: &Figures) -> String {
    let mut text = Text::default();
    tickets(&mut text, figures);
    service(&mut text, &figures.metrics.queues);
    offers(&mut text, figures);
    agents(&mut text, figures);
    work(&mut text, figures);
    node(&mut text, state);
    requests(&mut text, state);
    text.text
}

fn tickets(text: &mut Text, Figures { metrics, .. }: &Figures) {
    text.family(
        Kind::Gauge,
        "gigdesk_tickets",
        "Open tickets by queue and state.",
    );
    for queue in &metrics.queues {
        for (state, count) in &queue.open {
            text.sample(&[("queue", &queue.code), ("state", state)], count);
        }
    }
    text.by_queue(
        "gigdesk_ticket_oldest_waiting_seconds",
        "How long the longest has waited in the queue.",
        &metrics.queues,
        |queue| {
            let waited = metrics.at - queue.oldest_waiting_since?;
            Some(waited.num_seconds().max(0).to_string())
        },
    );
}

fn service(text: &mut Text, queues: &[QueueMetrics]) {
    text.by_window(
        "gigdesk_service_level_ratio",
        "Conversations answered by their due time, of those answered or left after it.",
        queues,
        |service| service.service_level_permille().map(thousandths),
    );
    text.by_window(
        "gigdesk_abandon_ratio",
        "Customers who left before anybody took them on, of those who left or were answered.",
        queues,
        |service| service.abandon_permille().map(thousandths),
    );
    text.by_window(
        "gigdesk_average_speed_of_answer_seconds",
        "Mean time from the handoff to the first reply of a person (ASA).",
        queues,
        |service| service.average_answer_milliseconds().map(thousandths),
    );
    text.by_window(
        "gigdesk_average_handle_time_seconds",
        "Mean time from taking a ticket on to the end of its wrap-up (AHT).",
        queues,
        |service| service.average_handle_milliseconds().map(thousandths),
    );
    text.by_window(
        "gigdesk_conversations_answered",
        "Conversations that got the first reply of a person.",
        queues,
        |service| Some(service.answered.to_string()),
    );
    text.by_window(
        "gigdesk_conversations_abandoned",
        "Conversations whose customer left before anybody took them on.",
        queues,
        |service| Some(service.abandoned.to_string()),
    );
}

fn offers(text: &mut Text, Figures { metrics, .. }: &Figures) {
    let windows: [(&str, &Offers); 2] = [
        ("hour", &metrics.offers_hour),
        ("today", &metrics.offers_today),
    ];
    text.family(
        Kind::Gauge,
        "gigdesk_offers",
        "Offers made in the window, by what became of them.",
    );
    for (window, offers) in windows {
        for (state, count) in &offers.by_state {
            text.sample(&[("state", state), ("window", window)], count);
        }
    }
    text.family(
        Kind::Gauge,
        "gigdesk_offer_accept_ratio",
        "Offers accepted, of those accepted, declined or left unanswered.",
    );
    for (window, offers) in windows {
        if let Some(rate) = offers.accept_permille() {
            text.sample(&[("window", window)], thousandths(rate));
        }
    }
    text.family(
        Kind::Gauge,
        "gigdesk_offers_repeated",
        "Offers made beyond the first of their ticket.",
    );
    for (window, offers) in windows {
        text.sample(&[("window", window)], offers.repeated);
    }
    let spread = &metrics.time_to_offer;
    for (name, value, help) in [
        (
            "gigdesk_time_to_offer_p50_seconds",
            spread.p50_milliseconds,
            "Median time to a ticket's first offer, for first offers of the last hour.",
        ),
        (
            "gigdesk_time_to_offer_p95_seconds",
            spread.p95_milliseconds,
            "95th percentile of the time to a ticket's first offer, in the last hour.",
        ),
    ] {
        text.family(Kind::Gauge, name, help);
        if let Some(value) = value {
            text.sample(&[], thousandths(value));
        }
    }
}

fn agents(text: &mut Text, Figures { metrics, .. }: &Figures) {
    let families: [(&'static str, &str, OfPresence); 3] = [
        (
            "gigdesk_agents",
            "Agents who are there, by presence.",
            |of| of.agents,
        ),
        (
            "gigdesk_agent_load_units",
            "Units that agents hold.",
            |of| of.load,
        ),
        (
            "gigdesk_agent_capacity_units",
            "Units that agents can hold.",
            |of| of.capacity,
        ),
    ];
    for (name, help, value) in families {
        text.family(Kind::Gauge, name, help);
        for presence in &metrics.presences {
            text.sample(&[("presence", &presence.presence)], value(presence));
        }
    }
    text.family(
        Kind::Gauge,
        "gigdesk_occupancy_ratio",
        "Of the time agents were available in the last hour, the share with a ticket in hand.",
    );
    if let Some(share) = metrics.occupancy.permille() {
        text.sample(&[], thousandths(share));
    }
}

fn work(text: &mut Text, Figures { jobs, metrics, .. }: &Figures) {
    text.family(
        Kind::Gauge,
        "gigdesk_dead_letters",
        "Tickets that were put aside and wait for a decision of operations.",
    );
    text.sample(&[], metrics.dead_letters);
    text.family(Kind::Gauge, "gigdesk_jobs", "Jobs by where they stand.");
    for (state, count) in [
        ("queued", jobs.queued),
        ("leased", jobs.leased),
        ("discarded", jobs.discarded),
    ] {
        text.sample(&[("state", state)], count);
    }
    text.family(
        Kind::Gauge,
        "gigdesk_promises_broken",
        "Promises that did not hold when this process last checked them.",
    );
    if let Some(count) = broken_promises() {
        text.sample(&[], count);
    }
}

fn node(text: &mut Text, state: &State) {
    text.family(
        Kind::Counter,
        "gigdesk_changes_total",
        "Changes of state that this node has read in the feed.",
    );
    for ((subject, state), count) in state.feed.changes_seen() {
        text.sample(&[("subject", subject), ("state", &state)], count);
    }
    text.family(
        Kind::Gauge,
        "gigdesk_event_streams",
        "Streams of events that are open on this node.",
    );
    text.sample(&[], state.feed.open_streams());
    let (open, idle) = state.db.connections();
    text.family(
        Kind::Gauge,
        "gigdesk_database_connections",
        "Connections of this node's pool.",
    );
    text.sample(&[("state", "busy")], open.saturating_sub(idle));
    text.sample(&[("state", "idle")], idle);
    text.family(
        Kind::Gauge,
        "gigdesk_database_connections_limit",
        "Connections that this node's pool may hold.",
    );
    text.sample(&[], state.settings.pool_size);
}

fn requests(text: &mut Text, state: &State) {
    text.family(
        Kind::Counter,
        "gigdesk_http_requests_total",
        "Requests answered by this node, by class of status.",
    );
    for (class, count) in state.requests.by_class() {
        text.sample(&[("class", class)], count);
    }
    text.family(
        Kind::Histogram,
        "gigdesk_http_request_duration_seconds",
        "How long this node took for an answer; of a stream, for its head.",
    );
    let (bounds, all) = state.requests.cumulated();
    for (milliseconds, count) in bounds {
        let bound = format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000);
        text.sample_of("_bucket", &[("le", &bound)], count);
    }
    text.sample_of("_bucket", &[("le", "+Inf")], all);
    let microseconds = state.requests.microseconds();
    let seconds = format!(
        "{}.{:06}",
        microseconds / 1_000_000,
        microseconds % 1_000_000
    );
    text.sample_of("_sum", &[], seconds);
    text.sample_of("_count", &[], all);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_its_line() {
        let mut text = Text::default();
        text.family(Kind::Gauge, "gigdesk_tickets", "Open tickets.");
        text.sample(&[("queue", "a\"b\\c\nd"), ("state", "waiting")], 3);
        assert_eq!(
            text.text,
            "# HELP gigdesk_tickets Open tickets.\n# TYPE gigdesk_tickets gauge\n\
             gigdesk_tickets{queue=\"a\\\"b\\\\c\\nd\",state=\"waiting\"} 3\n"
        );
    }

    #[test]
    fn thousandths_are_written_out() {
        assert_eq!(thousandths(950), "0.950");
        assert_eq!(thousandths(12_003), "12.003");
    }
}
