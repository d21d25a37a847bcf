//! What processes used of the machine, as the kernel counts it.

use std::{
    fs,
    ops::{Add, Sub},
};

use anyhow::{Context as _, Result};

use super::platform::Platform;

/// The kernel counts processor time in hundredths of a second.
const TICK_MILLIS: u64 = 10;

/// Processor time, in milliseconds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Usage {
    /// Of the nodes.
    pub nodes: u64,
    /// Of PostgreSQL, all of its processes.
    pub postgres: u64,
}

impl Usage {
    /// What the platform has used since it started.
    pub fn of(platform: &Platform) -> Result<Self> {
        let mut nodes = 0;
        for node in platform.nodes() {
            // A node that was killed has no more to tell.
            nodes += Stat::read(node.pid()).map_or(0, |stat| stat.own);
        }
        Ok(Self {
            nodes,
            postgres: family(platform.postgres_pid()?)?,
        })
    }

    /// Microseconds for each of so many pieces of work: of the nodes, of PostgreSQL.
    pub fn micros_each(self, pieces: u64) -> (u64, u64) {
        let pieces = pieces.max(1);
        (self.nodes * 1_000 / pieces, self.postgres * 1_000 / pieces)
    }
}

impl Sub for Usage {
    type Output = Self;
    fn sub(self, before: Self) -> Self {
        Self {
            nodes: self.nodes.saturating_sub(before.nodes),
            postgres: self.postgres.saturating_sub(before.postgres),
        }
    }
}

impl Add for Usage {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self {
            nodes: self.nodes + other.nodes,
            postgres: self.postgres + other.postgres,
        }
    }
}

/// Memory that a process holds, in mebibytes.
pub fn resident_mib(pid: u32) -> Result<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let kib: Option<u64> = text
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next()?.parse().ok());
    Ok(kib.context("the kernel does not tell the memory")? / 1024)
}

/// A process, its children, and those of its children that have ended.
fn family(pid: u32) -> Result<u64> {
    let head = Stat::read(pid).context("PostgreSQL is gone")?;
    let mut total = head.own + head.ended_children;
    for entry in fs::read_dir("/proc")? {
        let name = entry?.file_name();
        let Some(child) = name.to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        if let Some(stat) = Stat::read(child).filter(|stat| stat.parent == pid) {
            total += stat.own;
        }
    }
    Ok(total)
}

/// A line of /proc/PID/stat.
struct Stat {
    parent: u32,
    own: u64,
    ended_children: u64,
}

impl Stat {
    fn read(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    /// The name, in parentheses, may hold anything; what follows is numbers.
    fn parse(text: &str) -> Option<Self> {
        let rest = text.rsplit_once(')')?.1;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let field = |index: usize| fields.get(index)?.parse::<u64>().ok();
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own: (field(11)? + field(12)?) * TICK_MILLIS,
            ended_children: (field(13)? + field(14)?) * TICK_MILLIS,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let line = "17 (a ) name) S 4 17 17 0 -1 4194560 1 2 3 4 50 7 3 1 20 0 1 0 99 1 1";

        let stat = Stat::parse(line).unwrap();

        assert_eq!((stat.parent, stat.own, stat.ended_children), (4, 570, 40));
    }

    #[test]
    fn work_shows_in_the_time_used() {
        let before = family(std::process::id()).unwrap();
        let mut sum = 0_u64;
        while family(std::process::id()).unwrap() < before + 20 {
            sum = sum.wrapping_add(1);
        }
        assert!(resident_mib(std::process::id()).unwrap() > 0, "{sum}");
    }

    #[test]
    fn what_a_piece_cost_is_the_difference_by_their_number() {
        let before = Usage {
            nodes: 100,
            postgres: 300,
        };
        let after = Usage {
            nodes: 400,
            postgres: 1_300,
        };

        assert_eq!((after - before).micros_each(1_000), (300, 1_000));
    }
}
