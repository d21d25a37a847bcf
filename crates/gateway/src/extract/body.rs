//! Reads bodies, within limits.

use std::time::Duration;

use actix_web::{
    HttpRequest,
    dev::Payload,
    http::{StatusCode, header},
    web::{Bytes, BytesMut},
};
use futures_util::StreamExt as _;
use tokio::time::timeout;

use crate::problem::ApiError;

/// Whoever takes longer to send a body is hung up on.
const PATIENCE: Duration = Duration::from_secs(30);

/// The whole body, if it has at most `limit` bytes.
pub async fn read_body(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<Bytes, ApiError> {
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok())
        .unwrap_or(0);
    if announced > limit {
        return Err(too_large(limit));
    }
    match timeout(PATIENCE, read(payload, limit)).await {
        Ok(body) => body,
        Err(_) => Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow_body",
            "the body took too long to arrive",
        )),
    }
}

async fn read(payload: &mut Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| {
            let detail = "the body ended too early";
            ApiError::new(StatusCode::BAD_REQUEST, "broken_body", detail)
        })?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn too_large(limit: usize) -> ApiError {
    let detail = format!("the body may have at most {} KiB", limit / 1024);
    ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}

/// The media type without its parameters, in lower case; empty where none is given.
pub(super) fn media_type(request: &HttpRequest) -> String {
    let text = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let essence = text
        .and_then(|text| text.split(';').next())
        .unwrap_or_default();
    essence.trim().to_ascii_lowercase()
}

pub(super) fn unsupported(expected: &str) -> ApiError {
    let detail = format!("the body must be {expected}, and the header content-type must say so");
    ApiError::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "unsupported_media_type",
        detail,
    )
}
