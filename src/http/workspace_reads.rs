//! Reading workspaces: one, by name, and lists. Bodies come rendered; here they are put
//! together, and not sent to who has them (`If-None-Match`).

use std::{io::Write as _, sync::Arc};

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{KnownTags, Path, QueryMap},
    reply,
    state::AppState,
    workspaces::{context_at, owner},
};
use crate::{
    domain::{
        entity_tags::EntityTag, glances::QueuePlace, ids::WorkspaceId, pagination::Page,
        queue::MatchedProvisioners, rights::actor::Actor, search::workspaces::WorkspaceQuery,
        workspaces::WorkspaceView,
    },
    service::{
        settings::Settings,
        workspace_reads::{
            Answer, Body, ListBody, ListWorkspacesError, Render, RenderError, Rendered,
            WorkspaceReads,
        },
    },
    wire::{
        jobs, json,
        response::Response as Message,
        workspaces::{Audience, Workspace, WorkspacesResponse},
    },
};

pub(super) const BAD_SEARCH: &str = "The search for workspaces is not valid.";
/// Stands where numbers of the queue belong; none of them is negative.
const GAP: i64 = i64::MIN;
/// Bytes that the numbers of a body's queue take at most, but for long waits.
const NUMBERS: usize = 160;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(get_by_name))
}

/// Renders a workspace as it is answered, with gaps for what the queue says.
#[must_use]
pub fn renderer(settings: Arc<Settings>) -> Render {
    Arc::new(move |mut view: WorkspaceView, is_owner, now| {
        view.job.queue_position = GAP;
        view.job.queue_size = GAP;
        view.job.matched = MatchedProvisioners {
            count: GAP,
            ..MatchedProvisioners::default()
        };
        let audience = Audience {
            is_owner,
            allow_renames: settings.allow_workspace_renames,
        };
        let shown = Workspace::new(view, audience, &context_at(&settings, now));
        let json = json::to_vec_inline(&shown)?;
        cut(&json.into())?.ok_or(RenderError::NoPlace)
    })
}

/// Cuts the gaps out. A text cannot look like one: it would hold an unescaped quote.
fn cut(json: &Bytes) -> Result<Option<Rendered>, RenderError> {
    let place = QueuePlace {
        position: GAP,
        size: GAP,
        matched: MatchedProvisioners {
            count: GAP,
            ..MatchedProvisioners::default()
        },
    };
    let (mut numbers, mut daemons) = (Vec::new(), Vec::new());
    put_numbers(&mut numbers, &place);
    put_daemons(&mut daemons, &place)?;
    let find = |gap: &[u8]| {
        let text = std::str::from_utf8(json).ok()?;
        let at = text.find(std::str::from_utf8(gap).ok()?)?;
        Some(at..at + gap.len())
    };
    let (Some(numbers), Some(daemons)) = (find(&numbers), find(&daemons)) else {
        return Ok(None);
    };
    Ok((numbers.end <= daemons.start).then(|| Rendered {
        head: json.slice(..numbers.start),
        middle: json.slice(numbers.end..daemons.start),
        tail: json.slice(daemons.end..),
    }))
}

fn put_numbers(out: &mut Vec<u8>, place: &QueuePlace) {
    // Writing to memory does not fail.
    let _ = write!(
        out,
        "\"queue_position\":{},\"queue_size\":{}",
        place.position, place.size
    );
}

fn put_daemons(out: &mut Vec<u8>, place: &QueuePlace) -> Result<(), serde_json::Error> {
    out.extend_from_slice(b"\"matched_provisioners\":");
    let shown = jobs::MatchedProvisioners::from(place.matched);
    serde_json::to_writer(out, &shown)
}

fn length(body: &Body) -> usize {
    let Rendered { head, middle, tail } = &body.rendered;
    head.len() + middle.len() + tail.len() + NUMBERS
}

fn put(out: &mut Vec<u8>, body: &Body) -> Result<(), ApiError> {
    out.extend_from_slice(&body.rendered.head);
    put_numbers(out, &body.place);
    out.extend_from_slice(&body.rendered.middle);
    put_daemons(out, &body.place).map_err(ApiError::internal)?;
    out.extend_from_slice(&body.rendered.tail);
    Ok(())
}

/// Answers a workspace, or that it is as the client has it.
fn one(answer: Answer<Body>) -> Result<Response, ApiError> {
    tagged(answer, |body| {
        let mut json = Vec::with_capacity(length(&body) + 1);
        put(&mut json, &body)?;
        json.push(b'\n');
        Ok(json)
    })
}

/// Answers a page of workspaces, or that it is as the client has it.
fn page_of(answer: Answer<ListBody>) -> Result<Response, ApiError> {
    tagged(answer, |list| {
        let length: usize = list.workspaces.iter().map(length).sum();
        let mut json = Vec::with_capacity(length + 64);
        json.extend_from_slice(b"{\"workspaces\":[");
        for (n, body) in list.workspaces.iter().enumerate() {
            if n > 0 {
                json.push(b',');
            }
            put(&mut json, body)?;
        }
        let end = format!("],\"count\":{}}}\n", list.count);
        json.extend_from_slice(end.as_bytes());
        Ok(json)
    })
}

fn tagged<T>(
    answer: Answer<T>,
    encode: impl FnOnce(T) -> Result<Vec<u8>, ApiError>,
) -> Result<Response, ApiError> {
    let (tag, mut response) = match answer {
        Answer::Same(tag) => (tag, StatusCode::NOT_MODIFIED.into_response()),
        Answer::New(tag, body) => (tag, reply::bytes(StatusCode::OK, encode(body)?)),
    };
    response.headers_mut().insert(header::ETAG, value(tag)?);
    Ok(response)
}

fn value(tag: EntityTag) -> Result<HeaderValue, ApiError> {
    HeaderValue::try_from(tag.to_string()).map_err(ApiError::internal)
}

impl From<ListWorkspacesError> for ApiError {
    fn from(reason: ListWorkspacesError) -> Self {
        match reason {
            ListWorkspacesError::NoOrganization => {
                Self::bad_request(BAD_SEARCH).field("organization", "there is no such organization")
            }
            ListWorkspacesError::Render(source) => Self::internal(source),
            ListWorkspacesError::Store(source) => Self::internal(source),
        }
    }
}

/// One workspace.
#[utoipa::path(get, path = "/workspaces/{workspace}", tag = "Workspaces",
    params(("workspace" = uuid::Uuid, Path), ("include_deleted" = Option<bool>, Query),
        ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = Workspace), (status = 304), (status = "4XX", body = Message)))]
async fn get(
    State(reads): State<WorkspaceReads>,
    actor: Actor,
    Path((id,)): Path<(WorkspaceId,)>,
    query: QueryMap,
    KnownTags(known): KnownTags,
) -> Result<Response, ApiError> {
    let include_deleted = query
        .boolean("include_deleted", "deleted")?
        .unwrap_or_default();
    one(reads.get(&actor, id, include_deleted, &known).await?)
}

/// One workspace by its owner and its name.
#[utoipa::path(get, path = "/users/{user}/workspace/{workspacename}", tag = "Workspaces",
    params(("user" = String, Path), ("workspacename" = String, Path),
        ("include_deleted" = Option<bool>, Query), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = Workspace), (status = 304), (status = "4XX", body = Message)))]
async fn get_by_name(
    State(state): State<AppState>,
    actor: Actor,
    Path((user, name)): Path<(String, String)>,
    query: QueryMap,
    KnownTags(known): KnownTags,
) -> Result<Response, ApiError> {
    let owner = owner(&state, &actor, &user).await?;
    let include_deleted = query
        .boolean("include_deleted", "include_deleted")?
        .unwrap_or_default();
    let reads = &state.workspace_reads;
    let answer = reads.get_by_name(&actor, owner, &name, include_deleted, &known);
    one(answer.await?)
}

/// The workspaces that the caller may see and that fit a search.
#[utoipa::path(get, path = "/workspaces", tag = "Workspaces",
    params(("q" = Option<String>, Query), ("limit" = Option<i32>, Query),
        ("offset" = Option<i32>, Query), ("If-None-Match" = Option<String>, Header)),
    responses((status = 200, body = WorkspacesResponse), (status = 304),
        (status = "4XX", body = Message)))]
async fn list(
    State(reads): State<WorkspaceReads>,
    actor: Actor,
    page: Page,
    query: QueryMap,
    KnownTags(known): KnownTags,
) -> Result<Response, ApiError> {
    let search = WorkspaceQuery::parse(query.first("q").unwrap_or_default())
        .map_err(|faults| ApiError::invalid_query(BAD_SEARCH, faults))?;
    page_of(reads.list(&actor, search, &page, &known).await?)
}
