//! A form that a browser sent.

use std::{future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::StatusCode, web::Query};
use serde::de::DeserializeOwned;

use super::{body, read_body, refuse};
use crate::problem::ApiError;

/// The largest form.
const FORM_BYTES: usize = 128 << 10;

/// A form of the type `T`. Where a field may come several times (checkboxes of one name), take
/// `Form<Vec<(String, String)>>`.
#[derive(Clone, Copy, Debug)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Form<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let form = extract(&request, &mut payload).await;
            form.map(Self).map_err(|refusal| refuse(&request, refusal))
        })
    }
}

async fn extract<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<T, ApiError> {
    let media_type = body::media_type(request);
    let body = read_body(request, payload, FORM_BYTES).await?;
    if media_type != "application/x-www-form-urlencoded" {
        return Err(body::unsupported("a form"));
    }
    parse(&body)
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let broken =
        |detail: &str| ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "broken_form", detail);
    let text = std::str::from_utf8(body).map_err(|_| broken("the form is not in UTF-8"))?;
    if text.contains('\0') || text.contains("%00") {
        return Err(broken("the form contains NUL characters"));
    }
    let form = Query::<T>::from_query(text);
    form.map(Query::into_inner)
        .map_err(|error| broken(&format!("the form is incomplete: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_may_come_several_times() {
        let pairs: Vec<(String, String)> = parse(b"name=Ada&language=en&language=s%76").unwrap();
        assert_eq!(pairs[2], ("language".to_owned(), "sv".to_owned()));
    }

    #[test]
    fn a_nul_is_refused() {
        let refusal = parse::<Vec<(String, String)>>(b"name=A%00da").unwrap_err();
        assert_eq!(refusal.code(), "broken_form");
    }
}
