//! What a replay came to.

use std::fmt::{self, Write as _};

use serde::Serialize;

use crate::{
    finance::{Earnings, Payout, Verification},
    percentile::Spread,
    performance::Fate,
};

/// What a replay came to, in numbers.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// Conversations that were to be played.
    pub conversations: usize,
    /// Agents who took part.
    pub agents: usize,
    /// How many times faster than recorded; 0 for no pauses.
    pub speed: u32,
    /// Escalations that were answered with a ticket.
    pub tickets_in: usize,
    /// Tickets that an agent resolved.
    pub resolved: usize,
    /// Tickets whose customer left before an agent had taken them.
    pub abandoned: usize,
    /// Conversations that reached no end.
    pub lost: usize,
    /// Escalations with more than one ticket, messages and earnings stored more than once.
    pub doubled: usize,
    /// Messages that are stored in another place or in other words than they were said.
    pub altered: usize,
    /// What customers and agents say in all.
    pub turns_expected: usize,
    /// Of these, what came with the escalations.
    pub messages_handed_over: usize,
    /// Of these, what was sent by customers and agents.
    pub messages_sent: u64,
    /// What is stored of customers and agents.
    pub messages_stored: usize,
    /// Engagements that were rated.
    pub ratings: usize,
    /// From the escalation to an agent's seeing the offer.
    pub time_to_offer: Spread,
    /// From the escalation to the customer's seeing the first reply.
    pub time_to_first_reply: Spread,
    /// What the agents earned.
    pub earnings: Earnings,
    /// What was paid out; none where nothing was earned.
    pub payout: Option<Payout>,
    /// What the platform says of its own promises.
    pub verify: Verification,
    /// From the first escalation to the last customer's leaving, in milliseconds.
    pub duration_ms: u64,
}

impl Report {
    /// Adds what became of one conversation.
    pub(crate) fn add(&mut self, fate: &Fate) {
        self.tickets_in += 1;
        match fate.status.as_str() {
            "resolved" => self.resolved += 1,
            "abandoned" => self.abandoned += 1,
            _ => self.lost += 1,
        }
        self.doubled += usize::from(fate.is_doubled) + fate.stored.doubled;
        self.altered += fate.stored.altered;
        self.messages_handed_over += fate.heard;
        self.messages_stored += fate.stored.messages;
        self.ratings += usize::from(fate.is_rated);
    }

    /// Whether nothing was lost, doubled or altered, all work was paid, and all promises hold.
    pub fn is_clean(&self) -> bool {
        let is_paid = match &self.payout {
            Some(payout) => payout.equal && payout.exports_identical && payout.held == 0,
            None => self.earnings.lines == 0,
        };
        is_paid
            && self.lost == 0
            && self.doubled == 0
            && self.altered == 0
            && self.tickets_in == self.conversations
            && self.resolved + self.abandoned == self.conversations
            && self.messages_stored == self.turns_expected
            && self.earnings.lines == self.resolved
            && self.verify.broken.is_empty()
    }

    fn rows(&self) -> Vec<(&'static str, String)> {
        let spread = |spread: &Spread| {
            format!(
                "{} / {} ms (of {})",
                spread.p50_ms, spread.p95_ms, spread.count
            )
        };
        let mut rows = vec![
            ("conversations", self.conversations.to_string()),
            ("agents", self.agents.to_string()),
            ("tickets in", self.tickets_in.to_string()),
            ("resolved", self.resolved.to_string()),
            ("abandoned", self.abandoned.to_string()),
            ("lost", self.lost.to_string()),
            ("doubled", self.doubled.to_string()),
            ("altered", self.altered.to_string()),
            ("turns expected", self.turns_expected.to_string()),
            (
                "messages handed over",
                self.messages_handed_over.to_string(),
            ),
            ("messages sent", self.messages_sent.to_string()),
            ("messages stored", self.messages_stored.to_string()),
            ("ratings", self.ratings.to_string()),
            ("time to offer p50 / p95", spread(&self.time_to_offer)),
            (
                "time to first reply p50 / p95",
                spread(&self.time_to_first_reply),
            ),
            ("earning lines", self.earnings.lines.to_string()),
            ("earned", euros(self.earnings.total_minor)),
        ];
        if let Some(payout) = &self.payout {
            let exports = if payout.exports_identical {
                "identical"
            } else {
                "DIFFERENT"
            };
            rows.extend([
                ("payout run, agents", payout.items.to_string()),
                ("payout run, total", euros(payout.run_total_minor)),
                ("ledger, paid to agents", euros(payout.ledger_total_minor)),
                ("ledger, to the bank", euros(payout.bank_total_minor)),
                (
                    "two exports",
                    format!("{exports}, {} bytes", payout.export_bytes),
                ),
            ]);
        }
        let broken: u64 = self.verify.broken.iter().map(|broken| broken.rows).sum();
        rows.extend([
            ("promises checked", self.verify.promises.to_string()),
            ("rows that break one", broken.to_string()),
            (
                "took",
                format!(
                    "{}.{:03} s",
                    self.duration_ms / 1000,
                    self.duration_ms % 1000
                ),
            ),
        ]);
        rows
    }
}

/// The closing table.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in self.rows() {
            writeln!(f, "  {name:<30} {value:>28}")?;
        }
        for broken in &self.verify.broken {
            writeln!(f, "  BROKEN: {} ({} rows)", broken.promise, broken.rows)?;
        }
        let verdict = if self.is_clean() {
            "nothing lost, nothing doubled"
        } else {
            "NOT CLEAN"
        };
        writeln!(f, "  {:<30} {verdict:>28}", "verdict")
    }
}

/// An amount of euro cents as people write it.
fn euros(minor: i64) -> String {
    let mut text = String::new();
    if minor < 0 {
        text.push('-');
    }
    let minor = minor.unsigned_abs();
    // Writing to a string does not fail.
    let _ = write!(text, "{}.{:02} EUR", minor / 100, minor % 100);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{finance::BrokenPromise, performance::Stored};

    fn clean() -> Report {
        let mut report = Report {
            conversations: 2,
            turns_expected: 7,
            ..Report::default()
        };
        let stored = |messages| Stored {
            messages,
            doubled: 0,
            altered: 0,
        };
        report.add(&Fate {
            status: "resolved".into(),
            stored: stored(6),
            ..Fate::default()
        });
        report.add(&Fate {
            status: "abandoned".into(),
            stored: stored(1),
            ..Fate::default()
        });
        report.earnings = Earnings {
            lines: 1,
            doubled: 0,
            total_minor: 120,
        };
        report.payout = Some(Payout {
            equal: true,
            exports_identical: true,
            ..Payout::default()
        });
        report
    }

    #[test]
    fn a_replay_is_clean_when_everything_is_as_it_should_be() {
        assert!(clean().is_clean());
        assert!(clean().to_string().contains("nothing lost"));
    }

    #[test]
    fn a_single_fault_is_enough() {
        let faults: [fn(&mut Report); 9] = [
            |report| report.lost = 1,
            |report| report.doubled = 1,
            |report| report.altered = 1,
            |report| report.tickets_in = 1,
            |report| report.messages_stored = 6,
            |report| report.earnings.lines = 0,
            |report| report.payout = None,
            |report| report.payout.as_mut().unwrap().exports_identical = false,
            |report| {
                let broken = BrokenPromise {
                    promise: "balance".into(),
                    rows: 1,
                };
                report.verify.broken.push(broken);
            },
        ];
        for (index, fault) in faults.iter().enumerate() {
            let mut report = clean();
            fault(&mut report);
            assert!(!report.is_clean(), "fault {index}");
            assert!(report.to_string().contains("NOT CLEAN"));
        }
    }

    #[test]
    fn a_conversation_without_an_end_is_lost() {
        let mut report = clean();
        report.add(&Fate {
            status: "engaged".into(),
            ..Fate::default()
        });
        assert_eq!(report.lost, 1);
    }

    #[test]
    fn amounts_are_written_with_two_decimals() {
        assert_eq!(euros(123_456), "1234.56 EUR");
        assert_eq!(euros(7), "0.07 EUR");
        assert_eq!(euros(-7), "-0.07 EUR");
    }
}
