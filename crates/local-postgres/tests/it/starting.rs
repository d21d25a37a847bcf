use std::fs;

use local_postgres::{DATABASE, SUPERUSER, Server, Settings};

use crate::support::{Data, ask, ask_url, is_running, mode_of, owner_of};

#[test]
fn a_server_starts_in_an_empty_directory_and_answers() {
    let data = Data::new();

    let server = data.start();

    assert_eq!(
        ask(&server, "SELECT current_database(), current_user"),
        "gigdesk|gigdesk"
    );
    assert_eq!(server.data_dir(), data.path());
    assert_eq!(server.superuser(), SUPERUSER);
    assert!(is_running(server.pid()));
}

#[test]
fn a_missing_data_directory_is_made() {
    let data = Data::new();
    // Somebody else's directory on the way, which the account may enter.
    drop(data.start());
    let below = data.path().join("deeper/still");

    let server = Server::start(&Settings::for_tests(&below)).unwrap();

    assert_eq!(server.data_dir(), below);
    assert_eq!(ask(&server, "SELECT 1"), "1");
}

#[test]
fn what_was_written_is_there_after_a_restart() {
    let data = Data::new();
    let first = data.start();
    ask(&first, "CREATE TABLE kept (word text)");
    ask(&first, "INSERT INTO kept VALUES ('still here')");
    first.stop().unwrap();

    let second = data.start();

    assert_eq!(ask(&second, "SELECT word FROM kept"), "still here");
}

#[test]
fn the_server_is_only_reached_through_a_private_socket() {
    let data = Data::new();

    let server = data.start();

    assert_eq!(ask(&server, "SHOW listen_addresses"), "");
    let sockets = data.path().join("run");
    assert_eq!(
        ask(&server, "SHOW unix_socket_directories"),
        format!("\"{}\"", sockets.display())
    );
    assert_eq!(mode_of(&sockets), 0o700);
    assert_eq!(mode_of(&data.path().join("cluster")), 0o700);
    assert_eq!(owner_of(&sockets), owner_of(&data.path().join("cluster")));
    assert_eq!(
        ask(
            &server,
            "SELECT type, database, user_name, auth_method FROM pg_hba_file_rules"
        ),
        "local|{all}|{all}|trust"
    );
}

#[test]
fn a_durable_server_waits_for_the_disk_and_a_test_server_does_not() {
    let query = "SELECT string_agg(setting, ' ' ORDER BY name) FROM pg_settings WHERE name IN \
                 ('fsync', 'synchronous_commit', 'full_page_writes', 'autovacuum', 'wal_level')";
    let (kept, thrown_away) = (Data::new(), Data::new());

    let durable = Server::start(&Settings::new(kept.path())).unwrap();
    let test = thrown_away.start();

    assert_eq!(ask(&durable, query), "on on on on replica");
    assert_eq!(ask(&test, query), "off off off off minimal");
}

#[test]
fn the_server_runs_with_our_settings() {
    let data = Data::new();

    let server = data.start();

    for (name, value) in [
        ("shared_buffers", "128MB"),
        ("jit", "off"),
        ("max_connections", "200"),
        ("max_locks_per_transaction", "128"),
        ("TimeZone", "UTC"),
        ("dynamic_shared_memory_type", "mmap"),
        ("lc_messages", "C"),
        ("lc_collate", "C.UTF-8"),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
    ] {
        assert_eq!(ask(&server, &format!("SHOW {name}")), value, "{name}");
    }
}

#[test]
fn the_extensions_of_the_distribution_can_be_used() {
    let data = Data::new();

    let server = data.start();

    ask(&server, "CREATE EXTENSION btree_gist");
}

#[test]
fn a_path_too_long_for_a_socket_gets_one_elsewhere() {
    let data = Data::new();
    // The account has to pass; the first start opens the way.
    drop(data.start());
    let long = data.path().join("a long way down".repeat(8));

    let server = Server::start(&Settings::for_tests(&long)).unwrap();

    assert_eq!(ask(&server, "SELECT 1"), "1");
    let sockets = ask(&server, "SHOW unix_socket_directories")
        .trim_matches('"')
        .to_owned();
    assert!(sockets.starts_with("/tmp/gigdesk-"), "{sockets}");
    assert_eq!(mode_of(sockets.as_ref()), 0o700);
    server.stop().unwrap();
    assert!(!fs::exists(&sockets).unwrap(), "{sockets} is left behind");
}

#[test]
fn the_url_leads_to_any_of_the_servers_databases() {
    let data = Data::new();
    let server = data.start();
    ask(&server, "CREATE DATABASE \"a b/c\"");

    let name = ask_url(&server.url("a b/c"), "SELECT current_database()");

    assert_eq!(name, "a b/c");
    assert_ne!(DATABASE, name);
}

#[test]
fn a_path_with_strange_characters_works() {
    let data = Data::new();
    drop(data.start());
    let strange = data.path().join("it's, \"50%\" & ü");

    let server = Server::start(&Settings::for_tests(&strange)).unwrap();

    assert_eq!(ask(&server, "SELECT 1"), "1");
}
