//! The body of every error and of every plain confirmation (spec WS-1).

use serde::Serialize;

use crate::domain::faults::Fault;

/// A message, with details and with the fields that were at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Response {
    /// What to tell the user.
    pub message: String,
    /// What helps to find out why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// One entry for each field at fault.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationError>,
}

impl Response {
    /// A message alone.
    #[must_use]
    pub fn message(text: impl Into<String>) -> Self {
        Self {
            message: text.into(),
            detail: String::new(),
            validations: Vec::new(),
        }
    }
}

/// A field at fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct ValidationError {
    /// The key in the request.
    pub field: String,
    /// What is wrong with it.
    pub detail: String,
}

impl From<Fault> for ValidationError {
    fn from(fault: Fault) -> Self {
        Self {
            field: fault.field,
            detail: fault.detail,
        }
    }
}
