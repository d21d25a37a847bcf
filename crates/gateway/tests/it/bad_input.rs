//! Bad input to every operation, by somebody who may call it: a clear problem, never our fault,
//! and nothing written.

mod files;
mod scene;

use std::fmt::Write as _;

use futures_util::{StreamExt as _, stream};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::support::{Answer, TestApp};
use scene::{Operation, Scene};

/// So many requests are under way at once.
const AT_ONCE: usize = 4;

/// A request that somebody sends, and what is wrong with it.
struct Attempt {
    what: String,
    request: RequestBuilder,
}

impl Attempt {
    /// A body of these bytes.
    fn bytes(scene: &Scene<'_>, operation: &Operation, what: &str, body: Vec<u8>) -> Self {
        let request = scene.request(operation, &operation.address(scene));
        Self {
            what: format!("{operation} with {what}"),
            request: request
                .header("content-type", "application/json")
                .body(body),
        }
    }

    fn json(scene: &Scene<'_>, operation: &Operation, what: &str, body: &Value) -> Self {
        Self::bytes(scene, operation, what, serde_json::to_vec(body).unwrap())
    }

    /// Sends it. The answer must be a whole problem, or a success.
    async fn send(self) -> (String, u16) {
        let response = self.request.send().await;
        let response = response.unwrap_or_else(|error| panic!("{}: {error}", self.what));
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let kind = headers
            .get("content-type")
            .map_or("", |kind| kind.to_str().unwrap());
        // A stream goes on, and is not waited for.
        let body = match kind {
            "text/event-stream" => String::new(),
            _ => response.text().await.unwrap(),
        };
        if (200..300).contains(&status) {
            return (self.what, status);
        }
        assert!(
            (400..500).contains(&status),
            "{}: {status} {body}",
            self.what
        );
        assert_eq!(kind, "application/problem+json", "{}: {body}", self.what);
        let answer = Answer {
            status,
            headers,
            body,
        };
        let code = answer.json()["code"].clone();
        answer.assert_problem(status, code.as_str().unwrap());
        (self.what, status)
    }
}

/// Sends them, and returns what became of each. Unless one was accepted, nothing was written.
async fn send_all(app: &TestApp, attempts: Vec<Attempt>) -> Vec<(String, u16)> {
    let before = rows(app).await;
    let sent = stream::iter(attempts).map(Attempt::send);
    let outcomes: Vec<_> = sent.buffer_unordered(AT_ONCE).collect().await;
    let accepted: Vec<&str> = outcomes
        .iter()
        .filter(|(_, status)| *status < 300)
        .map(|(what, _)| what.as_str())
        .collect();
    if accepted.is_empty() {
        let all = outcomes.iter().fold(String::new(), |mut all, (what, _)| {
            let _ = writeln!(all, "{what}");
            all
        });
        assert_eq!(
            rows(app).await,
            before,
            "something was written by one of\n{all}"
        );
    }
    outcomes
}

/// How many rows each table has. Left out is what is written of refusals on purpose: attempts to
/// sign in and the like, which are counted so that guessing can be slowed down.
async fn rows(app: &TestApp) -> String {
    use kernel::diesel::{RunQueryDsl as _, dsl::sql, select, sql_types::Text};
    let count = "(SELECT string_agg(name || ' ' || rows, ', ' ORDER BY name) FROM (
        SELECT table_schema || '.' || table_name AS name,
               (xpath('//rows/text()', query_to_xml(format('SELECT count(*) AS rows FROM %I.%I',
                    table_schema, table_name), false, true, '')))[1]::text AS rows
          FROM information_schema.tables
         WHERE table_type = 'BASE TABLE' AND (table_schema, table_name) <> ('identity', 'attempts')
           AND table_schema NOT IN ('pg_catalog', 'information_schema')) counts)";
    let read = app.db.read(move |conn| {
        let counted = select(sql::<Text>(count)).get_result::<String>(conn);
        counted.map_err(workflows::Error::from)
    });
    read.await.unwrap()
}

#[actix_web::test]
async fn control_a_row_that_is_written_is_noticed() {
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    let before = rows(&app).await;
    assert!(before.contains("dispatch.tickets 4, "), "{before}");
    let path = "/api/v1/escalations";
    let [operation] = &*scene.operations(|one| one.path == path) else {
        panic!("{path} is one operation")
    };
    let good = operation.example(&scene);
    let attempt = Attempt::json(&scene, operation, "its example", &good);
    assert_eq!(attempt.send().await.1, 201);
    let after = rows(&app).await;
    assert!(after.contains("dispatch.tickets 5, "), "{after}");
}

/// Every place in a value, as a JSON pointer; the whole value first.
fn places(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut within = |name: &str, inner: &Value| {
        found.extend(
            places(inner)
                .into_iter()
                .map(|place| format!("/{name}{place}")),
        );
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| within(name, inner)),
        Value::Array(items) => items.iter().take(1).for_each(|inner| within("0", inner)),
        _ => {}
    }
    found
}

/// What may stand in a field of a body by mistake or by malice.
fn strange_values() -> [Value; 15] {
    [
        Value::Null,
        json!(true),
        json!(-1),
        json!(0.5),
        json!(i64::MAX),
        json!(1e300),
        json!([]),
        json!([null]),
        json!({}),
        json!(""),
        json!(" \u{202e}\u{feff}\t"),
        json!("x".repeat(100_000)),
        json!("a\0b"),
        json!("'); DROP TABLE dispatch.tickets; --"),
        json!("9999-12-31T23:59:59Z"),
    ]
}

/// The good body with one thing wrong.
fn spoiled(scene: &Scene<'_>, operation: &Operation) -> Vec<Attempt> {
    let good = operation.example(scene);
    let mut attempts = Vec::new();
    for place in places(&good) {
        for strange in strange_values() {
            let mut body = good.clone();
            *body.pointer_mut(&place).unwrap() = strange.clone();
            let shown: String = strange.to_string().chars().take(40).collect();
            let what = format!("{shown} at '{place}'");
            attempts.push(Attempt::json(scene, operation, &what, &body));
        }
        let mut body = good.clone();
        if let Some(Value::Object(fields)) = body.pointer_mut(&place) {
            fields.insert("is_admin".to_owned(), json!(true));
            let what = format!("an unknown field at '{place}'");
            attempts.push(Attempt::json(scene, operation, &what, &body));
        }
    }
    attempts
}

#[actix_web::test]
async fn a_body_that_is_no_json_is_refused_by_every_operation() {
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    let operations = scene.operations(Operation::takes_json);
    assert!(operations.len() >= 25, "{}", operations.len());
    for operation in &operations {
        let bodies: [(&str, Vec<u8>, u16); 7] = [
            ("nothing", Vec::new(), 400),
            ("half an object", b"{\"a\":".to_vec(), 400),
            ("two values", b"{}{}".to_vec(), 400),
            ("no UTF-8", b"{\"a\":\"\xff\xfe\"}".to_vec(), 400),
            ("a NUL byte", b"{\"a\":\"\0\"}".to_vec(), 400),
            ("100,000 brackets", vec![b'['; 100_000], 400),
            ("ten megabytes", vec![b' '; 10 << 20], 413),
        ];
        let attempts = bodies.into_iter().map(|(what, body, status)| {
            let what = format!("{what}: {status}");
            Attempt::bytes(&scene, operation, &what, body)
        });
        for (what, status) in send_all(&app, attempts.collect()).await {
            assert!(what.ends_with(&status.to_string()), "{what}, not {status}");
        }
    }
}

#[actix_web::test]
async fn a_body_with_something_wrong_in_it_is_refused_or_does_no_harm() {
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    for operation in &scene.operations(Operation::takes_json) {
        let (mut refused, mut accepted) = (0, 0);
        for (_, status) in send_spoiled(&app, spoiled(&scene, operation)).await {
            let count = if status < 300 {
                &mut accepted
            } else {
                &mut refused
            };
            *count += 1;
        }
        assert!(
            refused > accepted,
            "{operation}: {accepted} of {refused} accepted"
        );
    }
    // It takes longer than an offer lasts, and no worker is there to end one.
    let expired = app
        .db
        .write("expire_offers", workflows::expire_offers)
        .await;
    let kept = app
        .db
        .write("keep_deadlines", workflows::keep_deadlines)
        .await;
    assert!(expired.is_ok() && kept.is_ok(), "{expired:?}, {kept:?}");
    app.database.assert_promises();
}

/// Sends them all; once more those that were refused, after which nothing may have changed.
async fn send_spoiled(app: &TestApp, attempts: Vec<Attempt>) -> Vec<(String, u16)> {
    let copies: Vec<Attempt> = attempts
        .iter()
        .map(|attempt| Attempt {
            what: attempt.what.clone(),
            request: attempt.request.try_clone().unwrap(),
        })
        .collect();
    // One after the other, so that each meets what those before it made.
    let mut outcomes = Vec::new();
    for attempt in attempts {
        outcomes.push(attempt.send().await);
    }
    let refused = copies
        .into_iter()
        .zip(&outcomes)
        .filter(|(_, (_, status))| *status >= 400)
        .map(|(attempt, _)| attempt)
        .collect();
    for (what, status) in send_all(app, refused).await {
        assert!(status >= 400, "{what} was refused before");
    }
    outcomes
}

#[actix_web::test]
async fn the_examples_that_are_spoiled_are_good() {
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    for operation in &scene.operations(Operation::takes_json) {
        let good = operation.example(&scene);
        let attempt = Attempt::json(&scene, operation, "its example", &good);
        let answer = Answer::to(attempt.request).await;
        // A code or a password can be wrong, and an application not for decision.
        let is_good = matches!(answer.status, 200..300 | 401 | 403 | 404 | 409);
        assert!(
            is_good,
            "{}: {good} {} {}",
            attempt.what, answer.status, answer.body
        );
    }
}

/// Ids that nobody gave out, and what is no id at all.
fn strange_ids(id: &str) -> Vec<String> {
    let prefix = id.split('_').next().unwrap();
    let mut strange: Vec<String> = [
        "x",
        "0",
        "-1",
        "null",
        "%20",
        "%2e%2e%2f",
        "%27%3B--",
        "%F0%9F%92%A5",
        "%FF",
        "%00",
        "99999999999999999999999999",
        "{}",
        "*",
    ]
    .map(str::to_owned)
    .into();
    strange.push(format!("{prefix}_{}", "0".repeat(32)));
    strange.push(format!("{prefix}_{}", "f".repeat(31)));
    strange.push(format!("{prefix}_{}", "é".repeat(32)));
    strange.push("a".repeat(3_000));
    strange.push(format!("zzz_{}", "0".repeat(32)));
    strange
}

#[actix_web::test]
async fn an_id_that_nobody_has_is_refused_by_every_operation() {
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    let operations = scene.operations(|operation| !operation.parameters.is_empty());
    assert!(operations.len() >= 25, "{}", operations.len());
    for operation in &operations {
        for parameter in &operation.parameters {
            // Codes of queues and skills are chosen by who saves them.
            if parameter == "code" {
                continue;
            }
            let good = operation.example(&scene);
            let place = format!("{{{parameter}}}");
            let attempts = strange_ids(scene.id(parameter)).into_iter().map(|id| {
                let address = operation.path.replace(&place, &id);
                let others = operation.parameters.iter();
                let address = others.fold(address, |path, other| {
                    path.replace(&format!("{{{other}}}"), scene.id(other))
                });
                let request = scene.request(operation, &address);
                let what = format!("{operation} of {}", &id[..id.len().min(40)]);
                let request = if operation.takes_json() {
                    request.json(&good)
                } else {
                    request
                };
                Attempt { what, request }
            });
            for (what, status) in send_all(&app, attempts.collect()).await {
                assert!(status >= 400, "{what} was accepted");
            }
        }
    }
}

#[actix_web::test]
async fn a_strange_question_is_answered_or_refused() {
    let app = TestApp::spawn().await;
    let scene = Scene::set(&app).await;
    let strange = [
        "-1",
        "0",
        "101",
        "99999999999999999999",
        "1.5",
        "NaN",
        "",
        "x",
        "%27",
        "%FF",
        "é",
        "null",
        "off_00000000000000000000000000000000",
        "[]",
    ];
    let lists = scene.operations(|operation| !operation.queries.is_empty());
    assert!(lists.len() >= 10, "{}", lists.len());
    for operation in &lists {
        let mut attempts = Vec::new();
        for name in operation
            .queries
            .iter()
            .map(String::as_str)
            .chain(["nobodys"])
        {
            for value in strange {
                let address = format!("{}?{name}={value}", operation.address(&scene));
                attempts.push(Attempt {
                    what: format!("{operation}?{name}={value}"),
                    request: scene.request(operation, &address),
                });
            }
            let twice = format!("{}?{name}=1&{name}=2", operation.address(&scene));
            attempts.push(Attempt {
                what: format!("{operation} with {name} twice"),
                request: scene.request(operation, &twice),
            });
        }
        send_all(&app, attempts).await;
    }
}
