//! A private PostgreSQL for development, the demo and tests: find, initialise, start, stop.
//!
//! [`Server::start`] starts the server of a data directory, or joins the one that already runs
//! there. A [`Server`] is a reference: the server stays up while at least one is held, in this
//! process or another, and the last one out stops it. The database [`DATABASE`] always exists.
//!
//! What it keeps to:
//! - The server is reached through a Unix socket in a directory that only its account may enter,
//!   never over TCP; within that door everyone is trusted, and there is no password.
//! - PostgreSQL refuses to run as root. Root runs it as the account `postgres`, else `nobody`.
//! - A process may be killed at any moment. Locks are the kernel's (flock), so they end with
//!   their holder; a half-made database is recognised by a marker and made anew; a server whose
//!   last user was killed is joined, and stopped, by the next one.
//! - Nothing is taken for our server but a process that works in our directory: a number in an
//!   old file may belong to anybody by now.
//!
//! The data directory holds `cluster/` (PostgreSQL's own), `run/` (the socket), `server.log`
//! and two locks. Linux only: it reads `/proc`.

mod account;
mod binaries;
mod cluster;
mod error;
mod home;
mod locks;
mod postmaster;
mod process;
mod server;
mod settings;
mod sockets;

pub use error::Error;
pub use server::Server;
pub use settings::{Durability, Settings, default_data_dir};

/// The database that always exists once the server is started.
pub const DATABASE: &str = "gigdesk";

/// The database role that everyone connects as. It may do everything.
pub const SUPERUSER: &str = "gigdesk";
