//! Statements on users' keys for git over SSH.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::UserId,
    ssh_keys::{GitSshKey, KeyPair},
};

/// Keeps a user's key pair; replaces the one it has.
pub async fn upsert(
    conn: &mut PgConnection,
    user: UserId,
    pair: &KeyPair,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO git_ssh_keys (user_id, private_key, public_key, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $4)
         ON CONFLICT (user_id) DO UPDATE
         SET private_key = excluded.private_key, public_key = excluded.public_key, updated_at = excluded.updated_at",
        user as UserId,
        pair.private_key,
        pair.public_key,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds a user's key without its private part.
pub async fn find(conn: &mut PgConnection, user: UserId) -> Result<Option<GitSshKey>, StoreError> {
    Ok(sqlx::query_as!(
        GitSshKey,
        r#"SELECT user_id AS "user_id: UserId", public_key, created_at, updated_at
           FROM git_ssh_keys WHERE user_id = $1"#,
        user as UserId
    )
    .fetch_optional(conn)
    .await?)
}

/// Finds a user's whole key pair.
pub async fn find_pair(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Option<KeyPair>, StoreError> {
    Ok(sqlx::query_as!(
        KeyPair,
        "SELECT private_key, public_key FROM git_ssh_keys WHERE user_id = $1",
        user as UserId
    )
    .fetch_optional(conn)
    .await?)
}
