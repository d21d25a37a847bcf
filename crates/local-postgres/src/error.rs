//! What can go wrong, in words for the person at the terminal: what happened, and the way on.

use std::path::{Path, PathBuf};
use std::{error, fmt, io};

/// Why the private server could not be started or stopped.
#[derive(Debug)]
pub enum Error {
    /// No usable PostgreSQL on this machine.
    NotFound {
        /// Each place looked at, and what was wrong with it.
        searched: Vec<String>,
    },
    /// The data was made by another major version than any that is installed.
    VersionMismatch {
        /// The data directory in question.
        data_dir: PathBuf,
        /// The major version that made the data.
        made_by: u32,
        /// The major version that was found.
        found: u32,
        /// Where that one was found.
        binaries: PathBuf,
    },
    /// Root needs an ordinary account to run the server as, and there is none.
    NoAccount,
    /// A directory on the way to the data is closed to the server's account.
    NotEnterable {
        /// The closed directory.
        directory: PathBuf,
        /// The account that has to pass.
        account: String,
        /// Where it has to get to.
        data_dir: PathBuf,
    },
    /// Something else lies where the database should be. It is left alone.
    NotACluster {
        /// The directory in question.
        directory: PathBuf,
    },
    /// The directory for the socket belongs to somebody else.
    SocketDirectory {
        /// The directory in question.
        directory: PathBuf,
    },
    /// A server in test mode runs there, and the caller wants to keep its data.
    NotDurable {
        /// The data directory in question.
        data_dir: PathBuf,
    },
    /// Another process has been starting or stopping this server for minutes.
    Busy {
        /// The data directory in question.
        data_dir: PathBuf,
    },
    /// The database could not be made.
    Init {
        /// The program that failed, and how.
        failure: String,
        /// The end of what it wrote.
        tail: String,
    },
    /// The server did not come up.
    Start {
        /// What became of it.
        failure: String,
        /// The whole log.
        log: PathBuf,
        /// The end of the log.
        tail: String,
    },
    /// The server did not end, not even when killed.
    Stop {
        /// The server's process.
        pid: u32,
        /// The data directory in question.
        data_dir: PathBuf,
    },
    /// The operating system refused something.
    Io {
        /// What was tried, with its path.
        attempt: String,
        /// What the system said.
        source: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { searched } => write_not_found(f, searched),
            Self::VersionMismatch {
                data_dir,
                made_by,
                found,
                binaries,
            } => write_version_mismatch(f, data_dir, (*made_by, *found), binaries),
            Self::NoAccount => write!(
                f,
                "PostgreSQL does not run as root, and /etc/passwd has neither the account \
                 `postgres` nor `nobody` to run it as; add one (useradd --system postgres) or \
                 start Gigdesk as an ordinary user"
            ),
            Self::NotEnterable {
                directory,
                account,
                data_dir,
            } => write!(
                f,
                "PostgreSQL would run as the account `{account}`, which may not enter \
                 {directory}, on the way to {data}; choose another data directory, such as \
                 /var/lib/gigdesk, or open this one (chmod o+x {directory})",
                directory = directory.display(),
                data = data_dir.display(),
            ),
            Self::NotACluster { directory } => write!(
                f,
                "{} holds files, but not a database; move it away or choose another data \
                 directory",
                directory.display()
            ),
            Self::SocketDirectory { directory } => write!(
                f,
                "{} belongs to somebody else, so the server's socket would not be private; \
                 remove it or choose a data directory with a shorter path",
                directory.display()
            ),
            Self::NotDurable { data_dir } => write!(
                f,
                "the server running in {} is in test mode and may lose data in a crash; wait \
                 until its users have left, or choose another data directory",
                data_dir.display()
            ),
            Self::Busy { data_dir } => write!(
                f,
                "another process has been starting or stopping the server in {} for minutes; \
                 see who holds start.lock there (fuser -v start.lock)",
                data_dir.display()
            ),
            Self::Init { failure, tail } => {
                write!(f, "the database could not be made: {failure}")?;
                write_tail(f, tail)
            }
            Self::Start { failure, log, tail } => {
                write!(
                    f,
                    "PostgreSQL did not start: {failure}; see {}",
                    log.display()
                )?;
                write_tail(f, tail)
            }
            Self::Stop { pid, data_dir } => write!(
                f,
                "PostgreSQL in {} did not end; see what its process {pid} is waiting for",
                data_dir.display()
            ),
            Self::Io { attempt, source } => write!(f, "cannot {attempt}: {source}"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}

fn write_not_found(f: &mut fmt::Formatter<'_>, searched: &[String]) -> fmt::Result {
    write!(
        f,
        "no PostgreSQL was found (15 or newer, with initdb, pg_ctl and postgres). Install it \
         with\n    apt-get install postgresql\nor name the directory of its programs. Searched:"
    )?;
    for place in searched {
        write!(f, "\n    {place}")?;
    }
    Ok(())
}

fn write_version_mismatch(
    f: &mut fmt::Formatter<'_>,
    data_dir: &Path,
    (made_by, found): (u32, u32),
    binaries: &Path,
) -> fmt::Result {
    write!(
        f,
        "the database in {data} was made by PostgreSQL {made_by}, but the one found in \
         {binaries} is PostgreSQL {found}. To go on with this data, install the old one \
         (apt-get install postgresql-{made_by}), or dump it there with pg_dumpall and load it \
         into a new data directory. To begin afresh, move {data} away",
        data = data_dir.display(),
        binaries = binaries.display(),
    )
}

fn write_tail(f: &mut fmt::Formatter<'_>, tail: &str) -> fmt::Result {
    for line in tail.lines() {
        write!(f, "\n    {line}")?;
    }
    Ok(())
}

/// Says what was tried when the operating system refuses it.
pub(crate) trait Attempt<T> {
    /// `verb` and `path` complete the sentence "cannot …".
    fn attempt(self, verb: &str, path: &Path) -> Result<T, Error>;
}

impl<T> Attempt<T> for io::Result<T> {
    fn attempt(self, verb: &str, path: &Path) -> Result<T, Error> {
        self.map_err(|source| Error::Io {
            attempt: format!("{verb} {}", path.display()),
            source,
        })
    }
}
