//! The server's process: recognising it, starting it, ending it.

use std::ffi::OsString;
use std::fmt::Write;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::binaries::Binaries;
use crate::cluster::tail_of;
use crate::error::{Attempt, Error};
use crate::home::Home;
use crate::settings::Durability;
use crate::sockets::{self, PORT};
use crate::{SUPERUSER, process};

/// How long a start may take: after a crash the server first replays its log.
const START_PATIENCE: Duration = Duration::from_mins(2);

/// How long the remaining processes of a killed server may take to notice.
const LEFTOVER_PATIENCE: Duration = Duration::from_secs(10);

/// The signals that end the server, ever less politely, and how long each is given.
///
/// On INT it ends all sessions and writes everything down; on QUIT it drops everything.
const ENDINGS: [(&str, Duration); 3] = [
    ("INT", Duration::from_secs(20)),
    ("QUIT", Duration::from_secs(10)),
    ("KILL", Duration::from_secs(10)),
];

/// What every server is run with.
const COMMON: &[&str] = &[
    "listen_addresses=",
    "max_connections=200",
    "max_locks_per_transaction=128",
    "shared_buffers=128MB",
    // Unlike the default it does not need /dev/shm, which is tiny in containers.
    "dynamic_shared_memory_type=mmap",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "lc_messages=C",
    "log_destination=stderr",
    "logging_collector=off",
    "log_checkpoints=off",
    // Details and statements hold people's data, which has no business in a log.
    "log_error_verbosity=terse",
    "log_min_error_statement=panic",
];

/// What makes a test server quick and careless.
const CARELESS: &[&str] = &[
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "autovacuum=off",
    "wal_level=minimal",
    "max_wal_senders=0",
];

/// What tells a careless server apart in `postmaster.opts`.
const CARELESS_MARK: &str = "fsync=off";

/// A server that accepts connections.
#[derive(Debug)]
pub(crate) struct Postmaster {
    pub pid: u32,
    pub socket_dir: PathBuf,
}

/// What PostgreSQL tells about itself in `postmaster.pid`.
#[derive(Debug)]
struct PidFile {
    pid: u32,
    socket_dir: PathBuf,
    is_ready: bool,
}

impl PidFile {
    fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(cluster.join("postmaster.pid")).ok()?)
    }

    /// The file has 8 lines: pid, data directory, start, port, socket directory, address, shared
    /// memory, status. The last ones come as the start proceeds.
    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().collect();
        let line = |index: usize| lines.get(index).copied().unwrap_or_default();
        Some(Self {
            pid: parse_pid(line(0))?,
            socket_dir: PathBuf::from(line(4)),
            is_ready: line(7).trim_end() == "ready",
        })
    }
}

/// A server in single-user mode writes its number with a minus sign.
fn parse_pid(line: &str) -> Option<u32> {
    line.trim().trim_start_matches('-').parse().ok()
}

impl Postmaster {
    /// The server that runs in this home, if one does. Waits for one that is starting or ending.
    pub fn running(home: &Home) -> Result<Option<Self>, Error> {
        let is_ours = |pid| process::works_in(pid, &home.cluster, &home.account);
        let settled = || match PidFile::read(&home.cluster) {
            Some(file) => file.is_ready || !is_ours(file.pid),
            None => true,
        };
        if !process::wait_until(START_PATIENCE, settled) {
            return Err(start_error(
                home,
                "it has been starting or ending for minutes",
                0,
            ));
        }
        let file = PidFile::read(&home.cluster).filter(|file| is_ours(file.pid));
        Ok(file.map(|file| Self {
            pid: file.pid,
            socket_dir: file.socket_dir,
        }))
    }

    /// Starts a server and waits until it accepts connections.
    pub fn start(home: &Home, binaries: &Binaries, durability: Durability) -> Result<Self, Error> {
        let socket_dir = sockets::make_directory(home)?;
        clear_stale_locks(home, &socket_dir)?;
        let (log, log_start) = home.open_log()?;
        let log_copy = log.try_clone().attempt("open", &home.log_path())?;
        let program = binaries.program("postgres");
        let child = home
            .account
            .command(&program)
            .arg("-D")
            .arg(&home.cluster)
            .args(arguments(durability, &socket_dir))
            .current_dir(&home.cluster)
            // Ctrl-C is for the programs that use the server. It must not go before them.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(log_copy)
            .spawn();
        let child = child.attempt("run", &program)?;
        let pid = child.id();
        wait_until_ready(home, child, log_start)?;
        Ok(Self { pid, socket_dir })
    }

    /// Whether the running server was started without care for its data.
    pub fn is_careless(home: &Home) -> bool {
        let options = fs::read_to_string(home.cluster.join("postmaster.opts"));
        options.is_ok_and(|options| options.contains(CARELESS_MARK))
    }
}

/// Ends the server, if it still runs. `known_pid` is for the case that somebody has removed the
/// data directory with its files.
pub(crate) fn stop(home: &Home, binaries: &Binaries, known: &Postmaster) -> Result<(), Error> {
    let file = PidFile::read(&home.cluster);
    let pid = file.map_or(known.pid, |file| file.pid);
    if process::works_in(pid, &home.cluster, &home.account) {
        end(home, binaries, pid)?;
    }
    sockets::remove_directory(home, &known.socket_dir);
    Ok(())
}

fn end(home: &Home, binaries: &Binaries, pid: u32) -> Result<(), Error> {
    let program = binaries.program("pg_ctl");
    for (signal, patience) in ENDINGS {
        // As the server's account, so that it cannot hit anybody else's process. It fails when
        // the process is gone, which is all we want.
        let mut command = home.account.command(&program);
        command
            .args(["kill", signal, &pid.to_string()])
            .stderr(Stdio::null());
        command.status().attempt("run", &program)?;
        if process::wait_until(patience, || !process::is_running(pid)) {
            return Ok(());
        }
    }
    Err(Error::Stop {
        pid,
        data_dir: home.data_dir.clone(),
    })
}

fn arguments(durability: Durability, socket_dir: &Path) -> Vec<OsString> {
    let careless = match durability {
        Durability::Durable => &[],
        Durability::Test => CARELESS,
    };
    let mut values: Vec<OsString> = COMMON.iter().chain(careless).map(OsString::from).collect();
    values.push(format!("port={PORT}").into());
    values.push(quoted("unix_socket_directories=", socket_dir));
    let flag = || OsString::from("-c");
    values
        .into_iter()
        .flat_map(|value| [flag(), value])
        .collect()
}

/// The setting is a list, in which a quoted name may hold anything.
fn quoted(name: &str, path: &Path) -> OsString {
    let mut value = format!("{name}\"").into_bytes();
    for byte in path.as_os_str().as_bytes() {
        if *byte == b'"' {
            value.push(b'"');
        }
        value.push(*byte);
    }
    value.push(b'"');
    OsString::from_vec(value)
}

fn wait_until_ready(home: &Home, mut child: Child, log_start: u64) -> Result<(), Error> {
    let pid = child.id();
    let is_ready = || {
        let file = PidFile::read(&home.cluster);
        file.is_some_and(|file| file.pid == pid && file.is_ready)
    };
    let settled = || is_ready() || !process::is_running(pid);
    let in_time = process::wait_until(START_PATIENCE, settled);
    if in_time && process::is_running(pid) {
        // Whoever ends it, its remains are ours to collect. Without a thread they stay until we
        // end, which harms nobody.
        let reaper = thread::Builder::new().name("postgres-reaper".to_owned());
        let _ = reaper.spawn(move || child.wait());
        return Ok(());
    }
    if !in_time {
        child.kill().attempt("kill", Path::new("postgres"))?;
    }
    let status = child.wait().attempt("wait for", Path::new("postgres"))?;
    let failure = if in_time {
        format!("it ended with {status}")
    } else {
        format!(
            "it was not ready after {} seconds",
            START_PATIENCE.as_secs()
        )
    };
    Err(start_error(home, &failure, log_start))
}

fn start_error(home: &Home, failure: &str, log_start: u64) -> Error {
    let log = home.log_path();
    let tail = || -> io::Result<String> {
        let mut file = File::open(&log)?;
        // Only what this start wrote, and of that no more than fits a screen.
        let end = file.metadata()?.len();
        file.seek(SeekFrom::Start(log_start.max(end.saturating_sub(8_000))))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        Ok(tail_of(&String::from_utf8_lossy(&bytes)))
    };
    let tail = tail().unwrap_or_default();
    Error::Start {
        failure: failure.to_owned(),
        log,
        tail,
    }
}

/// Removes the lock files of a server that is gone, where PostgreSQL would not do so itself.
///
/// It does when the process they name is dead. When the number has been given to another
/// process since, as after every restart of a container, it would refuse to start. While anyone
/// works in the cluster, the files stay: two servers on the same data would destroy it.
fn clear_stale_locks(home: &Home, socket_dir: &Path) -> Result<(), Error> {
    let locks = [
        home.cluster.join("postmaster.pid"),
        sockets::lock_file(socket_dir),
    ];
    if !locks.iter().any(|lock| lock.exists()) {
        return Ok(());
    }
    let is_idle = || !process::any_works_in(&home.cluster, &home.account);
    if !process::wait_until(LEFTOVER_PATIENCE, is_idle) {
        return Ok(());
    }
    for lock in locks {
        let Ok(text) = fs::read_to_string(&lock) else {
            continue;
        };
        let pid = parse_pid(text.lines().next().unwrap_or_default());
        if pid.is_none_or(process::exists) {
            fs::remove_file(&lock).attempt("remove", &lock)?;
        }
    }
    Ok(())
}

/// The URL of a database, in the form that libpq reads.
pub(crate) fn url(socket_dir: &Path, database: &str) -> String {
    let database = percent_encoded(database.as_bytes());
    let host = percent_encoded(socket_dir.as_os_str().as_bytes());
    format!("postgresql:///{database}?host={host}&port={PORT}&user={SUPERUSER}")
}

fn percent_encoded(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a string does not fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pid_file_is_read_at_every_stage_of_the_start() {
        let early = PidFile::parse("4711\n/data/cluster\n1795000000\n5432\n").unwrap();
        let ready = "4711\n/data/cluster\n1795000000\n5432\n/data/run\n\n 1 2\nready   \n";
        let ready = PidFile::parse(ready).unwrap();

        assert_eq!((early.pid, early.is_ready), (4711, false));
        assert_eq!((ready.pid, ready.is_ready), (4711, true));
        assert_eq!(ready.socket_dir, Path::new("/data/run"));
        assert!(PidFile::parse("").is_none());
        assert_eq!(parse_pid("-4711"), Some(4711));
    }

    #[test]
    fn a_url_can_hold_any_path() {
        let url = url(Path::new("/tmp/a b/ü"), "desk 1");

        assert_eq!(
            url,
            "postgresql:///desk%201?host=%2Ftmp%2Fa%20b%2F%C3%BC&port=5432&user=gigdesk"
        );
    }

    #[test]
    fn a_socket_directory_can_hold_any_path() {
        let value = quoted("name=", Path::new("/tmp/a,\"b\""));

        assert_eq!(value, "name=\"/tmp/a,\"\"b\"\"\"");
    }

    #[test]
    fn a_durable_server_waits_for_the_disk() {
        let durable = arguments(Durability::Durable, Path::new("/run"));
        let test = arguments(Durability::Test, Path::new("/run"));

        for careless in CARELESS {
            assert!(!durable.contains(&OsString::from(careless)), "{careless}");
            assert!(test.contains(&OsString::from(careless)), "{careless}");
        }
    }
}
