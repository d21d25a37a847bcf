//! The two locks that let many processes share one server.
//!
//! `start.lock` is held alone, around starting and stopping. `users.lock` is held shared by all
//! who use the server, and so counts them. Both are flocks: the kernel drops them with their
//! holder, however it ended.

use std::fs::{File, OpenOptions, TryLockError};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use crate::error::{Attempt, Error};
use crate::process;

/// The name of the lock around starting and stopping.
pub(crate) const START_LOCK: &str = "start.lock";

/// The name of the lock that counts users.
const USERS_LOCK: &str = "users.lock";

/// Longer than a start or a stop may take.
const PATIENCE: Duration = Duration::from_mins(3);

/// Both locks of a data directory, not yet held.
#[derive(Debug)]
pub(crate) struct Locks {
    start: File,
    users: File,
}

/// Holds `start.lock` until dropped.
#[derive(Debug)]
pub(crate) struct Turn<'a>(&'a File);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        // A copy of the descriptor may live on for a moment in a child that is being started,
        // so closing would not be enough. It can only fail on a file that is not open.
        let _ = self.0.unlock();
    }
}

impl Locks {
    pub fn open(data_dir: &Path) -> Result<Self, Error> {
        let open = |name: &str| {
            let path = data_dir.join(name);
            let mut options = OpenOptions::new();
            options.create(true).truncate(false).write(true).mode(0o600);
            options.open(&path).attempt("open", &path)
        };
        Ok(Self {
            start: open(START_LOCK)?,
            users: open(USERS_LOCK)?,
        })
    }

    /// Waits until nobody else starts or stops this server.
    pub fn take_turn(&self, data_dir: &Path) -> Result<Turn<'_>, Error> {
        let mine = || matches!(self.start.try_lock(), Ok(()));
        if process::wait_until(PATIENCE, mine) {
            Ok(Turn(&self.start))
        } else {
            Err(Error::Busy {
                data_dir: data_dir.to_owned(),
            })
        }
    }

    /// Becomes a user. Only the one whose turn it is may, so it never has to wait long.
    pub fn enter(&self, _turn: &Turn<'_>, data_dir: &Path) -> Result<(), Error> {
        self.users
            .lock_shared()
            .attempt("lock users.lock in", data_dir)
    }

    /// Ceases to be a user, and says whether there is no other.
    pub fn leave(&self, _turn: &Turn<'_>, data_dir: &Path) -> Result<bool, Error> {
        self.users
            .unlock()
            .attempt("unlock users.lock in", data_dir)?;
        match self.users.try_lock() {
            Ok(()) => {
                self.users
                    .unlock()
                    .attempt("unlock users.lock in", data_dir)?;
                Ok(true)
            }
            Err(TryLockError::WouldBlock) => Ok(false),
            Err(TryLockError::Error(error)) => Err(error).attempt("lock users.lock in", data_dir),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_one_out_knows_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let (ada, ben) = (Locks::open(path).unwrap(), Locks::open(path).unwrap());
        for locks in [&ada, &ben] {
            let turn = locks.take_turn(path).unwrap();
            locks.enter(&turn, path).unwrap();
        }

        let first = ada.leave(&ada.take_turn(path).unwrap(), path).unwrap();
        let last = ben.leave(&ben.take_turn(path).unwrap(), path).unwrap();

        assert!(!first);
        assert!(last);
    }
}
