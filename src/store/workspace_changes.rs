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

/// The workspaces that changed after a revision, deleted ones included; some may have changed
/// in an earlier build only. What they are now is asked apart: the database cannot guess how
/// few these are, and would read all workspaces for the join.
pub async fn since(conn: &mut PgConnection, revision: i64) -> Result<Vec<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id!: WorkspaceId" FROM workspaces WHERE revision > $1
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
           WHERE o.revision > $1"#,
        revision
    )
    .fetch_all(conn)
    .await?)
}

/// Those of some workspaces that may be read, deleted ones included.
pub async fn readable(
    conn: &mut PgConnection,
    filter: &ReadFilter,
    ids: &[WorkspaceId],
) -> Result<Vec<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: WorkspaceId" FROM workspaces
           WHERE id = ANY ($1)
             AND ($2 OR organization_id = ANY ($3)
                  OR (owner_id = $4 AND organization_id = ANY ($5)))"#,
        ids as &[WorkspaceId],
        filter.everything,
        &filter.organizations as &[OrganizationId],
        filter.own as Option<UserId>,
        &filter.member_of as &[OrganizationId]
    )
    .fetch_all(conn)
    .await?)
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
