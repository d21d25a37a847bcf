//! What the API answers when it refuses: `application/problem+json` (RFC 9457).

use std::fmt;

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use kernel::{Class, Classify, Fence, FieldError};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema, openapi};

/// What a handler of the API returns.
pub type ApiResult<T> = Result<T, ApiError>;

/// A refusal, on its way to the caller. Every error that is classified turns into one.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u32>,
    control: Option<Box<Fence>>,
}

/// A refusal as JSON.
#[derive(Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Always `about:blank`: the status says what kind it is, and the code which one.
    #[serde(rename = "type")]
    #[schema(rename = "type", example = "about:blank")]
    kind: &'static str,
    /// The status in words.
    #[schema(example = "Conflict")]
    title: &'static str,
    /// The HTTP status.
    #[schema(example = 409)]
    status: u16,
    /// A name for the rule that failed, which never changes.
    #[schema(example = "offer_expired")]
    code: &'static str,
    /// What is wrong, in words for a person.
    #[schema(example = "this offer has expired")]
    detail: String,
    /// The fields at fault, where it is fields.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    errors: Vec<FieldError>,
    /// Who has the control of the conversation, where somebody else was given it.
    #[serde(skip_serializing_if = "Option::is_none")]
    control: Option<Fence>,
}

impl ApiError {
    /// A refusal that the edge itself decides on.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            status,
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_seconds: None,
            control: None,
        }
    }

    /// An input with these fields at fault.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let invalid = kernel::Invalid { fields: errors };
        Self {
            errors: invalid.fields.clone(),
            ..Self::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "invalid_input",
                invalid.to_string(),
            )
        }
    }

    /// Nobody is signed in.
    pub fn not_signed_in() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "not_signed_in", "please sign in")
    }

    /// Who is signed in may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", detail)
    }

    /// There is nothing here, or nothing that the caller may see.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", detail)
    }

    /// More is asked of us than we can do at once.
    pub fn busy() -> Self {
        let detail = "the platform is busy; please try again in a moment";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", detail);
        Self {
            retry_after_seconds: Some(2),
            ..refusal
        }
    }

    /// The caller holds as many streams as one may.
    pub fn too_many_streams(most: usize) -> Self {
        let detail = format!("at most {most} streams may be open at a time; please close one");
        let refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "too_many_streams", detail);
        Self {
            retry_after_seconds: Some(5),
            ..refusal
        }
    }

    /// This node holds as many streams as it can serve; another may have room.
    pub fn too_many_streams_here() -> Self {
        let detail = "too many streams are open here; please try again in a moment";
        let refusal = Self::new(StatusCode::SERVICE_UNAVAILABLE, "too_many_streams", detail);
        Self {
            retry_after_seconds: Some(5),
            ..refusal
        }
    }

    /// Our fault. The cause is logged; its text is not sent.
    pub fn internal(cause: impl fmt::Display) -> Self {
        tracing::error!(%cause, "a request failed");
        Self::ours(StatusCode::INTERNAL_SERVER_ERROR, "internal_error")
    }

    fn ours(status: StatusCode, code: &'static str) -> Self {
        Self::new(
            status,
            code,
            "something went wrong on our side; it has been noted",
        )
    }

    /// The status it is answered with.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// The name of the rule that failed.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// What is wrong, for a person.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The fields at fault.
    pub fn errors(&self) -> &[FieldError] {
        &self.errors
    }

    /// Seconds after which asking again makes sense.
    pub fn retry_after_seconds(&self) -> Option<u32> {
        self.retry_after_seconds
    }

    fn problem(&self) -> Problem {
        Problem {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            code: self.code,
            detail: self.detail.clone(),
            errors: self.errors.clone(),
            control: self.control.as_deref().copied(),
        }
    }
}

/// The one way from a domain's error to an answer, and the one place that logs causes.
impl<E: Classify + 'static> From<E> for ApiError {
    fn from(error: E) -> Self {
        let status = match error.class() {
            Class::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Class::Unauthenticated => StatusCode::UNAUTHORIZED,
            Class::Forbidden => StatusCode::FORBIDDEN,
            Class::NotFound => StatusCode::NOT_FOUND,
            Class::Conflict => StatusCode::CONFLICT,
            Class::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Class::Busy => StatusCode::SERVICE_UNAVAILABLE,
            Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let code = error.code();
        match error.class() {
            Class::Internal => {
                tracing::error!(code, cause = causes(&error), "a request failed");
                Self::ours(status, code)
            }
            Class::Busy => {
                tracing::warn!(
                    code,
                    cause = causes(&error),
                    "a request met a busy database"
                );
                let detail = "the platform is busy; please try again in a moment";
                let retry_after_seconds = error.retry_after_seconds().or(Some(1));
                Self {
                    retry_after_seconds,
                    ..Self::new(status, code, detail)
                }
            }
            _ => Self {
                status,
                code,
                detail: error.to_string(),
                errors: error.fields().to_vec(),
                retry_after_seconds: error.retry_after_seconds(),
                control: error.fence().map(Box::new),
            },
        }
    }
}

/// The error and what caused it, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut line = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        line.push_str(": ");
        line.push_str(&cause.to_string());
        source = cause.source();
    }
    line
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(seconds) = self.retry_after_seconds {
            response.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        response
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("application/problem+json")
            .body(serde_json::to_string(&self.problem()).unwrap_or_default())
    }
}

/// For the description of an operation: whatever else it answers is a problem.
#[derive(Debug)]
pub struct Problems;

impl IntoResponses for Problems {
    fn responses() -> std::collections::BTreeMap<String, openapi::RefOr<openapi::response::Response>>
    {
        let problem = openapi::Ref::from_schema_name("Problem");
        let content = openapi::ContentBuilder::new().schema(Some(problem)).build();
        let response = openapi::ResponseBuilder::new()
            .description("A refusal: its status says what kind, its code which rule")
            .content("application/problem+json", content)
            .build();
        [("default".to_owned(), response.into())].into()
    }
}
