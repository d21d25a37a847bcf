//! The board: what waits, read once for all the agents who look at it.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use diesel::PgConnection;
use kernel::TicketId;
use routing::{Needs, Objection, Policy, fact};

use crate::{candidate::Candidate, error::Error, queries, ticket::Ticket, workload::Workload};

/// The waiting tickets that are served first, with what each asks of an agent.
#[derive(Debug)]
pub struct Board {
    posted: Vec<Posted>,
}

#[derive(Debug)]
struct Posted {
    ticket: Ticket,
    facts: fact::Ticket,
    needs: Needs,
}

impl Board {
    /// What waits at an instant; up to 500 tickets, in the order in which they are served.
    pub fn read(conn: &mut PgConnection, now: DateTime<Utc>) -> Result<Self, Error> {
        let waiting = queries::waiting_tickets(conn)?;
        if waiting.is_empty() {
            return Ok(Self { posted: Vec::new() });
        }
        let mut policies: HashMap<String, Policy> = HashMap::new();
        for version in queries::policies_in_force(conn)? {
            policies.insert(version.queue.clone(), version.policy()?);
        }
        let ids: Vec<TicketId> = waiting.iter().map(|ticket| ticket.id).collect();
        let declines = queries::declines(conn, &ids)?;
        let posted = waiting.into_iter().filter_map(|ticket| {
            let policy = policies.get(&ticket.queue)?;
            let declined_by = declines.get(&ticket.id).map_or(&[][..], Vec::as_slice);
            let facts = ticket.facts(declined_by);
            let needs = Needs::of(&facts, policy, now.timestamp_millis());
            Some(Posted {
                ticket,
                facts,
                needs,
            })
        });
        Ok(Self {
            posted: posted.collect(),
        })
    }

    /// The tickets that the agent may claim once there is room and they are there, the most urgent
    /// first.
    pub fn claimable_by(
        &self,
        candidate: &Candidate,
        workload: &Workload,
        now: DateTime<Utc>,
    ) -> impl Iterator<Item = &Ticket> {
        let agent = candidate.facts(workload, now);
        self.posted.iter().filter_map(move |posted| {
            let objection = routing::objection(&posted.facts, &posted.needs, &agent);
            let is_passing = matches!(
                objection,
                None | Some(
                    Objection::AtCapacity
                        | Objection::ChannelFull
                        | Objection::Absent
                        | Objection::Unstable
                )
            );
            is_passing.then_some(&posted.ticket)
        })
    }
}
