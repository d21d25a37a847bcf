//! A day as it was: the tickets that came, who was there, how offers were answered. It is what a
//! policy is rehearsed with.

use std::collections::{BTreeMap, HashMap};

use availability::PresenceStatus;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::prelude::*;
use dispatch::{OfferKind, OfferStatus, Ticket, TicketStatus};
use kernel::{AgentId, PAGE_LIMIT, TicketId};

use crate::schema::{engagements, events, offers};

/// The most tickets, offers and changes of presence of a day that are read.
pub const DAY_LIMIT: usize = 100_000;
/// What the audit trail calls a change of presence.
const PRESENCES: &str = "availability.presences";

/// A day as it was.
#[derive(Clone, Debug, Default)]
pub struct Day {
    /// The tickets that came, by id.
    pub tickets: Vec<DayTicket>,
    /// How agents answered the platform's offers.
    pub offers: Vec<DayOffer>,
    /// When agents were available, by agent and instant.
    pub spans: Vec<DaySpan>,
}

/// A time within the day in which an agent was available.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct DaySpan {
    /// Who.
    pub agent_id: AgentId,
    /// Since when.
    pub from: DateTime<Utc>,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// A ticket, and what became of it.
#[derive(Clone, Debug)]
pub struct DayTicket {
    /// The ticket as it is now.
    pub ticket: Ticket,
    /// When the first agent took it; none where none did.
    pub answered_at: Option<DateTime<Utc>>,
    /// How long agents were at it before they wrote it up, in all.
    pub talk: TimeDelta,
    /// How long it took to write it up, in all.
    pub wrap_up: TimeDelta,
}

impl DayTicket {
    /// How long its customer waited, if the wait is over: until an agent answered, or until the
    /// customer left.
    pub fn wait(&self) -> Option<TimeDelta> {
        let left_at = self.ticket.closed_at.filter(|_| self.has_left());
        let over_at = self.answered_at.or(left_at)?;
        Some(over_at - self.ticket.created_at)
    }

    /// Whether the customer left before an agent answered.
    pub fn has_left(&self) -> bool {
        self.answered_at.is_none() && self.ticket.status == TicketStatus::Abandoned
    }
}

/// An answer to an offer.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Queryable)]
pub struct DayOffer {
    /// How it ended.
    pub status: OfferStatus,
    /// When it was made.
    pub offered_at: DateTime<Utc>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
}

/// The day from one instant to just before another. Work that goes on is counted up to `now`.
/// None where more than [`DAY_LIMIT`] tickets came: that is no longer a day.
pub fn day(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<Option<Day>> {
    let mut tickets: Vec<DayTicket> = Vec::new();
    loop {
        let after = tickets.last().map(|last| last.ticket.id);
        let page = dispatch::queries::tickets_between(conn, from, to, after)?;
        let is_last = i64::try_from(page.len()).unwrap_or(PAGE_LIMIT) < PAGE_LIMIT;
        tickets.extend(with_work(conn, page, now)?);
        if tickets.len() > DAY_LIMIT {
            return Ok(None);
        }
        if is_last {
            break;
        }
    }
    Ok(Some(Day {
        tickets,
        offers: answers(conn, from, to)?,
        spans: spans(conn, from, to.min(now))?,
    }))
}

/// When an agent took a ticket, began to write it up, and was done.
type Work = (
    TicketId,
    DateTime<Utc>,
    Option<DateTime<Utc>>,
    Option<DateTime<Utc>>,
);

fn with_work(
    conn: &mut PgConnection,
    page: Vec<Ticket>,
    now: DateTime<Utc>,
) -> QueryResult<Vec<DayTicket>> {
    let work: Vec<Work> = engagements::table
        .filter(engagements::ticket_id.eq_any(page.iter().map(|ticket| ticket.id)))
        .order((engagements::ticket_id, engagements::started_at))
        .select((
            engagements::ticket_id,
            engagements::started_at,
            engagements::wrapping_at,
            engagements::ended_at,
        ))
        .load(conn)?;
    let mut by_ticket: HashMap<TicketId, Vec<Work>> = HashMap::new();
    for one in work {
        by_ticket.entry(one.0).or_default().push(one);
    }
    let told = page.into_iter().map(|ticket| {
        let work = by_ticket.remove(&ticket.id).unwrap_or_default();
        let (mut talk, mut wrap_up) = (TimeDelta::zero(), TimeDelta::zero());
        for (_, started_at, wrapping_at, ended_at) in &work {
            let ended_at = ended_at.unwrap_or(now);
            let talked_until = wrapping_at.unwrap_or(ended_at);
            talk += talked_until - *started_at;
            wrap_up += ended_at - talked_until;
        }
        DayTicket {
            ticket,
            answered_at: work.first().map(|(_, started_at, ..)| *started_at),
            talk,
            wrap_up,
        }
    });
    Ok(told.collect())
}

/// The platform's offers that the agent answered or missed; claims are no answers.
fn answers(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> QueryResult<Vec<DayOffer>> {
    offers::table
        .filter(offers::offered_at.ge(from))
        .filter(offers::offered_at.lt(to))
        .filter(offers::kind.eq(OfferKind::Match))
        .filter(offers::status.eq_any([
            OfferStatus::Accepted,
            OfferStatus::Declined,
            OfferStatus::TimedOut,
        ]))
        .order((offers::offered_at, offers::id))
        .limit(i64::try_from(DAY_LIMIT).unwrap_or(i64::MAX))
        .select((offers::status, offers::offered_at, offers::closed_at))
        .load(conn)
}

/// A change of presence: whose, when, to what.
type Change = (String, DateTime<Utc>, Option<String>);

/// When agents were available, as the audit trail of their presences tells it.
fn spans(
    conn: &mut PgConnection,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
) -> QueryResult<Vec<DaySpan>> {
    let limit = i64::try_from(DAY_LIMIT).unwrap_or(i64::MAX);
    // Who was already there when the day began.
    let mut changes: Vec<Change> = events::table
        .filter(events::subject.eq(PRESENCES))
        .filter(events::ticket_id.is_null())
        .filter(events::at.lt(from))
        .distinct_on(events::subject_id)
        .order((events::subject_id, events::id.desc()))
        .limit(limit)
        .select((events::subject_id, events::at, events::new_state))
        .load(conn)?;
    let during: Vec<Change> = events::table
        .filter(events::subject.eq(PRESENCES))
        .filter(events::at.ge(from))
        .filter(events::at.lt(to))
        .order(events::id)
        .limit(limit)
        .select((events::subject_id, events::at, events::new_state))
        .load(conn)?;
    changes.extend(during);
    Ok(available(&changes, from, to))
}

/// From changes in their order to spans of availability within the day.
fn available(changes: &[Change], from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<DaySpan> {
    let mut since: BTreeMap<AgentId, DateTime<Utc>> = BTreeMap::new();
    let mut spans = Vec::new();
    let span = |agent_id, from, until| DaySpan {
        agent_id,
        from,
        until,
    };
    for (agent, at, state) in changes {
        let Some(agent) = agent_named(agent) else {
            continue;
        };
        if state.as_deref() == Some(PresenceStatus::Available.as_str()) {
            since.entry(agent).or_insert((*at).max(from));
        } else if let Some(began) = since.remove(&agent) {
            spans.push(span(agent, began, *at));
        }
    }
    spans.extend(
        since
            .into_iter()
            .map(|(agent, began)| span(agent, began, to)),
    );
    // One that ends before the day begins, or in no time, is none.
    spans.retain(|span| span.from < span.until);
    spans.sort_unstable();
    spans
}

/// The agent whom the audit trail names: the digits of the id, with dashes between.
fn agent_named(text: &str) -> Option<AgentId> {
    let digits = text.replace('-', "");
    let number = u128::from_str_radix(&digits, 16).ok()?;
    Some(AgentId::from_bytes(number.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    #[test]
    fn spans_are_cut_to_the_day_and_say_who() {
        let (ada, ben) = (AgentId::new(), AgentId::new());
        let change = |agent: AgentId, minute, state: &str| {
            (agent.uuid().to_string(), at(minute), Some(state.to_owned()))
        };
        let changes = [
            change(ada, -50, "available"),
            change(ben, -40, "offline"),
            change(ada, 10, "away"),
            change(ben, 20, "available"),
            // Said twice: still the same span.
            change(ben, 25, "available"),
            change(ada, 30, "available"),
            change(ada, 30, "offline"),
            ("nobody".to_owned(), at(31), Some("available".to_owned())),
        ];
        let span = |agent_id, from, until| DaySpan {
            agent_id,
            from: at(from),
            until: at(until),
        };
        let mut expected = vec![span(ada, 0, 10), span(ben, 20, 60)];
        expected.sort_unstable();
        assert_eq!(available(&changes, at(0), at(60)), expected);
    }
}
