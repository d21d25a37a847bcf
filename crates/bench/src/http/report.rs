//! What was measured, beside what it should be.

use std::fmt::{self, Write as _};

use serde::{Serialize, Serializer};

/// A ratio in thousandths, so that no figure depends on how a machine rounds.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Ratio(u64);

impl Ratio {
    /// The first by the second.
    pub fn of(ours: u64, theirs: u64) -> Self {
        Self(ours.saturating_mul(1_000) / theirs.max(1))
    }

    /// So many thousandths.
    pub const fn milli(thousandths: u64) -> Self {
        Self(thousandths)
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0..10_000 => write!(f, "{}.{:02}", self.0 / 1_000, self.0 % 1_000 / 10),
            _ => write!(f, "{}", self.0 / 1_000),
        }
    }
}

impl Serialize for Ratio {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// One thing measured, once in each round.
#[derive(Clone, Debug, Serialize)]
pub struct Figure {
    /// What.
    pub what: String,
    /// In what.
    pub unit: &'static str,
    /// In the order of the rounds.
    pub rounds: Vec<u64>,
    /// Microseconds of processor time of the nodes for each.
    pub node_micros: Option<u64>,
    /// The same of PostgreSQL.
    pub postgres_micros: Option<u64>,
}

impl Figure {
    /// Nothing measured yet.
    pub fn new(what: impl Into<String>, unit: &'static str) -> Self {
        Self {
            what: what.into(),
            unit,
            rounds: Vec::new(),
            node_micros: None,
            postgres_micros: None,
        }
    }

    /// A single reading.
    #[must_use]
    pub fn once(mut self, value: u64) -> Self {
        self.rounds.push(value);
        self
    }

    /// The highest of the rounds, which is what a busy machine disturbed least.
    pub fn best(&self) -> u64 {
        self.rounds.iter().copied().max().unwrap_or(0)
    }

    /// The middle one; of an even number the lower.
    pub fn median(&self) -> u64 {
        let mut sorted = self.rounds.clone();
        sorted.sort_unstable();
        let middle = sorted.len().saturating_sub(1) / 2;
        sorted.get(middle).copied().unwrap_or(0)
    }
}

/// What a ratio should be.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Bound {
    /// At least this.
    AtLeast(Ratio),
    /// At most this.
    AtMost(Ratio),
}

/// A goal and what became of it.
#[derive(Clone, Debug, Serialize)]
pub struct Goal {
    /// Its number in the list of goals; empty for those without.
    pub id: &'static str,
    /// What by what, or which figure.
    pub what: String,
    /// As measured.
    pub ratio: Ratio,
    /// As it should be.
    pub bound: Bound,
}

impl Goal {
    /// Whether it is reached.
    pub fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(least) => self.ratio >= least,
            Bound::AtMost(most) => self.ratio <= most,
        }
    }
}

/// Everything that one run found.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Facts about the machine and the software.
    pub machine: Vec<String>,
    /// What was measured.
    pub figures: Vec<Figure>,
    /// What it should be.
    pub goals: Vec<Goal>,
    /// What could not be measured here, and why.
    pub left_out: Vec<String>,
    /// Measurements that went wrong.
    pub failed: Vec<String>,
}

impl Report {
    /// Adds a figure, says it, and gives its best round.
    pub fn add(&mut self, figure: Figure) -> u64 {
        let best = figure.best();
        eprintln!("{:>10} {:<10} {}", best, figure.unit, figure.what);
        self.figures.push(figure);
        best
    }

    /// Judges a ratio.
    pub fn judge(&mut self, id: &'static str, what: &str, ratio: Ratio, bound: Bound) {
        self.goals.push(Goal {
            id,
            what: what.to_owned(),
            ratio,
            bound,
        });
    }

    /// Says why something is not measured.
    pub fn leave_out(&mut self, why: String) {
        eprintln!("{:>10} {why}", "left out:");
        self.left_out.push(why);
    }

    /// Says what went wrong.
    pub fn fail(&mut self, what: String) {
        eprintln!("{:>10} {what}", "failed:");
        self.failed.push(what);
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut text = String::new();
        for fact in &self.machine {
            // Writing to a string does not fail.
            let _ = writeln!(text, "- {fact}");
        }
        text.push_str(
            "\n| goal | what | measured | should be | |\n| --- | --- | ---: | ---: | --- |\n",
        );
        for goal in &self.goals {
            let (sign, bound) = match goal.bound {
                Bound::AtLeast(bound) => ("≥", bound),
                Bound::AtMost(bound) => ("≤", bound),
            };
            let verdict = if goal.is_met() {
                "reached"
            } else {
                "**not reached**"
            };
            let Goal {
                id, what, ratio, ..
            } = goal;
            let _ = writeln!(
                text,
                "| {id} | {what} | {ratio} | {sign} {bound} | {verdict} |"
            );
        }
        text.push_str(
            "\n| figure | unit | best | median | node CPU µs | PostgreSQL CPU µs |\n\
             | --- | --- | ---: | ---: | ---: | ---: |\n",
        );
        let micros = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
        for figure in &self.figures {
            let Figure { what, unit, .. } = figure;
            let _ = writeln!(
                text,
                "| {what} | {unit} | {} | {} | {} | {} |",
                figure.best(),
                figure.median(),
                micros(figure.node_micros),
                micros(figure.postgres_micros),
            );
        }
        for why in &self.left_out {
            let _ = writeln!(text, "\nNot measured: {why}");
        }
        for what in &self.failed {
            let _ = writeln!(text, "\nFailed: {what}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn goal(bound: Bound) -> Goal {
        Goal {
            id: "G0",
            what: "this by that".to_owned(),
            ratio: Ratio::of(3, 4),
            bound,
        }
    }

    #[test]
    fn a_goal_is_met_from_its_bound_on() {
        assert!(goal(Bound::AtLeast(Ratio::milli(750))).is_met());
        assert!(!goal(Bound::AtLeast(Ratio::milli(751))).is_met());
        assert!(goal(Bound::AtMost(Ratio::milli(750))).is_met());
        assert!(!goal(Bound::AtMost(Ratio::milli(749))).is_met());
    }

    #[test]
    fn a_figure_tells_its_best_round_and_its_middle_one() {
        let figure = Figure::new("claims", "a second").once(7).once(9).once(8);
        assert_eq!((figure.best(), figure.median()), (9, 8));
        assert_eq!(Figure::new("none", "a second").median(), 0);
    }

    #[test]
    fn a_ratio_is_written_with_what_matters() {
        assert_eq!(Ratio::of(1, 2).to_string(), "0.50");
        assert_eq!(Ratio::of(25_000, 1_000).to_string(), "25");
        assert_eq!(Ratio::of(1, 0).to_string(), "1.00");
    }

    #[test]
    fn a_missed_goal_stands_out() {
        let mut report = Report::default();
        report.goals.push(goal(Bound::AtLeast(Ratio::milli(900))));
        assert!(
            report
                .markdown()
                .contains("| G0 | this by that | 0.75 | ≥ 0.90 | **not reached** |")
        );
    }
}
