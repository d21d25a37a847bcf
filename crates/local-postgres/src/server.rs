//! Coming and going: the first one in starts the server, the last one out stops it.

use std::path::Path;

use crate::account::Account;
use crate::binaries::Binaries;
use crate::error::Error;
use crate::home::{CLUSTER, Home};
use crate::locks::Locks;
use crate::postmaster::{self, Postmaster};
use crate::settings::{Durability, Settings};
use crate::{SUPERUSER, cluster};

/// A reference to a running server: while it lives, the server stays up.
///
/// The database [`DATABASE`](crate::DATABASE) exists from the start, so that none has to be
/// created through here. Dropping it leaves as well as [`Server::stop`] does, but in silence.
#[derive(Debug)]
pub struct Server {
    home: Home,
    binaries: Binaries,
    locks: Locks,
    postmaster: Postmaster,
    has_left: bool,
}

impl Server {
    /// Starts the server of this data directory, or joins it when it runs. The database is made
    /// when there is none.
    pub fn start(settings: &Settings) -> Result<Self, Error> {
        let account = Account::for_cluster(&settings.data_dir.join(CLUSTER))?;
        let all = Binaries::all(settings.binaries.as_deref(), &account)?;
        let home = Home::open(&settings.data_dir, account)?;
        let locks = Locks::open(&home.data_dir)?;

        let turn = locks.take_turn(&home.data_dir)?;
        let made_by = cluster::made_by(&home)?;
        let binaries = Binaries::choose(all, made_by, &home.data_dir)?;
        if made_by.is_none() {
            cluster::make(&home, &binaries, settings.durability)?;
        }
        locks.enter(&turn, &home.data_dir)?;
        let postmaster = match Postmaster::running(&home)? {
            Some(postmaster) => {
                if settings.durability == Durability::Durable && Postmaster::is_careless(&home) {
                    return Err(Error::NotDurable {
                        data_dir: home.data_dir,
                    });
                }
                postmaster
            }
            None => Postmaster::start(&home, &binaries, settings.durability)?,
        };
        drop(turn);
        Ok(Self {
            home,
            binaries,
            locks,
            postmaster,
            has_left: false,
        })
    }

    /// The URL of one of the server's databases, for libpq. It need not exist.
    pub fn url(&self, database: &str) -> String {
        postmaster::url(&self.postmaster.socket_dir, database)
    }

    /// The database role in the URLs, which may do everything.
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// Where the data lies, with all links resolved.
    pub fn data_dir(&self) -> &Path {
        &self.home.data_dir
    }

    /// The server's first process.
    pub fn pid(&self) -> u32 {
        self.postmaster.pid
    }

    /// Leaves. The last one out stops the server, and waits until it has ended.
    pub fn stop(mut self) -> Result<(), Error> {
        self.leave()
    }

    fn leave(&mut self) -> Result<(), Error> {
        if self.has_left {
            return Ok(());
        }
        self.has_left = true;
        let data_dir = &self.home.data_dir;
        let turn = self.locks.take_turn(data_dir)?;
        if self.locks.leave(&turn, data_dir)? {
            postmaster::stop(&self.home, &self.binaries, &self.postmaster)?;
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nobody is left to be told. The next one to start will find the server and join it.
        let _ = self.leave();
    }
}
