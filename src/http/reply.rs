//! Successful answers: JSON with a status. Encodes; decides nothing.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{domain::idempotency::KeptAnswer, service::idempotency::Made, wire::json};

/// The content type of every JSON answer (spec WS-2).
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// Marks an answer that was given before (draft-ietf-httpapi-idempotency-key-header).
const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Answers a value as JSON.
pub fn json(status: StatusCode, value: &impl Serialize) -> Response {
    match json::to_vec(value) {
        Ok(body) => bytes(status, body),
        Err(error) => {
            tracing::error!(%error, "an answer could not be encoded");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// Answers bytes that are JSON already.
pub fn bytes(status: StatusCode, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, JSON);
    response
}

/// 200 with a value.
#[derive(Debug)]
pub struct Reply<T>(pub T);

/// 201 with a value.
#[derive(Debug)]
pub struct Created<T>(pub T);

/// 201 with what was made, or the answer that the same request got before.
#[derive(Debug)]
pub struct CreatedOnce<T>(Made<T>);

impl<T> CreatedOnce<T> {
    /// The answer to what became of a request, as `show` shows what was made.
    pub fn of<M>(made: Made<M>, show: impl FnOnce(&M) -> T) -> Self {
        Self(match made {
            Made::Now(made) => Made::Now(show(&made)),
            Made::Before(answer) => Made::Before(answer),
        })
    }
}

/// 201 with a value, to be kept for when the same request comes again.
pub fn to_keep(value: &impl Serialize) -> KeptAnswer {
    let body = json::to_vec(value).unwrap_or_else(|error| {
        tracing::error!(%error, "an answer could not be encoded");
        Vec::new()
    });
    KeptAnswer {
        status: StatusCode::CREATED.as_u16(),
        body,
    }
}

/// 204.
#[derive(Debug, Clone, Copy)]
pub struct NoContent;

impl<T: Serialize> IntoResponse for Reply<T> {
    fn into_response(self) -> Response {
        json(StatusCode::OK, &self.0)
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        json(StatusCode::CREATED, &self.0)
    }
}

impl<T: Serialize> IntoResponse for CreatedOnce<T> {
    fn into_response(self) -> Response {
        match self.0 {
            Made::Now(value) => json(StatusCode::CREATED, &value),
            Made::Before(answer) => {
                let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::CREATED);
                let mut response = bytes(status, answer.body);
                let yes = HeaderValue::from_static("true");
                response.headers_mut().insert(REPLAYED, yes);
                response
            }
        }
    }
}

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}
