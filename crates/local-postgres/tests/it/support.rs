//! What several tests do: ask the server, end it the hard way, wait for it to be gone.

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use std::{fs, thread};

use local_postgres::{DATABASE, Server, Settings};
use tempfile::TempDir;

/// A data directory that is removed, with the server in it, after the test.
pub struct Data(TempDir);

impl Data {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        // Closed, so that the server's account does not get in by luck.
        fs::set_permissions(directory.path(), Permissions::from_mode(0o700)).unwrap();
        Self(directory)
    }

    pub fn path(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    pub fn start(&self) -> Server {
        Server::start(&Settings::for_tests(self.path())).unwrap()
    }
}

/// The answer to a query, in the application's database.
pub fn ask(server: &Server, query: &str) -> String {
    ask_url(&server.url(DATABASE), query)
}

pub fn ask_url(url: &str, query: &str) -> String {
    let output = Command::new("psql")
        .args(["-XAtc", query, url])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

pub fn kill(pid: u32) {
    let status = Command::new("kill")
        .args(["-KILL", &pid.to_string()])
        .status()
        .unwrap();
    assert!(status.success());
}

/// Whether the process is at work; a zombie is not.
pub fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !stat.is_empty() && !stat.contains(") Z ")
}

pub fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(
            begun.elapsed() < Duration::from_secs(30),
            "still not {what}"
        );
        thread::sleep(Duration::from_millis(10));
    }
}

pub fn owner_of(path: &Path) -> (u32, u32) {
    let metadata = fs::metadata(path).unwrap();
    (metadata.uid(), metadata.gid())
}

pub fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o777
}
