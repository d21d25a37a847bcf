//! The record of calls of a bank's call centre: Guedj and Mandelbaum's "Anonymous Bank", 1999.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use chrono::NaiveDateTime;

/// Milliseconds of a day.
pub const DAY: i64 = 86_400_000;

/// How a call ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum End {
    /// An agent answered.
    Answered,
    /// The customer hung up.
    HungUp,
    /// Nobody called: an artefact of the recording.
    Phantom,
}

/// A call as it was recorded. Instants and durations are in milliseconds; instants are local time
/// taken for UTC, since the record names no zone and covers no change of clocks.
#[derive(Clone, Debug)]
pub struct Call {
    /// 2 for a VIP, 1 for another customer who is known, 0 for one who is not.
    pub priority: i64,
    /// What it is about: PS, NW, NE, PE, IN or TT.
    pub kind: String,
    /// When the customer was through with the voice menu and wanted an agent.
    pub entered_at: i64,
    /// Whether the customer stood in the queue. Who was connected at once did not, and neither did
    /// who hung up in the menu.
    pub has_queued: bool,
    /// How long the customer stood there.
    pub wait: i64,
    /// How it ended.
    pub end: End,
    /// When the agent began; none where it is not on record.
    pub begun_at: Option<i64>,
    /// How long they talked.
    pub talk: i64,
    /// Who answered; empty where it is not on record.
    pub agent: String,
}

impl Call {
    /// Whether the customer asked for an agent: who hung up in the voice menu, or did not exist,
    /// did not.
    pub fn is_demand(&self) -> bool {
        match self.end {
            End::Answered => true,
            End::HungUp => self.has_queued,
            End::Phantom => false,
        }
    }

    /// The name of the customer's group.
    pub fn group(&self) -> &'static str {
        match self.priority {
            2 => "VIP",
            1 => "regular",
            _ => "unidentified",
        }
    }
}

/// Reads the record: a header, and one call a line.
pub fn parse(text: &str) -> anyhow::Result<Vec<Call>> {
    let mut lines = text.lines();
    let header = lines.next().unwrap_or_default().split(',');
    let columns: BTreeMap<&str, usize> = header.zip(0..).collect();
    (2..)
        .zip(lines)
        .map(|(number, line)| {
            let fields: Vec<&str> = line.split(',').collect();
            call(&columns, &fields).with_context(|| format!("line {number}"))
        })
        .collect()
}

fn call(columns: &BTreeMap<&str, usize>, fields: &[&str]) -> anyhow::Result<Call> {
    let field = |name: &str| {
        let column = columns
            .get(name)
            .with_context(|| format!("there is no column {name}"))?;
        let found = fields.get(*column).copied();
        found.with_context(|| format!("there is no {name}"))
    };
    let number = |name: &str| -> anyhow::Result<i64> {
        field(name)?
            .parse()
            .with_context(|| format!("{name} is not a number"))
    };
    let instant = |name: &str| -> anyhow::Result<Option<i64>> {
        let text = field(name)?;
        if text.is_empty() {
            return Ok(None);
        }
        let at: NaiveDateTime = text
            .parse()
            .with_context(|| format!("{name} is not an instant"))?;
        Ok(Some(at.and_utc().timestamp_millis()))
    };
    let arrived_at = instant("arrival")?.context("there is no arrival")?;
    let queued_at = instant("queue_start")?;
    Ok(Call {
        priority: number("priority")?,
        kind: field("type")?.to_owned(),
        entered_at: queued_at.unwrap_or(arrived_at + number("vru_s")?.max(0) * 1_000),
        has_queued: queued_at.is_some(),
        wait: number("queue_s")?.max(0) * 1_000,
        end: match field("outcome")? {
            "AGENT" => End::Answered,
            "HANG" => End::HungUp,
            "PHANTOM" => End::Phantom,
            other => bail!("no such outcome: {other}"),
        },
        begun_at: instant("service_start")?,
        talk: number("service_s")?.max(0) * 1_000,
        agent: field("agent")?.to_owned(),
    })
}

#[cfg(test)]
pub mod tests {
    use super::*;

    pub const HEADER: &str = "call_id,customer_id,priority,type,arrival,vru_s,queue_start,queue_s,outcome,service_start,service_s,agent\n";

    #[test]
    fn calls_are_read_with_what_they_mean() {
        let calls = parse(&format!(
            "{HEADER}\
             1,,0,NW,1999-02-01T00:11:28,18,,0,HANG,,0,\n\
             2,c,2,PS,1999-02-01T08:00:00,5,1999-02-01T08:00:05,19,AGENT,1999-02-01T08:00:24,355,A21\n\
             3,,0,PS,1999-02-01T08:00:00,11,,0,AGENT,1999-02-01T08:00:10,61,A07\n\
             4,,1,PS,1999-02-01T08:00:00,1,1999-02-01T08:00:01,9,HANG,,0,\n\
             5,,1,PS,1999-02-01T08:00:00,1,1999-02-01T08:00:01,9,PHANTOM,,0,\n"
        ));
        let calls = calls.unwrap();
        let demand: Vec<bool> = calls.iter().map(Call::is_demand).collect();
        assert_eq!(demand, [false, true, true, true, false]);
        let groups: Vec<&str> = calls.iter().map(Call::group).collect();
        assert_eq!(
            groups,
            ["unidentified", "VIP", "unidentified", "regular", "regular"]
        );
        assert_eq!(calls[1].begun_at, Some(calls[1].entered_at + 19_000));
        assert_eq!(calls[2].entered_at - calls[2].begun_at.unwrap(), 1_000);
        assert_eq!((calls[1].wait, calls[1].talk), (19_000, 355_000));
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let error = parse("interval_start,calls\n2003-03-03T07:00:00,111\n").unwrap_err();
        assert!(format!("{error:#}").contains("line 2: there is no column"));
        let broken = format!("{HEADER}1,,0,NW,yesterday,18,,0,HANG,,0,\n");
        let error = parse(&broken).unwrap_err();
        assert!(format!("{error:#}").contains("arrival is not an instant"));
    }
}
