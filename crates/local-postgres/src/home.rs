//! The data directory: what lies in it, and how the server's account gets there.
//!
//! As root, the directory itself stays root's and is only made enterable; what PostgreSQL writes
//! to is the account's. So the account cannot replace the files that root opens here.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::account::Account;
use crate::error::{Attempt, Error};
use crate::locks::START_LOCK;

/// PostgreSQL's own directory, within the data directory.
pub(crate) const CLUSTER: &str = "cluster";

/// The log starts anew, at a start of the server, once it is longer than this.
const LOG_LIMIT_BYTES: u64 = 10_000_000;

/// A data directory that exists and can be reached by the server's account.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub data_dir: PathBuf,
    /// What PostgreSQL calls its data directory.
    pub cluster: PathBuf,
    pub account: Account,
}

impl Home {
    /// Makes the directory when it is missing.
    pub fn open(data_dir: &Path, account: Account) -> Result<Self, Error> {
        let mode = if account.is_other() { 0o755 } else { 0o700 };
        let mut builder = DirBuilder::new();
        builder.recursive(true).mode(mode);
        builder.create(data_dir).attempt("create", data_dir)?;
        let data_dir = data_dir.canonicalize().attempt("open", data_dir)?;
        if account.closed_to(&data_dir).as_ref() == Some(&data_dir) && is_ours(&data_dir) {
            let open = fs::set_permissions(&data_dir, Permissions::from_mode(0o711));
            open.attempt("chmod", &data_dir)?;
        }
        if let Some(directory) = account.closed_to(&data_dir) {
            let account = account.name().to_owned();
            return Err(Error::NotEnterable {
                directory,
                account,
                data_dir,
            });
        }
        let cluster = data_dir.join(CLUSTER);
        Ok(Self {
            data_dir,
            cluster,
            account,
        })
    }

    /// Where the server writes what it has to say.
    pub fn log_path(&self) -> PathBuf {
        self.data_dir.join("server.log")
    }

    /// Opens the log for a server about to start, and says how long it is.
    pub fn open_log(&self) -> Result<(File, u64), Error> {
        let path = self.log_path();
        let open = || -> io::Result<(File, u64)> {
            let log = OpenOptions::new()
                .create(true)
                .append(true)
                .mode(0o600)
                .open(&path)?;
            if log.metadata()?.len() > LOG_LIMIT_BYTES {
                log.set_len(0)?;
            }
            let length = log.metadata()?.len();
            Ok((log, length))
        };
        open().attempt("open", &path)
    }
}

/// Whether root may open this directory to others: it is root's, and nobody keeps anything else
/// in it.
fn is_ours(directory: &Path) -> bool {
    let roots = fs::metadata(directory).is_ok_and(|metadata| metadata.uid() == 0);
    let used = directory.join(START_LOCK).exists();
    let empty = fs::read_dir(directory).is_ok_and(|mut entries| entries.next().is_none());
    roots && (used || empty)
}

/// Makes a directory that only the account can enter, or takes over one that is there.
///
/// It must not be a link, nor belong to anyone but the account or us: elsewhere than in the
/// data directory, somebody else could have put it there.
pub(crate) fn private_directory(path: &Path, account: &Account) -> Result<(), Error> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            return Err(error).attempt("create", path);
        }
        _ => (),
    }
    let metadata = fs::symlink_metadata(path).attempt("look at", path)?;
    if !metadata.is_dir() || !(account.owns(&metadata) || Account::Own.owns(&metadata)) {
        return Err(Error::SocketDirectory {
            directory: path.to_owned(),
        });
    }
    fs::set_permissions(path, Permissions::from_mode(0o700)).attempt("chmod", path)?;
    account.take(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_is_not_taken_for_a_private_directory() {
        let temporary = tempfile::tempdir().unwrap();
        let link = temporary.path().join("link");
        symlink("/tmp", &link).unwrap();

        let refused = private_directory(&link, &Account::Own);

        assert!(
            matches!(refused, Err(Error::SocketDirectory { .. })),
            "{refused:?}"
        );
    }

    #[test]
    fn a_log_starts_anew_once_it_is_long() {
        let temporary = tempfile::tempdir().unwrap();
        let home = Home::open(temporary.path(), Account::Own).unwrap();
        fs::write(home.log_path(), "short\n").unwrap();
        assert_eq!(home.open_log().unwrap().1, 6);

        let long = File::create(home.log_path()).unwrap();
        long.set_len(LOG_LIMIT_BYTES + 1).unwrap();

        assert_eq!(home.open_log().unwrap().1, 0);
    }
}
