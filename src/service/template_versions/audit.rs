//! Template versions as the audit log sees them.

use sqlx::PgConnection;

use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        clock::Timestamp,
        jobs::JobStatus,
        rights::actor::Actor,
        template_versions::TemplateVersion,
    },
    service::audit,
    store::StoreError,
};

/// Writes an entry about a version in the caller's transaction; `before` is nothing for a new
/// one.
pub(in crate::service) async fn record(
    conn: &mut PgConnection,
    actor: &Actor,
    before: Option<&TemplateVersion>,
    after: &TemplateVersion,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (action, status) = if before.is_some() {
        (AuditAction::Write, 200)
    } else {
        (AuditAction::Create, 201)
    };
    let entry = NewEntry::new(
        action,
        AuditedKind::TemplateVersion,
        after.id.0,
        after.name.clone(),
        status,
    )
    .in_organization(after.organization_id)
    .changing(&before.map(tracked).unwrap_or_default(), &tracked(after));
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

/// Writes an entry about a version whose import was canceled, in the caller's transaction.
pub(super) async fn canceled(
    conn: &mut PgConnection,
    actor: &Actor,
    version: &TemplateVersion,
    status: JobStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = NewEntry::new(
        AuditAction::Write,
        AuditedKind::TemplateVersion,
        version.id.0,
        version.name.clone(),
        200,
    )
    .in_organization(version.organization_id)
    .changing(
        &[shown("job_status", version.job_status.as_str())],
        &[shown("job_status", status.as_str())],
    );
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

fn tracked(version: &TemplateVersion) -> Vec<Tracked> {
    let template = version.template_id.map(|id| id.to_string());
    vec![
        shown("id", version.id.to_string()),
        shown("name", version.name.clone()),
        shown("message", version.message.clone()),
        shown("template_id", template),
        shown("created_by", version.created_by.to_string()),
        shown("archived", version.archived),
    ]
}
