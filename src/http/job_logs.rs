//! How the log of a job is answered, whatever the job is for: a list, or a websocket that
//! follows it (spec BJ-80 to BJ-83). Whether the log may be read is decided by the caller.

use std::{convert::Infallible, error::Error, time::Duration};

use axum::{
    extract::{
        FromRequestParts,
        ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code},
    },
    response::{IntoResponse, Response},
};
use futures::{Stream, StreamExt as _};
use http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts};

use super::{error::ApiError, extract::QueryMap, reply::Reply, state::AppState};
use crate::{
    domain::{ids::JobId, queue::JobLog},
    wire::{jobs::ProvisionerJobLog, json},
};

const PING_EVERY: Duration = Duration::from_secs(15);
/// How long the other side may take to answer a close.
const CLOSE_GRACE: Duration = Duration::from_secs(5);

/// What a request for a log asks: unread until the caller has decided whether it may.
pub(super) struct LogRequest {
    query: QueryMap,
    upgrade: Option<WebSocketUpgrade>,
    /// Whether a page of another site asks: a browser would lend it the user's cookie.
    is_foreign: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for LogRequest {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let query = QueryMap::from_request_parts(parts, state).await;
        let upgrade = WebSocketUpgrade::from_request_parts(parts, state).await;
        Ok(Self {
            query: query.unwrap_or_default(),
            upgrade: upgrade.ok(),
            is_foreign: is_foreign(&parts.headers),
        })
    }
}

/// Answers the log of a job.
///
/// # Errors
/// 400 for bounds that are no numbers, 426 for following without a websocket.
pub(super) async fn answer(
    state: &AppState,
    job: JobId,
    request: LogRequest,
) -> Result<Response, ApiError> {
    let after = bound(&request.query, "after")?.unwrap_or_default();
    let before = bound(&request.query, "before")?;
    if !request.query.0.contains_key("follow") {
        let lines = state.jobs.logs(job, after, before).await;
        let lines = lines.map_err(ApiError::internal)?;
        let lines: Vec<ProvisionerJobLog> = lines.into_iter().map(Into::into).collect();
        return Ok(Reply(lines).into_response());
    }
    let Some(upgrade) = request.upgrade else {
        return Ok(upgrade_required());
    };
    if request.is_foreign {
        return Ok((
            StatusCode::FORBIDDEN,
            "Another site's page may not follow a log.\n",
        )
            .into_response());
    }
    let lines = state.jobs.follow_logs(job, after);
    let lines = lines.take_until(state.lifecycle.draining());
    let running = state.lifecycle.hold();
    Ok(upgrade.on_upgrade(async move |socket| {
        follow(socket, lines).await;
        drop(running);
    }))
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    let Some(origin) = text(header::ORIGIN) else {
        return false;
    };
    let site = origin.split_once("://").map_or(origin, |(_, site)| site);
    !text(header::HOST).is_some_and(|host| host.eq_ignore_ascii_case(site))
}

fn bound(query: &QueryMap, key: &str) -> Result<Option<i64>, ApiError> {
    match query.first(key) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_not_a_number| {
            ApiError::bad_request(format!(
                "The query parameter {key:?} must be a whole number."
            ))
            .field(key, "must be a whole number")
        }),
    }
}

/// Plain text, as a client gets it that met a websocket where it expected none.
fn upgrade_required() -> Response {
    let text = "A log is followed over a websocket.\n";
    let upgrade = [(header::UPGRADE, HeaderValue::from_static("websocket"))];
    (StatusCode::UPGRADE_REQUIRED, upgrade, text).into_response()
}

/// Sends lines until there are no more, the client leaves or the database fails.
async fn follow<E: Error + 'static>(
    mut socket: WebSocket,
    lines: impl Stream<Item = Result<Vec<JobLog>, E>>,
) {
    let mut lines = std::pin::pin!(lines);
    let mut ping = tokio::time::interval(PING_EVERY);
    let code = loop {
        tokio::select! {
            batch = lines.next() => match batch {
                None => break close_code::NORMAL,
                Some(Ok(batch)) => {
                    if send(&mut socket, batch).await.is_err() {
                        return;
                    }
                }
                Some(Err(error)) => {
                    tracing::error!(error = &error as &dyn Error, "a job's log could not be followed");
                    break close_code::ERROR;
                }
            },
            _ = ping.tick() => {
                if socket.send(Message::Ping(bytes::Bytes::new())).await.is_err() {
                    return;
                }
            }
            frame = socket.recv() => match frame {
                // What the client says does not matter, only that it is there.
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
        }
    };
    let reason = axum::extract::ws::Utf8Bytes::default();
    if socket
        .send(Message::Close(Some(CloseFrame { code, reason })))
        .await
        .is_ok()
    {
        // Leaving before the answer could discard lines that are still on their way.
        let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
        let _ = tokio::time::timeout(CLOSE_GRACE, answered).await;
    }
}

async fn send(socket: &mut WebSocket, batch: Vec<JobLog>) -> Result<(), axum::Error> {
    for line in batch {
        let text = json::to_vec(&ProvisionerJobLog::from(line))
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        socket.send(Message::text(text.unwrap_or_default())).await?;
    }
    Ok(())
}
