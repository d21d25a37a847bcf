//! The figures as a table that people read, and its place in a document.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Context as _;
use rehearsal::{Figures, Report};
use serde::Serialize;

/// The groups, as they are listed.
const GROUPS: [&str; 4] = ["VIP", "regular", "unidentified", "all"];

/// A figure over several seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Range {
    pub least: i64,
    pub mean: i64,
    pub most: i64,
}

impl Range {
    fn of(figures: &[i64]) -> Self {
        let count = i64::try_from(figures.len()).unwrap_or(1).max(1);
        Self {
            least: figures.iter().copied().min().unwrap_or(0),
            mean: figures.iter().sum::<i64>() / count,
            most: figures.iter().copied().max().unwrap_or(0),
        }
    }

    /// In a smaller unit to one decimal, with the range where there is one: `47.1 (46.2–48.0)`.
    fn show(self, per_tenth: i64) -> String {
        let tenths = |figure: i64| {
            let tenths = (figure + per_tenth / 2) / per_tenth;
            format!("{}.{}", tenths / 10, tenths % 10)
        };
        if self.least == self.most {
            tenths(self.mean)
        } else {
            format!(
                "{} ({}–{})",
                tenths(self.mean),
                tenths(self.least),
                tenths(self.most)
            )
        }
    }
}

/// What a rule made of one group.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    pub calls: u64,
    /// Waits of all calls, those connected at once among them.
    pub mean_wait_milliseconds: Range,
    pub p90_wait_milliseconds: Range,
    pub longest_wait_milliseconds: Range,
    pub mean_wait_of_answered_milliseconds: Range,
    pub abandoned_per_mille: Range,
    pub service_level_per_mille: Range,
}

/// What a rule made of the record.
#[derive(Clone, Debug, Serialize)]
pub struct Column {
    pub rule: String,
    pub seeds: usize,
    pub groups: BTreeMap<String, Line>,
    pub occupancy_per_mille: Range,
    pub gini_of_handled_time_per_mille: Range,
    pub overtakes: u32,
}

impl Column {
    /// Sums up the reports of several seeds.
    pub fn of(rule: &str, reports: &[Report]) -> Self {
        let over = |figure: &dyn Fn(&Report) -> i64| {
            Range::of(&reports.iter().map(figure).collect::<Vec<i64>>())
        };
        let line = |group: &str| {
            let of = |report: &Report| -> Figures {
                let found = report.groups.get(group).copied().unwrap_or_default();
                if group == "all" { report.total } else { found }
            };
            Line {
                calls: reports.first().map_or(0, |report| of(report).arrivals),
                mean_wait_milliseconds: over(&|report| of(report).all.mean),
                p90_wait_milliseconds: over(&|report| of(report).all.p90),
                longest_wait_milliseconds: over(&|report| of(report).all.max),
                mean_wait_of_answered_milliseconds: over(&|report| of(report).answered.mean),
                abandoned_per_mille: over(&|report| of(report).abandoned_per_mille),
                service_level_per_mille: over(&|report| of(report).service_level_per_mille),
            }
        };
        Self {
            rule: rule.to_owned(),
            seeds: reports.len(),
            groups: GROUPS
                .map(|group| (group.to_owned(), line(group)))
                .into_iter()
                .collect(),
            occupancy_per_mille: over(&|report| report.occupancy_per_mille),
            gini_of_handled_time_per_mille: over(&|report| report.handled.gini_per_mille),
            overtakes: reports.iter().map(|report| report.overtakes).sum(),
        }
    }
}

/// The table in Markdown, group by group.
pub fn markdown(columns: &[Column], target_seconds: i64) -> String {
    let mut text = format!(
        "| customers | rule | mean wait, s | 90 % wait at most, s | abandoned, % | answered in \
         {target_seconds} s, % |\n| --- | --- | --- | --- | --- | --- |\n"
    );
    for group in GROUPS {
        for column in columns {
            let Some(line) = column.groups.get(group) else {
                continue;
            };
            let _ = writeln!(
                text,
                "| {group} ({}) | {} | {} | {} | {} | {} |",
                line.calls,
                column.rule,
                line.mean_wait_milliseconds.show(100),
                line.p90_wait_milliseconds.show(100),
                line.abandoned_per_mille.show(1),
                line.service_level_per_mille.show(1)
            );
        }
    }
    text
}

/// Puts a section into a document, between its two markers.
pub fn replace(document: &str, section: &str, body: &str) -> anyhow::Result<String> {
    let marker = |word: &str| format!("<!-- {section}:{word} -->");
    let (begin, end) = (marker("begin"), marker("end"));
    let missing = || format!("the document has no {begin} … {end}");
    let (before, rest) = document.split_once(&begin).with_context(missing)?;
    let (_, after) = rest.split_once(&end).with_context(missing)?;
    Ok(format!("{before}{begin}\n{body}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_shown_to_one_decimal_with_their_range() {
        assert_eq!(Range::of(&[47_149]).show(100), "47.1");
        assert_eq!(Range::of(&[900, 1_100]).show(100), "1.0 (0.9–1.1)");
        assert_eq!(Range::of(&[125]).show(1), "12.5");
        assert_eq!(Range::of(&[49]).show(100), "0.0");
    }

    #[test]
    fn a_section_is_replaced_and_the_rest_is_left_alone() {
        let document = "# A\n<!-- x:begin -->\nold\n<!-- x:end -->\nB\n";
        let replaced = replace(document, "x", "new").unwrap();
        assert_eq!(replaced, "# A\n<!-- x:begin -->\nnew\n<!-- x:end -->\nB\n");
        assert_eq!(replace(&replaced, "x", "new").unwrap(), replaced);
        assert!(replace(document, "y", "new").is_err());
    }
}
