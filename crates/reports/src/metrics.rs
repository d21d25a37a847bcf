//! The figures of a contact centre: how long customers wait, how well offers are taken, how busy
//! agents are. docs/OPERATIONS.md defines each.
//!
//! A window is the last hour or the day since midnight UTC. Rows of a window are found by their
//! ids, which begin with the time they were made: what ended in a window began at most half a day
//! before it.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveTime, TimeDelta, Utc};
use diesel::{
    dsl::{count_star, sql},
    prelude::*,
    sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid},
};
use kernel::{EngagementId, OfferId};

use crate::schema::{dead_letters, queues};

const QUEUES: i64 = 100;
/// No engagement is older than this when it ends.
const LONGEST: TimeDelta = TimeDelta::hours(12);
/// No offer is open for longer, and clocks may differ a little.
const LONGEST_OFFER: TimeDelta = TimeDelta::hours(1);

/// All figures at one instant.
#[derive(Clone, Debug)]
pub struct Metrics {
    /// When they were taken.
    pub at: DateTime<Utc>,
    /// Each queue's, by its code.
    pub queues: Vec<QueueMetrics>,
    /// Offers that were made in the last hour.
    pub offers_hour: Offers,
    /// Offers that were made since midnight UTC.
    pub offers_today: Offers,
    /// From a place in the queue to the first offer, for first offers of the last hour.
    pub time_to_offer: Spread,
    /// Of the time agents were there in the last hour, how much they had a ticket in hand.
    pub occupancy: Occupancy,
    /// Agents who are there, by their presence.
    pub presences: Vec<PresenceMetrics>,
    /// Tickets that were put aside and that nobody decided about.
    pub dead_letters: i64,
}

/// The figures of a queue.
#[derive(Clone, Debug, Default)]
pub struct QueueMetrics {
    /// Its name in the API.
    pub code: String,
    /// Its name for people.
    pub name: String,
    /// Open tickets, by their state.
    pub open: BTreeMap<String, i64>,
    /// Since when the longest waits; none where none waits.
    pub oldest_waiting_since: Option<DateTime<Utc>>,
    /// How customers were served in the last hour.
    pub hour: Service,
    /// How customers were served since midnight UTC.
    pub today: Service,
}

/// How customers were served in a window.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Service {
    /// Conversations that got the first reply of a person.
    pub answered: i64,
    /// Those of them that got it by the time they should have.
    pub answered_in_time: i64,
    /// What the answered waited for it, together.
    pub answer_milliseconds: i64,
    /// Customers who left before anybody took them on.
    pub abandoned: i64,
    /// Those of them who left after the time by which they should have had a reply.
    pub abandoned_late: i64,
    /// Engagements that were resolved.
    pub resolved: i64,
    /// What these took, wrap-up included, together.
    pub handle_milliseconds: i64,
}

impl Service {
    /// Answered in time, of those who were answered or left too late for that. Who left earlier
    /// counts neither way.
    pub fn service_level_permille(&self) -> Option<i64> {
        permille(
            self.answered_in_time,
            self.answered.saturating_add(self.abandoned_late),
        )
    }

    /// Left, of those who left or were answered.
    pub fn abandon_permille(&self) -> Option<i64> {
        permille(self.abandoned, self.abandoned.saturating_add(self.answered))
    }

    /// ASA: the mean wait for a first reply.
    pub fn average_answer_milliseconds(&self) -> Option<i64> {
        mean(self.answer_milliseconds, self.answered)
    }

    /// AHT: the mean time from taking a ticket on to the end of its wrap-up.
    pub fn average_handle_milliseconds(&self) -> Option<i64> {
        mean(self.handle_milliseconds, self.resolved)
    }

    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            answered: self.answered + other.answered,
            answered_in_time: self.answered_in_time + other.answered_in_time,
            answer_milliseconds: self.answer_milliseconds + other.answer_milliseconds,
            abandoned: self.abandoned + other.abandoned,
            abandoned_late: self.abandoned_late + other.abandoned_late,
            resolved: self.resolved + other.resolved,
            handle_milliseconds: self.handle_milliseconds + other.handle_milliseconds,
        }
    }
}

/// What became of the offers of a window. Claims are none.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Offers {
    /// How many, by their state.
    pub by_state: BTreeMap<String, i64>,
    /// How many were made beyond the first of their ticket.
    pub repeated: i64,
}

impl Offers {
    /// Accepted, of those that an agent accepted, declined or left unanswered.
    pub fn accept_permille(&self) -> Option<i64> {
        let count = |state: &str| self.by_state.get(state).copied().unwrap_or(0);
        let accepted = count("accepted");
        permille(accepted, accepted + count("declined") + count("timed_out"))
    }
}

/// How a length of time is spread.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Spread {
    /// How many there were.
    pub count: i64,
    /// Half were no longer.
    pub p50_milliseconds: Option<i64>,
    /// Nineteen of twenty were no longer.
    pub p95_milliseconds: Option<i64>,
}

/// How busy agents were.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Occupancy {
    /// How long they were there and ready, together.
    pub present_milliseconds: i64,
    /// How much of that they had at least one ticket in hand.
    pub busy_milliseconds: i64,
}

impl Occupancy {
    /// The share.
    pub fn permille(&self) -> Option<i64> {
        permille(self.busy_milliseconds, self.present_milliseconds)
    }
}

/// Agents of one presence.
#[derive(Clone, Debug, Eq, PartialEq, Queryable)]
pub struct PresenceMetrics {
    /// Which.
    pub presence: String,
    /// How many they are.
    pub agents: i64,
    /// Units they hold together.
    pub load: i64,
    /// Units they can hold together.
    pub capacity: i64,
}

fn permille(part: i64, whole: i64) -> Option<i64> {
    part.checked_mul(1_000)?.checked_div(whole)
}

fn mean(sum: i64, count: i64) -> Option<i64> {
    sum.checked_div(count)
}

/// All figures at an instant. Call it in one transaction.
pub fn metrics(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<Metrics> {
    let hour_ago = now - TimeDelta::hours(1);
    let midnight = now.date_naive().and_time(NaiveTime::MIN).and_utc();
    let mut queues = open(conn)?;
    for (code, service) in served(conn, hour_ago)? {
        queues.entry(code).or_default().hour = service;
    }
    for (code, service) in served(conn, midnight)? {
        queues.entry(code).or_default().today = service;
    }
    Ok(Metrics {
        at: now,
        queues: queues.into_values().collect(),
        offers_hour: offers(conn, hour_ago)?,
        offers_today: offers(conn, midnight)?,
        time_to_offer: time_to_offer(conn, hour_ago)?,
        occupancy: occupancy(conn, hour_ago, now)?,
        presences: presences(conn, now)?,
        dead_letters: dead_letters::table
            .filter(dead_letters::settled_at.is_null())
            .select(count_star())
            .first(conn)?,
    })
}

/// The first id that could have been made at this instant: a `UUIDv7` begins with its
/// milliseconds.
fn first_id(at: DateTime<Utc>) -> [u8; 16] {
    let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or(0);
    let mut id = [0; 16];
    id[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
    id
}

fn engagements_since(since: DateTime<Utc>) -> EngagementId {
    EngagementId::from_bytes(first_id(since - LONGEST))
}

fn offers_since(since: DateTime<Utc>) -> OfferId {
    OfferId::from_bytes(first_id(since - LONGEST_OFFER))
}

/// All queues with their open tickets.
fn open(conn: &mut PgConnection) -> QueryResult<BTreeMap<String, QueueMetrics>> {
    let named: Vec<(String, String)> = queues::table
        .order(queues::code)
        .limit(QUEUES)
        .select((queues::code, queues::name))
        .load(conn)?;
    let mut queues: BTreeMap<String, QueueMetrics> = BTreeMap::new();
    for (code, name) in named {
        let queue = queues.entry(code.clone()).or_default();
        (queue.code, queue.name) = (code, name);
    }
    let counted: Vec<(String, String, i64, Option<DateTime<Utc>>)> =
        sql::<(Text, Text, BigInt, Nullable<Timestamptz>)>(
            "SELECT queue, status, count(*), min(waiting_since) FROM dispatch.tickets \
              WHERE closed_at IS NULL GROUP BY queue, status",
        )
        .load(conn)?;
    for (code, state, count, oldest) in counted {
        if let Some(queue) = queues.get_mut(&code) {
            if state == "waiting" {
                queue.oldest_waiting_since = oldest;
            }
            queue.open.insert(state, count);
        }
    }
    Ok(queues)
}

/// How each queue's customers were served since an instant.
fn served(conn: &mut PgConnection, since: DateTime<Utc>) -> QueryResult<BTreeMap<String, Service>> {
    let mut services: BTreeMap<String, Service> = BTreeMap::new();
    for (queue, count, in_time, milliseconds) in answered(conn, since)? {
        let service = services.entry(queue).or_default();
        (service.answered, service.answered_in_time) = (count, in_time);
        service.answer_milliseconds = milliseconds;
    }
    for (queue, count, late) in abandoned(conn, since)? {
        let service = services.entry(queue).or_default();
        (service.abandoned, service.abandoned_late) = (count, late);
    }
    for (queue, count, milliseconds) in resolved(conn, since)? {
        let service = services.entry(queue).or_default();
        (service.resolved, service.handle_milliseconds) = (count, milliseconds);
    }
    Ok(services)
}

/// A ticket is answered once: by the first reply of the first agent who wrote.
fn answered(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> QueryResult<Vec<(String, i64, i64, i64)>> {
    sql::<(Text, BigInt, BigInt, BigInt)>(
        "SELECT t.queue, count(*), \
                count(*) FILTER (WHERE e.first_reply_at <= t.first_reply_due_at), \
                sum(extract(epoch FROM e.first_reply_at - t.created_at) * 1000)::bigint \
           FROM dispatch.engagements e JOIN dispatch.tickets t ON t.id = e.ticket_id \
          WHERE e.id >= ",
    )
    .bind::<Uuid, _>(engagements_since(since))
    .sql(" AND e.first_reply_at >= ")
    .bind::<Timestamptz, _>(since)
    .sql(
        " AND NOT EXISTS (SELECT FROM dispatch.engagements earlier \
                           WHERE earlier.ticket_id = e.ticket_id \
                             AND earlier.first_reply_at < e.first_reply_at) \
          GROUP BY t.queue",
    )
    .load(conn)
}

fn abandoned(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
) -> QueryResult<Vec<(String, i64, i64)>> {
    sql::<(Text, BigInt, BigInt)>(
        "SELECT queue, count(*), count(*) FILTER (WHERE closed_at > first_reply_due_at) \
           FROM dispatch.tickets WHERE status = 'abandoned' AND closed_at >= ",
    )
    .bind::<Timestamptz, _>(since)
    .sql(" GROUP BY queue")
    .load(conn)
}

fn resolved(conn: &mut PgConnection, since: DateTime<Utc>) -> QueryResult<Vec<(String, i64, i64)>> {
    sql::<(Text, BigInt, BigInt)>(
        "SELECT t.queue, count(*), \
                sum(extract(epoch FROM e.ended_at - e.started_at) * 1000)::bigint \
           FROM dispatch.engagements e JOIN dispatch.tickets t ON t.id = e.ticket_id \
          WHERE e.status = 'resolved' AND e.id >= ",
    )
    .bind::<Uuid, _>(engagements_since(since))
    .sql(" AND e.ended_at >= ")
    .bind::<Timestamptz, _>(since)
    .sql(" GROUP BY t.queue")
    .load(conn)
}

fn offers(conn: &mut PgConnection, since: DateTime<Utc>) -> QueryResult<Offers> {
    let counted: Vec<(String, i64)> = sql::<(Text, BigInt)>(
        "SELECT status, count(*) FROM dispatch.offers WHERE kind <> 'claim' AND id >= ",
    )
    .bind::<Uuid, _>(offers_since(since))
    .sql(" AND offered_at >= ")
    .bind::<Timestamptz, _>(since)
    .sql(" GROUP BY status")
    .load(conn)?;
    let repeated: i64 = sql::<BigInt>(
        "SELECT count(*) FROM dispatch.offers o WHERE o.kind <> 'claim' AND o.id >= ",
    )
    .bind::<Uuid, _>(offers_since(since))
    .sql(" AND o.offered_at >= ")
    .bind::<Timestamptz, _>(since)
    .sql(
        " AND EXISTS (SELECT FROM dispatch.offers first \
                       WHERE first.ticket_id = o.ticket_id AND first.id < o.id)",
    )
    .get_result(conn)?;
    Ok(Offers {
        by_state: counted.into_iter().collect(),
        repeated,
    })
}

fn time_to_offer(conn: &mut PgConnection, since: DateTime<Utc>) -> QueryResult<Spread> {
    let (count, p50_milliseconds, p95_milliseconds) =
        sql::<(BigInt, Nullable<BigInt>, Nullable<BigInt>)>(
            "SELECT count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY waited), \
                    percentile_disc(0.95) WITHIN GROUP (ORDER BY waited) \
               FROM (SELECT (extract(epoch FROM o.offered_at - t.waiting_since) * 1000)::bigint \
                            AS waited \
                       FROM dispatch.offers o JOIN dispatch.tickets t ON t.id = o.ticket_id \
                      WHERE o.id >= ",
        )
        .bind::<Uuid, _>(offers_since(since))
        .sql(" AND o.offered_at >= ")
        .bind::<Timestamptz, _>(since)
        .sql(
            " AND NOT EXISTS (SELECT FROM dispatch.offers first \
                               WHERE first.ticket_id = o.ticket_id AND first.id < o.id)) offers",
        )
        .get_result(conn)?;
    Ok(Spread {
        count,
        p50_milliseconds,
        p95_milliseconds,
    })
}

/// Presence is read from the audit trail: for each agent who is there, or was in the window, the
/// spans between one change and the next. Offline and away are no presence.
fn occupancy(
    conn: &mut PgConnection,
    since: DateTime<Utc>,
    now: DateTime<Utc>,
) -> QueryResult<Occupancy> {
    let (present_milliseconds, busy_milliseconds) =
        sql::<(BigInt, BigInt)>("WITH bounds AS (SELECT ")
            .bind::<Timestamptz, _>(since)
            .sql("::timestamptz AS since, ")
            .bind::<Timestamptz, _>(now)
            .sql("::timestamptz AS until, ")
            .bind::<Uuid, _>(engagements_since(since))
            .sql(
                "::uuid AS first_engagement), \
             changes AS ( \
                 SELECT p.agent_id, e.new_state AS state, greatest(e.at, b.since) AS began, \
                        coalesce(lead(e.at) OVER (PARTITION BY p.agent_id ORDER BY e.id), \
                                 b.until) AS ended \
                   FROM bounds b, availability.presences p CROSS JOIN LATERAL ( \
                        SELECT id, at, new_state FROM audit.events \
                         WHERE subject_id = p.agent_id::text \
                           AND subject = 'availability.presences' AND ticket_id IS NULL \
                         ORDER BY id DESC LIMIT 200) e \
                  WHERE p.status <> 'offline' OR p.since >= b.since), \
             present AS ( \
                 SELECT agent_id, range_agg(tstzrange(began, ended)) AS spans FROM changes \
                  WHERE state NOT IN ('offline', 'away') AND began < ended GROUP BY agent_id), \
             busy AS ( \
                 SELECT e.agent_id, range_agg(tstzrange(greatest(e.started_at, b.since), \
                        greatest(coalesce(e.ended_at, b.until), e.started_at, b.since))) AS spans \
                   FROM bounds b, present p JOIN dispatch.engagements e USING (agent_id) \
                  WHERE e.id >= b.first_engagement \
                    AND (e.ended_at IS NULL OR e.ended_at > b.since) GROUP BY e.agent_id), \
             both_of AS ( \
                 SELECT p.spans AS present, p.spans * coalesce(b.spans, '{}') AS busy \
                   FROM present p LEFT JOIN busy b USING (agent_id)) \
             SELECT coalesce(sum((SELECT sum(extract(epoch FROM upper(s) - lower(s)) * 1000) \
                                    FROM unnest(present) s)), 0)::bigint, \
                    coalesce(sum((SELECT sum(extract(epoch FROM upper(s) - lower(s)) * 1000) \
                                    FROM unnest(busy) s)), 0)::bigint FROM both_of",
            )
            .get_result(conn)?;
    Ok(Occupancy {
        present_milliseconds,
        busy_milliseconds,
    })
}

/// Who was silent for too long counts as gone, even before somebody wrote that down.
fn presences(conn: &mut PgConnection, now: DateTime<Utc>) -> QueryResult<Vec<PresenceMetrics>> {
    sql::<(Text, BigInt, BigInt, BigInt)>(
        "SELECT p.status, count(*), sum(w.load), sum(w.capacity) \
           FROM availability.presences p JOIN dispatch.workloads w USING (agent_id) \
          WHERE p.status <> 'offline' AND p.lease_expires_at > ",
    )
    .bind::<Timestamptz, _>(now)
    .sql(" GROUP BY p.status ORDER BY p.status")
    .load(conn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_customer_there_is_no_service_level() {
        assert_eq!(Service::default().service_level_permille(), None);
        assert_eq!(Service::default().average_answer_milliseconds(), None);
    }

    #[test]
    fn who_leaves_early_counts_neither_way_in_the_service_level() {
        let service = Service {
            answered: 8,
            answered_in_time: 6,
            abandoned: 5,
            abandoned_late: 2,
            ..Service::default()
        };
        assert_eq!(service.service_level_permille(), Some(600));
        assert_eq!(service.abandon_permille(), Some(384));
    }

    #[test]
    fn what_the_platform_took_back_is_not_held_against_the_accept_rate() {
        let count = |state: &str, count| (state.to_owned(), count);
        let offers = Offers {
            by_state: [
                count("accepted", 3),
                count("declined", 1),
                count("rescinded", 9),
            ]
            .into(),
            repeated: 0,
        };
        assert_eq!(offers.accept_permille(), Some(750));
    }

    #[test]
    fn the_first_id_of_an_instant_is_not_above_one_made_then() {
        let id = OfferId::new();
        let bytes = id.uuid().into_bytes();
        let mut milliseconds = [0; 8];
        milliseconds[2..].copy_from_slice(&bytes[..6]);
        let made = i64::from_be_bytes(milliseconds);
        let at = DateTime::from_timestamp_millis(made).unwrap();
        assert!(OfferId::from_bytes(first_id(at)) <= id);
        assert!(OfferId::from_bytes(first_id(at + TimeDelta::milliseconds(1))) > id);
    }
}
