//! Both sides of the comparison, and the difference, as people read them.

use std::fmt::Write as _;

use kernel::{Currency, Money};
use rehearsal::Figures;

use super::{Comparison, Side};

/// In what a figure is counted.
#[derive(Clone, Copy)]
enum Unit {
    Count,
    /// Milliseconds, shown in seconds.
    Time,
    /// Thousandths, shown in a hundred.
    Share,
    /// Thousandths of one.
    Ratio,
    /// Minor units.
    Money(Currency),
}

impl Unit {
    fn show(self, figure: i64) -> String {
        let sign = if figure < 0 { "-" } else { "" };
        let size = figure.unsigned_abs();
        match self {
            Self::Count => figure.to_string(),
            Self::Time => {
                let tenths = (size + 50) / 100;
                format!("{sign}{}.{} s", tenths / 10, tenths % 10)
            }
            Self::Share => format!("{sign}{}.{} %", size / 10, size % 10),
            Self::Ratio => format!("{sign}{}.{:03}", size / 1_000, size % 1_000),
            Self::Money(currency) => Money::new(figure, currency).to_string(),
        }
    }

    fn difference(self, figure: i64) -> String {
        let shown = self.show(figure);
        if figure > 0 {
            format!("+{shown}")
        } else {
            shown
        }
    }
}

/// The table, with what has to be said about it.
pub fn render(comparison: &Comparison, policy: &str) -> String {
    let queue = comparison.queue.as_ref();
    let queue = queue.map_or("all queues".to_owned(), |code| format!("queue {code}"));
    let mut text = format!(
        "{} (UTC), {queue}: {} tickets, {} agents; what if {policy} had been in force\n\n",
        comparison.day, comparison.tickets, comparison.agents
    );
    let (now, then) = (&comparison.in_force, &comparison.what_if);
    line(&mut text, ["", "in force", "what if", "difference"]);
    of_group(&mut text, "all", &now.report.total, &then.report.total);
    if now.report.groups.len() > 1 {
        for (group, figures) in &now.report.groups {
            let other = then.report.groups.get(group).copied().unwrap_or_default();
            of_group(&mut text, group, figures, &other);
        }
    }
    of_agents(&mut text, comparison, (now, then));
    text.push_str(
        "\nEarnings are the minutes handled at the rate that is in force. Waits end when an agent \
         accepts.\nArrivals, patience, answers and the length of conversations are the day's and do \
         not depend on\nthe policy.\n",
    );
    if comparison.agents_left_out > 0 {
        let _ = writeln!(
            text,
            "{} agents who were there are no longer active, and are left out.",
            comparison.agents_left_out
        );
    }
    if !comparison.queues_without_rate.is_empty() {
        let _ = writeln!(
            text,
            "No rate in force pays for {}.",
            comparison.queues_without_rate.join(", ")
        );
    }
    text
}

fn of_group(text: &mut String, group: &str, now: &Figures, then: &Figures) {
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let _ = writeln!(text, "{group}: {} tickets", now.arrivals);
    let rows: [(&str, Unit, i64, i64); 7] = [
        ("wait, mean", Unit::Time, now.all.mean, then.all.mean),
        ("wait, half at most", Unit::Time, now.all.p50, then.all.p50),
        ("wait, 90 % at most", Unit::Time, now.all.p90, then.all.p90),
        (
            "service level",
            Unit::Share,
            now.service_level_per_mille,
            then.service_level_per_mille,
        ),
        (
            "abandoned",
            Unit::Share,
            now.abandoned_per_mille,
            then.abandoned_per_mille,
        ),
        ("served", Unit::Count, count(now.served), count(then.served)),
        (
            "put aside",
            Unit::Count,
            count(now.put_aside),
            count(then.put_aside),
        ),
    ];
    for row in rows {
        figure(text, row);
    }
}

fn of_agents(text: &mut String, comparison: &Comparison, (now, then): (&Side, &Side)) {
    let money = Unit::Money(comparison.currency);
    let _ = writeln!(text, "agents: {}", comparison.agents);
    let occupancy = (
        now.report.occupancy_per_mille,
        then.report.occupancy_per_mille,
    );
    let (a, b) = (&now.earnings, &then.earnings);
    let rows = [
        ("occupancy", Unit::Share, occupancy.0, occupancy.1),
        ("earnings, least", money, a.least, b.least),
        ("earnings, mean", money, a.mean, b.mean),
        ("earnings, most", money, a.most, b.most),
        (
            "earnings, Gini",
            Unit::Ratio,
            a.gini_per_mille,
            b.gini_per_mille,
        ),
    ];
    for row in rows {
        figure(text, row);
    }
}

fn figure(text: &mut String, (name, unit, now, then): (&str, Unit, i64, i64)) {
    let cells = [
        format!("  {name}"),
        unit.show(now),
        unit.show(then),
        unit.difference(then - now),
    ];
    line(text, cells.each_ref().map(String::as_str));
}

fn line(text: &mut String, [name, now, then, difference]: [&str; 4]) {
    let _ = writeln!(text, "{name:24}{now:>16}{then:>16}{difference:>16}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_in_their_unit_and_differences_with_their_sign() {
        assert_eq!(Unit::Time.show(12_349), "12.3 s");
        assert_eq!(Unit::Time.difference(-1_250), "-1.3 s");
        assert_eq!(Unit::Share.difference(5), "+0.5 %");
        assert_eq!(Unit::Share.difference(0), "0.0 %");
        assert_eq!(Unit::Ratio.show(75), "0.075");
        assert_eq!(Unit::Money(Currency::EUR).difference(-50), "-0.50 EUR");
        assert_eq!(Unit::Count.difference(3), "+3");
    }
}
