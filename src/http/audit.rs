//! The audit log.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, QueryMap},
    reply::{NoContent, Reply},
    state::AppState,
};
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind},
        builds::BuildReason,
        faults::Fault,
        ids::OrganizationId,
        pagination::Page,
        rights::actor::Actor,
        search::audit::AuditQuery,
    },
    service::audit::{AuditLog, ListAuditError, MadeUp, MakeUpError},
    wire::{
        audit::{AuditLogResponse, CreateTestAuditLogRequest},
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
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

/// The entries that the caller may see, newest first.
#[utoipa::path(get, path = "/audit", tag = "Audit",
    params(("q" = Option<String>, Query), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200, body = AuditLogResponse), (status = "4XX", body = Body)))]
async fn list(
    State(audit): State<AuditLog>,
    actor: Actor,
    query: QueryMap,
    page: Page,
) -> Result<Reply<AuditLogResponse>, ApiError> {
    let search = AuditQuery::parse(query.first("q").unwrap_or_default())
        .map_err(|faults| ApiError::invalid_query(BAD_SEARCH, faults))?;
    let (records, count) = audit.list(&actor, &search, page).await?;
    Ok(Reply(AuditLogResponse {
        audit_logs: records.into_iter().map(Into::into).collect(),
        count,
    }))
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
    State(audit): State<AuditLog>,
    actor: Actor,
    Json(body): Json<CreateTestAuditLogRequest>,
) -> Result<NoContent, ApiError> {
    audit.make_up(&actor, body.into()).await?;
    Ok(NoContent)
}
