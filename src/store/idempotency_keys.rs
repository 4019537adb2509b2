//! Statements on answers kept under idempotency keys.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    idempotency::{KeptAnswer, KeyedRequest},
    ids::UserId,
};

/// An answer with the request that it was given to.
pub struct Kept {
    /// SHA-256 of the request.
    pub request: Vec<u8>,
    /// The answer.
    pub answer: KeptAnswer,
}

/// The answer that this user got under the key, unless it was before `since`.
pub async fn find(
    conn: &mut PgConnection,
    user: UserId,
    key: &[u8; 32],
    since: Timestamp,
) -> Result<Option<Kept>, StoreError> {
    let row = sqlx::query!(
        "SELECT request_hash, status, body FROM idempotency_keys
         WHERE user_id = $1 AND key_hash = $2 AND created_at > $3",
        user as UserId,
        key,
        since
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Kept {
        request: row.request_hash,
        answer: KeptAnswer {
            status: u16::try_from(row.status).unwrap_or_default(),
            body: row.body,
        },
    }))
}

/// Keeps an answer, in place of one that is too old to be given again.
pub async fn keep(
    conn: &mut PgConnection,
    user: UserId,
    request: &KeyedRequest,
    answer: &KeptAnswer,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO idempotency_keys (user_id, key_hash, request_hash, status, body, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (user_id, key_hash) DO UPDATE
         SET request_hash = excluded.request_hash, status = excluded.status,
             body = excluded.body, created_at = excluded.created_at",
        user as UserId,
        &request.key,
        &request.request,
        answer.status.cast_signed(),
        &answer.body,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets answers given before an instant; says how many.
pub async fn purge(conn: &mut PgConnection, before: Timestamp) -> Result<u64, StoreError> {
    let purged = sqlx::query!(
        "DELETE FROM idempotency_keys WHERE created_at <= $1",
        before
    )
    .execute(conn)
    .await?;
    Ok(purged.rows_affected())
}
