//! Agents whose time to connect has passed.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{clock::Timestamp, ids::WorkspaceId};

/// Marks the agents that are too late by `now` as told of and raises the revisions of the
/// running workspaces that they belong to; gives these workspaces.
pub async fn tell(conn: &mut PgConnection, now: Timestamp) -> Result<Vec<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"WITH late AS (
               UPDATE workspace_agents SET timeout_told = true
               WHERE NOT timeout_told AND first_connected_at IS NULL
                 AND connection_timeout_seconds > 0
                 AND created_at + make_interval(secs => connection_timeout_seconds) < $1
               RETURNING resource_id)
           UPDATE workspaces w SET revision = nextval('workspace_revision')
           FROM workspace_builds b
           WHERE b.id = w.latest_build_id AND b.transition = 'start' AND NOT w.deleted
             AND b.job_id IN (SELECT r.job_id FROM workspace_resources r
                              JOIN late ON late.resource_id = r.id)
           RETURNING w.id AS "id: WorkspaceId""#,
        now
    )
    .fetch_all(conn)
    .await?)
}
