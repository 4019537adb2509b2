//! One line for each request, and one place where the cause of a 500 is told.

use std::{
    error::Error,
    fmt::Write as _,
    sync::{Arc, OnceLock},
    time::Instant,
};

use axum::{
    extract::{MatchedPath, Request},
    middleware::Next,
    response::Response,
};

use http::Extensions;

use crate::{
    domain::ids::{RequestId, UserId},
    http::error::InternalCause,
};

/// Where the extractor of the actor leaves who it found, for the log line.
#[derive(Clone, Default)]
pub struct LoggedActor(Arc<OnceLock<UserId>>);

impl LoggedActor {
    /// Who makes the request, once that is found.
    #[must_use]
    pub fn id(&self) -> Option<UserId> {
        self.0.get().copied()
    }

    /// Notes who makes the request of these parts.
    pub fn note(extensions: &Extensions, actor: UserId) {
        if let Some(Self(slot)) = extensions.get() {
            // Only the first one counts; a request has one actor.
            let _ = slot.set(actor);
        }
    }
}

/// Writes the line when the answer begins.
pub(super) async fn write(mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let matched = request.extensions().get::<MatchedPath>().cloned();
    let id = request.extensions().get::<RequestId>().copied();
    // The path, never the query: it may carry a token.
    let path = request.uri().path().to_owned();
    let actor = LoggedActor::default();
    request.extensions_mut().insert(actor.clone());
    let response = next.run(request).await;
    let route = matched.as_ref().map_or(path.as_str(), MatchedPath::as_str);
    let status = response.status().as_u16();
    let duration_ms = began.elapsed().as_secs_f64() * 1000.0;
    let id = id.unwrap_or_default();
    let actor = actor
        .id()
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default();
    metrics::histogram!("workspaced_request_duration_seconds", "status" => status.to_string())
        .record(began.elapsed().as_secs_f64());
    if let Some(InternalCause(cause)) = response.extensions().get() {
        let cause = chain(cause.as_ref());
        tracing::error!(%method, route, status, duration_ms, actor, request.id = %id, cause, "request failed");
    } else {
        tracing::info!(%method, route, status, duration_ms, actor, request.id = %id, "request");
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
