//! Server-sent events end when they must, and tell what changed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use actix_web::{App, HttpResponse, HttpServer, get, middleware::Compress, web::Data};
use db::{Topic, testing::TestDatabase};
use gateway::{
    problem::ApiResult,
    secrets::Secrets,
    settings::Settings,
    sse::{self, Audience, Event},
    state::State,
};
use kernel::TicketId;
use tokio::time::timeout;

#[derive(clap::Parser)]
struct Line {
    #[command(flatten)]
    settings: Settings,
}

struct Stage {
    state: Data<State>,
    value: Data<AtomicU32>,
    origin: String,
    _directory: tempfile::TempDir,
    database: TestDatabase,
}

#[get("/watch")]
async fn watch(state: Data<State>, value: Data<AtomicU32>) -> ApiResult<HttpResponse> {
    let audience = Audience::LinkHolder(TicketId::new());
    sse::stream(&state, audience, Topic::Floor, |mut events| async move {
        while events.time_to_look(|_| None).await? {
            let value = value.load(Ordering::SeqCst);
            events.send_if_changed("value", &value).await?;
        }
        Ok(())
    })
}

#[get("/count")]
async fn count(state: Data<State>) -> ApiResult<HttpResponse> {
    let audience = Audience::LinkHolder(TicketId::new());
    sse::stream(&state, audience, Topic::Floor, |events| async move {
        let mut events = events.telling_messages(0);
        for number in 1..=40 {
            events.say(number, &number).await?;
        }
        events.send(&Event::json("end", &"of it")?).await
    })
}

impl Stage {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut database = TestDatabase::create();
        let arguments = ["gigdesk", "--data-dir", directory.path().to_str().unwrap()];
        let settings = <Line as clap::Parser>::parse_from(arguments).settings;
        let secrets = Secrets::load(&settings).unwrap();
        let state = Data::new(State::new(database.db(), secrets, settings).unwrap());
        let value = Data::new(AtomicU32::new(1));
        let (feed, db) = (Arc::clone(&state.feed), state.db.clone());
        actix_web::rt::spawn(feed.run(db, state.shutdown.clone()));
        let (shared, shared_value) = (state.clone(), value.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(shared.clone())
                .app_data(shared_value.clone())
                .service(watch)
                .service(count)
                .wrap(Compress::default())
        })
        .workers(1)
        .bind(("127.0.0.1", 0))
        .unwrap();
        let origin = format!("http://{}", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self {
            state,
            value,
            origin,
            _directory: directory,
            database,
        }
    }

    async fn open(&self, path: &str) -> reqwest::Response {
        let request = reqwest::Client::new().get(format!("{}{path}", self.origin));
        request
            .header("accept-encoding", "gzip")
            .send()
            .await
            .unwrap()
    }

    fn change(&self, value: u32) {
        self.value.store(value, Ordering::SeqCst);
        self.state.db.bell().ring(&[Topic::Floor].into());
    }
}

/// What arrives within the time, until it contains `end`.
async fn read_until(stream: &mut reqwest::Response, end: &str, within: Duration) -> String {
    let mut text = String::new();
    let reading = async {
        while let Some(chunk) = stream.chunk().await.unwrap() {
            text.push_str(std::str::from_utf8(&chunk).unwrap());
            if !end.is_empty() && text.contains(end) {
                break;
            }
        }
    };
    let _ = timeout(within, reading).await;
    text
}

#[actix_web::test]
async fn a_change_is_told_at_once() {
    let stage = Stage::new();
    let mut stream = stage.open("/watch").await;
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    assert_eq!(stream.headers()["cache-control"], "no-store");
    assert_eq!(stream.headers()["x-accel-buffering"], "no");
    let second = Duration::from_secs(1);
    let first = read_until(&mut stream, "data: 1\n\n", second).await;
    assert!(first.contains("event: value\nid: "), "{first}");

    stage.change(2);

    let told = read_until(&mut stream, "\n\n", second).await;
    assert!(told.starts_with("event: value\nid: "), "{told}");
    assert!(told.ends_with("\ndata: 2\n\n"), "{told}");
}

#[actix_web::test]
async fn what_did_not_change_is_not_told_again() {
    let stage = Stage::new();
    let mut stream = stage.open("/watch").await;
    read_until(&mut stream, "data: 1\n\n", Duration::from_secs(1)).await;
    for _ in 0..5 {
        stage.change(1);
    }
    assert_eq!(
        read_until(&mut stream, "", Duration::from_millis(500)).await,
        ""
    );
}

#[actix_web::test]
async fn a_change_without_a_bell_is_told_all_the_same() {
    let stage = Stage::new();
    let mut stream = stage.open("/watch").await;
    read_until(&mut stream, "data: 1\n\n", Duration::from_secs(1)).await;
    stage.value.store(7, Ordering::SeqCst);
    // A statement by hand rings no bell, but leaves its trace in the feed.
    stage.database.sql(
        "INSERT INTO dispatch.queues VALUES ('vip', 'VIP', 60, 120, 1, now(), 1);
         INSERT INTO dispatch.policies VALUES ('vip', 1, '{}', 'for the test', 'test', now());
         INSERT INTO dispatch.tickets
             (id, source, external_id, queue, language, required_skills, customer_ref,
              customer_name, customer_tier, customer_locale, reason, summary, priority, weight,
              status, created_at, waiting_since, first_reply_due_at, rank_at, put_aside_at,
              next_action, deadline_at)
         VALUES (gen_random_uuid(), 'a', '1', 'vip', 'en', '{}', 'c', 'Kim', 'gold', 'en', 'vip',
                 'Lost card', 5, 1, 'waiting', now(), now(), now(), now(), now(), 'dead_letter',
                 now())",
    );
    let told = read_until(&mut stream, "\n\n", Duration::from_secs(8)).await;
    assert!(told.ends_with("data: 7\n\n"), "{told}");
}

#[actix_web::test]
async fn a_stream_ends_when_the_platform_stops() {
    let stage = Stage::new();
    let mut stream = stage.open("/watch").await;
    read_until(&mut stream, "data: 1\n\n", Duration::from_secs(1)).await;
    stage.state.shutdown.cancel();
    let end = timeout(Duration::from_secs(1), stream.chunk()).await;
    assert!(matches!(end, Ok(Ok(None))), "{end:?}");
}

#[actix_web::test]
async fn events_keep_their_order_and_their_ids() {
    let stage = Stage::new();
    let mut stream = stage.open("/count").await;
    let text = read_until(&mut stream, "", Duration::from_secs(2)).await;
    let ids: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("id: "))
        .collect();
    let numbers: Vec<i32> = ids
        .iter()
        .map(|id| id.split_once('@').unwrap().0.parse().unwrap())
        .collect();
    let expected: Vec<i32> = (1..=40).chain([40]).collect();
    assert_eq!(numbers, expected, "{text}");
    assert!(text.ends_with("data: \"of it\"\n\n"), "{text}");
}
