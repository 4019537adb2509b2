//! Statements on the values that a user last gave a template's parameters.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::ids::{TemplateId, UserId};

/// Lists the last value of each lasting parameter in the user's builds of the template, by name.
pub async fn list(
    conn: &mut PgConnection,
    user: UserId,
    template: TemplateId,
) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT DISTINCT ON (p.name) p.name, p.value
         FROM workspace_build_parameters p
         JOIN workspace_builds b ON b.id = p.build_id
         JOIN workspaces w ON w.id = b.workspace_id
         JOIN template_version_parameters v
           ON v.template_version_id = b.template_version_id AND v.name = p.name
         WHERE w.owner_id = $1 AND w.template_id = $2 AND b.transition = 'start' AND NOT v.ephemeral
         ORDER BY p.name, b.created_at DESC",
        user as UserId,
        template as TemplateId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.value)).collect())
}
