//! The audit entry of a build: written when it ends, in the name of whoever asked for it.

use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin},
        clock::Timestamp,
        ids::{BuildId, RequestId},
        provisioning::Transition,
    },
    service::audit,
    store::{StoreError, job_facts},
};

/// Builds end in the server itself, whoever asked for them and from where.
const HERE: &str = "127.0.0.1";

/// Writes the entry of a build that ends with this status: 200, or 500 for a failure.
pub(super) async fn build_ended(
    conn: &mut PgConnection,
    build: BuildId,
    status: u16,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Some(ended) = job_facts::find_build_entry(conn, build).await? else {
        return Ok(());
    };
    let action = match ended.transition {
        Transition::Start => AuditAction::Start,
        Transition::Stop => AuditAction::Stop,
        Transition::Delete => AuditAction::Delete,
    };
    let entry = NewEntry::new(action, AuditedKind::WorkspaceBuild, build.0, "", status)
        .in_organization(ended.organization_id)
        .with(json!({
            "workspace_name": ended.workspace_name,
            "build_number": ended.number.to_string(),
            "build_reason": ended.reason,
            "workspace_owner": "",
            "workspace_id": ended.workspace_id,
        }));
    let origin = Origin {
        ip: HERE.to_owned(),
        user_agent: String::new(),
        request: RequestId::random(),
    };
    audit::record(conn, ended.initiator_id, &origin, entry, now).await
}
