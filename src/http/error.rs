//! The one error of the HTTP layer and how it is answered. Knows status codes and the body's
//! shape; which reason gets which status stands beside the handlers.

use std::{error::Error, sync::Arc};

use axum::response::{IntoResponse, Response as HttpResponse};
use http::StatusCode;

use super::reply;
use crate::{
    domain::faults::Fault,
    wire::response::{Response, ValidationError},
};

/// What a request is answered when it cannot be carried out.
#[derive(Debug)]
pub struct ApiError {
    status: StatusCode,
    body: Response,
    /// What the log shows and the client does not.
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// The cause of a 500, left in the response for the request log.
#[derive(Clone)]
pub struct InternalCause(pub Arc<dyn Error + Send + Sync>);

impl ApiError {
    /// An error with a status and a message.
    #[must_use]
    pub fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self {
            status,
            body: Response::message(message),
            source: None,
        }
    }

    /// Adds what helps to find out why.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.body.detail = detail.into();
        self
    }

    /// Names a field at fault.
    #[must_use]
    pub fn field(mut self, field: &str, detail: impl Into<String>) -> Self {
        self.body.validations.push(ValidationError {
            field: field.to_owned(),
            detail: detail.into(),
        });
        self
    }

    /// Names all fields at fault.
    #[must_use]
    pub fn fields(mut self, faults: Vec<ValidationError>) -> Self {
        self.body.validations.extend(faults);
        self
    }

    /// 400 with a message.
    #[must_use]
    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    /// 400 because fields break their rules.
    #[must_use]
    pub fn invalid(faults: Vec<ValidationError>) -> Self {
        Self::bad_request("Some fields of the request are not valid.").fields(faults)
    }

    /// 400 because a query string or a search breaks its rules.
    #[must_use]
    pub fn invalid_query(message: &str, faults: Vec<Fault>) -> Self {
        Self::bad_request(message).fields(faults.into_iter().map(ValidationError::from).collect())
    }

    /// 401: nobody is signed in, or no longer.
    #[must_use]
    pub fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "You are signed out, or your session has ended. Sign in to go on.",
        )
        .detail(detail)
    }

    /// 403 without saying more.
    #[must_use]
    pub fn forbidden() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "This is forbidden: your roles do not permit it.",
        )
    }

    /// 404, the same for what is missing and for what is hidden (spec WS-4). Clients compare
    /// the sentence.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Resource not found or you do not have access to this resource",
        )
    }

    /// 409 with a message.
    #[must_use]
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::new(StatusCode::CONFLICT, message)
    }

    /// 500: our fault. The cause goes to the log only.
    #[must_use]
    pub fn internal(cause: impl Error + Send + Sync + 'static) -> Self {
        let mut error = Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "The server met a fault of its own.",
        );
        error.source = Some(Arc::new(cause));
        error
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> HttpResponse {
        let mut response = reply::json(self.status, &self.body);
        if let Some(cause) = self.source {
            response.extensions_mut().insert(InternalCause(cause));
        }
        response
    }
}
