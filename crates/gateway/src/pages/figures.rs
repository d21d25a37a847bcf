//! Amounts and times as people read them.

use chrono::{DateTime, TimeDelta, Utc};
use kernel::Money;

/// The amount with its thousands set apart: `1,234.50 EUR`.
pub(super) fn money(amount: Money) -> String {
    let text = amount.major().abs().to_string();
    let (whole, rest) = match text.split_once('.') {
        Some((whole, decimals)) => (whole, format!(".{decimals}")),
        None => (text.as_str(), String::new()),
    };
    let sign = if amount.minor < 0 { "−" } else { "" };
    format!("{sign}{}{rest} {}", thousands(whole), amount.currency)
}

fn thousands(digits: &str) -> String {
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// How long ago that was, in the two units that matter. `ops-floor.js` says it the same way.
pub(super) fn age(since: DateTime<Utc>, now: DateTime<Utc>) -> String {
    duration(now - since)
}

/// So many seconds in words, where they are a target.
pub(super) fn seconds(seconds: impl Into<i64>) -> String {
    duration(TimeDelta::seconds(seconds.into()))
}

fn duration(length: TimeDelta) -> String {
    let seconds = length.num_seconds().max(0);
    let (minutes, hours, days) = (seconds / 60, seconds / 3_600, seconds / 86_400);
    let two = |large: i64, one: &str, small: i64, other: &str| match small {
        0 => format!("{large} {one}"),
        _ => format!("{large} {one} {small} {other}"),
    };
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => two(minutes, "min", seconds % 60, "s"),
        3_600..86_400 => two(hours, "h", minutes % 60, "min"),
        _ => two(days, "d", hours % 24, "h"),
    }
}

/// A share in thousandths as a percentage; a dash where there was nothing to count.
pub(super) fn share(permille: Option<i64>) -> String {
    permille.map_or_else(
        || "–".to_owned(),
        |permille| match (permille / 10, permille % 10) {
            (whole, 0) => format!("{whole} %"),
            (whole, tenth) => format!("{whole}.{tenth} %"),
        },
    )
}

/// A length of time in whole seconds; a dash where there was none.
pub(super) fn length(milliseconds: Option<i64>) -> String {
    milliseconds.map_or_else(
        || "–".to_owned(),
        |milliseconds| duration(TimeDelta::milliseconds(milliseconds)),
    )
}

/// `1 agent`, `2 agents`.
pub(super) fn count(number: impl Into<i64>, one: &str, many: &str) -> String {
    match number.into() {
        1 => format!("1 {one}"),
        number => format!("{number} {many}"),
    }
}

#[cfg(test)]
mod tests {
    use kernel::Currency;

    use super::*;

    #[test]
    fn an_amount_is_easy_to_read() {
        let euros = |minor| money(Money::new(minor, Currency::EUR));
        assert_eq!(euros(450), "4.50 EUR");
        assert_eq!(euros(-123_456_789), "−1,234,567.89 EUR");
        let yen = Money::new(1_000, "JPY".parse().unwrap());
        assert_eq!(money(yen), "1,000 JPY");
    }

    #[test]
    fn a_share_is_told_in_percent_where_there_is_one() {
        assert_eq!(share(None), "–");
        assert_eq!(share(Some(1_000)), "100 %");
        assert_eq!(share(Some(945)), "94.5 %");
        assert_eq!(length(Some(83_400)), "1 min 23 s");
        assert_eq!(length(None), "–");
    }

    #[test]
    fn a_time_is_told_in_the_units_that_matter() {
        for (length, text) in [
            (-3, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (61, "1 min 1 s"),
            (3_660, "1 h 1 min"),
            (90_000, "1 d 1 h"),
        ] {
            assert_eq!(seconds(length), text);
        }
    }

    #[test]
    fn one_is_not_many() {
        assert_eq!(count(1, "agent", "agents"), "1 agent");
        assert_eq!(count(0, "agent", "agents"), "0 agents");
    }
}
