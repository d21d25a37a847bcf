//! What a caller chooses: where the data lies, which PostgreSQL, and what a crash may cost.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::account;

/// Where the server keeps its data, and how carefully.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Made when missing. The server, its log and its locks live below it.
    pub data_dir: PathBuf,
    /// The directory with `initdb`, `pg_ctl` and `postgres`. When not set, they are looked for
    /// in the search path and in `/usr/lib/postgresql`.
    pub binaries: Option<PathBuf>,
    /// Decided by whoever starts the server; those who join take it as it runs.
    pub durability: Durability,
}

/// What a crash of the machine may cost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Durability {
    /// Nothing that was committed.
    Durable,
    /// Everything: nothing waits for the disk. For data that a test makes and throws away.
    Test,
}

impl Settings {
    /// A server that keeps what was committed.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            binaries: None,
            durability: Durability::Durable,
        }
    }

    /// A server that is quick, and may lose everything.
    pub fn for_tests(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            durability: Durability::Test,
            ..Self::new(data_dir)
        }
    }
}

/// Where data goes when nobody said otherwise: `$GIGDESK_DATA_DIR`, else `/var/lib/gigdesk` for
/// root, whose home the server's account could not enter, else the user's own data directory.
pub fn default_data_dir() -> PathBuf {
    data_dir_by(
        |name| env::var_os(name),
        account::is_root(),
        env::home_dir(),
    )
}

fn data_dir_by(
    variable: impl Fn(&str) -> Option<OsString>,
    root: bool,
    home: Option<PathBuf>,
) -> PathBuf {
    let path = |name| {
        variable(name)
            .filter(|value| !value.is_empty())
            .map(PathBuf::from)
    };
    if let Some(chosen) = path("GIGDESK_DATA_DIR") {
        return chosen;
    }
    if root {
        return PathBuf::from("/var/lib/gigdesk");
    }
    // The XDG specification: a relative path is to be ignored.
    let xdg = path("XDG_DATA_HOME").filter(|path| path.is_absolute());
    let share = xdg.or_else(|| home.map(|home| home.join(".local/share")));
    share
        .as_deref()
        .unwrap_or(Path::new("/var/tmp"))
        .join("gigdesk")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[(&str, &str)], root: bool) -> PathBuf {
        let variable = |name: &str| {
            let found = variables.iter().find(|(key, _)| *key == name);
            found.map(|(_, value)| OsString::from(value))
        };
        data_dir_by(variable, root, Some(PathBuf::from("/home/ada")))
    }

    #[test]
    fn an_ordinary_user_keeps_data_below_the_home() {
        assert_eq!(
            chosen(&[], false),
            Path::new("/home/ada/.local/share/gigdesk")
        );
    }

    #[test]
    fn the_xdg_data_home_is_respected_when_absolute() {
        let absolute = chosen(&[("XDG_DATA_HOME", "/data")], false);
        let relative = chosen(&[("XDG_DATA_HOME", "data")], false);

        assert_eq!(absolute, Path::new("/data/gigdesk"));
        assert_eq!(relative, Path::new("/home/ada/.local/share/gigdesk"));
    }

    #[test]
    fn root_keeps_data_where_another_account_can_enter() {
        let with_xdg = chosen(&[("XDG_DATA_HOME", "/root/data")], true);

        assert_eq!(with_xdg, Path::new("/var/lib/gigdesk"));
    }

    #[test]
    fn the_variable_wins_unless_empty() {
        let set = chosen(&[("GIGDESK_DATA_DIR", "/srv/desk")], true);
        let empty = chosen(&[("GIGDESK_DATA_DIR", "")], true);

        assert_eq!(set, Path::new("/srv/desk"));
        assert_eq!(empty, Path::new("/var/lib/gigdesk"));
    }
}
