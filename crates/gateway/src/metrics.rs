//! Figures for Prometheus and for the wallboard. docs/OPERATIONS.md lists and defines them.
//!
//! What the database knows is read at most once in [`FRESH`], whoever asks. What only this node
//! knows (requests, streams, its pool) is counted in memory.

mod exposition;
mod requests;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use actix_web::{
    HttpRequest, HttpResponse, get,
    http::{
        StatusCode,
        header::{self, HeaderMap},
    },
    web::{Data, ServiceConfig},
};
use db::Db;
use reports::Metrics;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokio::{sync::Mutex, time::Instant};

use crate::{
    extract::refuse,
    problem::ApiError,
    settings::Settings,
    state::{ReadFailed, State},
};

pub(crate) use requests::{Requests, measure};

/// Figures of the database are good for so long.
const FRESH: Duration = Duration::from_secs(5);
/// Before anybody looked.
const UNKNOWN: i64 = -1;

/// What the database knows, and how the work stands.
#[derive(Clone, Debug)]
pub(crate) struct Figures {
    pub metrics: Metrics,
    pub jobs: jobs::Counts,
}

/// The last figures.
#[derive(Default)]
pub(crate) struct Cache(Mutex<Option<(Instant, Arc<Figures>)>>);

impl Cache {
    /// The figures, at most [`FRESH`] old. Who comes while they are read waits for them.
    pub async fn figures(&self, db: &Db) -> Result<Arc<Figures>, ReadFailed> {
        let mut last = self.0.lock().await;
        if let Some((at, figures)) = &*last
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(figures));
        }
        let now = db.now();
        let read = db.read(move |conn| {
            Ok::<_, ReadFailed>(Figures {
                metrics: reports::metrics(conn, now)?,
                jobs: jobs::counts(conn)?,
            })
        });
        let figures = Arc::new(read.await?);
        *last = Some((Instant::now(), Arc::clone(&figures)));
        Ok(figures)
    }
}

/// How many promises were broken when this process last checked them.
static BROKEN_PROMISES: AtomicI64 = AtomicI64::new(UNKNOWN);

/// Notes how many promises a check found broken.
pub(crate) fn note_broken_promises(count: usize) {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    BROKEN_PROMISES.store(count, Ordering::Relaxed);
}

/// None where this process has not checked any.
fn broken_promises() -> Option<i64> {
    Some(BROKEN_PROMISES.load(Ordering::Relaxed)).filter(|count| *count != UNKNOWN)
}

pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(show_metrics);
}

/// The figures as text, for Prometheus.
#[get("/metrics")]
async fn show_metrics(
    request: HttpRequest,
    state: Data<State>,
) -> Result<HttpResponse, actix_web::Error> {
    admit(&request, &state.settings).map_err(|refusal| refuse(&request, refusal))?;
    let figures = state.figures.figures(&state.db).await;
    let figures = figures.map_err(|error| refuse(&request, error.into()))?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, exposition::CONTENT_TYPE))
        .body(exposition::render(&state, &figures)))
}

/// Whoever shows the token, or asks from this machine without anybody in between: a proxy on this
/// machine passes on requests of others.
fn admit(request: &HttpRequest, settings: &Settings) -> Result<(), ApiError> {
    let shown = bearer(request.headers());
    let is_token = settings
        .metrics_token
        .as_ref()
        .zip(shown)
        .is_some_and(|(token, shown)| is_same(token.expose_secret(), shown));
    if is_token || is_from_here(request) {
        return Ok(());
    }
    let detail = "metrics are for this machine, or for whoever shows GIGDESK_METRICS_TOKEN";
    Err(ApiError::new(
        StatusCode::FORBIDDEN,
        "metrics_refused",
        detail,
    ))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Compared by their hashes, so that the time it takes tells nothing of the token.
fn is_same(token: &str, shown: &str) -> bool {
    Sha256::digest(token) == Sha256::digest(shown)
}

fn is_from_here(request: &HttpRequest) -> bool {
    const PASSED_ON: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];
    let peer = request.peer_addr();
    peer.is_some_and(|peer| peer.ip().is_loopback())
        && !PASSED_ON
            .iter()
            .any(|name| request.headers().contains_key(*name))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use clap::Parser;

    use super::*;

    const TOKEN: &str = "a token of thirty-two bytes at least";

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        settings: Settings,
    }

    fn admitted(peer: &str, headers: &[(&'static str, &str)], arguments: &[&str]) -> bool {
        let line = ["gigdesk"].iter().chain(arguments);
        let settings = Line::try_parse_from(line).unwrap().settings;
        let request = TestRequest::default().peer_addr(peer.parse().unwrap());
        let request = headers
            .iter()
            .fold(request, |request, header| request.insert_header(*header));
        admit(&request.to_http_request(), &settings).is_ok()
    }

    #[test]
    fn this_machine_may_read_the_metrics_and_no_other() {
        assert!(admitted("127.0.0.1:4000", &[], &[]));
        assert!(admitted("[::1]:4000", &[], &[]));
        assert!(!admitted("192.0.2.1:4000", &[], &[]));
    }

    #[test]
    fn what_a_proxy_passes_on_is_not_from_this_machine() {
        for header in ["x-forwarded-for", "forwarded", "x-real-ip", "via"] {
            assert!(!admitted("127.0.0.1:4000", &[(header, "192.0.2.1")], &[]));
        }
    }

    #[test]
    fn the_token_opens_the_metrics_from_anywhere() {
        let set = ["--metrics-token", TOKEN];
        let right = format!("Bearer {TOKEN}");
        assert!(admitted("192.0.2.1:1", &[("authorization", &right)], &set));
        let wrong = format!("Bearer {TOKEN}!");
        assert!(!admitted("192.0.2.1:1", &[("authorization", &wrong)], &set));
        assert!(!admitted("192.0.2.1:1", &[("authorization", &right)], &[]));
    }
}
