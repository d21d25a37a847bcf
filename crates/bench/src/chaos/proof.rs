//! The callers' journal against the tables.

use std::{
    collections::{HashMap, HashSet},
    sync::atomic::Ordering,
    time::Duration,
};

use anyhow::Result;

use super::journal::{Journal, Said};
use crate::http::{platform::Platform, sql};

/// What was found of one kind of write.
#[derive(Debug, Default, Eq, PartialEq)]
struct Verdict {
    acknowledged: usize,
    lost: usize,
    doubled: usize,
}

impl Verdict {
    /// Compares acknowledged facts with rows. A fact that is not among the rows is lost; a row
    /// that is there more than once is doubled.
    fn of<T: Eq + std::hash::Hash>(acknowledged: &HashSet<T>, rows: Vec<T>) -> Self {
        let mut counts: HashMap<T, usize> = HashMap::new();
        for row in rows {
            *counts.entry(row).or_default() += 1;
        }
        Self {
            acknowledged: acknowledged.len(),
            lost: acknowledged
                .iter()
                .filter(|fact| !counts.contains_key(*fact))
                .count(),
            doubled: counts.values().filter(|count| **count > 1).count(),
        }
    }

    fn holds(&self) -> bool {
        self.lost == 0 && self.doubled == 0
    }
}

/// Prints what was found, and says whether everything held.
pub fn judge(platform: &Platform, journal: &Journal, drained: Option<Duration>) -> Result<bool> {
    let verdicts = [
        ("escalations", escalations(platform, journal)?),
        ("messages", messages(platform, journal)?),
        ("resolutions", resolutions(platform, journal)?),
    ];
    let mut holds = true;
    for (name, verdict) in &verdicts {
        let Verdict {
            acknowledged,
            lost,
            doubled,
        } = verdict;
        println!("{acknowledged} {name} acknowledged: {lost} lost, {doubled} doubled");
        // A proof in which nothing was done proves nothing.
        holds &= verdict.holds() && *acknowledged > 0;
    }
    let other_answers = journal.other_answers.load(Ordering::Relaxed);
    println!("{other_answers} repeated requests answered differently");
    println!(
        "{} requests sent again, {} answers with status 500",
        journal.retries.load(Ordering::Relaxed),
        journal.internal_errors.load(Ordering::Relaxed)
    );
    match drained {
        Some(time) => println!("the queue was empty {} ms after the end", time.as_millis()),
        None => println!("the queue was not empty in time"),
    }
    let verified = platform.gigdesk(&["verify"]);
    match &verified {
        Ok(said) => println!("{}", said.trim()),
        Err(error) => println!("{error:#}"),
    }
    let holds = holds && other_answers == 0 && drained.is_some() && verified.is_ok();
    println!(
        "{}",
        if holds {
            "Everything holds."
        } else {
            "Something does not hold."
        }
    );
    Ok(holds)
}

/// The external id and the id of each ticket.
fn escalations(platform: &Platform, journal: &Journal) -> Result<Verdict> {
    let rows = sql::run(
        platform.url(),
        "SELECT external_id || ' tkt_' || replace(id::text, '-', '') FROM dispatch.tickets",
    )?;
    let names = sql::number(
        platform.url(),
        "SELECT count(*) - count(DISTINCT external_id) FROM dispatch.tickets",
    )?;
    let acknowledged = journal.tickets().into_iter();
    let acknowledged = acknowledged.map(|(name, ticket)| format!("{name} {ticket}"));
    let mut verdict = Verdict::of(&acknowledged.collect(), rows);
    verdict.doubled += usize::try_from(names)?;
    Ok(verdict)
}

/// The number of each message that a caller named.
fn messages(platform: &Platform, journal: &Journal) -> Result<Verdict> {
    let rows = sql::run(
        platform.url(),
        "SELECT 'tkt_' || replace(ticket_id::text, '-', '') || ' ' || author || ' ' || client_id
                || ' ' || number FROM dispatch.messages WHERE client_id IS NOT NULL",
    )?;
    let line = |(said, number): (Said, i64)| {
        let Said {
            ticket,
            author,
            client_id,
        } = said;
        format!("{ticket} {author} {client_id} {number}")
    };
    let acknowledged = journal.messages().into_iter().map(line).collect();
    Ok(Verdict::of(&acknowledged, rows))
}

/// Each resolved engagement with its ticket, once for each time that it was paid.
fn resolutions(platform: &Platform, journal: &Journal) -> Result<Verdict> {
    let rows = sql::run(
        platform.url(),
        "SELECT 'eng_' || replace(e.id::text, '-', '') || ' tkt_' || replace(e.ticket_id::text, '-', '')
           FROM dispatch.engagements e JOIN payouts.earning_lines l ON l.engagement_id = e.id
          WHERE e.status = 'resolved'",
    )?;
    let acknowledged = journal.ends().into_iter();
    let acknowledged = acknowledged.map(|(engagement, ticket)| format!("{engagement} {ticket}"));
    Ok(Verdict::of(&acknowledged.collect(), rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_lost_and_what_is_there_twice_is_doubled() {
        let acknowledged = HashSet::from(["one", "two", "three"]);
        let rows = vec!["one", "two", "two", "four"];

        let verdict = Verdict::of(&acknowledged, rows);

        assert_eq!((verdict.lost, verdict.doubled), (1, 1));
        assert!(!verdict.holds());
    }

    #[test]
    fn rows_that_nobody_was_told_about_do_no_harm() {
        let verdict = Verdict::of(&HashSet::from(["one"]), vec!["one", "unheard"]);
        assert!(verdict.holds());
    }
}
