//! Who the server runs as. PostgreSQL refuses root, so root lends it an ordinary account.

use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::error::{Attempt, Error};

/// The account of the server's processes.
#[derive(Clone, Debug)]
pub(crate) enum Account {
    /// Our own: we are not root.
    Own,
    /// Another one: we are root, and may act as anybody.
    Other {
        /// Its name, for messages.
        name: String,
        /// Its number.
        uid: u32,
        /// Its primary group. It is given no other.
        gid: u32,
    },
}

impl Account {
    /// The owner of the cluster, when there is one; else `postgres`, else `nobody`.
    pub fn for_cluster(cluster: &Path) -> Result<Self, Error> {
        if !is_root() {
            return Ok(Self::Own);
        }
        let passwd_path = Path::new("/etc/passwd");
        let passwd = fs::read_to_string(passwd_path).attempt("read", passwd_path)?;
        let accounts: Vec<Self> = passwd.lines().filter_map(Self::parse).collect();
        match fs::metadata(cluster) {
            Ok(metadata) if metadata.uid() != 0 => Ok(Self::owner(&metadata, &accounts)),
            _ => Self::ordinary(&accounts).ok_or(Error::NoAccount),
        }
    }

    /// Reads a line of `/etc/passwd`: `name:password:uid:gid:…`.
    fn parse(line: &str) -> Option<Self> {
        let mut fields = line.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self::Other { name, uid, gid })
    }

    fn ordinary(accounts: &[Self]) -> Option<Self> {
        let named = |wanted: &str| {
            let fits = |account: &&Self| match account {
                Self::Own => false,
                Self::Other { name, uid, .. } => name == wanted && *uid != 0,
            };
            accounts.iter().find(fits).cloned()
        };
        named("postgres").or_else(|| named("nobody"))
    }

    fn owner(metadata: &Metadata, accounts: &[Self]) -> Self {
        let known = accounts
            .iter()
            .find(|account| account.owns(metadata))
            .cloned();
        known.unwrap_or_else(|| Self::Other {
            name: format!("number {}", metadata.uid()),
            uid: metadata.uid(),
            gid: metadata.gid(),
        })
    }

    /// Its name, for messages.
    pub fn name(&self) -> &str {
        match self {
            Self::Own => "this user",
            Self::Other { name, .. } => name,
        }
    }

    /// Whether the file is this account's, where we can tell: our own may be anything.
    pub fn owns(&self, file: &Metadata) -> bool {
        match self {
            Self::Own => fs::metadata("/proc/self").is_ok_and(|own| own.uid() == file.uid()),
            Self::Other { uid, .. } => *uid == file.uid(),
        }
    }

    /// A command that runs as this account, with nothing of our environment or directory.
    pub fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("LC_ALL", "C")
            .current_dir("/");
        if let Self::Other { uid, gid, .. } = self {
            // Root's other groups are dropped along with its uid.
            command.uid(*uid).gid(*gid);
        }
        command
    }

    /// Makes the path this account's.
    pub fn take(&self, path: &Path) -> Result<(), Error> {
        match self {
            Self::Own => Ok(()),
            Self::Other { uid, gid, .. } => {
                std::os::unix::fs::chown(path, Some(*uid), Some(*gid)).attempt("chown", path)
            }
        }
    }

    /// Whether root must make way for this account: our own gets where we get.
    pub fn is_other(&self) -> bool {
        matches!(self, Self::Other { .. })
    }

    /// The first directory from the root down to `path` that this account may not enter.
    pub fn closed_to(&self, path: &Path) -> Option<PathBuf> {
        let ancestors: Vec<&Path> = path.ancestors().collect();
        let closed = ancestors
            .iter()
            .rev()
            .find(|directory| !self.may_enter(directory));
        closed.map(|directory| directory.to_path_buf())
    }

    fn may_enter(&self, directory: &Path) -> bool {
        let Self::Other { uid, gid, .. } = self else {
            return true;
        };
        let Ok(metadata) = fs::metadata(directory) else {
            return false;
        };
        let execute = if metadata.uid() == *uid {
            0o100
        } else if metadata.gid() == *gid {
            0o010
        } else {
            0o001
        };
        metadata.mode() & execute != 0
    }
}

/// Whether we act as root.
pub(crate) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    // Real, effective, saved and file system uid.
    let uids = status.lines().find_map(|line| line.strip_prefix("Uid:"));
    uids.and_then(|uids| uids.split_whitespace().nth(1)) == Some("0")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(passwd: &str) -> Option<String> {
        let accounts: Vec<Account> = passwd.lines().filter_map(Account::parse).collect();
        Account::ordinary(&accounts).map(|account| account.name().to_owned())
    }

    #[test]
    fn postgres_is_preferred_to_nobody() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n\
                      postgres:x:101:104::/var/lib/postgresql:/bin/bash\n";

        assert_eq!(chosen(passwd).as_deref(), Some("postgres"));
    }

    #[test]
    fn nobody_will_do() {
        let passwd = "root:x:0:0::/root:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n";

        assert_eq!(chosen(passwd).as_deref(), Some("nobody"));
    }

    #[test]
    fn root_by_another_name_is_still_root() {
        assert_eq!(chosen("postgres:x:0:0::/:/bin/sh\nbroken line\n"), None);
    }
}
