//! Statements on API keys: sessions and tokens.

use serde::Deserialize;
use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
    keys::ApiKey,
    rights::{actor::Scope, custom::Permission, roles::SiteRole},
    tokens::KeyId,
    users::{LoginType, UserStatus},
};

/// A key with what is needed to know its user's rights.
pub struct Credential {
    /// The key.
    pub key: ApiKey,
    /// SHA-256 of the secret.
    pub hashed_secret: Vec<u8>,
    /// The user's name.
    pub username: String,
    /// The user's e-mail address.
    pub email: String,
    /// Whether the user may come in.
    pub status: UserStatus,
    /// Site roles granted to the user.
    pub site_roles: Vec<SiteRole>,
    /// How the user signs in.
    pub user_login_type: LoginType,
    /// Organizations of the user.
    pub organizations: Vec<Uuid>,
    /// Roles in each of `organizations`, joined by commas.
    pub organization_roles: Vec<String>,
    /// What each of the user's roles that were made for an organization permits.
    pub custom_grants: Vec<CustomGrant>,
    /// Groups of the user, without the everyone-groups.
    pub groups: Vec<Uuid>,
}

/// What one role that was made for an organization permits.
#[derive(Debug, Deserialize)]
pub struct CustomGrant {
    /// Where.
    pub organization: OrganizationId,
    /// What.
    pub permissions: Vec<Permission>,
}

/// Finds a key by id together with its user, unless the user is deleted.
pub async fn find_credential(
    conn: &mut PgConnection,
    id: &KeyId,
) -> Result<Option<Credential>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT k.id AS "id: KeyId", k.hashed_secret, k.user_id AS "user_id: UserId", k.login_type AS "login_type: LoginType",
                  k.scope AS "scope: Scope", k.token_name, k.lifetime_seconds, k.last_used, k.expires_at,
                  k.created_at, k.updated_at, u.username, u.email, u.status AS "status: UserStatus", u.site_roles AS "site_roles: Vec<SiteRole>",
                  u.login_type AS "user_login_type: LoginType",
                  ARRAY(SELECT m.organization_id FROM organization_members m
                        WHERE m.user_id = u.id ORDER BY m.organization_id) AS "organizations!",
                  ARRAY(SELECT array_to_string(m.roles, ',') FROM organization_members m
                        WHERE m.user_id = u.id ORDER BY m.organization_id) AS "organization_roles!",
                  coalesce((SELECT jsonb_agg(jsonb_build_object('organization', r.organization_id, 'permissions', r.permissions))
                            FROM organization_members m JOIN custom_roles r
                              ON r.organization_id = m.organization_id AND r.name = ANY(m.roles)
                            WHERE m.user_id = u.id), '[]') AS "custom_grants!: Json<Vec<CustomGrant>>",
                  ARRAY(SELECT g.group_id FROM group_members g WHERE g.user_id = u.id) AS "groups!"
           FROM api_keys k JOIN users u ON u.id = k.user_id
           WHERE k.id = $1 AND NOT u.deleted"#,
        id as &KeyId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Credential {
        key: ApiKey {
            id: row.id,
            user_id: row.user_id,
            login_type: row.login_type,
            scope: row.scope,
            token_name: row.token_name,
            lifetime_seconds: row.lifetime_seconds,
            last_used: row.last_used,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        },
        hashed_secret: row.hashed_secret,
        username: row.username,
        email: row.email,
        status: row.status,
        site_roles: row.site_roles,
        user_login_type: row.user_login_type,
        organizations: row.organizations,
        organization_roles: row.organization_roles,
        custom_grants: row.custom_grants.0,
        groups: row.groups,
    }))
}

/// Keeps a new key.
pub async fn insert(
    conn: &mut PgConnection,
    key: &ApiKey,
    hashed_secret: &[u8],
    ip_address: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO api_keys (id, hashed_secret, user_id, login_type, scope, token_name, lifetime_seconds,
                               ip_address, last_used, expires_at, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        &key.id as &KeyId,
        hashed_secret,
        key.user_id as UserId,
        key.login_type as LoginType,
        key.scope as Scope,
        key.token_name,
        key.lifetime_seconds,
        ip_address,
        key.last_used,
        key.expires_at,
        key.created_at,
        key.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes a key's use and its new expiry, and that its user was seen.
pub async fn touch(
    conn: &mut PgConnection,
    id: &KeyId,
    ip_address: &str,
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH used AS (
             UPDATE api_keys SET last_used = $3, ip_address = $2, expires_at = $4, updated_at = $3
             WHERE id = $1 RETURNING user_id)
         UPDATE users SET last_seen_at = $3, updated_at = $3 FROM used WHERE users.id = used.user_id",
        id as &KeyId,
        ip_address,
        now,
        expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a key; tells whether it was there.
pub async fn delete(conn: &mut PgConnection, id: &KeyId) -> Result<bool, StoreError> {
    let done = sqlx::query!("DELETE FROM api_keys WHERE id = $1", id as &KeyId)
        .execute(conn)
        .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a user's keys of one scope.
pub async fn delete_by_scope(
    conn: &mut PgConnection,
    user: UserId,
    scope: Scope,
) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM api_keys WHERE user_id = $1 AND scope = $2",
        user as UserId,
        scope as Scope
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes all keys of a user.
pub async fn delete_by_user(conn: &mut PgConnection, user: UserId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM api_keys WHERE user_id = $1", user as UserId)
        .execute(conn)
        .await?;
    Ok(())
}

struct Row {
    id: KeyId,
    user_id: UserId,
    login_type: LoginType,
    scope: Scope,
    token_name: String,
    lifetime_seconds: i64,
    last_used: Timestamp,
    expires_at: Timestamp,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Row> for ApiKey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            user_id: row.user_id,
            login_type: row.login_type,
            scope: row.scope,
            token_name: row.token_name,
            lifetime_seconds: row.lifetime_seconds,
            last_used: row.last_used,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Finds a key by id.
pub async fn find(conn: &mut PgConnection, id: &KeyId) -> Result<Option<ApiKey>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: KeyId", user_id AS "user_id: UserId", login_type AS "login_type: LoginType",
                  scope AS "scope: Scope", token_name, lifetime_seconds, last_used, expires_at, created_at, updated_at
           FROM api_keys WHERE id = $1"#,
        id as &KeyId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(ApiKey::from))
}

/// Finds a user's token by name.
pub async fn find_token(
    conn: &mut PgConnection,
    user: UserId,
    name: &str,
) -> Result<Option<ApiKey>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: KeyId", user_id AS "user_id: UserId", login_type AS "login_type: LoginType",
                  scope AS "scope: Scope", token_name, lifetime_seconds, last_used, expires_at, created_at, updated_at
           FROM api_keys WHERE user_id = $1 AND token_name = $2 AND login_type = 'token'"#,
        user as UserId,
        name
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(ApiKey::from))
}

/// Lists tokens with their users' names, oldest first: those of one user or of everybody.
pub async fn list_tokens(
    conn: &mut PgConnection,
    user: Option<UserId>,
) -> Result<Vec<(ApiKey, String)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT k.id AS "id: KeyId", k.user_id AS "user_id: UserId", k.login_type AS "login_type: LoginType",
                  k.scope AS "scope: Scope", k.token_name, k.lifetime_seconds, k.last_used, k.expires_at,
                  k.created_at, k.updated_at, u.username
           FROM api_keys k JOIN users u ON u.id = k.user_id
           WHERE k.login_type = 'token' AND NOT u.deleted AND ($1::uuid IS NULL OR k.user_id = $1)
           ORDER BY k.created_at, k.id"#,
        user as Option<UserId>
    )
    .fetch_all(conn)
    .await?;
    let tokens = rows.into_iter().map(|row| {
        let key = ApiKey {
            id: row.id,
            user_id: row.user_id,
            login_type: row.login_type,
            scope: row.scope,
            token_name: row.token_name,
            lifetime_seconds: row.lifetime_seconds,
            last_used: row.last_used,
            expires_at: row.expires_at,
            created_at: row.created_at,
            updated_at: row.updated_at,
        };
        (key, row.username)
    });
    Ok(tokens.collect())
}

/// Deletes a user's keys of this name; tells whether there was one.
pub async fn delete_by_name(
    conn: &mut PgConnection,
    user: UserId,
    name: &str,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM api_keys WHERE user_id = $1 AND token_name = $2",
        user as UserId,
        name
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
