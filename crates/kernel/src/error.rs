//! How an error is to be met by whoever called.

use serde::Serialize;

/// What the caller can do about an error. The gateway turns it into an HTTP status.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Class {
    /// The input breaks a rule of its form: change it. 422.
    Invalid,
    /// Who is asking is not known: sign in. 401.
    Unauthenticated,
    /// Who is asking may not. 403.
    Forbidden,
    /// There is no such thing, or none that the caller may see. 404.
    NotFound,
    /// The thing's state does not allow it: look again. 409.
    Conflict,
    /// Too often: wait. 429.
    RateLimited,
    /// The platform cannot answer now: the same request may succeed later. 503.
    Busy,
    /// Our fault. 500, and the text stays inside.
    Internal,
}

/// Implemented by every error that can reach the edge of the platform.
pub trait Classify: std::error::Error {
    /// How to react.
    fn class(&self) -> Class;
    /// A name for the rule that failed, in `snake_case`. It never changes.
    fn code(&self) -> &'static str;
    /// The fields at fault, where the input broke a rule of its form.
    fn fields(&self) -> &[FieldError] {
        &[]
    }
    /// Seconds after which asking again makes sense, where that is known.
    fn retry_after_seconds(&self) -> Option<u32> {
        None
    }
    /// Who holds what the caller took for theirs, where that is why.
    fn fence(&self) -> Option<Fence> {
        None
    }
}

/// Who holds a thing at present, and the number that fences off whoever held it before.
#[derive(Clone, Copy, Debug, Eq, PartialEq, Serialize, utoipa::ToSchema)]
pub struct Fence {
    /// Who.
    #[schema(example = "agent")]
    pub holder: &'static str,
    /// The number to be named from now on.
    #[schema(example = 2)]
    pub epoch: i64,
}

/// One field of the input and what is wrong with it.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// The field's path in the input, such as `customer.locale` or `transcript[3].body`.
    pub field: String,
    /// What is wrong and what would be right, in words for a person.
    pub message: String,
}

/// An input that breaks rules of its form; it names every field at fault.
#[derive(Clone, Debug, Default, Eq, PartialEq, thiserror::Error)]
#[error("{}", Self::sentence(.fields))]
pub struct Invalid {
    /// At least one, in the order of the input.
    pub fields: Vec<FieldError>,
}

impl Invalid {
    /// An input with one field at fault.
    pub fn field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            fields: vec![FieldError {
                field: field.into(),
                message: message.into(),
            }],
        }
    }

    fn sentence(fields: &[FieldError]) -> String {
        let parts: Vec<String> = fields
            .iter()
            .map(|fault| format!("{}: {}", fault.field, fault.message))
            .collect();
        parts.join("; ")
    }
}
