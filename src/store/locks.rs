//! Advisory locks, by which replicas take turns.

use sqlx::PgConnection;

use super::StoreError;

/// Takes the lock until the transaction ends, unless somebody has it.
pub async fn try_lock(conn: &mut PgConnection, key: i64) -> Result<bool, StoreError> {
    Ok(
        sqlx::query_scalar!(r#"SELECT pg_try_advisory_xact_lock($1) AS "taken!""#, key)
            .fetch_one(conn)
            .await?,
    )
}
