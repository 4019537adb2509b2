//! Workspaces as the audit log sees them. Their builds are told of when they end, in `jobs`.

use chrono::SecondsFormat;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::audit;
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Tracked, shown},
        clock::Timestamp,
        rights::actor::Actor,
        workspaces::{Workspace, WorkspaceView},
    },
    store::StoreError,
};

/// What stands for a value that is not set.
const UNSET: &str = "null";
/// Fields that may be unset; a new workspace is compared with one that has none of them.
const OPTIONAL: [&str; 4] = ["autostart_schedule", "ttl", "dormant_at", "deleting_at"];

/// Writes the entry of a new workspace in the caller's transaction.
pub(super) async fn made(
    conn: &mut PgConnection,
    actor: &Actor,
    view: &WorkspaceView,
    now: Timestamp,
) -> Result<(), StoreError> {
    let workspace = &view.workspace;
    let entry = entry(AuditAction::Create, workspace, 201)
        .changing(
            &OPTIONAL.map(|name| shown(name, UNSET)),
            &tracked(workspace),
        )
        .with(json!({
            "workspace_name": "",
            "build_number": "",
            "build_reason": "",
            "workspace_owner": view.owner_name,
            "workspace_id": uuid::Uuid::nil(),
        }));
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

/// Writes the entry of a changed workspace in the caller's transaction; `status` is what the
/// request is answered with.
pub(super) async fn changed(
    conn: &mut PgConnection,
    actor: &Actor,
    (before, after): (&Workspace, &Workspace),
    status: u16,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry =
        entry(AuditAction::Write, after, status).changing(&tracked(before), &tracked(after));
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

fn entry(action: AuditAction, workspace: &Workspace, status: u16) -> NewEntry {
    let name = workspace.name.clone();
    NewEntry::new(action, AuditedKind::Workspace, workspace.id.0, name, status)
        .in_organization(workspace.organization_id)
}

fn tracked(workspace: &Workspace) -> Vec<Tracked> {
    let ttl = workspace.ttl.and_then(|ttl| ttl.num_nanoseconds());
    let time =
        |at: Option<Timestamp>| set(at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)));
    vec![
        shown("id", workspace.id.to_string()),
        shown("name", workspace.name.clone()),
        shown("owner_id", workspace.owner_id.to_string()),
        shown("template_id", workspace.template.id.to_string()),
        shown("deleted", workspace.deleted),
        shown(
            "autostart_schedule",
            set(workspace.autostart_schedule.clone()),
        ),
        shown("ttl", set(ttl)),
        shown("automatic_updates", workspace.automatic_updates.as_str()),
        shown("favorite", workspace.favorite),
        shown("dormant_at", time(workspace.dormant_at)),
        shown("deleting_at", time(workspace.deleting_at)),
    ]
}

fn set(value: Option<impl Into<Value>>) -> Value {
    value.map_or_else(|| UNSET.into(), Into::into)
}
