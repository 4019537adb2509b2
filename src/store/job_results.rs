//! Statements that keep what a job brought: resources, modules, timings, state and deadlines.
//! Rows go in as one JSON document a table, so that a job costs as many statements as there
//! are tables, however much it brought.

use serde::Serialize;
use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{BuildId, JobId, ResourceId, WorkspaceId},
    provisioning::{Module, Resource, Timing, Transition},
};

#[derive(Serialize)]
struct ResourceRow<'a> {
    id: ResourceId,
    position: usize,
    transition: Transition,
    kind: &'a str,
    name: &'a str,
    hide: bool,
    icon: &'a str,
    daily_cost: i32,
    instance_type: &'a str,
    module_path: &'a str,
}

/// Keeps resources of a job.
pub async fn insert_resources(
    conn: &mut PgConnection,
    job: JobId,
    resources: &[(ResourceId, Transition, &Resource)],
    now: Timestamp,
) -> Result<(), StoreError> {
    let rows = resources.iter().enumerate();
    let rows: Vec<ResourceRow<'_>> = rows
        .map(|(position, (id, transition, resource))| ResourceRow {
            id: *id,
            position,
            transition: *transition,
            kind: &resource.kind,
            name: &resource.name,
            hide: resource.hide,
            icon: &resource.icon,
            daily_cost: resource.daily_cost,
            instance_type: &resource.instance_type,
            module_path: &resource.module_path,
        })
        .collect();
    sqlx::query!(
        "INSERT INTO workspace_resources (id, job_id, position, transition, type, name, hide, icon, daily_cost,
                                          instance_type, module_path, created_at)
         SELECT r.id, $1, r.position, r.transition, r.kind, r.name, r.hide, r.icon, r.daily_cost,
                nullif(r.instance_type, ''), r.module_path, $3
         FROM jsonb_to_recordset($2) AS r (id uuid, position integer, transition workspace_transition, kind text,
              name text, hide boolean, icon text, daily_cost integer, instance_type text, module_path text)",
        job as JobId,
        Json(rows) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

#[derive(Serialize)]
struct MetadataRow<'a> {
    resource_id: ResourceId,
    position: usize,
    key: &'a str,
    value: &'a str,
    sensitive: bool,
}

/// Keeps the key and value rows of resources; null values are not kept (spec WS-32).
pub async fn insert_metadata(
    conn: &mut PgConnection,
    resources: &[(ResourceId, Transition, &Resource)],
) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for (id, _, resource) in resources {
        let kept = resource.metadata.iter().filter(|row| !row.is_null);
        rows.extend(kept.enumerate().map(|(position, row)| MetadataRow {
            resource_id: *id,
            position,
            key: &row.key,
            value: &row.value,
            sensitive: row.sensitive,
        }));
    }
    sqlx::query!(
        "INSERT INTO workspace_resource_metadata (resource_id, position, key, value, sensitive)
         SELECT r.resource_id, r.position, r.key, r.value, r.sensitive
         FROM jsonb_to_recordset($1)
              AS r (resource_id uuid, position integer, key text, value text, sensitive boolean)",
        Json(rows) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps the Terraform modules that a job used.
pub async fn insert_modules(
    conn: &mut PgConnection,
    job: JobId,
    transition: Transition,
    modules: &[Module],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO workspace_modules (job_id, transition, source, version, key, created_at)
         SELECT $1, $2, m.source, m.version, m.key, $4
         FROM jsonb_to_recordset($3) AS m (source text, version text, key text)",
        job as JobId,
        transition as Transition,
        Json(modules) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps how long the steps of a job took.
pub async fn insert_timings(
    conn: &mut PgConnection,
    job: JobId,
    timings: &[Timing],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO provisioner_job_timings (job_id, started_at, ended_at, stage, source, action, resource)
         SELECT $1, t.started_at, t.ended_at, t.stage, t.source, t.action, t.resource
         FROM jsonb_to_recordset($2) AS t (started_at timestamptz, ended_at timestamptz,
              stage provisioner_job_timing_stage, source text, action text, resource text)",
        job as JobId,
        Json(timings) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps a build's state; empty bytes mean that nothing is left.
pub async fn update_state(
    conn: &mut PgConnection,
    build: BuildId,
    state: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspace_builds SET provisioner_state = $2, updated_at = $3 WHERE id = $1",
        build as BuildId,
        state,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Keeps an engine's state that was found after the job had ended as failed, unless the
/// workspace has a later build.
pub async fn complete_state(
    conn: &mut PgConnection,
    build: BuildId,
    state: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspace_builds b SET provisioner_state = $2, updated_at = $3
         FROM workspaces w, provisioner_jobs j
         WHERE b.id = $1 AND w.id = b.workspace_id AND w.latest_build_id = b.id
           AND j.id = b.job_id AND j.status = 'failed'",
        build as BuildId,
        state,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets a build's deadlines.
pub async fn update_deadlines(
    conn: &mut PgConnection,
    build: BuildId,
    deadline: Option<Timestamp>,
    max_deadline: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspace_builds SET deadline = $2, max_deadline = $3, updated_at = $4 WHERE id = $1",
        build as BuildId,
        deadline,
        max_deadline,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a workspace after its build: when it starts next by itself, and whether it is gone.
pub async fn update_workspace(
    conn: &mut PgConnection,
    workspace: WorkspaceId,
    next_start_at: Option<Timestamp>,
    is_deleted: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET next_start_at = $2, deleted = deleted OR $3 WHERE id = $1",
        workspace as WorkspaceId,
        next_start_at,
        is_deleted
    )
    .execute(conn)
    .await?;
    Ok(())
}
