//! Statements on the audit log.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    audit::{AuditAction, AuditedKind, Entry},
    ids::{AuditId, OrganizationId, RequestId, UserId},
};

/// Writes an entry.
pub async fn insert(conn: &mut PgConnection, entry: &Entry) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit_logs (id, created_at, user_id, organization_id, ip, user_agent, resource_type,
                                 resource_id, resource_target, action, diff, status_code, additional_fields, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        entry.id as AuditId,
        entry.at,
        entry.user as UserId,
        entry.what.organization as OrganizationId,
        entry.origin.ip,
        entry.origin.user_agent,
        entry.what.kind as AuditedKind,
        entry.what.resource as Uuid,
        entry.what.target,
        entry.what.action as AuditAction,
        &entry.what.diff as &Value,
        i32::from(entry.what.status),
        &entry.what.additional as &Value,
        entry.origin.request as RequestId
    )
    .execute(conn)
    .await?;
    Ok(())
}
