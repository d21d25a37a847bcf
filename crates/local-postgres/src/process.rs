//! What `/proc` tells about processes.
//!
//! A number in a file says little, as numbers are used again: after a crash it may be anybody's.
//! What tells PostgreSQL's processes apart is that they work in the cluster's directory.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::account::Account;

/// How often a condition is looked at again.
const PAUSE: Duration = Duration::from_millis(10);

/// What the kernel appends to the path of a directory that was removed.
const DELETED: &[u8] = b" (deleted)";

/// Whether there is such a process, be it only the remains of one that nobody has waited for.
pub(crate) fn exists(pid: u32) -> bool {
    Path::new("/proc").join(pid.to_string()).exists()
}

/// Whether the process is at work. One that has ended may go on existing as a zombie.
pub(crate) fn is_running(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // `pid (name) state …`, where the name may hold anything.
    let state = stat
        .rsplit_once(") ")
        .and_then(|(_, rest)| rest.chars().next());
    state.is_some_and(|state| !matches!(state, 'Z' | 'X'))
}

/// Whether the process is at work in this directory.
pub(crate) fn works_in(pid: u32, directory: &Path, account: &Account) -> bool {
    if !is_running(pid) {
        return false;
    }
    let link = format!("/proc/{pid}/cwd");
    match fs::read_link(&link) {
        Ok(target) => is_same(target.as_os_str().as_bytes(), directory),
        Err(error) if error.kind() == ErrorKind::PermissionDenied && account.is_other() => {
            read_links_as(account, &link, directory)
        }
        Err(_) => false,
    }
}

/// Whether any process at all is at work in this directory.
pub(crate) fn any_works_in(directory: &Path, account: &Account) -> bool {
    let mut denied = false;
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        if !entry.file_name().as_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        match fs::read_link(entry.path().join("cwd")) {
            Ok(target) if is_same(target.as_os_str().as_bytes(), directory) => return true,
            Err(error) if error.kind() == ErrorKind::PermissionDenied => denied = true,
            _ => (),
        }
    }
    denied && account.is_other() && read_links_as(account, "/proc/[0-9]*/cwd", directory)
}

/// Whether one of the links leads to this directory, asked as the server's account.
///
/// In a container root often lacks the capability to look at the processes of others, but
/// everyone may look at their own.
fn read_links_as(account: &Account, links: &str, directory: &Path) -> bool {
    let script = format!("for link in {links}; do readlink \"$link\"; done");
    let output = account
        .command("sh")
        .arg("-c")
        .arg(script)
        .stderr(Stdio::null())
        .output();
    output.is_ok_and(|output| {
        let mut targets = output.stdout.split(|byte| *byte == b'\n');
        targets.any(|target| is_same(target, directory))
    })
}

fn is_same(target: &[u8], directory: &Path) -> bool {
    target.strip_suffix(DELETED).unwrap_or(target) == directory.as_os_str().as_bytes()
}

/// Waits until the condition holds, and says whether it came to hold in time.
pub(crate) fn wait_until(patience: Duration, condition: impl Fn() -> bool) -> bool {
    let begun = Instant::now();
    loop {
        if condition() {
            return true;
        }
        if begun.elapsed() >= patience {
            return false;
        }
        thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use std::process::{self, Command};

    use super::*;

    #[test]
    fn a_process_is_found_by_the_directory_it_works_in() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        assert!(!any_works_in(&path, &Account::Own));

        let mut child = Command::new("sleep")
            .arg("60")
            .current_dir(&path)
            .spawn()
            .unwrap();

        assert!(works_in(child.id(), &path, &Account::Own));
        assert!(any_works_in(&path, &Account::Own));
        assert!(!works_in(process::id(), &path, &Account::Own));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[test]
    fn a_zombie_exists_but_does_not_run() {
        let mut child = Command::new("true").spawn().unwrap();
        let pid = child.id();

        assert!(wait_until(Duration::from_secs(10), || !is_running(pid)));
        assert!(exists(pid));

        child.wait().unwrap();
        assert!(!exists(pid));
    }

    #[test]
    fn the_accounts_own_eyes_see_the_same() {
        // What root in a container falls back to; anyone may try it on themselves.
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().canonicalize().unwrap();
        let mut child = Command::new("sleep")
            .arg("60")
            .current_dir(&path)
            .spawn()
            .unwrap();

        assert!(read_links_as(&Account::Own, "/proc/[0-9]*/cwd", &path));
        assert!(!read_links_as(
            &Account::Own,
            &format!("/proc/{}/cwd", process::id()),
            &path
        ));
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
