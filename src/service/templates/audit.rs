//! Templates as the audit log sees them.

use serde_json::json;
use sqlx::PgConnection;

use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        clock::Timestamp,
        ids::TemplateVersionId,
        rights::actor::Actor,
        templates::Template,
        weekdays::Weekdays,
    },
    service::audit,
    store::StoreError,
};

/// Writes an entry about a template in the caller's transaction; `before` is nothing for a
/// new one, `after` for one that is gone.
pub(super) async fn record(
    conn: &mut PgConnection,
    actor: &Actor,
    before: Option<&Template>,
    after: Option<&Template>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (action, status) = match (before, after) {
        (None, _) => (AuditAction::Create, 201),
        (Some(_), Some(_)) => (AuditAction::Write, 200),
        (Some(_), None) => (AuditAction::Delete, 200),
    };
    let Some(template) = after.or(before) else {
        return Ok(());
    };
    let entry = NewEntry::new(
        action,
        AuditedKind::Template,
        template.id.0,
        template.name.clone(),
        status,
    )
    .in_organization(template.organization_id)
    .changing(
        &before.map(tracked).unwrap_or_default(),
        &after.map(tracked).unwrap_or_default(),
    );
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

/// Writes an entry about versions of a template that were archived together, if there are any,
/// in the caller's transaction.
pub(super) async fn archived(
    conn: &mut PgConnection,
    actor: &Actor,
    template: &Template,
    versions: &[TemplateVersionId],
    now: Timestamp,
) -> Result<(), StoreError> {
    if versions.is_empty() {
        return Ok(());
    }
    let kind = AuditedKind::Template;
    let name = template.name.clone();
    let entry = NewEntry::new(AuditAction::Write, kind, template.id.0, name, 200)
        .in_organization(template.organization_id)
        .changing(&[], &[shown("archived_versions", json!(versions))]);
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

fn tracked(template: &Template) -> Vec<Tracked> {
    let nanoseconds = |duration: chrono::TimeDelta| duration.num_nanoseconds().unwrap_or(i64::MAX);
    vec![
        shown("id", template.id.to_string()),
        shown("name", template.name.clone()),
        shown("display_name", template.display_name.clone()),
        shown("description", template.description.clone()),
        shown("icon", template.icon.clone()),
        shown("provisioner", template.provisioner.as_str()),
        shown("active_version_id", template.active_version_id.to_string()),
        shown("default_ttl", nanoseconds(template.schedule.default_ttl)),
        shown(
            "activity_bump",
            nanoseconds(template.schedule.activity_bump),
        ),
        shown("failure_ttl", nanoseconds(template.failure_ttl)),
        shown("time_til_dormant", nanoseconds(template.time_til_dormant)),
        shown(
            "time_til_dormant_autodelete",
            nanoseconds(template.time_til_dormant_autodelete),
        ),
        shown(
            "autostop_requirement_days_of_week",
            template.schedule.stop_days.bits(),
        ),
        shown("autostop_requirement_weeks", template.schedule.stop_weeks),
        shown(
            "autostart_block_days_of_week",
            Weekdays::ALL
                .without(template.schedule.autostart_days)
                .bits(),
        ),
        shown(
            "allow_user_autostart",
            template.schedule.allow_user_autostart,
        ),
        shown("allow_user_autostop", template.schedule.allow_user_autostop),
        shown(
            "allow_user_cancel_workspace_jobs",
            template.allow_user_cancel_workspace_jobs,
        ),
        shown("require_active_version", template.require_active_version),
        shown(
            "max_port_sharing_level",
            template.max_port_share_level.as_str(),
        ),
        shown("deprecated", template.deprecated.clone()),
        shown("created_by", template.created_by.to_string()),
        shown("user_acl", json!(template.acl_users)),
        shown("group_acl", json!(template.acl_groups)),
    ]
}
