//! The audit log.

use std::error::Error;

use axum::{BoxError, extract::State, response::Response};
use futures::stream::{self, Stream, StreamExt as _};
use http::{HeaderMap, HeaderValue, header};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, QueryMap},
    reply::{NoContent, Reply},
    state::AppState,
};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, Record},
        builds::BuildReason,
        faults::Fault,
        ids::OrganizationId,
        pagination::Page,
        rights::actor::Actor,
        search::audit::AuditQuery,
    },
    service::audit::{self as service, ListAuditError, MadeUp, MakeUpError},
    wire::{
        audit::{AuditLog, AuditLogResponse, CreateTestAuditLogRequest},
        audit_export::ExportFormat,
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(export))
        .routes(routes!(make_up))
}

const BAD_SEARCH: &str = "The search is not valid.";

impl From<ListAuditError> for ApiError {
    fn from(reason: ListAuditError) -> Self {
        match reason {
            ListAuditError::NoOrganization => Self::invalid_query(
                BAD_SEARCH,
                vec![Fault::new("organization", reason.to_string())],
            ),
            ListAuditError::Store(source) => Self::internal(source),
        }
    }
}

fn search(query: &QueryMap) -> Result<AuditQuery, ApiError> {
    AuditQuery::parse(query.first("q").unwrap_or_default())
        .map_err(|faults| ApiError::invalid_query(BAD_SEARCH, faults))
}

/// The entries that the caller may see, newest first.
#[utoipa::path(get, path = "/audit", tag = "Audit",
    params(("q" = Option<String>, Query), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200, body = AuditLogResponse), (status = "4XX", body = Body)))]
async fn list(
    State(audit): State<service::AuditLog>,
    actor: Actor,
    query: QueryMap,
    page: Page,
) -> Result<Reply<AuditLogResponse>, ApiError> {
    let search = search(&query)?;
    let (records, count) = audit.list(&actor, search, page).await?;
    Ok(Reply(AuditLogResponse {
        audit_logs: records.into_iter().map(Into::into).collect(),
        count,
    }))
}

/// All entries that the caller may see, newest first: a line of JSON for each, or a table with
/// `format=csv` or `Accept: text/csv`.
#[utoipa::path(get, path = "/audit/export", tag = "Audit",
    params(("q" = Option<String>, Query), ("format" = Option<ExportFormat>, Query)),
    responses((status = 200, content((AuditLog = "application/x-ndjson"), (String = "text/csv"))),
              (status = "4XX", body = Body)))]
async fn export(
    State(audit): State<service::AuditLog>,
    actor: Actor,
    headers: HeaderMap,
    query: QueryMap,
) -> Result<Response, ApiError> {
    let format = match query.first("format").unwrap_or_default() {
        "" => accepted(&headers),
        text => ExportFormat::parse(text).ok_or_else(|| {
            ApiError::bad_request("There is no such format.").field("format", "write jsonl or csv")
        })?,
    };
    let parts = audit.export(&actor, search(&query)?).await?;
    Ok(streamed(format, parts))
}

/// The format that the client asks for by its `Accept` header.
fn accepted(headers: &HeaderMap) -> ExportFormat {
    let accept = headers.get(header::ACCEPT);
    let accept = accept
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    if accept.starts_with(ExportFormat::Csv.content_type()) {
        ExportFormat::Csv
    } else {
        ExportFormat::Jsonl
    }
}

/// Sends entries as they come; a fault on the way breaks the answer off, so that nobody takes a
/// part for the whole.
fn streamed(
    format: ExportFormat,
    parts: impl Stream<Item = Result<Vec<Record>, ListAuditError>> + Send + 'static,
) -> Response {
    let head = stream::once(async move { Ok(format.head().into_bytes()) });
    let rows = parts.map(move |part| match part {
        Ok(records) => Ok(format.rows(records)?),
        Err(error) => {
            let cause = &error as &dyn Error;
            tracing::error!(error = cause, "an export of the audit log broke off");
            Err(BoxError::from(error))
        }
    });
    let mut response = Response::new(axum::body::Body::from_stream(head.chain(rows)));
    let headers = response.headers_mut();
    let content_type = HeaderValue::from_static(format.content_type());
    headers.insert(header::CONTENT_TYPE, content_type);
    let disposition = HeaderValue::from_static(format.disposition());
    headers.insert(header::CONTENT_DISPOSITION, disposition);
    response
}

impl From<MakeUpError> for ApiError {
    fn from(reason: MakeUpError) -> Self {
        match reason {
            MakeUpError::Denied => Self::forbidden(),
            MakeUpError::Store(source) => Self::internal(source),
        }
    }
}

impl From<CreateTestAuditLogRequest> for MadeUp {
    fn from(request: CreateTestAuditLogRequest) -> Self {
        Self {
            action: AuditAction::parse(&request.action).unwrap_or(AuditAction::Write),
            kind: AuditedKind::parse(&request.resource_type).unwrap_or(AuditedKind::User),
            resource: request.resource_id,
            organization: OrganizationId(request.organization_id),
            additional: request.additional_fields,
            build_reason: BuildReason::parse(&request.build_reason),
            at: request.time.filter(|at| !at.is_zero()).map(|at| at.0),
        }
    }
}

/// Makes an entry up, to try the log out.
#[utoipa::path(post, path = "/audit/testgenerate", tag = "Audit",
    request_body = CreateTestAuditLogRequest,
    responses((status = 204), (status = "4XX", body = Body)))]
async fn make_up(
    State(audit): State<service::AuditLog>,
    actor: Actor,
    Json(body): Json<CreateTestAuditLogRequest>,
) -> Result<NoContent, ApiError> {
    audit.make_up(&actor, body.into()).await?;
    Ok(NoContent)
}
