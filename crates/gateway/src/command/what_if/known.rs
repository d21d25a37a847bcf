//! What is known of the day, as the rehearsal wants it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use dispatch::{OfferStatus, Workload};
use kernel::{AgentId, diesel::PgConnection};
use payouts::{EarningLine, PLATFORM_CURRENCY, Rate};
use rehearsal::{Answers, Arrival, Draw, Member, Patience, Rule, Scenario, Span};
use reports::{DAY_LIMIT, Day, DayOffer, DayTicket};
use routing::{
    Policy,
    fact::{Admitted, Agent},
};

/// Where all draws begin: both sides of the comparison have the same luck.
const SEED: u64 = 1;
/// How long an agent who misses an offer stays away. Those who missed one that day are not on
/// record as available afterwards, so little is added.
const AWAY_MS: i64 = 60_000;
/// Agents that are read at a time.
const AGENTS: usize = 1_000;

/// What is known of a day.
pub struct Known {
    pub date: NaiveDate,
    /// The queue in question; none where it is all.
    pub queue: Option<String>,
    /// The policies in force, by queue.
    pub policies: BTreeMap<String, Policy>,
    /// The tickets, by id.
    pub arrivals: Vec<Arrival>,
    pub members: Vec<Member>,
    pub agents_left_out: usize,
    answers: Answers,
    rates: BTreeMap<String, Rate>,
}

impl Known {
    /// Reads a day. Work that goes on is counted up to `now`.
    pub fn read(
        conn: &mut PgConnection,
        date: NaiveDate,
        queue: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<Self> {
        let from = date.and_time(NaiveTime::MIN).and_utc();
        let to = from + TimeDelta::days(1);
        let mut policies = BTreeMap::new();
        for version in dispatch::queries::policies_in_force(conn)? {
            policies.insert(version.queue.clone(), version.policy()?);
        }
        if let Some(queue) = queue {
            ensure!(policies.contains_key(queue), "there is no queue {queue}");
        }
        let day = reports::day(conn, from, to, now)?
            .with_context(|| format!("more than {DAY_LIMIT} tickets came on {date}"))?;
        let card = payouts::rate_card_in_force(conn, PLATFORM_CURRENCY, now)?;
        let rates = card.map_or(Ok(Vec::new()), |card| payouts::rates(conn, card.id))?;
        let there: BTreeSet<AgentId> = day.spans.iter().map(|span| span.agent_id).collect();
        let members = members(conn, &there, &day, from)?;
        Ok(Self {
            date,
            queue: queue.map(str::to_owned),
            policies,
            arrivals: arrivals(&day.tickets, queue),
            agents_left_out: there.len() - members.len(),
            members,
            answers: answers(&day.offers),
            rates: rates
                .into_iter()
                .map(|rate| (rate.queue.clone(), rate))
                .collect(),
        })
    }

    /// The day under these policies.
    pub fn scenario(&self, policies: BTreeMap<String, Policy>) -> Scenario {
        Scenario {
            policies,
            rule: Rule::Policies,
            answers: self.answers,
            arrivals: self.arrivals.clone(),
            members: self.members.clone(),
        }
    }

    /// What a ticket earns whoever handles it, in minor units, at the rate in force.
    pub fn earning(&self, arrival: &Arrival) -> Result<i64> {
        let Some(rate) = self.rates.get(&arrival.ticket.queue) else {
            return Ok(0);
        };
        let seconds = i32::try_from((arrival.talk + arrival.wrap_up) / 1_000)?;
        Ok(EarningLine::estimate(rate, seconds, PLATFORM_CURRENCY)?.minor)
    }

    /// Queues whose tickets earn nothing, because no rate in force names them.
    pub fn queues_without_rate(&self) -> Vec<String> {
        let queues: BTreeSet<&String> = (self.arrivals.iter())
            .map(|arrival| &arrival.ticket.queue)
            .filter(|queue| !self.rates.contains_key(*queue))
            .collect();
        queues.into_iter().cloned().collect()
    }
}

/// The agents who were there, as able as they are now, with all their units and when they were
/// there. That they were is proof enough that they were admitted, and had accepted the agreement
/// of that day.
fn members(
    conn: &mut PgConnection,
    there: &BTreeSet<AgentId>,
    day: &Day,
    from: DateTime<Utc>,
) -> Result<Vec<Member>> {
    let mut spans: BTreeMap<AgentId, Vec<Span>> = BTreeMap::new();
    for span in &day.spans {
        spans.entry(span.agent_id).or_default().push(Span {
            from: span.from.timestamp_millis(),
            until: span.until.timestamp_millis(),
        });
    }
    let there: Vec<AgentId> = there.iter().copied().collect();
    let mut members = Vec::new();
    for part in there.chunks(AGENTS) {
        let mut workloads: BTreeMap<AgentId, Workload> = dispatch::queries::workloads(conn, part)?
            .into_iter()
            .map(|workload| (workload.agent_id, workload))
            .collect();
        for candidate in workflows::candidates(conn, part, from)? {
            let Some(workload) = workloads.remove(&candidate.agent_id) else {
                continue;
            };
            members.push(Member {
                agent: Agent {
                    agreement_current: true,
                    admitted: Admitted::All,
                    seconds_left: None,
                    ..candidate.facts(&with_nothing_in_hand(&workload, from), from)
                },
                spans: spans.remove(&candidate.agent_id).unwrap_or_default(),
            });
        }
    }
    Ok(members)
}

fn with_nothing_in_hand(workload: &Workload, at: DateTime<Utc>) -> Workload {
    Workload {
        load: 0,
        chat_load: 0,
        message_load: 0,
        idle_since: at,
        worked_on: None,
        ..workload.clone()
    }
}

/// The tickets of the day. What is not on record of one is drawn from those of its queue of which
/// it is: the patience of a customer who was answered, and the length of a conversation that never
/// was.
fn arrivals(tickets: &[DayTicket], queue: Option<&str>) -> Vec<Arrival> {
    let mut waits: BTreeMap<&str, Vec<(i64, bool)>> = BTreeMap::new();
    let mut work: BTreeMap<&str, Vec<(i64, i64)>> = BTreeMap::new();
    for told in tickets {
        let code = told.ticket.queue.as_str();
        if let Some(wait) = told.wait() {
            let wait = (wait.num_milliseconds(), told.has_left());
            waits.entry(code).or_default().push(wait);
        }
        if told.answered_at.is_some() {
            work.entry(code).or_default().push(lengths(told));
        }
    }
    let patience: BTreeMap<&str, Patience> = waits
        .into_iter()
        .map(|(code, waits)| (code, Patience::of(waits.into_iter())))
        .collect();
    let arrival = |told: &DayTicket| {
        let ticket = told.ticket.facts(&[]);
        let code = told.ticket.queue.as_str();
        let waited = told.wait().map_or(0, |wait| wait.num_milliseconds());
        let mut draw = Draw::of(SEED, &[ticket.id.0]);
        let drawn = patience.get(code);
        let drawn = drawn.and_then(|patience| patience.beyond(waited, &mut draw));
        let done = work.get(code).and_then(|work| draw.one_of(work)).copied();
        let (talk, wrap_up) = match told.answered_at {
            Some(_) => lengths(told),
            None => done.unwrap_or_default(),
        };
        Arrival {
            group: if queue.is_none_or(|queue| queue == code) {
                told.ticket.customer_tier.clone()
            } else {
                "other queues".to_owned()
            },
            patience: if told.has_left() { Some(waited) } else { drawn },
            talk,
            wrap_up,
            ticket,
        }
    };
    tickets.iter().map(arrival).collect()
}

fn lengths(told: &DayTicket) -> (i64, i64) {
    let of = |length: TimeDelta| length.num_milliseconds().max(0);
    (of(told.talk), of(told.wrap_up))
}

/// How agents answered that day: as quickly as the middle eight in ten who accepted did, and with
/// the day's shares of declined and missed offers.
fn answers(offers: &[DayOffer]) -> Answers {
    let ended = |status: OfferStatus| offers.iter().filter(move |offer| offer.status == status);
    let mut delays: Vec<i64> = ended(OfferStatus::Accepted)
        .filter_map(|offer| {
            Some(
                (offer.closed_at? - offer.offered_at)
                    .num_milliseconds()
                    .max(0),
            )
        })
        .collect();
    delays.sort_unstable();
    let tenth = |tenths: usize| delays.get(delays.len() * tenths / 10).copied();
    let share = |status: OfferStatus| {
        let share = ended(status).count() * 1_000 / offers.len().max(1);
        i64::try_from(share).unwrap_or(0)
    };
    Answers {
        seed: SEED,
        least: tenth(1).unwrap_or(0),
        most: tenth(9).unwrap_or(0),
        declines_per_mille: share(OfferStatus::Declined),
        misses_per_mille: share(OfferStatus::TimedOut),
        away: AWAY_MS,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_those_of_the_day() {
        let offer = |status, seconds: i64| DayOffer {
            status,
            offered_at: DateTime::UNIX_EPOCH,
            closed_at: Some(DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)),
        };
        let mut offers: Vec<DayOffer> = (1..=10)
            .map(|seconds| offer(OfferStatus::Accepted, seconds))
            .collect();
        offers.extend((0..6).map(|_| offer(OfferStatus::Declined, 4)));
        offers.extend((0..4).map(|_| offer(OfferStatus::TimedOut, 30)));
        let answers = answers(&offers);
        assert_eq!((answers.least, answers.most), (2_000, 10_000));
        assert_eq!(
            (answers.declines_per_mille, answers.misses_per_mille),
            (300, 200)
        );
        assert_eq!(super::answers(&[]).most, 0);
    }
}
