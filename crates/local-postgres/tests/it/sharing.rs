use std::thread;

use local_postgres::{Error, Server, Settings};

use crate::support::{Data, ask, is_running};

#[test]
fn a_second_start_joins_the_running_server() {
    let data = Data::new();
    let first = data.start();

    let second = data.start();

    assert_eq!(second.pid(), first.pid());
    assert_eq!(second.url("gigdesk"), first.url("gigdesk"));
}

#[test]
fn the_last_one_out_stops_the_server() {
    let data = Data::new();
    let (first, second) = (data.start(), data.start());
    let pid = first.pid();

    first.stop().unwrap();
    assert_eq!(ask(&second, "SELECT 1"), "1");

    second.stop().unwrap();
    assert!(!is_running(pid));
}

#[test]
fn a_dropped_server_counts_as_left() {
    let data = Data::new();
    let server = data.start();
    let pid = server.pid();

    drop(server);

    assert!(!is_running(pid));
}

#[test]
fn many_who_start_at_once_share_one_server() {
    let data = Data::new();
    let servers: Vec<Server> = thread::scope(|scope| {
        let starts: Vec<_> = (0..8).map(|_| scope.spawn(|| data.start())).collect();
        starts
            .into_iter()
            .map(|start| start.join().unwrap())
            .collect()
    });

    let pid = servers[0].pid();

    assert!(
        servers.iter().all(|server| server.pid() == pid),
        "{servers:?}"
    );
    assert_eq!(ask(&servers[7], "SELECT 1"), "1");
    drop(servers);
    assert!(!is_running(pid));
}

#[test]
fn coming_and_going_at_once_never_fails() {
    let data = Data::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5 {
                    let server = data.start();
                    assert_eq!(ask(&server, "SELECT 1"), "1");
                    server.stop().unwrap();
                }
            });
        }
    });
}

#[test]
fn whoever_wants_to_keep_data_does_not_join_a_careless_server() {
    let data = Data::new();
    let careless = data.start();

    let refused = Server::start(&Settings::new(data.path()));

    assert!(
        matches!(refused, Err(Error::NotDurable { .. })),
        "{refused:?}"
    );
    careless.stop().unwrap();
    let durable = Server::start(&Settings::new(data.path())).unwrap();
    assert_eq!(ask(&durable, "SHOW fsync"), "on");
    assert_eq!(ask(&data.start(), "SHOW fsync"), "on");
}

#[test]
fn a_server_whose_directory_was_removed_can_still_be_stopped() {
    let data = Data::new();
    let server = data.start();
    let pid = server.pid();
    drop(data);

    server.stop().unwrap();

    assert!(!is_running(pid));
}
