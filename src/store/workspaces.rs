//! Statements on workspaces. What they look like with their builds is in `workspace_views`.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    builds::AutomaticUpdates,
    clock::Timestamp,
    ids::{BuildId, OrganizationId, TemplateId, UserId, WorkspaceId},
};

/// Refuses a second live workspace of the same owner and name.
pub const NAME_KEY: &str = "workspaces_owner_name_key";

/// A workspace to be kept, with its first build, which is kept after it.
pub struct NewWorkspace<'a> {
    /// Its id.
    pub id: WorkspaceId,
    /// Whose it is.
    pub owner: UserId,
    /// Where it belongs.
    pub organization: OrganizationId,
    /// What it is made from.
    pub template: TemplateId,
    /// Its name.
    pub name: &'a str,
    /// When it starts by itself.
    pub autostart_schedule: Option<&'a str>,
    /// How long after a start it stops by itself.
    pub ttl: Option<TimeDelta>,
    /// Whether it takes new versions by itself.
    pub automatic_updates: AutomaticUpdates,
    /// When it will start by itself.
    pub next_start_at: Option<Timestamp>,
    /// The first build.
    pub build: BuildId,
    /// Now.
    pub now: Timestamp,
}

/// Keeps a new workspace.
pub async fn insert(conn: &mut PgConnection, new: &NewWorkspace<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO workspaces (id, owner_id, organization_id, template_id, name, autostart_schedule, ttl_ns,
                                 automatic_updates, next_start_at, latest_build_id, last_used_at,
                                 created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $11)",
        new.id as WorkspaceId,
        new.owner as UserId,
        new.organization as OrganizationId,
        new.template as TemplateId,
        new.name,
        new.autostart_schedule,
        new.ttl.and_then(|ttl| ttl.num_nanoseconds()),
        new.automatic_updates as AutomaticUpdates,
        new.next_start_at,
        new.build as BuildId,
        new.now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes other writers of this workspace wait until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: WorkspaceId) -> Result<(), StoreError> {
    sqlx::query!(
        "SELECT id FROM workspaces WHERE id = $1 FOR UPDATE",
        id as WorkspaceId
    )
    .fetch_optional(conn)
    .await?;
    Ok(())
}

/// Makes a build the latest one; the one before and its job are superseded by it.
pub async fn update_latest_build(
    conn: &mut PgConnection,
    id: WorkspaceId,
    build: BuildId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH before AS (
             UPDATE workspace_builds b SET superseded = true FROM workspaces w
             WHERE w.id = $1 AND b.id = w.latest_build_id AND b.id <> $2 RETURNING b.job_id),
         jobs AS (
             UPDATE provisioner_jobs j SET superseded = true FROM before WHERE j.id = before.job_id)
         UPDATE workspaces SET latest_build_id = $2, revision = nextval('workspace_revision')
         WHERE id = $1",
        id as WorkspaceId,
        build as BuildId
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Raises the revision: something that watchers see has changed elsewhere.
pub async fn touch(conn: &mut PgConnection, id: WorkspaceId) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET revision = nextval('workspace_revision') WHERE id = $1",
        id as WorkspaceId
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The live workspace of this owner and name, in any letter case.
pub async fn find_live_by_name(
    conn: &mut PgConnection,
    owner: UserId,
    name: &str,
) -> Result<Option<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: WorkspaceId" FROM workspaces
           WHERE owner_id = $1 AND lower(name) = lower($2) AND NOT deleted"#,
        owner as UserId,
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// The workspace of this owner and name: the live one, else the youngest deleted one.
pub async fn find_by_name(
    conn: &mut PgConnection,
    owner: UserId,
    name: &str,
) -> Result<Option<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: WorkspaceId" FROM workspaces
           WHERE owner_id = $1 AND lower(name) = lower($2)
           ORDER BY deleted, created_at DESC LIMIT 1"#,
        owner as UserId,
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// The revisions of workspaces, of all rows that are shown with them; unknown ones are left out.
pub async fn revisions(
    conn: &mut PgConnection,
    ids: &[WorkspaceId],
) -> Result<Vec<(WorkspaceId, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT w.id AS "id: WorkspaceId",
                  GREATEST(w.revision, b.revision, j.revision, owner.revision, o.revision,
                           t.revision, v.revision, initiator.revision) AS "revision!"
           FROM workspaces w
           JOIN workspace_builds b ON b.id = w.latest_build_id
           JOIN provisioner_jobs j ON j.id = b.job_id
           JOIN users owner ON owner.id = w.owner_id
           JOIN organizations o ON o.id = w.organization_id
           JOIN templates t ON t.id = w.template_id
           JOIN template_versions v ON v.id = b.template_version_id
           JOIN users initiator ON initiator.id = b.initiator_id
           WHERE w.id = ANY ($1)"#,
        ids as &[WorkspaceId]
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.revision)).collect())
}

/// Sets the name.
pub async fn update_name(
    conn: &mut PgConnection,
    id: WorkspaceId,
    name: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET name = $2, revision = nextval('workspace_revision') WHERE id = $1",
        id as WorkspaceId,
        name
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets when it starts by itself.
pub async fn update_autostart(
    conn: &mut PgConnection,
    id: WorkspaceId,
    schedule: Option<&str>,
    next_start_at: Option<Timestamp>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET autostart_schedule = $2, next_start_at = $3,
                               revision = nextval('workspace_revision')
         WHERE id = $1",
        id as WorkspaceId,
        schedule,
        next_start_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets how long after a start it stops by itself; without one, a started workspace loses
/// its deadline too.
pub async fn update_ttl(
    conn: &mut PgConnection,
    id: WorkspaceId,
    ttl: Option<TimeDelta>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH changed AS (
             UPDATE workspaces SET ttl_ns = $2, revision = nextval('workspace_revision')
             WHERE id = $1 RETURNING latest_build_id)
         UPDATE workspace_builds b SET deadline = NULL
         FROM changed
         WHERE $2::bigint IS NULL AND b.id = changed.latest_build_id AND b.transition = 'start'",
        id as WorkspaceId,
        ttl.and_then(|ttl| ttl.num_nanoseconds())
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets whether it takes new versions by itself.
pub async fn update_automatic_updates(
    conn: &mut PgConnection,
    id: WorkspaceId,
    updates: AutomaticUpdates,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET automatic_updates = $2, revision = nextval('workspace_revision')
         WHERE id = $1",
        id as WorkspaceId,
        updates as AutomaticUpdates
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets whether its owner likes to see it first.
pub async fn update_favorite(
    conn: &mut PgConnection,
    id: WorkspaceId,
    favorite: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET favorite = $2, revision = nextval('workspace_revision')
         WHERE id = $1",
        id as WorkspaceId,
        favorite
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts it to sleep, to be deleted at `deleting_at`.
pub async fn put_to_sleep(
    conn: &mut PgConnection,
    id: WorkspaceId,
    deleting_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET dormant_at = $2, deleting_at = $3, next_start_at = NULL,
                               revision = nextval('workspace_revision')
         WHERE id = $1",
        id as WorkspaceId,
        now,
        deleting_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Wakes it up, which counts as a use; its next start is worked out later.
pub async fn wake(
    conn: &mut PgConnection,
    id: WorkspaceId,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspaces SET dormant_at = NULL, deleting_at = NULL, last_used_at = $2,
                               next_start_checked_at = '-infinity',
                               revision = nextval('workspace_revision')
         WHERE id = $1",
        id as WorkspaceId,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that workspaces were used; never moves a time backwards. They are locked in one order,
/// so that two replicas that note the same uses do not wait for each other.
pub async fn update_last_used(
    conn: &mut PgConnection,
    ids: &[WorkspaceId],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH held AS (
             SELECT id FROM workspaces WHERE id = ANY ($1) AND last_used_at < $2
             ORDER BY id FOR NO KEY UPDATE)
         UPDATE workspaces w SET last_used_at = $2 FROM held
         WHERE w.id = held.id AND w.last_used_at < $2",
        ids as &[WorkspaceId],
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
