//! Event streams: of one workspace (spec WS-130 to WS-135), and of all that fit a search, which
//! is an extension. Events are framed here, once for all who watch the same. A client that
//! names what it has seen gets an `id` line before each event; others must not see one.

use std::{convert::Infallible, sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{FromRequestParts, State},
    response::Response,
};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use http::{HeaderValue, StatusCode, header, request::Parts};
use serde_json::json;
use tokio::time::{Instant, interval_at};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Path, QueryMap},
    state::AppState,
    users::sentence,
    workspace_reads::BAD_SEARCH,
    workspaces::context,
};
use crate::{
    domain::{
        clock::Clock, ids::WorkspaceId, rights::actor::Actor, search::workspaces::WorkspaceQuery,
        workspaces::WorkspaceView,
    },
    service::{
        settings::Settings,
        watch::{ListUpdate, ListWatcher, Render, Update, WatchListError, Watcher},
    },
    wire::{
        json,
        response::Response as Message,
        workspaces::{Audience, Workspace},
    },
};

/// Pings come this often, counted from the stream's beginning.
const PING_EVERY: Duration = Duration::from_secs(15);
/// A ping has no data line; the command line's reader knows that.
const PING: Bytes = Bytes::from_static(b"event: ping\n\n");
/// The query parameter that names the newest revision a client has seen.
const RESUME: &str = "resume";
/// The header in which browsers name it when they connect again.
const LAST_EVENT_ID: &str = "last-event-id";

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(watch))
        .routes(routes!(watch_list))
}

/// The newest revision that the client has seen, if it wants revisions at all.
struct Resume(Option<i64>);

impl<S: Send + Sync> FromRequestParts<S> for Resume {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read = |text: Option<&str>, field| {
            let digits = text.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
            match digits.and_then(|digits| digits.parse().ok()) {
                Some(revision) => Ok(Self(Some(revision))),
                None => Err(
                    ApiError::bad_request("The stream cannot be resumed there.").field(
                        field,
                        "must be a revision that an event had as its id, or 0",
                    ),
                ),
            }
        };
        // The header is newer: a browser repeats the query that it began with.
        if let Some(header) = parts.headers.get(LAST_EVENT_ID) {
            return read(header.to_str().ok(), "Last-Event-ID");
        }
        let query = QueryMap::from_request_parts(parts, state).await?;
        match query.first(RESUME) {
            Some(text) => read(Some(text), RESUME),
            None => Ok(Self(None)),
        }
    }
}

/// Renders a workspace as one event of its stream.
#[must_use]
pub fn renderer(settings: Arc<Settings>, clock: Clock) -> Render {
    Arc::new(move |view: WorkspaceView, is_owner: bool| {
        let audience = Audience {
            is_owner,
            allow_renames: settings.allow_workspace_renames,
        };
        let shown = Workspace::new(view, audience, &context(&settings, &clock));
        event("data", &shown)
    })
}

fn event(name: &str, data: &impl serde::Serialize) -> Bytes {
    match json::to_vec_inline(data) {
        Ok(json) => {
            let mut frame = BytesMut::with_capacity(json.len() + name.len() + 17);
            frame.put_slice(b"event: ");
            frame.put_slice(name.as_bytes());
            frame.put_slice(b"\ndata: ");
            frame.put_slice(&json);
            frame.put_slice(b"\n\n");
            frame.freeze()
        }
        Err(error) => {
            tracing::error!(%error, "an event could not be encoded");
            PING
        }
    }
}

/// The workspace now, and again after each change, as server-sent events.
#[utoipa::path(get, path = "/workspaces/{workspace}/watch", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path), ("resume" = Option<i64>, Query),
        ("Last-Event-ID" = Option<i64>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = Message)))]
async fn watch(
    State(state): State<AppState>,
    actor: Actor,
    Path((id,)): Path<(WorkspaceId,)>,
    Resume(seen): Resume,
) -> Result<Response, ApiError> {
    let watcher = state.watches.watch(actor, id, seen).await?;
    Ok(respond(&state, Source::One(watcher), seen.is_some()))
}

impl From<WatchListError> for ApiError {
    fn from(reason: WatchListError) -> Self {
        let text = sentence(&reason);
        match reason {
            WatchListError::NoOrganization => {
                Self::bad_request(BAD_SEARCH).field("organization", text)
            }
            WatchListError::TooMany => Self::new(StatusCode::TOO_MANY_REQUESTS, text),
            WatchListError::Store(source) => Self::internal(source),
        }
    }
}

/// The workspaces that the caller may see and that fit a search, each when it changes, comes
/// or goes, as server-sent events.
#[utoipa::path(get, path = "/workspaces/watch", tag = "Workspaces",
    params(("q" = Option<String>, Query), ("resume" = Option<i64>, Query),
        ("Last-Event-ID" = Option<i64>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = Message)))]
async fn watch_list(
    State(state): State<AppState>,
    actor: Actor,
    query: QueryMap,
    Resume(seen): Resume,
) -> Result<Response, ApiError> {
    let text = query.first("q").unwrap_or_default();
    let search = WorkspaceQuery::parse(text)
        .map_err(|faults| ApiError::invalid_query(BAD_SEARCH, faults))?;
    let changes = state.watches.watch_list(actor, text, search, seen).await?;
    Ok(respond(
        &state,
        Source::List(Box::new(changes)),
        seen.is_some(),
    ))
}

/// Where a stream's events come from.
enum Source {
    One(Watcher),
    List(Box<ListWatcher>),
}

impl Source {
    /// The next event with its revision, where it has one. `None` at the stream's end.
    async fn next(&mut self) -> Option<(Option<i64>, Bytes)> {
        Some(match self {
            Self::One(watcher) => match watcher.next().await? {
                Update::State { revision, frame } => (Some(revision), frame),
                Update::Hidden => {
                    let message = Message::message("The workspace may not be seen.");
                    (None, event("error", &message))
                }
            },
            // Boxed, so that a stream of one workspace does not keep room for what this one needs.
            Self::List(watcher) => match Box::pin(watcher.next()).await? {
                ListUpdate::State { revision, frame } => (Some(revision), frame),
                ListUpdate::Removed { revision, id } => {
                    (Some(revision), event("removed", &json!({"id": id})))
                }
            },
        })
    }
}

fn respond(state: &AppState, source: Source, with_ids: bool) -> Response {
    let events = frames(source, with_ids).take_until(state.lifecycle.draining());
    let mut response = Response::new(Body::from_stream(events.map(Ok::<_, Infallible>)));
    *response.status_mut() = StatusCode::OK;
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONNECTION, "keep-alive"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ] {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    response
}

fn frames(mut source: Source, with_ids: bool) -> impl Stream<Item = Bytes> + Send {
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    async_stream::stream! {
        yield PING;
        loop {
            let next = tokio::select! {
                next = source.next() => next,
                _ = pings.tick() => Some((None, PING)),
            };
            let Some((revision, frame)) = next else {
                break;
            };
            if let Some(revision) = revision.filter(|_| with_ids) {
                // A frame of its own: the one after it is shared with those who want no id.
                yield Bytes::from(format!("id: {revision}\n"));
            }
            yield frame;
        }
    }
}
