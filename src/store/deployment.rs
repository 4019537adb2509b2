//! Statements on the deployment's own row.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{health::HealthSection, ids::DeploymentId};

/// The deployment's id.
pub async fn id(conn: &mut PgConnection) -> Result<DeploymentId, StoreError> {
    Ok(
        sqlx::query_scalar!(r#"SELECT id AS "id: DeploymentId" FROM deployment"#)
            .fetch_one(conn)
            .await?,
    )
}

/// How many workspaces are in which state.
#[derive(Debug, Default)]
pub struct WorkspaceCounts {
    /// Waiting for a provisioner.
    pub pending: i64,
    /// In the hands of a provisioner.
    pub building: i64,
    /// Started.
    pub running: i64,
    /// Whose last build failed or was canceled.
    pub failed: i64,
    /// Stopped.
    pub stopped: i64,
}

/// Counts the workspaces that are not deleted by the state of their last build.
pub async fn count_workspaces(conn: &mut PgConnection) -> Result<WorkspaceCounts, StoreError> {
    Ok(sqlx::query_as!(
        WorkspaceCounts,
        r#"SELECT count(*) FILTER (WHERE j.status = 'pending') AS "pending!",
                  count(*) FILTER (WHERE j.status IN ('running', 'canceling')) AS "building!",
                  count(*) FILTER (WHERE j.status = 'succeeded' AND b.transition = 'start') AS "running!",
                  count(*) FILTER (WHERE j.status IN ('failed', 'canceled')) AS "failed!",
                  count(*) FILTER (WHERE j.status = 'succeeded' AND b.transition = 'stop') AS "stopped!"
           FROM workspaces w
           JOIN workspace_builds b ON b.id = w.latest_build_id
           JOIN provisioner_jobs j ON j.id = b.job_id
           WHERE NOT w.deleted"#
    )
    .fetch_one(conn)
    .await?)
}

/// The parts of the health report that are muted.
pub async fn dismissed_health_sections(
    conn: &mut PgConnection,
) -> Result<Vec<HealthSection>, StoreError> {
    let names = sqlx::query_scalar!("SELECT dismissed_health_sections FROM deployment")
        .fetch_one(conn)
        .await?;
    // A name of another release is none that can be muted here.
    Ok(names
        .iter()
        .filter_map(|name| HealthSection::parse(name))
        .collect())
}

/// Mutes these parts and no others.
pub async fn update_dismissed_health_sections(
    conn: &mut PgConnection,
    sections: &[HealthSection],
) -> Result<(), StoreError> {
    let names: Vec<String> = sections.iter().map(ToString::to_string).collect();
    sqlx::query!(
        "UPDATE deployment SET dismissed_health_sections = $1",
        &names
    )
    .execute(conn)
    .await?;
    Ok(())
}
