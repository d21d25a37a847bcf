//! What is wrong with a form, beside its fields.

use kernel::FieldError;

use super::{PageError, error::sentence};
use crate::problem::ApiError;

/// What to say about a form that was not accepted. The default is a form not sent yet.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    summary: Option<String>,
    fields: Vec<FieldError>,
    status: Option<u16>,
}

impl Faults {
    /// Takes what the person can mend: a wrong field, a conflict, a wait. Anything else is not
    /// about the form, and stays an error.
    pub fn of(error: impl Into<ApiError>) -> Result<Self, PageError> {
        let refusal = error.into();
        if !matches!(refusal.status().as_u16(), 409 | 422 | 429) {
            return Err(refusal.into());
        }
        let fields = refusal.errors().to_vec();
        let summary = if fields.is_empty() {
            sentence(refusal.detail())
        } else {
            "Please look at the marked fields once more.".to_owned()
        };
        Ok(Self {
            summary: Some(summary),
            fields,
            status: Some(refusal.status().as_u16()),
        })
    }

    /// Something about the form as a whole.
    pub fn whole(summary: impl Into<String>) -> Self {
        Self {
            summary: Some(summary.into()),
            ..Self::default()
        }
    }

    /// What to say above the form.
    pub fn summary(&self) -> Option<&str> {
        self.summary.as_deref()
    }

    /// What to say beside the field, as a sentence.
    pub fn at(&self, field: &str) -> Option<String> {
        let fault = self.fields.iter().find(|fault| fault.field == field)?;
        Some(sentence(&fault.message))
    }

    /// The status to answer with.
    pub fn status(&self) -> actix_web::http::StatusCode {
        self.status
            .and_then(|status| status.try_into().ok())
            .unwrap_or(actix_web::http::StatusCode::UNPROCESSABLE_ENTITY)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;

    use super::*;

    #[test]
    fn a_wrong_field_is_named_beside_it() {
        let fault = FieldError {
            field: "iban".to_owned(),
            message: "has a typo".to_owned(),
        };
        let faults = Faults::of(ApiError::invalid(vec![fault])).unwrap();
        assert_eq!(faults.at("iban").as_deref(), Some("Has a typo."));
        assert_eq!(faults.at("name"), None);
        assert!(faults.summary().is_some());
    }

    #[test]
    fn what_a_person_cannot_mend_is_no_fault_of_the_form() {
        let refusal = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "busy");
        assert!(Faults::of(refusal).is_err());
    }
}
