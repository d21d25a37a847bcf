//! What is logged, and under which request. No secrets: no queries, no tokens, no bodies.

use std::io::IsTerminal as _;

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
};
use tracing::{Span, field::Empty};
use tracing_actix_web::{RequestId, RootSpanBuilder};
use tracing_subscriber::EnvFilter;

use crate::settings::LogFormat;

/// A part of a path that is longer than an id may be the token of a signed link.
const ID_LENGTH: usize = 36;

/// What is logged of a platform that serves.
pub const SERVING: &str =
    "info,actix_server=warn,actix_http=off,tracing_actix_web=error,diesel_migrations=warn";
/// What is logged where a person reads the output.
pub const QUIET: &str = "warn,actix_http=off,tracing_actix_web=error";

/// Starts logging to standard error. `RUST_LOG` says how much, else `usual`.
pub fn start(format: LogFormat, usual: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// The span of a request. It holds the path without query and without tokens.
pub struct RequestSpan;

impl RootSpanBuilder for RequestSpan {
    fn on_request_start(request: &ServiceRequest) -> Span {
        let id = request
            .extensions()
            .get::<RequestId>()
            .map(ToString::to_string);
        tracing::info_span!(
            "request",
            method = %request.method(),
            path = masked(request.path()),
            request_id = id,
            status = Empty,
        )
    }

    fn on_request_end<B: MessageBody>(span: Span, outcome: &Result<ServiceResponse<B>, Error>) {
        let status = match outcome {
            Ok(response) => response.status(),
            Err(error) => error.as_response_error().status_code(),
        };
        span.record("status", status.as_u16());
        span.in_scope(|| tracing::debug!("answered"));
    }
}

/// The path with everything that may be a token left out.
fn masked(path: &str) -> String {
    let parts = path
        .split('/')
        .map(|part| if part.len() > ID_LENGTH { "…" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_in_a_path_is_not_logged() {
        let token = format!("{}.c2lnbmF0dXJl", kernel::TicketId::new());
        assert_eq!(masked(&format!("/c/{token}")), "/c/…");
        assert_eq!(
            masked(&format!("/api/v1/conversations/{token}/messages")),
            "/api/v1/conversations/…/messages"
        );
    }

    #[test]
    fn an_id_in_a_path_is_logged() {
        let path = format!("/api/v1/tickets/{}", kernel::TicketId::new());
        assert_eq!(masked(&path), path);
    }
}
