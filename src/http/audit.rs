//! The audit log.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{error::ApiError, extract::QueryMap, reply::Reply, state::AppState};
use crate::{
    domain::{faults::Fault, pagination::Page, rights::actor::Actor, search::audit::AuditQuery},
    service::audit::{AuditLog, ListAuditError},
    wire::{audit::AuditLogResponse, response::Response as Body},
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
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
