//! No ordinary request runs for ever. Streams and uploads have rules of their own.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use crate::http::error::ApiError;

/// How long the start of an answer may take. An upload on a slow line is the longest case.
const DEADLINE: Duration = Duration::from_mins(5);

/// Ends a request whose answer has not begun in time; websockets are left alone.
pub(super) async fn bound(request: Request, next: Next) -> Response {
    if request.headers().contains_key(header::UPGRADE) {
        return next.run(request).await;
    }
    match tokio::time::timeout(DEADLINE, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "The request took too long.",
        )
        .into_response(),
    }
}
