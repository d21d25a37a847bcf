use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Output, Stdio};

use crate::support::{Data, ask, ask_url, is_running, kill, wait_until};

fn exec(data: &Data, options: &[&str], script: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-postgres"));
    command
        .arg("exec")
        .arg("--data-dir")
        .arg(data.path())
        .args(options);
    command.args(["--", "sh", "-c", script]);
    command
        .env_remove("DATABASE_URL")
        .env_remove("GIGDESK_TEST_DATABASE_URL");
    command
}

fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8(both).unwrap()
}

/// The number in the server's pid file, as long as it is there.
fn server_pid(data: &Data) -> Option<u32> {
    let file = std::fs::read_to_string(data.path().join("cluster/postmaster.pid")).ok()?;
    file.lines().next()?.parse().ok()
}

/// Runs a command that prints its server's URL and then waits.
fn waiting(data: &Data) -> (Child, String) {
    let mut command = exec(
        data,
        &["--test"],
        "echo $GIGDESK_TEST_DATABASE_URL; exec sleep 600",
    );
    let mut child = command
        .stdout(Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let mut url = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut url)
        .unwrap();
    (child, url.trim().to_owned())
}

#[test]
fn the_command_finds_the_database_and_its_exit_code_is_ours() {
    let data = Data::new();

    let script = "psql -XAtc 'SELECT current_database()' $GIGDESK_TEST_DATABASE_URL; exit 7";
    let output = exec(&data, &["--test"], script).output().unwrap();

    assert_eq!(output.status.code(), Some(7));
    assert_eq!(text(&output), "gigdesk\n");
    wait_until("stopped", || server_pid(&data).is_none());
}

#[test]
fn without_test_the_url_is_in_another_variable() {
    let data = Data::new();

    let script = "psql -XAtc 'SHOW fsync' $DATABASE_URL; echo [$GIGDESK_TEST_DATABASE_URL]";
    let output = exec(&data, &[], script).output().unwrap();

    assert_eq!(text(&output), "on\n[]\n");
}

#[test]
fn the_server_outlives_the_one_who_started_it_while_another_uses_it() {
    let data = Data::new();
    let (mut starter, url) = waiting(&data);
    let joined = data.start();
    assert_eq!(joined.url("gigdesk"), url);

    starter.kill().unwrap();
    starter.wait().unwrap();

    assert_eq!(ask(&joined, "SELECT 1"), "1");
    let pid = joined.pid();
    drop(joined);
    wait_until("stopped", || !is_running(pid));
}

#[test]
fn ctrl_c_ends_the_command_and_then_the_server() {
    let data = Data::new();
    let (mut child, url) = waiting(&data);
    assert_eq!(ask_url(&url, "SELECT 1"), "1");
    let server = server_pid(&data).unwrap();

    // What a terminal does: the signal goes to the whole group.
    let group = format!("-{}", child.id());
    let status = Command::new("kill")
        .args(["-INT", "--", &group])
        .status()
        .unwrap();

    assert!(status.success());
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    wait_until("stopped", || !is_running(server));
}

#[test]
fn a_killed_command_leaves_no_server_behind() {
    let data = Data::new();
    let (mut child, _) = waiting(&data);
    let server = server_pid(&data).unwrap();

    kill(child.id());

    child.wait().unwrap();
    wait_until("stopped", || !is_running(server));
}

#[test]
fn a_command_that_does_not_exist_is_named() {
    let data = Data::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_local-postgres"));
    command
        .args(["exec", "--test", "--data-dir"])
        .arg(data.path());

    let output = command.args(["--", "/no-such-command"]).output().unwrap();

    assert_eq!(output.status.code(), Some(127));
    assert!(
        text(&output).contains("cannot run /no-such-command"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_failure_to_start_ends_with_its_reason() {
    let data = Data::new();
    std::fs::write(data.path().join("start.lock"), "").unwrap();
    std::fs::create_dir(data.path().join("cluster")).unwrap();
    std::fs::write(data.path().join("cluster/thesis.txt"), "").unwrap();

    let output = exec(&data, &["--test"], "echo never").output().unwrap();

    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output).contains("not a database"),
        "{}",
        text(&output)
    );
}

#[test]
fn a_mistake_on_the_command_line_shows_the_usage() {
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_local-postgres"));
        let output = command.args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        text(&output)
    };

    assert!(run(&[]).contains("usage: local-postgres exec --data-dir DIR"));
    assert!(run(&["exec", "--", "true"]).contains("--data-dir is missing"));
    assert!(run(&["exec", "--data-dir", "/x", "--"]).contains("the command is missing"));
    assert!(run(&["exec", "--fast"]).contains("unknown argument --fast"));
}
