use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;

use local_postgres::{Error, Server, Settings};

use crate::support::{Data, ask, owner_of};

fn refusal(settings: &Settings) -> Error {
    Server::start(settings).unwrap_err()
}

#[test]
fn without_postgresql_the_error_says_how_to_install_it() {
    let (data, empty) = (Data::new(), Data::new());
    let mut settings = Settings::for_tests(data.path());
    settings.binaries = Some(empty.path());

    let error = refusal(&settings);

    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("apt-get install postgresql"), "{text}");
    assert!(
        text.contains(&format!("{}: no initdb", empty.path().display())),
        "{text}"
    );
}

#[test]
fn data_of_another_major_version_is_refused_and_left_alone() {
    let data = Data::new();
    drop(data.start());
    let version = data.path().join("cluster/PG_VERSION");
    let made_by = fs::read_to_string(&version).unwrap();
    fs::write(&version, "14\n").unwrap();

    let error = refusal(&Settings::for_tests(data.path()));

    let text = error.to_string();
    assert!(
        matches!(error, Error::VersionMismatch { made_by: 14, .. }),
        "{error:?}"
    );
    assert!(text.contains("apt-get install postgresql-14"), "{text}");
    fs::write(&version, made_by).unwrap();
    assert_eq!(ask(&data.start(), "SELECT 1"), "1");
}

#[test]
fn a_server_that_does_not_come_up_shows_the_end_of_its_log() {
    let data = Data::new();
    drop(data.start());
    fs::write(
        data.path().join("cluster/postgresql.conf"),
        "no_such_setting = on\n",
    )
    .unwrap();

    let error = refusal(&Settings::for_tests(data.path()));

    let text = error.to_string();
    assert!(matches!(error, Error::Start { .. }), "{error:?}");
    assert!(text.contains("no_such_setting"), "{text}");
    assert!(text.contains("server.log"), "{text}");
}

#[test]
fn files_that_are_no_database_are_left_alone() {
    let data = Data::new();
    fs::create_dir(data.path().join("cluster")).unwrap();
    fs::write(data.path().join("cluster/thesis.txt"), "years of work").unwrap();
    fs::write(data.path().join("start.lock"), "").unwrap();

    let error = refusal(&Settings::for_tests(data.path()));

    assert!(matches!(error, Error::NotACluster { .. }), "{error:?}");
    assert!(data.path().join("cluster/thesis.txt").exists());
}

#[test]
fn root_is_told_which_directory_is_closed_to_the_account() {
    let data = Data::new();
    if owner_of(&data.path()).0 != 0 {
        // Only root lends the server another account.
        return;
    }
    let inner = data.path().join("inner");

    let error = refusal(&Settings::for_tests(&inner));

    let text = error.to_string();
    assert!(matches!(error, Error::NotEnterable { .. }), "{error:?}");
    assert!(
        text.contains(&format!("chmod o+x {}", data.path().display())),
        "{text}"
    );
    assert!(text.contains("/var/lib/gigdesk"), "{text}");
}

#[test]
fn root_does_not_open_a_directory_that_holds_other_things() {
    let data = Data::new();
    if owner_of(&data.path()).0 != 0 {
        return;
    }
    fs::write(data.path().join("diary.txt"), "secret").unwrap();

    let error = refusal(&Settings::for_tests(data.path()));

    assert!(matches!(error, Error::NotEnterable { .. }), "{error:?}");
}

#[test]
fn a_socket_directory_that_somebody_put_there_is_refused() {
    let data = Data::new();
    drop(data.start());
    let (sockets, elsewhere) = (data.path().join("run"), Data::new());
    fs::remove_dir_all(&sockets).unwrap();
    symlink(elsewhere.path(), &sockets).unwrap();

    let error = refusal(&Settings::for_tests(data.path()));

    assert!(matches!(error, Error::SocketDirectory { .. }), "{error:?}");
}

#[test]
fn a_path_that_cannot_be_made_is_named() {
    let settings = Settings::for_tests(PathBuf::from("/proc/no/such/place"));

    let text = refusal(&settings).to_string();

    assert!(text.contains("cannot create /proc/no/such/place"), "{text}");
}
