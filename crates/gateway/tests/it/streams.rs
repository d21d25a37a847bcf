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
    problem::ApiError,
    secrets::Secrets,
    settings::Settings,
    sse::{self, Audience, Event},
    state::State,
};
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
    _database: TestDatabase,
}

#[get("/watch")]
async fn watch(state: Data<State>, value: Data<AtomicU32>) -> HttpResponse {
    let value = value.into_inner();
    sse::watch(
        &state,
        Audience::LinkHolder,
        Topic::Floor,
        "value",
        move || {
            let value = Arc::clone(&value);
            async move { Ok::<_, ApiError>(value.load(Ordering::SeqCst)) }
        },
    )
}

#[get("/count")]
async fn count(state: Data<State>) -> HttpResponse {
    sse::stream(
        &state,
        Audience::LinkHolder,
        Topic::Floor,
        |mut events| async move {
            for number in 1..=40 {
                events
                    .send(Event::json("number", &number)?.with_id(number))
                    .await?;
            }
            Ok(())
        },
    )
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
            _database: database,
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
    assert!(first.ends_with("event: value\ndata: 1\n\n"), "{first}");

    stage.change(2);

    assert_eq!(
        read_until(&mut stream, "\n\n", second).await,
        "event: value\ndata: 2\n\n"
    );
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
async fn a_change_without_a_bell_is_told_within_four_seconds() {
    let stage = Stage::new();
    let mut stream = stage.open("/watch").await;
    read_until(&mut stream, "data: 1\n\n", Duration::from_secs(1)).await;
    stage.value.store(7, Ordering::SeqCst);
    let told = read_until(&mut stream, "\n\n", Duration::from_secs(4)).await;
    assert_eq!(told, "event: value\ndata: 7\n\n");
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
    let expected: Vec<String> = (1..=40)
        .map(|number| format!("event: number\nid: {number}\ndata: {number}\n\n"))
        .collect();
    assert_eq!(text, format!("retry: 1000\n\n{}", expected.concat()));
}

#[actix_web::test]
async fn a_client_that_comes_back_goes_on_where_it_was() {
    let request = actix_web::test::TestRequest::default();
    let fresh = request.to_http_request();
    assert_eq!(
        (
            sse::last_seen(&fresh, None),
            sse::last_seen(&fresh, Some(3))
        ),
        (0, 3)
    );
    let back = actix_web::test::TestRequest::default().insert_header(("last-event-id", "7"));
    assert_eq!(sse::last_seen(&back.to_http_request(), Some(3)), 7);
}
