//! Workspaces as the audit log sees them. Their builds are told of when they end, in `jobs`.

use chrono::SecondsFormat;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::audit;
use crate::{
    domain::{
        audit::{AuditAction, AuditedKind, NewEntry, Origin, Tracked, shown},
        clock::Timestamp,
        ids::RequestId,
        jobs::JobStatus,
        rights::actor::Actor,
        workspaces::{Workspace, WorkspaceView},
    },
    store::{StoreError, lifecycle::Candidate},
};

/// What stands for a value that is not set.
const UNSET: &str = "null";
/// Where the server's own doings come from.
const HERE: &str = "127.0.0.1";
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

/// Writes the entry of a build that was canceled, in the caller's transaction.
pub(super) async fn canceled(
    conn: &mut PgConnection,
    actor: &Actor,
    view: &WorkspaceView,
    after: JobStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    let (workspace, build) = (&view.workspace, &view.build);
    let kind = AuditedKind::WorkspaceBuild;
    let before = view.job.state.status();
    let entry = NewEntry::new(AuditAction::Write, kind, build.id.0, "", 200)
        .in_organization(workspace.organization_id)
        .changing(
            &[shown("job_status", before.as_str())],
            &[shown("job_status", after.as_str())],
        )
        .with(json!({
            "workspace_name": workspace.name,
            "build_number": build.number.to_string(),
            "build_reason": build.reason,
            "workspace_owner": view.owner_name,
            "workspace_id": workspace.id,
        }));
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

/// Writes the entry of a workspace whose deadline was moved, in the caller's transaction.
pub(super) async fn extended(
    conn: &mut PgConnection,
    actor: &Actor,
    view: &WorkspaceView,
    deadline: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = entry(AuditAction::Write, &view.workspace, 200).changing(
        &[shown("deadline", time(view.build.deadline))],
        &[shown("deadline", time(Some(deadline)))],
    );
    audit::record(conn, actor.id, &actor.origin, entry, now).await
}

/// Writes the entry of a workspace that the server puts to sleep, in its owner's name.
pub(super) async fn fell_asleep(
    conn: &mut PgConnection,
    workspace: &Candidate,
    deleting_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let entry = NewEntry::new(
        AuditAction::Write,
        AuditedKind::Workspace,
        workspace.id.0,
        workspace.name.clone(),
        200,
    )
    .in_organization(workspace.organization_id)
    .changing(
        &["dormant_at", "deleting_at"].map(|name| shown(name, UNSET)),
        &[
            shown("dormant_at", time(Some(now))),
            shown("deleting_at", time(deleting_at)),
        ],
    );
    let origin = Origin {
        ip: HERE.to_owned(),
        user_agent: String::new(),
        request: RequestId::random(),
    };
    audit::record(conn, workspace.owner_id, &origin, entry, now).await
}

fn entry(action: AuditAction, workspace: &Workspace, status: u16) -> NewEntry {
    let name = workspace.name.clone();
    NewEntry::new(action, AuditedKind::Workspace, workspace.id.0, name, status)
        .in_organization(workspace.organization_id)
}

fn tracked(workspace: &Workspace) -> Vec<Tracked> {
    let ttl = workspace.ttl.and_then(|ttl| ttl.num_nanoseconds());
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

fn time(at: Option<Timestamp>) -> Value {
    set(at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
}

fn set(value: Option<impl Into<Value>>) -> Value {
    value.map_or_else(|| UNSET.into(), Into::into)
}
