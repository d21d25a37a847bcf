//! A body in JSON.

use std::{fmt::Write as _, future::Future, pin::Pin};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::StatusCode};
use kernel::FieldError;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{body, read_body, refuse};
use crate::problem::ApiError;

/// The largest body in JSON.
pub const JSON_BYTES: usize = 256 << 10;

/// A body in JSON, of the type `T`. What is wrong with one is said with the field's path.
#[derive(Clone, Copy, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned + 'static> FromRequest for Json<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, mut payload) = (request.clone(), payload.take());
        Box::pin(async move {
            let body = extract(&request, &mut payload).await;
            body.map(Self).map_err(|refusal| refuse(&request, refusal))
        })
    }
}

async fn extract<T: DeserializeOwned>(
    request: &HttpRequest,
    payload: &mut Payload,
) -> Result<T, ApiError> {
    let media_type = body::media_type(request);
    // Read first: whoever sends a large body of another type should hear about it, too.
    let body = read_body(request, payload, JSON_BYTES).await?;
    if media_type != "application/json" && !media_type.ends_with("+json") {
        return Err(body::unsupported("application/json"));
    }
    parse(&body)
}

/// Turns the bytes into a `T`: first into JSON, then into what we expect.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let value: Value = serde_json::from_slice(body).map_err(|error| {
        let detail = format!("the body is not JSON: {error}");
        ApiError::new(StatusCode::BAD_REQUEST, "malformed_json", detail)
    })?;
    let mut faults = Vec::new();
    find_nul(&value, &mut String::new(), &mut faults);
    if !faults.is_empty() {
        return Err(ApiError::invalid(faults));
    }
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        ApiError::invalid(vec![fault(&path, &error.into_inner().to_string())])
    })
}

/// Names the texts that hold a NUL, which PostgreSQL cannot store.
fn find_nul(value: &Value, path: &mut String, faults: &mut Vec<FieldError>) {
    let length = path.len();
    match value {
        Value::String(text) if text.contains('\0') => faults.push(FieldError {
            field: path.clone(),
            message: "must not contain NUL characters".to_owned(),
        }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                // A text takes all that is written to it.
                let _ = write!(path, "[{index}]");
                find_nul(item, path, faults);
                path.truncate(length);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(name);
                find_nul(field, path, faults);
                path.truncate(length);
            }
        }
        _ => (),
    }
}

/// Names the field. For a missing or unknown one serde names the object around it, and the field
/// between backticks in the text.
fn fault(path: &str, message: &str) -> FieldError {
    let around = if path == "." { "" } else { path };
    let inside = |field: &str| {
        if around.is_empty() || around == field || around.ends_with(&format!(".{field}")) {
            if around.is_empty() {
                field.to_owned()
            } else {
                around.to_owned()
            }
        } else {
            format!("{around}.{field}")
        }
    };
    let quoted = message.split('`').nth(1).unwrap_or_default();
    let (field, message) = if message.starts_with("missing field") {
        (inside(quoted), "is missing".to_owned())
    } else if message.starts_with("unknown field") {
        (inside(quoted), "is not a field of this body".to_owned())
    } else {
        let field = if around.is_empty() { "body" } else { around };
        (field.to_owned(), message.to_owned())
    };
    FieldError { field, message }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "the test is about what is refused")]
    struct Body {
        customer: Customer,
        #[serde(default)]
        turns: Vec<Customer>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "the test is about what is refused")]
    struct Customer {
        age: u8,
        language: Option<kernel::Language>,
    }

    fn refused(body: &str) -> (u16, Vec<String>) {
        let refusal = parse::<Body>(body.as_bytes()).unwrap_err();
        let fields = refusal
            .errors()
            .iter()
            .map(|fault| fault.field.clone())
            .collect();
        (refusal.status().as_u16(), fields)
    }

    fn fields(body: &str) -> Vec<String> {
        let (status, fields) = refused(body);
        assert_eq!(status, 422);
        fields
    }

    #[test]
    fn what_is_no_json_is_malformed() {
        for body in [
            "",
            "{",
            "{'a': 1}",
            "{} {}",
            "\u{feff}",
            &"[".repeat(100_000),
        ] {
            assert_eq!(refused(body), (400, vec![]));
        }
    }

    #[test]
    fn a_mistake_is_named_by_its_path() {
        assert_eq!(fields("{}"), ["customer"]);
        assert_eq!(fields(r#"{"customer":{}}"#), ["customer.age"]);
        assert_eq!(fields(r#"{"customer":{"age":"1"}}"#), ["customer.age"]);
        assert_eq!(
            fields(r#"{"customer":{"age":1,"language":"xyz"}}"#),
            ["customer.language"]
        );
        assert_eq!(
            fields(r#"{"customer":{"age":1,"name":"A"}}"#),
            ["customer.name"]
        );
        assert_eq!(fields(r#"{"customer":{"age":1},"x":1}"#), ["x"]);
        assert_eq!(
            fields(r#"{"customer":{"age":1},"turns":[{"age":300}]}"#),
            ["turns[0].age"]
        );
        assert_eq!(fields("[]"), ["body"]);
    }

    #[test]
    fn every_text_with_a_nul_is_named() {
        let body = r#"{"customer":{"age":1,"language":"\u0000"},"turns":["a\u0000"]}"#;
        assert_eq!(fields(body), ["customer.language", "turns[0]"]);
    }
}
