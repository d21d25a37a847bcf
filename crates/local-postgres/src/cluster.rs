//! Making the database: initdb, who may connect, and the application's database.

use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use crate::binaries::Binaries;
use crate::error::{Attempt, Error};
use crate::home::Home;
use crate::settings::Durability;
use crate::{DATABASE, SUPERUSER, process};

/// Who may connect: everyone who can reach the socket, and nobody else.
const ACCESS: &str = "# Only the server's account and root can reach the socket.\n\
                      local all all trust\n";

/// How long to wait for an initdb whose parent was killed.
const PATIENCE: Duration = Duration::from_secs(30);

/// Stands in the data directory while the database is being made. Whoever finds it makes the
/// database anew; without it, what lies there is whole, and is never removed.
fn marker(data_dir: &Path) -> PathBuf {
    data_dir.join("initdb.unfinished")
}

/// The major version that made the database, or `None` when it is yet to be made.
pub(crate) fn made_by(home: &Home) -> Result<Option<u32>, Error> {
    if marker(&home.data_dir).exists() {
        return Ok(None);
    }
    let empty = match fs::read_dir(&home.cluster) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == ErrorKind::NotFound => true,
        Err(error) => return Err(error).attempt("read", &home.cluster),
    };
    if empty {
        return Ok(None);
    }
    let version = fs::read_to_string(home.cluster.join("PG_VERSION")).unwrap_or_default();
    match version.trim().parse() {
        Ok(major) => Ok(Some(major)),
        Err(_) => Err(Error::NotACluster {
            directory: home.cluster.clone(),
        }),
    }
}

/// Makes the database. What a killed attempt has left is removed.
pub(crate) fn make(home: &Home, binaries: &Binaries, durability: Durability) -> Result<(), Error> {
    let (cluster, marker) = (&home.cluster, marker(&home.data_dir));
    File::create(&marker).attempt("create", &marker)?;
    process::wait_until(PATIENCE, || !process::any_works_in(cluster, &home.account));
    match fs::remove_dir_all(cluster) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).attempt("remove", cluster);
        }
        _ => (),
    }
    fs::create_dir(cluster).attempt("create", cluster)?;
    fs::set_permissions(cluster, Permissions::from_mode(0o700)).attempt("chmod", cluster)?;
    home.account.take(cluster)?;

    run_initdb(home, binaries)?;
    let access = cluster.join("pg_hba.conf");
    fs::write(&access, ACCESS).attempt("write", &access)?;
    create_database(home, binaries)?;
    if durability == Durability::Durable {
        // The steps above do not wait for the disk; whoever is told that all is well may rely
        // on it.
        let mut command = home.account.command(binaries.program("initdb"));
        command
            .arg("--sync-only")
            .arg("-D")
            .arg(cluster)
            .current_dir(cluster);
        run(command, b"")?;
    }
    fs::remove_file(&marker).attempt("remove", &marker)
}

fn run_initdb(home: &Home, binaries: &Binaries) -> Result<(), Error> {
    let mut command = home.account.command(binaries.program("initdb"));
    command
        .arg("-D")
        .arg(&home.cluster)
        .args([
            "-U",
            SUPERUSER,
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ])
        .args(["--lc-messages=C", "--data-checksums", "--no-sync"])
        .current_dir(&home.cluster);
    run(command, b"")
}

/// Creates the application's database through PostgreSQL's single-user mode, which needs neither
/// a running server nor a client.
fn create_database(home: &Home, binaries: &Binaries) -> Result<(), Error> {
    let mut command = home.account.command(binaries.program("postgres"));
    command
        .arg("--single")
        .arg("-D")
        .arg(&home.cluster)
        .args(["-c", "exit_on_error=on", "-c", "fsync=off"])
        .args(["-c", "dynamic_shared_memory_type=mmap", "postgres"])
        .current_dir(&home.cluster);
    run(command, format!("CREATE DATABASE {DATABASE}\n").as_bytes())
}

/// Runs the command with this input. All of its output is kept for the case that it fails.
fn run(mut command: Command, input: &[u8]) -> Result<(), Error> {
    let program = PathBuf::from(command.get_program());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().attempt("run", &program)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that has ended early does not read it. Its exit status says why.
        let _ = stdin.write_all(input);
    }
    let Output {
        status,
        stdout,
        stderr,
    } = child.wait_with_output().attempt("run", &program)?;
    if status.success() {
        return Ok(());
    }
    let output = [stdout, stderr].concat();
    Err(Error::Init {
        failure: format!("{} ended with {status}", program.display()),
        tail: tail_of(&String::from_utf8_lossy(&output)),
    })
}

/// The last lines, as many as a person will read.
pub(crate) fn tail_of(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
