//! Successful answers: JSON with a status. Encodes; decides nothing.

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::wire::json;

/// The content type of every JSON answer (spec WS-2).
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

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

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}
