//! When customers arrive, and which of them go first: taken from a record of real calls.

use anyhow::Context as _;
use chrono::NaiveDateTime;

/// The longest silence that is kept, in milliseconds: the nights of the record are not waited out.
const LONGEST_GAP_MS: u64 = 300_000;

/// One customer's arrival.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Arrival {
    /// Milliseconds since the one before.
    pub(crate) gap_ms: u64,
    /// Whether the bank called them a priority customer.
    pub(crate) is_vip: bool,
}

/// Reads the record of calls of the Technion: a header, and one call a line in order of arrival.
/// A phantom call is one that nobody made, so it is no arrival.
pub(crate) fn parse(text: &str) -> anyhow::Result<Vec<Arrival>> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let column = |name: &str| {
        let found = header.iter().position(|column| *column == name);
        found.with_context(|| format!("the arrivals have no column {name}"))
    };
    let (priority, arrival, outcome) =
        (column("priority")?, column("arrival")?, column("outcome")?);
    let mut before: Option<NaiveDateTime> = None;
    let mut arrivals = Vec::new();
    for (index, line) in lines.enumerate() {
        let fields: Vec<&str> = line.split(',').collect();
        let field = |column: usize| {
            fields
                .get(column)
                .copied()
                .with_context(|| format!("line {} is short", index + 2))
        };
        if field(outcome)? == "PHANTOM" {
            continue;
        }
        let at: NaiveDateTime = field(arrival)?
            .parse()
            .with_context(|| format!("line {} has no instant of arrival", index + 2))?;
        let gap = (at - before.unwrap_or(at)).num_milliseconds();
        arrivals.push(Arrival {
            gap_ms: u64::try_from(gap).unwrap_or_default().min(LONGEST_GAP_MS),
            is_vip: field(priority)? == "2",
        });
        before = Some(at);
    }
    Ok(arrivals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_between_real_calls_and_nights_are_cut() {
        let arrivals = parse(
            "call_id,customer_id,priority,type,arrival,vru_s,queue_start,queue_s,outcome\n\
             1,,0,NW,1999-02-01T00:11:28,18,,0,HANG\n\
             2,,2,PS,1999-02-01T00:11:33,14,,0,PHANTOM\n\
             3,,2,PS,1999-02-01T00:11:40,14,,0,AGENT\n\
             4,,1,PS,1999-02-01T07:00:00,14,,0,AGENT\n",
        );
        let expected = [(0, false), (12_000, true), (LONGEST_GAP_MS, false)];
        let arrivals: Vec<_> = arrivals
            .unwrap()
            .iter()
            .map(|a| (a.gap_ms, a.is_vip))
            .collect();
        assert_eq!(arrivals, expected);
    }

    #[test]
    fn a_file_of_another_kind_is_refused() {
        let error = parse("interval_start,calls\n2003-03-03T07:00:00,111\n").unwrap_err();
        assert!(error.to_string().contains("priority"), "{error}");
    }
}
