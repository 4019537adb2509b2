//! Statements on the deployment's own row.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::ids::DeploymentId;

/// The deployment's id.
pub async fn id(conn: &mut PgConnection) -> Result<DeploymentId, StoreError> {
    Ok(
        sqlx::query_scalar!(r#"SELECT id AS "id: DeploymentId" FROM deployment"#)
            .fetch_one(conn)
            .await?,
    )
}
