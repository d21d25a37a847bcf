//! `local-postgres exec`: runs a command with a private PostgreSQL at its side.
//!
//! It becomes the command, so that signals, the terminal and the exit status are the command's
//! own. The server is held by a second process, the keeper, in a process group of its own: Ctrl-C
//! reaches the command but not the keeper, which leaves the server when the command has ended,
//! however it ended.

use std::convert::Infallible;
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::process::{CommandExt, parent_id};
use std::path::PathBuf;
use std::process::{self, Command, ExitCode, Stdio};
use std::time::Duration;
use std::{env, thread};

use local_postgres::{DATABASE, Server, Settings};

const USAGE: &str = "\
Runs a command with a private PostgreSQL, and stops the server when its last user has ended.

usage: local-postgres exec --data-dir DIR [--test] -- COMMAND [ARGUMENT]…

    --data-dir DIR  where the data lies; made when missing
    --test          a quick server that may lose everything

The command finds the server's URL in DATABASE_URL, or with --test in GIGDESK_TEST_DATABASE_URL.";

/// How often the keeper looks whether the command has ended.
const PAUSE: Duration = Duration::from_millis(50);

/// What was asked for on the command line.
#[derive(Debug, Default)]
struct Request {
    data_dir: PathBuf,
    is_test: bool,
    /// For the keeper: the process that the server is held for.
    keeper_for: Option<u32>,
    command: Vec<OsString>,
}

impl Request {
    fn parse(mut arguments: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let mut request = Self::default();
        if arguments.next().is_none_or(|verb| verb != "exec") {
            return Err("the only thing it does is `exec`".to_owned());
        }
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--data-dir") => {
                    request.data_dir = arguments.next().unwrap_or_default().into();
                }
                Some("--test") => request.is_test = true,
                Some("--keeper-for") => {
                    let pid = arguments.next().unwrap_or_default();
                    request.keeper_for = pid.to_str().and_then(|pid| pid.parse().ok());
                }
                Some("--") => break,
                _ => return Err(format!("unknown argument {}", argument.display())),
            }
        }
        request.command = arguments.collect();
        if request.data_dir.as_os_str().is_empty() {
            return Err("--data-dir is missing".to_owned());
        }
        if request.keeper_for.is_none() && request.command.is_empty() {
            return Err("the command is missing".to_owned());
        }
        Ok(request)
    }

    fn settings(&self) -> Settings {
        if self.is_test {
            Settings::for_tests(&self.data_dir)
        } else {
            Settings::new(&self.data_dir)
        }
    }
}

fn main() -> ExitCode {
    let request = match Request::parse(env::args_os().skip(1)) {
        Ok(request) => request,
        Err(mistake) => {
            eprintln!("local-postgres: {mistake}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match request.keeper_for {
        Some(pid) => match keep(&request, pid) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("local-postgres: {error}");
                ExitCode::FAILURE
            }
        },
        None => match become_command(&request) {
            Ok(never) => match never {},
            Err(code) => code,
        },
    }
}

/// Holds the server until our parent, which is to become the command, has ended.
fn keep(request: &Request, parent: u32) -> Result<(), local_postgres::Error> {
    let server = Server::start(&request.settings())?;
    // Should the parent be gone already, the loop below ends at once.
    let _ = writeln!(io::stdout(), "{}", server.url(DATABASE));
    while parent_id() == parent {
        thread::sleep(PAUSE);
    }
    server.stop()
}

/// Starts the keeper, waits for the URL, and turns into the command. Only a failure returns.
fn become_command(request: &Request) -> Result<Infallible, ExitCode> {
    let url = start_keeper(request).map_err(|error| {
        eprintln!("local-postgres: cannot start itself: {error}");
        ExitCode::FAILURE
    })?;
    if url.is_empty() {
        // The keeper has said why.
        return Err(ExitCode::FAILURE);
    }
    let variable = if request.is_test {
        "GIGDESK_TEST_DATABASE_URL"
    } else {
        "DATABASE_URL"
    };
    let (program, arguments) = request.command.split_first().ok_or(ExitCode::FAILURE)?;
    let error = Command::new(program)
        .args(arguments)
        .env(variable, url)
        .exec();
    eprintln!("local-postgres: cannot run {}: {error}", program.display());
    // As shells have it.
    Err(ExitCode::from(if error.kind() == ErrorKind::NotFound {
        127
    } else {
        126
    }))
}

/// The URL that the keeper prints once the server is up; empty when it has failed.
fn start_keeper(request: &Request) -> io::Result<String> {
    let mut keeper = Command::new(env::current_exe()?);
    keeper.args([
        "exec",
        "--keeper-for",
        &process::id().to_string(),
        "--data-dir",
    ]);
    keeper.arg(&request.data_dir);
    if request.is_test {
        keeper.arg("--test");
    }
    let mut keeper = keeper
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut url = String::new();
    if let Some(stdout) = keeper.stdout.take() {
        BufReader::new(stdout).read_line(&mut url)?;
    }
    if url.is_empty() {
        keeper.wait()?;
    }
    Ok(url.trim_end().to_owned())
}
