//! `gigdesk-bench arrivals`: two weeks of real calls, met by the same agents under other rules.
//!
//! The calls, the times when agents were there, and the lengths of conversations are the record's.
//! What changes is who is connected to whom. So the figures say what a routing rule does to real
//! customers, beside what really happened to them.

mod record;
mod staffing;
mod table;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};
use record::{Call, DAY, End};
use rehearsal::{
    Answers, Arrival, Draw, Ending, Member, Patience, Rehearsed, Report, Rule, Scenario, Told,
    Worked, rehearse,
};
use routing::{
    Key, Policy,
    fact::{Channel, Ticket},
};
use serde::Serialize;
use staffing::{LANGUAGE, QUEUE, level};
use table::Column;

use crate::process;

/// Where the record is, below the directory of data.
const RECORD: &str = "arrivals/technion_bank_calls_1999-02-01..14.csv";
/// The bank's own head start for a VIP.
const BANKS_HEAD_START: i64 = 90;

/// Which calls, and under which rules.
#[derive(clap::Args)]
pub struct Args {
    /// The record of calls; by default `arrivals/technion_bank_calls_…` of the data.
    #[arg(long)]
    file: Option<PathBuf>,
    /// Where data of others is kept.
    #[arg(long, env = "GIGDESK_DATA", default_value = "../shared/data")]
    data: PathBuf,
    /// A policy (JSON) to try as well.
    #[arg(long)]
    policy: Option<PathBuf>,
    /// Only the first so many days of the record.
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(i64).range(1..=366))]
    days: i64,
    /// How many times the patience of those who were answered is drawn: seeds 1, 2, 3 …
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=100))]
    seeds: u64,
    /// Within how many seconds a call should be answered.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(i64).range(1..=3_600))]
    target_seconds: i64,
    /// Writes the table into this document, between its markers for `arrivals`.
    #[arg(long)]
    write: Option<PathBuf>,
    /// Prints JSON instead of the table.
    #[arg(long)]
    json: bool,
}

/// What was measured.
#[derive(Debug, Serialize)]
struct Comparison {
    calls: usize,
    hung_up_before_the_queue: usize,
    phantoms: usize,
    agents: usize,
    wrap_up_milliseconds: i64,
    target_seconds: i64,
    columns: Vec<Column>,
    /// Processor time of all rehearsals together.
    rehearsed_milliseconds: u64,
}

/// Runs the comparison, prints it, and writes it where asked.
pub fn run(args: &Args) -> anyhow::Result<()> {
    let comparison = compare(args)?;
    let out = &mut std::io::stdout().lock();
    let text = table::markdown(&comparison.columns, args.target_seconds);
    if args.json {
        serde_json::to_writer_pretty(&mut *out, &comparison)?;
        writeln!(out)?;
    } else {
        write!(out, "{text}")?;
        for column in &comparison.columns {
            writeln!(
                out,
                "{}: occupancy {} ‰, Gini of the time handled {} ‰, overtaken beyond the bound {}",
                column.rule,
                column.occupancy_per_mille.mean,
                column.gini_of_handled_time_per_mille.mean,
                column.overtakes
            )?;
        }
        writeln!(
            out,
            "{} calls, {} agents, {} ms of processor time",
            comparison.calls, comparison.agents, comparison.rehearsed_milliseconds
        )?;
    }
    match &args.write {
        Some(path) => write_into(path, &text),
        None => Ok(()),
    }
}

fn write_into(path: &Path, text: &str) -> anyhow::Result<()> {
    let name = path.display();
    let document = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
    let document =
        table::replace(&document, "arrivals", text.trim_end()).with_context(|| name.to_string())?;
    fs::write(path, document).with_context(|| format!("cannot write {name}"))
}

fn compare(args: &Args) -> anyhow::Result<Comparison> {
    let path = args.file.clone().unwrap_or_else(|| args.data.join(RECORD));
    let text = fs::read_to_string(&path)
        .with_context(|| format!("cannot read {}: see --file", path.display()))?;
    let all = record::parse(&text).with_context(|| path.display().to_string())?;
    let rules = rules(args.policy.as_deref())?;
    let floor = Floor::of(&all, args)?;
    let mut columns = vec![Column::of(
        "what happened",
        &[Report::of(&floor.as_recorded())],
    )];
    let began = process::cpu();
    for (name, rule, policy) in rules {
        let mut reports = Vec::new();
        for seed in 1..=args.seeds {
            let scenario = floor.scenario(rule, &policy, seed);
            reports.push(Report::of(&rehearse(&scenario)?));
        }
        columns.push(Column::of(&name, &reports));
    }
    let spent: Duration = process::cpu().saturating_sub(began);
    let counted = |is_meant: &dyn Fn(&Call) -> bool| {
        let calls = floor.calls.iter();
        calls.filter(|call| is_meant(call)).count()
    };
    Ok(Comparison {
        calls: counted(&Call::is_demand),
        hung_up_before_the_queue: counted(&|call| call.end == End::HungUp && !call.has_queued),
        phantoms: counted(&|call| call.end == End::Phantom),
        agents: floor.members.len(),
        wrap_up_milliseconds: floor.wrap_up,
        target_seconds: args.target_seconds,
        columns,
        rehearsed_milliseconds: u64::try_from(spent.as_millis())?,
    })
}

/// The rules to compare, by name. A VIP has priority 1, everybody else 0; so the head start of a
/// policy is that of a VIP.
fn rules(file: Option<&Path>) -> anyhow::Result<Vec<(String, Rule, Policy)>> {
    let head_start = |head_start_seconds| Policy {
        head_start_seconds,
        ..Policy::default()
    };
    let mut rules = vec![
        (
            "first come, first served".to_owned(),
            Rule::InOrder,
            head_start(0),
        ),
        (
            format!("the bank's: {BANKS_HEAD_START} s head start"),
            Rule::InOrder,
            head_start(BANKS_HEAD_START),
        ),
        (
            "ours, by default".to_owned(),
            Rule::Policies,
            Policy::default(),
        ),
    ];
    if let Some(path) = file {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {name}"))?;
        let policy: Policy = serde_json::from_str(&text).with_context(|| name.clone())?;
        if let Some(fault) = policy.faults().first() {
            bail!("{name}: {} {}", fault.field, fault.message);
        }
        rules.push((name, Rule::Policies, policy));
    }
    Ok(rules)
}

/// What the record says of calls and agents.
struct Floor {
    calls: Vec<Call>,
    members: Vec<Member>,
    patience: BTreeMap<&'static str, Patience>,
    /// The longest that anybody waited.
    longest_wait: i64,
    /// Lengths of conversations by the kind of call.
    talks: BTreeMap<String, Vec<i64>>,
    wrap_up: i64,
    target: i64,
}

impl Floor {
    fn of(all: &[Call], args: &Args) -> anyhow::Result<Self> {
        let demand = || all.iter().filter(|call| call.is_demand());
        let first = all.iter().map(|call| call.entered_at).min();
        let first_day = first.context("there are no calls")?.div_euclid(DAY);
        let end = (first_day + args.days) * DAY;
        let mut patience = BTreeMap::new();
        for group in ["VIP", "regular", "unidentified"] {
            let waits = demand()
                .filter(|call| call.group() == group)
                .map(|call| (call.wait, call.end == End::HungUp));
            patience.insert(group, Patience::of(waits));
        }
        let mut talks: BTreeMap<String, Vec<i64>> = BTreeMap::new();
        for call in demand().filter(|call| call.end == End::Answered) {
            talks.entry(call.kind.clone()).or_default().push(call.talk);
        }
        let mut members = staffing::members(all);
        for member in &mut members {
            member.spans.retain(|span| span.from < end);
        }
        ensure!(!members.is_empty(), "nobody answered a call");
        Ok(Self {
            calls: (all.iter())
                .filter(|call| call.entered_at < end)
                .cloned()
                .collect(),
            members,
            patience,
            longest_wait: demand().map(|call| call.wait).max().unwrap_or(0),
            talks,
            wrap_up: staffing::median_pause(all),
            target: args.target_seconds * 1_000,
        })
    }

    fn demand(&self) -> impl Iterator<Item = (u128, &Call)> {
        let calls = self.calls.iter().filter(|call| call.is_demand());
        (1..).zip(calls)
    }

    /// What really happened, told as a rehearsal tells it, so that it is summed up the same.
    fn as_recorded(&self) -> Rehearsed {
        let ids: BTreeMap<&str, Key> = (self.members.iter())
            .map(|member| (member.agent.customer.as_str(), member.agent.id))
            .collect();
        let mut agents: BTreeMap<Key, Worked> = BTreeMap::new();
        for member in &self.members {
            let worked = agents.entry(member.agent.id).or_default();
            worked.there = member.spans.iter().map(|s| s.until - s.from).sum();
        }
        let mut tickets = Vec::new();
        for (number, call) in self.demand() {
            let at = call.entered_at + call.wait;
            // Somebody answered, whether or not the record has the name.
            let agent = ids.get(call.agent.as_str()).copied().unwrap_or(Key(0));
            if let Some(worked) = agents.get_mut(&agent) {
                worked.served += 1;
                worked.busy += call.talk;
                worked.handled += call.talk;
            }
            tickets.push(Told {
                ticket: Key(number),
                group: call.group().to_owned(),
                came_at: call.entered_at,
                due_at: call.entered_at + self.target,
                ending: match call.end {
                    End::Answered => Ending::Served { agent, at },
                    End::HungUp | End::Phantom => Ending::Abandoned { at },
                },
                offers: 1,
            });
        }
        Rehearsed {
            tickets,
            agents,
            overtakes: 0,
            decisions: 0,
        }
    }

    fn scenario(&self, rule: Rule, policy: &Policy, seed: u64) -> Scenario {
        Scenario {
            policies: BTreeMap::from([(QUEUE.to_owned(), policy.clone())]),
            rule,
            // A call is put through: nobody is asked, and nobody can decline.
            answers: Answers::default(),
            arrivals: (self.demand())
                .map(|(number, call)| self.arrival(number, call, seed))
                .collect(),
            members: self.members.clone(),
        }
    }

    fn arrival(&self, number: u128, call: &Call, seed: u64) -> Arrival {
        let patience = match call.end {
            // Recorded in whole seconds: half a second is the middle of the first.
            End::HungUp => call.wait + 500,
            End::Answered | End::Phantom => {
                let known = self.patience.get(call.group());
                let mut draw = Draw::of(seed, &[number]);
                let drawn = known.and_then(|known| known.beyond(call.wait, &mut draw));
                // Nobody was ever seen to wait for longer than the longest wait (Efron's
                // convention); in whole seconds, one more.
                drawn.unwrap_or(self.longest_wait.max(call.wait) + 1_000) + 500
            }
        };
        Arrival {
            ticket: Ticket {
                id: Key(number),
                queue: QUEUE.to_owned(),
                channel: Channel::Chat,
                weight: 1,
                language: level(LANGUAGE, 1),
                skills: vec![level(&call.kind.to_lowercase(), 1)],
                customer: format!("call {number}"),
                household: None,
                tier: call.group().to_owned(),
                priority: i64::from(call.priority == 2),
                came_at: call.entered_at,
                rank_at: call.entered_at,
                first_reply_due_at: call.entered_at + self.target,
                preferred_agent: None,
                preferred_until: None,
                declined_by: Vec::new(),
            },
            group: call.group().to_owned(),
            patience: Some(patience),
            talk: self.talk(number, call, seed),
            wrap_up: self.wrap_up,
        }
    }

    /// How long the conversation takes: as recorded. Who hung up left none, so it is drawn from
    /// the conversations of the same kind.
    fn talk(&self, number: u128, call: &Call, seed: u64) -> i64 {
        let known = self.talks.get(&call.kind);
        let drawn = known.and_then(|known| Draw::of(seed, &[number, 1]).one_of(known));
        match (call.end, drawn) {
            (End::HungUp, Some(drawn)) => *drawn,
            _ => call.talk,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    /// Two agents and some minutes in which both are busy while three others and then a VIP wait.
    /// Another comes when nobody is there any more, and waits for ten minutes.
    fn record() -> String {
        let mut text = record::tests::HEADER.to_owned();
        for (minute, agent) in [(0, "A01"), (0, "A02"), (4, "A01"), (4, "A02"), (8, "A01")] {
            let _ = writeln!(
                text,
                "1,,0,PS,1999-02-01T08:{minute:02}:00,0,,0,AGENT,1999-02-01T08:{minute:02}:00,180,{agent}"
            );
        }
        for (second, end) in [(10, "HANG"), (20, "AGENT"), (30, "AGENT")] {
            let (begun, agent) = match end {
                "AGENT" => ("1999-02-01T08:08:00", "A02"),
                _ => ("", ""),
            };
            let _ = writeln!(
                text,
                "1,,1,PS,1999-02-01T08:04:{second},0,1999-02-01T08:04:{second},100,{end},{begun},60,{agent}"
            );
        }
        text += "1,,1,PS,1999-02-01T08:20:00,0,1999-02-01T08:20:00,600,HANG,,0,\n";
        text + "1,,2,PS,1999-02-01T08:05:00,0,1999-02-01T08:05:00,160,AGENT,1999-02-01T08:07:40,60,A01\n"
    }

    fn args(directory: &Path) -> Args {
        let file = directory.join("calls.csv");
        fs::write(&file, record()).unwrap();
        Args {
            file: Some(file),
            data: PathBuf::new(),
            policy: None,
            days: 1,
            seeds: 2,
            target_seconds: 20,
            write: None,
            json: false,
        }
    }

    fn waits(comparison: &Comparison, rule: usize) -> (i64, i64) {
        let of = |group: &str| {
            let line = &comparison.columns[rule].groups[group];
            line.mean_wait_milliseconds.mean
        };
        (of("VIP"), of("regular"))
    }

    #[test]
    fn a_vip_waits_no_longer_with_a_head_start_than_without() {
        let directory = tempfile::tempdir().unwrap();
        let comparison = compare(&args(directory.path())).unwrap();
        assert_eq!((comparison.calls, comparison.agents), (10, 2));
        let names: Vec<&str> = (comparison.columns.iter())
            .map(|column| column.rule.as_str())
            .collect();
        assert_eq!(names.len(), 4);
        // Recorded: a VIP who waited for 160 s, three others for 100 s and one for 600 s.
        assert_eq!(waits(&comparison, 0), (160_000, 225_000));
        let (plain, bank) = (waits(&comparison, 1), waits(&comparison, 2));
        assert!(bank.0 < plain.0, "{plain:?} {bank:?}");
        assert!(
            comparison
                .columns
                .iter()
                .all(|column| column.overtakes == 0)
        );
    }

    #[test]
    fn the_same_seeds_give_the_same_figures() {
        let directory = tempfile::tempdir().unwrap();
        let args = args(directory.path());
        let columns = || serde_json::to_string(&compare(&args).unwrap().columns).unwrap();
        assert_eq!(columns(), columns());
    }

    #[test]
    fn a_policy_of_ones_own_is_tried_too_and_a_bad_one_is_refused_by_field() {
        let directory = tempfile::tempdir().unwrap();
        let policy = directory.path().join("policy.json");
        fs::write(&policy, r#"{"head_start_seconds": 7201}"#).unwrap();
        let mut args = args(directory.path());
        args.policy = Some(policy.clone());
        let error = compare(&args).unwrap_err().to_string();
        assert!(
            error.contains("head_start_seconds must be 0 to 7200"),
            "{error}"
        );
        fs::write(&policy, r#"{"head_start_seconds": 7200}"#).unwrap();
        assert_eq!(compare(&args).unwrap().columns.len(), 5);
    }
}
