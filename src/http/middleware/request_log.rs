//! One line for each request, and one place where the cause of a 500 is told.

use std::{error::Error, fmt::Write as _, time::Instant};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::Response,
};

use crate::{
    domain::ids::RequestId,
    http::{error::InternalCause, state::AppState},
};

/// Writes the line when the answer begins.
pub(super) async fn write(State(_): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    // The path, never the query: it may carry a token.
    let path = request.uri().path().to_owned();
    let response = next.run(request).await;
    let route = matched.as_ref().map_or(path.as_str(), MatchedPath::as_str);
    let status = response.status().as_u16();
    let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
    let id = response
        .extensions()
        .get::<RequestId>()
        .copied()
        .unwrap_or_default();
    metrics::histogram!("workspaced_request_duration_seconds", "status" => status.to_string())
        .record(began.elapsed().as_secs_f64());
    if let Some(InternalCause(cause)) = response.extensions().get() {
        let cause = chain(cause.as_ref());
        tracing::error!(%method, route, status, duration_ms, request.id = %id, cause, "request failed");
    } else {
        tracing::info!(%method, route, status, duration_ms, request.id = %id, "request");
    }
    response
}

fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing to a String does not fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
