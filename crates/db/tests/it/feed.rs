//! The feed: every change once, in order, whatever commits first.

use std::{collections::BTreeSet, thread, time::Duration};

use db::{
    feed::{self, Batch, Cursor, Scope, Subject},
    testing::TestDatabase,
};
use diesel::{
    Connection as _, PgConnection, QueryableByName, RunQueryDsl as _,
    connection::SimpleConnection as _, sql_types::BigInt,
};
use kernel::{AgentId, TicketId};

fn database() -> TestDatabase {
    let database = TestDatabase::create();
    database.sql(
        "INSERT INTO dispatch.queues VALUES ('vip', 'VIP', 60, 120, 1, now(), 1);
         INSERT INTO dispatch.policies VALUES ('vip', 1, '{}', 'for the test', 'test', now())",
    );
    database
}

fn connect(database: &TestDatabase) -> PgConnection {
    PgConnection::establish(&database.url()).unwrap()
}

fn insert_ticket(conn: &mut PgConnection, id: TicketId) {
    conn.batch_execute(&format!(
        "INSERT INTO dispatch.tickets
             (id, source, external_id, queue, language, required_skills, customer_ref,
              customer_name, customer_tier, customer_locale, reason, summary, priority, weight,
              status, created_at, waiting_since, first_reply_due_at, rank_at, put_aside_at,
              next_action, deadline_at)
         VALUES ('{0}', 'a', '{0}', 'vip', 'en', '{{}}', 'c', 'Kim', 'gold', 'en', 'vip',
                 'Lost card', 5, 1, 'waiting', now(), now(), now(), now(), now(), 'dead_letter',
                 now())",
        id.uuid()
    ))
    .unwrap();
}

fn read(conn: &mut PgConnection, place: Cursor) -> Batch {
    feed::after(conn, place, Scope::All, 1_000).unwrap()
}

/// Reads what can be read once nobody holds it back: the tests beside this one write to the same
/// server, and a horizon is a server's.
fn settled(conn: &mut PgConnection, place: Cursor, scope: Scope, limit: i64) -> Batch {
    for _ in 0..1_000 {
        let batch = feed::after(conn, place, scope, limit).unwrap();
        if !batch.is_held_back {
            return batch;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("something runs for ever");
}

fn tickets(batch: &Batch) -> Vec<TicketId> {
    let subjects = batch.changes.iter().map(|change| change.subject);
    subjects
        .map(|subject| match subject {
            Subject::Ticket(id) => id,
            other => panic!("{other} is no ticket"),
        })
        .collect()
}

/// Two transactions of which the first to begin commits last; and a reader in between.
struct Inverted {
    database: TestDatabase,
    reader: PgConnection,
    slow: PgConnection,
    first: TicketId,
    second: TicketId,
}

impl Inverted {
    /// The second has committed, the first has not.
    fn begin() -> Self {
        let database = database();
        let (mut slow, mut quick) = (connect(&database), connect(&database));
        let (first, second) = (TicketId::new(), TicketId::new());
        slow.batch_execute("BEGIN").unwrap();
        insert_ticket(&mut slow, first);
        insert_ticket(&mut quick, second);
        let reader = connect(&database);
        Self {
            database,
            reader,
            slow,
            first,
            second,
        }
    }
}

#[test]
fn what_commits_later_never_comes_before_what_was_read() {
    let mut scene = Inverted::begin();
    let place = Cursor::default();

    let early = read(&mut scene.reader, place);
    assert_eq!(tickets(&early), []);
    assert!(early.is_held_back, "the reader knows to come back");
    assert_eq!(early.next, place);

    scene.slow.batch_execute("COMMIT").unwrap();
    let both = settled(&mut scene.reader, early.next, Scope::All, 10);
    assert_eq!(tickets(&both), [scene.first, scene.second]);
    let after = settled(&mut scene.reader, both.next, Scope::All, 10);
    assert_eq!(tickets(&after), [], "once each");
    scene.database.assert_promises();
}

#[test]
fn control_a_reader_by_number_alone_misses_what_commits_later() {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = BigInt)]
        id: i64,
    }
    let read = |conn: &mut PgConnection, after: i64| -> Vec<i64> {
        let rows = diesel::sql_query(
            "SELECT id FROM audit.events WHERE subject = 'dispatch.tickets' AND id > $1 ORDER BY id",
        );
        let rows = rows.bind::<BigInt, _>(after).load::<Row>(conn).unwrap();
        rows.into_iter().map(|row| row.id).collect()
    };
    let mut scene = Inverted::begin();
    let early = read(&mut scene.reader, 0);
    scene.slow.batch_execute("COMMIT").unwrap();
    let late = read(&mut scene.reader, *early.last().unwrap());
    assert_eq!((early.len(), late.len()), (1, 0), "one of two was told");
}

#[test]
fn many_writers_at_once_are_read_exactly_once_and_in_order() {
    const WRITERS: usize = 8;
    const EACH: usize = 40;
    let database = database();
    let url = database.url();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let url = url.clone();
            thread::spawn(move || {
                let mut conn = PgConnection::establish(&url).unwrap();
                let mut written = Vec::new();
                for number in 0..EACH {
                    let id = TicketId::new();
                    conn.batch_execute("BEGIN").unwrap();
                    insert_ticket(&mut conn, id);
                    let pause = (writer * 7 + number * 3) % 11;
                    thread::sleep(Duration::from_millis(u64::try_from(pause).unwrap()));
                    conn.batch_execute("COMMIT").unwrap();
                    written.push(id);
                }
                written
            })
        })
        .collect();
    let mut reader = connect(&database);
    let (mut place, mut seen, mut order) = (Cursor::default(), Vec::new(), Vec::new());
    while seen.len() < WRITERS * EACH {
        let batch = read(&mut reader, place);
        order.extend(batch.changes.iter().map(|change| change.cursor));
        seen.extend(tickets(&batch));
        place = batch.next;
        thread::sleep(Duration::from_millis(2));
    }
    let written: BTreeSet<TicketId> = writers
        .into_iter()
        .flat_map(|writer| writer.join().unwrap())
        .collect();
    assert_eq!(seen.len(), written.len(), "nothing twice");
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), written);
    assert!(order.is_sorted_by(|a, b| a < b), "in order");
}

#[test]
fn a_reader_may_stop_anywhere_and_another_goes_on() {
    let database = database();
    let mut conn = connect(&database);
    let written: Vec<TicketId> = (0..7).map(|_| TicketId::new()).collect();
    for id in &written {
        insert_ticket(&mut conn, *id);
    }
    let (mut place, mut seen) = (Cursor::default(), Vec::new());
    loop {
        let batch = settled(&mut connect(&database), place, Scope::All, 3);
        seen.extend(tickets(&batch));
        place = batch.next.to_string().parse().unwrap();
        if !batch.is_full {
            break;
        }
    }
    assert_eq!(seen, written);
}

#[test]
fn a_scope_leaves_out_what_concerns_others() {
    let database = database();
    let mut conn = connect(&database);
    let (mine, other) = (TicketId::new(), TicketId::new());
    insert_ticket(&mut conn, mine);
    insert_ticket(&mut conn, other);
    let mut of = |scope| settled(&mut conn, Cursor::default(), scope, 10);
    assert_eq!(tickets(&of(Scope::Ticket(mine))), [mine]);
    assert_eq!(tickets(&of(Scope::Agent(AgentId::new()))), []);
    assert_eq!(tickets(&of(Scope::All)), [mine, other]);
}

#[test]
fn the_horizon_is_the_place_after_all_that_ended() {
    let mut scene = Inverted::begin();
    let place = feed::horizon(&mut scene.reader).unwrap();
    scene.slow.batch_execute("COMMIT").unwrap();
    let news = settled(&mut scene.reader, place, Scope::All, 10);
    let told = [scene.first, scene.second];
    assert_eq!(tickets(&news), told, "neither was below it");
    let place = feed::horizon(&mut scene.reader).unwrap();
    assert!(place >= news.next);
    let after = settled(&mut scene.reader, place, Scope::All, 10);
    assert_eq!(tickets(&after), [], "both are");
}

#[test]
fn a_cursor_of_another_server_is_not_known() {
    let database = database();
    let mut conn = connect(&database);
    let here = feed::horizon(&mut conn).unwrap();
    assert!(feed::is_known(&mut conn, here).unwrap());
    for text in ["0.0", "9223372036854775807.1"] {
        let elsewhere = text.parse().unwrap();
        assert!(!feed::is_known(&mut conn, elsewhere).unwrap(), "{text}");
    }
}

#[test]
fn rows_of_another_server_are_history_and_no_news() {
    let database = database();
    let mut conn = connect(&database);
    insert_ticket(&mut conn, TicketId::new());
    database.sql(
        "ALTER TABLE audit.events DISABLE TRIGGER events_append_only;
         UPDATE audit.events SET xid = '9000000000';
         ALTER TABLE audit.events ENABLE TRIGGER events_append_only",
    );
    assert!(read(&mut conn, Cursor::default()).is_held_back);

    db::migrations::run(&database.url()).unwrap();

    let batch = read(&mut conn, Cursor::default());
    assert_eq!((batch.changes.len(), batch.is_held_back), (0, false));
    let refused = conn.batch_execute("DELETE FROM audit.events");
    assert!(refused.is_err(), "the trail stays append-only");
}
