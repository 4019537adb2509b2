//! Uploading and downloading template archives.

use axum::{
    extract::{DefaultBodyLimit, FromRequest, Request, State},
    middleware::from_fn_with_state,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use http::{HeaderValue, StatusCode, header};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    error::ApiError,
    extract::{Path, QueryMap},
    middleware::{Limit, limit_route},
    reply::{Created, Reply},
    state::AppState,
};
use crate::{
    domain::{
        archives::ARCHIVE_LIMIT,
        files::{TAR, ZIP},
        ids::FileId,
        rights::actor::Actor,
    },
    service::files::{FileError, Files, Packing},
    wire::{files::UploadResponse, response::Response as Body},
};

pub(super) fn router(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(upload_file))
        .routes(routes!(get_file))
        .layer(DefaultBodyLimit::max(ARCHIVE_LIMIT))
        .layer(from_fn_with_state(
            (state.clone(), Limit::Files),
            limit_route,
        ))
}

impl From<FileError> for ApiError {
    fn from(reason: FileError) -> Self {
        match reason {
            FileError::NotFound => Self::not_found(),
            FileError::Denied => Self::forbidden(),
            FileError::Archive(fault) => {
                Self::bad_request("The archive cannot be used.").detail(fault.to_string())
            }
            FileError::CutShort => Self::internal(reason),
            FileError::Store(source) => Self::internal(source),
        }
    }
}

/// The body of an upload; more than [`ARCHIVE_LIMIT`] is a bad request here (spec CO-71).
struct Archive {
    packing: Packing,
    data: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Archive {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let kind = request.headers().get(header::CONTENT_TYPE);
        let packing = match kind.and_then(|value| value.to_str().ok()).unwrap_or("") {
            TAR => Packing::Tar,
            ZIP | "application/x-zip-compressed" => Packing::Zip,
            other => {
                return Err(ApiError::bad_request(format!(
                    "An archive of the content type {other:?} is not supported."
                )));
            }
        };
        let data = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| {
                ApiError::bad_request("The archive could not be read.")
                    .detail(rejection.body_text())
            })?;
        Ok(Self { packing, data })
    }
}

/// Keeps a template archive.
#[utoipa::path(post, path = "/files", tag = "Files", request_body(content = String, content_type = "application/x-tar"),
    responses((status = 201, body = UploadResponse), (status = 200, body = UploadResponse), (status = "4XX", body = Body)))]
async fn upload_file(
    State(files): State<Files>,
    actor: Actor,
    archive: Archive,
) -> Result<Response, ApiError> {
    let kept = files.keep(&actor, archive.packing, archive.data).await?;
    let answer = UploadResponse { hash: kept.id.0 };
    Ok(if kept.is_new {
        Created(answer).into_response()
    } else {
        Reply(answer).into_response()
    })
}

/// How an archive is to be handed out.
fn packing(format: &str) -> Result<Packing, ApiError> {
    match format {
        "" => Ok(Packing::Tar),
        "zip" => Ok(Packing::Zip),
        other => Err(ApiError::bad_request(format!(
            "Archives are not handed out as {other:?}."
        ))),
    }
}

/// The bytes of a template archive.
#[utoipa::path(get, path = "/files/{fileID}", tag = "Files",
    params(("fileID" = Uuid, Path), ("format" = Option<String>, Query)),
    responses((status = 200, content_type = "application/x-tar"), (status = "4XX", body = Body)))]
async fn get_file(
    State(files): State<Files>,
    actor: Actor,
    Path((id,)): Path<(String,)>,
    query: QueryMap,
) -> Result<Response, ApiError> {
    // Unlike other ids in paths, this one is refused without a detail.
    let Ok(id) = Uuid::parse_str(&id) else {
        return Err(ApiError::bad_request("The file's id must be a UUID."));
    };
    let packing = packing(query.first("format").unwrap_or_default())?;
    let (kind, data) = files.read(&actor, FileId(id), packing).await?;
    let mut response = (StatusCode::OK, data).into_response();
    let kind = HeaderValue::try_from(kind).unwrap_or(HeaderValue::from_static(TAR));
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    Ok(response)
}
