//! The event stream of a workspace (spec WS-130 to WS-135): events are framed here, once for
//! all who watch the same.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, extract::State, response::Response};
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::{Stream, StreamExt as _};
use http::{HeaderValue, StatusCode, header};
use tokio::time::{Instant, interval_at};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{error::ApiError, extract::Path, state::AppState, workspaces::context};
use crate::{
    domain::{clock::Clock, ids::WorkspaceId, rights::actor::Actor, workspaces::WorkspaceView},
    service::{
        settings::Settings,
        watch::{Render, Update, Watcher},
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

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(watch))
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
    params(("workspace" = uuid::Uuid, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = "4XX", body = Message)))]
async fn watch(
    State(state): State<AppState>,
    actor: Actor,
    Path((id,)): Path<(WorkspaceId,)>,
) -> Result<Response, ApiError> {
    let watcher = state.watches.watch(actor, id).await?;
    let events = frames(watcher).take_until(state.lifecycle.draining());
    let events = events.map(Ok::<_, std::convert::Infallible>);
    let mut response = Response::new(Body::from_stream(events));
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
    Ok(response)
}

fn frames(mut watcher: Watcher) -> impl Stream<Item = Bytes> + Send {
    let mut pings = interval_at(Instant::now() + PING_EVERY, PING_EVERY);
    async_stream::stream! {
        yield PING;
        loop {
            let frame = tokio::select! {
                update = watcher.next() => match update {
                    Update::State(frame) => frame,
                    Update::Hidden => event("error", &Message::message(
                        "The workspace's template may not be seen.",
                    )),
                },
                _ = pings.tick() => PING,
            };
            yield frame;
        }
    }
}
