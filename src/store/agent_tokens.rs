//! Statements that tell whom an agent's token stands for.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::ids::UserId;

/// The owner of the workspace whose latest build made the agent of this token.
pub async fn find_owner(
    conn: &mut PgConnection,
    token: Uuid,
) -> Result<Option<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT w.owner_id AS "owner_id: UserId"
           FROM workspace_agents a
           JOIN workspace_resources r ON r.id = a.resource_id
           JOIN workspace_builds b ON b.job_id = r.job_id
           JOIN workspaces w ON w.id = b.workspace_id
           WHERE a.auth_token = $1 AND NOT w.deleted
             AND b.build_number = (SELECT max(build_number) FROM workspace_builds WHERE workspace_id = w.id)"#,
        token
    )
    .fetch_optional(conn)
    .await?)
}
