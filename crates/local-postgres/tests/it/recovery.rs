use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use local_postgres::{Server, Settings};

use crate::support::{Data, ask, is_running, kill, owner_of, wait_until};

/// The pid file of a server that is gone, with this number on it.
fn pid_file(data: &Data, pid: u32) -> String {
    let (cluster, sockets) = (data.path().join("cluster"), data.path().join("run"));
    format!(
        "{pid}\n{}\n1700000000\n5432\n{}\n\n  1   1\nready   \n",
        cluster.display(),
        sockets.display()
    )
}

/// A process of the server's own account, which PostgreSQL would take for a server.
fn stranger(data: &Data) -> Child {
    let (uid, gid) = owner_of(&data.path().join("cluster"));
    Command::new("sleep")
        .arg("600")
        .uid(uid)
        .gid(gid)
        .current_dir("/")
        .spawn()
        .unwrap()
}

#[test]
fn a_killed_server_is_started_anew_while_its_user_lives_on() {
    let data = Data::new();
    // A test server may lose what it wrote last.
    let first = Server::start(&Settings::new(data.path())).unwrap();
    ask(&first, "CREATE TABLE kept AS SELECT 'still here' AS word");
    let killed = first.pid();
    kill(killed);
    wait_until("dead", || !is_running(killed));

    let second = Server::start(&Settings::new(data.path())).unwrap();

    assert_ne!(second.pid(), killed);
    assert_eq!(ask(&second, "SELECT word FROM kept"), "still here");
    let pid = second.pid();
    second.stop().unwrap();
    assert!(is_running(pid), "the first user is still there");
    first.stop().unwrap();
    assert!(!is_running(pid));
}

#[test]
fn leaving_a_killed_server_is_no_error() {
    let data = Data::new();
    let server = data.start();
    kill(server.pid());

    server.stop().unwrap();
}

#[test]
fn a_stale_pid_file_with_a_living_strangers_number_is_no_obstacle() {
    let data = Data::new();
    drop(data.start());
    let mut stranger = stranger(&data);
    let stale = pid_file(&data, stranger.id());
    fs::write(data.path().join("cluster/postmaster.pid"), &stale).unwrap();
    fs::write(data.path().join("run/.s.PGSQL.5432.lock"), &stale).unwrap();

    let server = data.start();

    assert_ne!(server.pid(), stranger.id());
    assert_eq!(ask(&server, "SELECT 1"), "1");
    server.stop().unwrap();
    assert!(
        stranger.try_wait().unwrap().is_none(),
        "the stranger was killed"
    );
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn a_stale_pid_file_with_our_own_number_is_no_obstacle() {
    let data = Data::new();
    drop(data.start());
    let stale = pid_file(&data, std::process::id());
    fs::write(data.path().join("cluster/postmaster.pid"), stale).unwrap();

    let server = data.start();

    assert_eq!(ask(&server, "SELECT 1"), "1");
}

#[test]
fn an_empty_pid_file_is_no_obstacle() {
    let data = Data::new();
    drop(data.start());
    fs::write(data.path().join("cluster/postmaster.pid"), "").unwrap();

    let server = data.start();

    assert_eq!(ask(&server, "SELECT 1"), "1");
}

#[test]
fn a_half_made_database_is_made_anew() {
    let data = Data::new();
    // What a killed initdb leaves: the marker, and some of its files.
    fs::create_dir_all(data.path().join("cluster/base/1")).unwrap();
    fs::write(data.path().join("cluster/PG_VERSION"), "15\n").unwrap();
    fs::write(data.path().join("initdb.unfinished"), "").unwrap();
    fs::write(data.path().join("start.lock"), "").unwrap();

    let server = data.start();

    assert_eq!(ask(&server, "SELECT current_database()"), "gigdesk");
    assert!(!data.path().join("initdb.unfinished").exists());
}

#[test]
fn an_initdb_that_is_killed_at_any_moment_is_redone() {
    let tool = env!("CARGO_BIN_EXE_local-postgres");
    for milliseconds in [50_u64, 700] {
        let data = Data::new();
        let mut first = Command::new(tool);
        first
            .args(["exec", "--keeper-for", "1", "--test", "--data-dir"])
            .arg(data.path());
        let mut first = first.spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(milliseconds));
        first.kill().unwrap();
        first.wait().unwrap();

        let server = data.start();

        assert_eq!(
            ask(&server, "SELECT 1"),
            "1",
            "killed after {milliseconds} ms"
        );
    }
}
