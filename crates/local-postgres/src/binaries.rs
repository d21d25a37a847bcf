//! Finding PostgreSQL on this machine.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use crate::account::Account;
use crate::error::Error;

/// Where Debian and its kin keep one directory for each major version.
const INSTALLED: &str = "/usr/lib/postgresql";

/// The oldest major version that Gigdesk works with.
const OLDEST: u32 = 15;

/// The programs that this crate runs.
const PROGRAMS: [&str; 3] = ["initdb", "pg_ctl", "postgres"];

/// One installed PostgreSQL.
#[derive(Clone, Debug)]
pub(crate) struct Binaries {
    directory: PathBuf,
    major: u32,
}

impl Binaries {
    /// All that can be used, the preferred one first; at least one.
    ///
    /// A setting is the only place looked at; else the search path comes before the newest of
    /// the installed versions.
    pub fn all(setting: Option<&Path>, account: &Account) -> Result<Vec<Self>, Error> {
        let (places, mut searched) = match setting {
            Some(directory) => (vec![directory.to_owned()], Vec::new()),
            None => (
                places(env::var_os("PATH").as_deref(), Path::new(INSTALLED)),
                vec![
                    "the directories in PATH".to_owned(),
                    format!("{INSTALLED}/*/bin"),
                ],
            ),
        };
        let mut all = Vec::new();
        for place in places {
            match Self::at(&place, account) {
                Ok(binaries) => all.push(binaries),
                Err(reason) => searched.push(format!("{}: {reason}", place.display())),
            }
        }
        if all.is_empty() {
            Err(Error::NotFound { searched })
        } else {
            Ok(all)
        }
    }

    /// The one to use for data made by the major version `made_by`, or for new data.
    pub fn choose(
        mut all: Vec<Self>,
        made_by: Option<u32>,
        data_dir: &Path,
    ) -> Result<Self, Error> {
        let Some(made_by) = made_by else {
            return Ok(all.swap_remove(0));
        };
        match all.iter().position(|binaries| binaries.major == made_by) {
            Some(index) => Ok(all.swap_remove(index)),
            None => Err(Error::VersionMismatch {
                data_dir: data_dir.to_owned(),
                made_by,
                found: all[0].major,
                binaries: all.swap_remove(0).directory,
            }),
        }
    }

    /// The PostgreSQL in this directory, or what is wrong with it.
    fn at(directory: &Path, account: &Account) -> Result<Self, String> {
        let directory = directory
            .canonicalize()
            .map_err(|error| error.to_string())?;
        if let Some(program) = PROGRAMS.iter().find(|name| !directory.join(name).is_file()) {
            return Err(format!("no {program}"));
        }
        if let Some(closed) = account.closed_to(&directory) {
            let account = account.name();
            return Err(format!(
                "the account `{account}` may not enter {}",
                closed.display()
            ));
        }
        let major = major_of(&directory.join("postgres"))?;
        if major < OLDEST {
            return Err(format!("PostgreSQL {major} is too old"));
        }
        Ok(Self { directory, major })
    }

    /// The path of one of [`PROGRAMS`].
    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }
}

/// The directories to try, in order, each once.
fn places(search_path: Option<&OsStr>, installed: &Path) -> Vec<PathBuf> {
    let mut places: Vec<PathBuf> = Vec::new();
    for directory in search_path.iter().flat_map(env::split_paths) {
        // A link in the search path leads to where the other programs are.
        let program = directory.join("postgres").canonicalize();
        let found = program
            .ok()
            .and_then(|program| program.parent().map(Path::to_owned));
        places.extend(found);
    }
    let mut versions: Vec<(u32, PathBuf)> = Vec::new();
    for entry in fs::read_dir(installed).into_iter().flatten().flatten() {
        if let Some(version) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        {
            versions.push((version, entry.path().join("bin")));
        }
    }
    versions.sort_unstable_by(|a, b| b.cmp(a));
    places.extend(versions.into_iter().map(|(_, directory)| directory));

    let mut once: Vec<PathBuf> = Vec::new();
    for place in places {
        if !once.contains(&place) {
            once.push(place);
        }
    }
    once
}

/// Asks the program itself, as its directory's name may lie.
fn major_of(postgres: &Path) -> Result<u32, String> {
    let output = Command::new(postgres).arg("--version").env_clear().output();
    let output = output.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_major(&text).ok_or_else(|| format!("unknown version {:?}", text.trim()))
}

/// Reads `postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)`, or `… 18beta1`.
fn parse_major(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let end = version
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn installed(major: u32) -> Binaries {
        let directory = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
        Binaries { directory, major }
    }

    #[test]
    fn the_major_version_is_read_from_what_the_program_says() {
        let debian = parse_major("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)\n");

        assert_eq!(debian, Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(parse_major("something else\n"), None);
    }

    #[test]
    fn the_search_path_comes_first_and_then_the_newest() {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().canonicalize().unwrap();
        for version in ["9.6", "15", "9", "17"] {
            fs::create_dir_all(root.join(version).join("bin")).unwrap();
        }
        let linked = root.join("linked");
        fs::create_dir(&linked).unwrap();
        fs::write(root.join("15/bin/postgres"), "").unwrap();
        symlink(root.join("15/bin/postgres"), linked.join("postgres")).unwrap();

        let places = places(Some(linked.as_os_str()), &root);

        assert_eq!(
            places,
            [root.join("15/bin"), root.join("17/bin"), root.join("9/bin")]
        );
    }

    #[test]
    fn new_data_gets_the_first_and_old_data_the_one_that_made_it() {
        let both = || vec![installed(17), installed(15)];

        let new = Binaries::choose(both(), None, Path::new("/data")).unwrap();
        let old = Binaries::choose(both(), Some(15), Path::new("/data")).unwrap();

        assert_eq!((new.major, old.major), (17, 15));
    }

    #[test]
    fn data_of_a_version_that_is_not_installed_is_refused_with_both_named() {
        let refused = Binaries::choose(vec![installed(15)], Some(14), Path::new("/data"));

        let text = refused.unwrap_err().to_string();
        for part in [
            "PostgreSQL 14",
            "PostgreSQL 15",
            "apt-get install postgresql-14",
            "/data",
        ] {
            assert!(text.contains(part), "{part} is not in: {text}");
        }
    }
}
