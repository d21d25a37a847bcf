//! What strangers try, counted: failed sign-ins, so that passwords cannot be guessed; and letters
//! asked for, so that nobody's mailbox is flooded. Both by account and by address.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use db::Tx;
use diesel::prelude::*;

use crate::{Error, schema::attempts, store};

/// How long failures are remembered, from the first one on.
pub(crate) const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// So many failures for an account, and the next sign-in is turned away.
const ACCOUNT_FAILURES: i32 = 10;
/// So many from an address, which a whole office may share.
const ADDRESS_FAILURES: i32 = 100;
/// So many letters to one mailbox in a window.
const LETTERS: i32 = 3;
/// So many letters asked for from an address, which a whole office may share.
const ADDRESS_LETTERS: i32 = 30;

/// Failed sign-ins of one subject.
#[derive(Clone, Debug, Queryable, Selectable)]
#[diesel(table_name = attempts, check_for_backend(diesel::pg::Pg))]
pub(crate) struct Attempts {
    subject: String,
    window_start: DateTime<Utc>,
    failures: i32,
}

/// Whose failures count together. Kept in the order in which the rows are locked.
#[derive(Clone, Debug)]
pub(crate) struct Subjects {
    pub account: String,
    pub address: String,
}

impl Subjects {
    /// The subjects of one sign-in. `email` is normalised.
    pub(crate) fn new(email: &str, address: &str) -> Self {
        Self {
            account: format!("account:{email}"),
            address: format!("address:{}", network(address)),
        }
    }

    /// The subjects of one letter. `email` is normalised.
    fn of_letter(email: &str, address: &str) -> Self {
        Self {
            account: format!("letter:{email}"),
            address: format!("letters-from:{}", network(address)),
        }
    }
}

/// Lets somebody who is not signed in have a letter sent, and counts it; refuses when there were
/// too many to this mailbox, or from this address. Whether a letter goes out makes no difference.
pub fn admit_letter(tx: &mut Tx<'_>, email: &str, address: &str) -> Result<(), Error> {
    let subjects = Subjects::of_letter(&crate::normalized_email(email)?, address);
    let rows = store::find_attempts(tx.conn(), &subjects)?;
    if let Some(retry_after_seconds) = longest_wait(&rows, tx.now()) {
        return Err(Error::TooManyLetters {
            retry_after_seconds,
        });
    }
    store::count_failure(tx, &subjects.account)?;
    store::count_failure(tx, &subjects.address)?;
    Ok(())
}

/// What one household or office has: an `IPv4` address, or the first half of an `IPv6` address,
/// whose second half anybody can change at will.
fn network(address: &str) -> String {
    match address
        .trim()
        .parse::<IpAddr>()
        .map(|address| address.to_canonical())
    {
        Ok(IpAddr::V4(address)) => address.to_string(),
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => address
            .chars()
            .filter(|c| !c.is_control())
            .take(64)
            .collect(),
    }
}

/// Turns a sign-in away when one of its subjects failed too often in its window.
pub(crate) fn check(rows: &[Attempts], now: DateTime<Utc>) -> Result<(), Error> {
    match longest_wait(rows, now) {
        Some(retry_after_seconds) => Err(Error::TooManyAttempts {
            retry_after_seconds,
        }),
        None => Ok(()),
    }
}

fn longest_wait(rows: &[Attempts], now: DateTime<Utc>) -> Option<u32> {
    rows.iter().filter_map(|row| row.wait(now)).max()
}

impl Attempts {
    /// How often is too often, by the kind of subject.
    fn limit(&self) -> i32 {
        match self.subject.split_once(':') {
            Some(("account", _)) => ACCOUNT_FAILURES,
            Some(("letter", _)) => LETTERS,
            Some(("letters-from", _)) => ADDRESS_LETTERS,
            _ => ADDRESS_FAILURES,
        }
    }

    /// Seconds until this subject may try again, rounded up; none if it may now.
    fn wait(&self, now: DateTime<Utc>) -> Option<u32> {
        let left = (self.window_start + WINDOW).signed_duration_since(now);
        if self.failures < self.limit() || left <= TimeDelta::zero() {
            return None;
        }
        let seconds = left.num_seconds() + i64::from(left.subsec_nanos() > 0);
        Some(u32::try_from(seconds).unwrap_or(u32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(subject: &str, failures: i32) -> Attempts {
        Attempts {
            subject: subject.to_owned(),
            window_start: DateTime::UNIX_EPOCH,
            failures,
        }
    }

    fn at(milliseconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::milliseconds(milliseconds)
    }

    #[test]
    fn the_tenth_failure_closes_the_account_and_the_hundredth_the_address() {
        assert_eq!(failed("account:ada@example.com", 9).wait(at(0)), None);
        assert_eq!(failed("account:ada@example.com", 10).wait(at(0)), Some(900));
        assert_eq!(failed("address:192.0.2.1", 99).wait(at(0)), None);
        assert_eq!(failed("address:192.0.2.1", 100).wait(at(0)), Some(900));
    }

    #[test]
    fn a_wait_ends_with_the_window_and_is_never_told_too_short() {
        let closed = failed("account:ada@example.com", 10);
        assert_eq!(closed.wait(at(100)), Some(900));
        assert_eq!(closed.wait(at(899_000)), Some(1));
        assert_eq!(closed.wait(at(899_999)), Some(1));
        assert_eq!(closed.wait(at(900_000)), None);
    }

    #[test]
    fn the_longer_wait_counts() {
        let mut late = failed("address:192.0.2.1", 100);
        late.window_start = at(60_000);
        let outcome = check(&[failed("account:ada@example.com", 10), late], at(60_000));
        assert!(
            matches!(
                outcome,
                Err(Error::TooManyAttempts {
                    retry_after_seconds: 900
                })
            ),
            "{outcome:?}"
        );
    }

    #[test]
    fn an_ipv6_network_counts_as_one_address() {
        let subject = |address: &str| Subjects::new("ada@example.com", address).address;
        assert_eq!(subject("2001:db8:1:2:3:4:5:6"), "address:2001:db8:1:2::/64");
        assert_eq!(subject("2001:db8:1:2::"), subject("2001:db8:1:2:ffff::1"));
        assert_eq!(subject("::ffff:192.0.2.1"), subject("192.0.2.1"));
        assert_eq!(subject(&"\0x".repeat(400)).len(), "address:".len() + 64);
    }
}
