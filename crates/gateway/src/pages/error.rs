//! Refusals as pages.

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse, ResponseError,
    http::{Method, StatusCode, header},
};
use askama::Template;
use kernel::{Classify, FieldError};

use super::{Layout, html_with_status, see_other, sign_in::sign_in_path};
use crate::problem::ApiError;

/// What a handler of a page returns.
pub type PageResult = Result<HttpResponse, PageError>;

/// A refusal on its way to a person. Where the refusal is that nobody is signed in, it becomes the
/// way to the sign-in page.
#[derive(Debug)]
pub struct PageError {
    refusal: ApiError,
    layout: Box<Layout>,
    /// Where to come back to after signing in.
    next: Option<String>,
}

impl PageError {
    /// A refusal of this request.
    pub(crate) fn at(request: &HttpRequest, refusal: ApiError) -> Self {
        // A form cannot be sent again after signing in; a page can be opened.
        let next = (request.method() == Method::GET).then(|| request.uri().to_string());
        Self {
            refusal,
            layout: Box::new(Layout::of(request)),
            next,
        }
    }

    /// A refusal that some request met.
    pub fn from_refusal(refusal: ApiError) -> Self {
        Self {
            refusal,
            layout: Box::default(),
            next: None,
        }
    }
}

impl<E: Classify + 'static> From<E> for PageError {
    fn from(error: E) -> Self {
        Self::from_refusal(error.into())
    }
}

impl From<ApiError> for PageError {
    fn from(refusal: ApiError) -> Self {
        Self::from_refusal(refusal)
    }
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.refusal.fmt(f)
    }
}

impl ResponseError for PageError {
    fn status_code(&self) -> StatusCode {
        self.refusal.status()
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.refusal.status();
        if status == StatusCode::UNAUTHORIZED {
            return see_other(&sign_in_path(self.next.as_deref()));
        }
        let heading = heading(status);
        let page = ErrorPage {
            layout: Layout::clone(&self.layout).titled(heading),
            heading,
            message: sentence(self.refusal.detail()),
            faults: self.refusal.errors(),
            status: status.as_u16(),
        };
        let mut response = html_with_status(status, &page)
            .unwrap_or_else(|_| HttpResponse::InternalServerError().finish());
        if let Some(seconds) = self.refusal.retry_after_seconds() {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    layout: Layout,
    heading: &'static str,
    message: String,
    faults: &'a [FieldError],
    status: u16,
}

fn heading(status: StatusCode) -> &'static str {
    match status.as_u16() {
        403 => "This is not open to you",
        404 => "There is nothing here",
        405 | 400 | 415 => "That did not work",
        409 => "That is no longer possible",
        413 | 414 => "That is too much at once",
        422 => "Something is not right yet",
        429 => "A moment, please",
        503 => "We are busy just now",
        _ => "Something went wrong",
    }
}

/// An error's text, which begins small and has no end, as a sentence.
pub(super) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars
        .next()
        .map(|c| c.to_uppercase().to_string())
        .unwrap_or_default();
    let end = if text.ends_with(['.', '!', '?', '…']) {
        ""
    } else {
        "."
    };
    format!("{first}{}{end}", chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_errors_text_becomes_a_sentence() {
        assert_eq!(
            sentence("this offer has expired"),
            "This offer has expired."
        );
        assert_eq!(sentence("Really?"), "Really?");
    }

    #[test]
    fn who_is_not_signed_in_is_shown_the_way() {
        let response = PageError::from(ApiError::not_signed_in()).error_response();
        assert_eq!(response.status(), StatusCode::SEE_OTHER);
        assert_eq!(
            response.headers().get(header::LOCATION).unwrap(),
            "/sign-in"
        );
    }
}
