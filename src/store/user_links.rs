//! Statements on who users are at identity providers.

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{clock::Timestamp, identity::Identity, ids::UserId, users::LoginType};

/// The user that a provider knows by this id, unless deleted.
pub async fn find_user(
    conn: &mut PgConnection,
    login_type: LoginType,
    linked_id: &str,
) -> Result<Option<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT l.user_id AS "id: UserId" FROM user_links l JOIN users u ON u.id = l.user_id
           WHERE l.login_type = $1 AND l.linked_id = $2 AND NOT u.deleted
           ORDER BY l.created_at LIMIT 1"#,
        login_type as LoginType,
        linked_id
    )
    .fetch_optional(conn)
    .await?)
}

/// The provider's id of a user.
pub async fn find_linked_id(
    conn: &mut PgConnection,
    user: UserId,
    login_type: LoginType,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT linked_id FROM user_links WHERE user_id = $1 AND login_type = $2",
        user as UserId,
        login_type as LoginType
    )
    .fetch_optional(conn)
    .await?)
}

/// Keeps who a user is and the newest tokens.
pub async fn upsert(
    conn: &mut PgConnection,
    user: UserId,
    identity: &Identity,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO user_links (user_id, login_type, linked_id, access_token, refresh_token, token_expires_at,
                                 claims, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)
         ON CONFLICT (user_id, login_type) DO UPDATE
         SET linked_id = excluded.linked_id, access_token = excluded.access_token,
             refresh_token = excluded.refresh_token, token_expires_at = excluded.token_expires_at,
             claims = excluded.claims, updated_at = excluded.updated_at",
        user as UserId,
        identity.login_type as LoginType,
        identity.linked_id,
        identity.tokens.access,
        identity.tokens.refresh,
        identity.tokens.expires_at,
        Json(&identity.claims) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
