//! The program itself, as processes: started, stopped, and killed in the middle of its work.

use std::{
    fs::{self, File},
    net::TcpListener,
    process::{Child, Command, ExitStatus, Output, Stdio},
    time::{Duration, Instant},
};

use db::testing::TestDatabase;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::events::SOON;

const SECRET: &str = "an example of thirty-two bytes..";
const ADMIN: &str = "admin@example.com";
const PASSWORD: &str = "three blue herons wading";
/// A process that does not do in this time what it should has failed.
const PATIENCE: Duration = Duration::from_mins(3);

/// A database, a directory and an address for the processes of a test.
struct Place {
    database: TestDatabase,
    directory: TempDir,
    origin: String,
}

impl Place {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self {
            database: TestDatabase::create(),
            directory: tempfile::tempdir().unwrap(),
            origin: format!("http://{}", listener.local_addr().unwrap()),
        }
    }

    /// A file of the test's.
    fn path(&self, name: &str) -> String {
        let path = self.directory.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    /// The program, told where everything is.
    fn gigdesk(&self, arguments: &[&str]) -> Command {
        let mut command = bare(arguments);
        let bind = self.origin.strip_prefix("http://").unwrap();
        command
            .env("DATABASE_URL", self.database.url())
            .env("GIGDESK_DATA_DIR", self.directory.path())
            .env("GIGDESK_SECRET", SECRET)
            .env("GIGDESK_BIND", bind)
            .env("GIGDESK_PUBLIC_URL", &self.origin)
            .env("GIGDESK_ADMIN_EMAIL", ADMIN)
            .env("GIGDESK_ADMIN_PASSWORD", PASSWORD);
        command
    }

    /// Starts the program, with what it says in a file of this name.
    fn start(&self, name: &str, arguments: &[&str]) -> Running {
        let log = self.path(&format!("{name}.log"));
        let output = || {
            File::options()
                .append(true)
                .create(true)
                .open(&log)
                .unwrap()
        };
        let mut command = self.gigdesk(arguments);
        command.stdout(output()).stderr(output());
        Running {
            child: command.spawn().unwrap(),
            log,
        }
    }

    /// Starts a server, and waits until it answers.
    async fn serve(&self, arguments: &[&str]) -> Running {
        let mut server = self.start("serve", &[&["serve"], arguments].concat());
        let health = format!("{}/api/v1/health", self.origin);
        let began = Instant::now();
        while !reqwest::get(&health)
            .await
            .is_ok_and(|answer| answer.status().is_success())
        {
            assert!(
                began.elapsed() < PATIENCE,
                "it does not answer: {}",
                server.log()
            );
            assert!(
                server.child.try_wait().unwrap().is_none(),
                "it stopped: {}",
                server.log()
            );
            tokio::time::sleep(SOON / 50).await;
        }
        server
    }

    /// Waits until this statement returns at least so much.
    async fn reaches(&self, select: &str, least: i64, meanwhile: &mut Running) {
        let began = Instant::now();
        while self.database.number(select) < least {
            assert!(
                began.elapsed() < PATIENCE,
                "{select} < {least}: {}",
                meanwhile.log()
            );
            let ended = meanwhile.child.try_wait().unwrap();
            assert!(ended.is_none(), "it was over too soon: {}", meanwhile.log());
            tokio::time::sleep(SOON / 100).await;
        }
    }
}

/// The program without any setting of ours, or of whoever runs the tests.
fn bare(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gigdesk"));
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("GIGDESK_") || name == "DATABASE_URL" {
            command.env_remove(name);
        }
    }
    command.args(arguments).stdin(Stdio::null());
    command
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

#[track_caller]
fn assert_refused(output: &Output, why: &str) {
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains(why), "{said}");
    assert!(!said.contains("panicked"), "{said}");
}

/// A process of ours, which does not outlive the test.
struct Running {
    child: Child,
    log: String,
}

impl Running {
    fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Pulls the plug: nothing of it gets to run any more.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Asks it to stop, as Ctrl-C does.
    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-INT", &pid]).status().unwrap();
        assert!(told.success());
    }

    /// How it ended, which it must in this time.
    async fn ended(&mut self, within: Duration) -> ExitStatus {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(began.elapsed() < within, "it goes on: {}", self.log());
            tokio::time::sleep(SOON / 50).await;
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// So many conversations: our own, and these again under other names.
fn conversations(count: usize) -> String {
    let ours = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../simulation/conversations/demo.jsonl"
    );
    let ours = fs::read_to_string(ours).unwrap();
    let named = ours
        .lines()
        .cycle()
        .take(count)
        .enumerate()
        .map(|(number, line)| {
            let mut conversation: Value = serde_json::from_str(line).unwrap();
            conversation["source_id"] = format!("test:{number}").into();
            format!("{conversation}\n")
        });
    named.collect()
}

#[actix_web::test]
async fn a_worker_killed_in_the_middle_loses_and_doubles_nothing() {
    let place = Place::new();
    let _server = place.serve(&["--no-worker"]).await;
    let mut worker = place.start("worker", &["worker"]);
    let (report, file) = (place.path("report.json"), place.path("conversations.jsonl"));
    fs::write(&file, conversations(40)).unwrap();
    let mut replay = place.start(
        "simulate",
        &[
            "simulate",
            "--url",
            &place.origin,
            "--conversations",
            &file,
            "--count",
            "40",
            "--agents",
            "6",
            "--report",
            &report,
        ],
    );

    let resolved = "SELECT count(*) FROM dispatch.tickets WHERE status = 'resolved'";
    for least in [4, 16] {
        place.reaches(resolved, least, &mut replay).await;
        worker.kill();
        // Long enough for customers to arrive whom nobody matches.
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert!(
            place.database.number(resolved) < 40,
            "all was over before the kill"
        );
        worker = place.start("worker", &["worker"]);
    }

    let status = replay.ended(PATIENCE).await;
    assert!(status.success(), "{}", replay.log());
    let report: Value = serde_json::from_slice(&fs::read(report).unwrap()).unwrap();
    for (number, expected) in [
        ("tickets_in", 40),
        ("lost", 0),
        ("doubled", 0),
        ("altered", 0),
    ] {
        assert_eq!(report[number], expected, "{number}: {report}");
    }
    assert_eq!(report["messages_stored"], report["turns_expected"]);
    assert_eq!(report["payout"]["equal"], true, "{report}");
    place.database.assert_promises();
    let verified = place.gigdesk(&["verify"]).output().unwrap();
    assert!(verified.status.success(), "{}", text(&verified.stdout));
    assert!(text(&verified.stdout).contains("promises hold"));
}

#[actix_web::test]
async fn a_server_stops_in_good_order_though_somebody_listens() {
    let place = Place::new();
    let mut server = place.serve(&[]).await;
    let client = reqwest::Client::new();
    let credentials = serde_json::json!({ "email": ADMIN, "password": PASSWORD });
    let sign_in = client.post(format!("{}/api/v1/sessions", place.origin));
    let tokens: Value = sign_in
        .json(&credentials)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let stream = client.get(format!("{}/api/v1/ops/events", place.origin));
    let stream = stream.bearer_auth(tokens["access_token"].as_str().unwrap());
    let mut stream = stream.send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");

    server.interrupt();

    let status = server.ended(Duration::from_secs(15)).await;
    assert!(status.success(), "{status}: {}", server.log());
    assert!(server.log().contains("stopped"), "{}", server.log());
    while let Ok(Some(_)) = stream.chunk().await {}
}

#[actix_web::test]
async fn a_broken_promise_is_told_by_name_and_exit_code() {
    let place = Place::new();
    let whole = place.gigdesk(&["verify"]).output().unwrap();
    assert!(whole.status.success(), "{}", text(&whole.stderr));
    place.database.sql(
        "SET session_replication_role = replica;
         INSERT INTO payouts.entries SELECT gen_random_uuid(), 'lonely', 'x', now()",
    );
    let broken = place.gigdesk(&["verify"]).output().unwrap();
    assert_eq!(broken.status.code(), Some(1), "{}", text(&broken.stdout));
    assert!(text(&broken.stdout).contains("promises are broken"));
}

#[test]
fn the_program_describes_the_api() {
    let printed = bare(&["openapi"]).output().unwrap();
    assert!(printed.status.success());
    let printed: Value = serde_json::from_slice(&printed.stdout).unwrap();
    let ours = serde_json::to_value(gateway::api::document()).unwrap();
    assert_eq!(printed, ours);
}

#[test]
fn what_could_not_work_is_refused_at_the_start() {
    let place = Place::new();
    let refused = |name: &str, value: &str| {
        let mut command = place.gigdesk(&["serve"]);
        command.env(name, value).output().unwrap()
    };
    let public = refused("GIGDESK_PUBLIC_URL", "http://desk.example");
    assert_refused(&public, "TLS proxy");
    assert_refused(&refused("GIGDESK_SECRET", "short"), "at least 32 bytes");
    let nobody = "postgresql://gigdesk@/gigdesk?host=/nowhere";
    let unreachable = refused("DATABASE_URL", nobody);
    assert_refused(&unreachable, "gigdesk: ");
    let mut lonely = place.gigdesk(&["serve"]);
    let lonely = lonely.env_remove("GIGDESK_SECRET").output().unwrap();
    assert_refused(&lonely, "GIGDESK_SECRET must be set");
}

#[actix_web::test]
async fn an_address_in_use_is_said() {
    let place = Place::new();
    let taken = TcpListener::bind(place.origin.strip_prefix("http://").unwrap()).unwrap();
    let refused = place.gigdesk(&["serve"]).output().unwrap();
    assert_refused(&refused, "cannot listen on");
    drop(taken);
}
