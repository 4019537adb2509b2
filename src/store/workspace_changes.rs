//! Which workspaces have changed since a revision, of all rows that are shown with them.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    ids::{OrganizationId, TemplateId, UserId, WorkspaceId},
    rights::actor::ReadFilter,
};

pub use super::workspaces::revisions;

/// The newest revision that was given to anything; what has it may not be committed yet.
pub async fn latest(conn: &mut PgConnection) -> Result<i64, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT last_value FROM workspace_revision")
            .fetch_one(conn)
            .await?,
    )
}

/// The readable workspaces that changed after a revision, deleted ones included, with the
/// revisions that they have now.
pub async fn since(
    conn: &mut PgConnection,
    filter: &ReadFilter,
    revision: i64,
) -> Result<Vec<(WorkspaceId, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"WITH changed AS (
               SELECT id FROM workspaces WHERE revision > $1
               UNION
               SELECT workspace_id FROM workspace_builds WHERE revision > $1
               UNION
               SELECT w.id FROM users u JOIN workspaces w ON w.owner_id = u.id AND NOT w.deleted
               WHERE u.revision > $1
               UNION
               SELECT w.id FROM templates t
               JOIN workspaces w ON w.template_id = t.id AND NOT w.deleted
               WHERE t.revision > $1
               UNION
               SELECT w.id FROM organizations o
               JOIN workspaces w ON w.organization_id = o.id AND NOT w.deleted
               WHERE o.revision > $1)
           SELECT w.id AS "id: WorkspaceId",
                  GREATEST(w.revision, b.revision, j.revision, owner.revision, o.revision,
                           t.revision, v.revision, initiator.revision) AS "revision!"
           FROM changed
           JOIN workspaces w ON w.id = changed.id
           JOIN workspace_builds b ON b.id = w.latest_build_id
           JOIN provisioner_jobs j ON j.id = b.job_id
           JOIN users owner ON owner.id = w.owner_id
           JOIN organizations o ON o.id = w.organization_id
           JOIN templates t ON t.id = w.template_id
           JOIN template_versions v ON v.id = b.template_version_id
           JOIN users initiator ON initiator.id = b.initiator_id
           WHERE $2 OR w.organization_id = ANY ($3)
              OR (w.owner_id = $4 AND w.organization_id = ANY ($5))"#,
        revision,
        filter.everything,
        &filter.organizations as &[OrganizationId],
        filter.own as Option<UserId>,
        &filter.member_of as &[OrganizationId]
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.id, row.revision)).collect())
}

/// The live workspaces of these templates and of these owners.
pub async fn of(
    conn: &mut PgConnection,
    templates: &[TemplateId],
    owners: &[UserId],
) -> Result<Vec<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id!: WorkspaceId" FROM workspaces
           WHERE template_id = ANY ($1) AND NOT deleted
           UNION
           SELECT id FROM workspaces WHERE owner_id = ANY ($2) AND NOT deleted"#,
        templates as &[TemplateId],
        owners as &[UserId]
    )
    .fetch_all(conn)
    .await?)
}
