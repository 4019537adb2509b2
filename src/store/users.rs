//! Statements on users.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
    rights::roles::SiteRole,
    users::{LoginType, User, UserStatus},
};

struct Row {
    id: UserId,
    username: String,
    email: String,
    name: String,
    avatar_url: String,
    theme_preference: String,
    status: UserStatus,
    login_type: LoginType,
    site_roles: Vec<SiteRole>,
    organization_ids: Vec<Uuid>,
    created_at: Timestamp,
    updated_at: Timestamp,
    last_seen_at: Timestamp,
}

impl From<Row> for User {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            username: row.username,
            email: row.email,
            name: row.name,
            avatar_url: row.avatar_url,
            theme_preference: row.theme_preference,
            status: row.status,
            login_type: row.login_type,
            site_roles: row.site_roles,
            organization_ids: row
                .organization_ids
                .into_iter()
                .map(OrganizationId)
                .collect(),
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_seen_at: row.last_seen_at,
        }
    }
}

/// A user's secrets for signing in.
pub struct PasswordRow {
    /// Who it is.
    pub id: UserId,
    /// The stored form of the password; empty for none.
    pub password_hash: String,
    /// How the user signs in.
    pub login_type: LoginType,
    /// Whether the user may come in.
    pub status: UserStatus,
}

/// Whether there is any user.
pub async fn any(conn: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT 1 FROM users) AS "any!""#)
            .fetch_one(conn)
            .await?,
    )
}

/// Finds a user by id, deleted ones included.
pub async fn find(conn: &mut PgConnection, id: UserId) -> Result<Option<User>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT u.id AS "id: UserId", u.username, u.email, u.name, u.avatar_url, u.theme_preference,
                  u.status AS "status: UserStatus", u.login_type AS "login_type: LoginType", u.site_roles AS "site_roles: Vec<SiteRole>",
                  ARRAY(SELECT m.organization_id FROM organization_members m
                        WHERE m.user_id = u.id ORDER BY m.created_at, m.organization_id) AS "organization_ids!",
                  u.created_at, u.updated_at, u.last_seen_at
           FROM users u WHERE u.id = $1"#,
        id as UserId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(User::from))
}

/// Finds a user that is not deleted by username, in any letter case.
pub async fn find_by_name(
    conn: &mut PgConnection,
    username: &str,
) -> Result<Option<User>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT u.id AS "id: UserId", u.username, u.email, u.name, u.avatar_url, u.theme_preference,
                  u.status AS "status: UserStatus", u.login_type AS "login_type: LoginType", u.site_roles AS "site_roles: Vec<SiteRole>",
                  ARRAY(SELECT m.organization_id FROM organization_members m
                        WHERE m.user_id = u.id ORDER BY m.created_at, m.organization_id) AS "organization_ids!",
                  u.created_at, u.updated_at, u.last_seen_at
           FROM users u WHERE lower(u.username) = lower($1) AND NOT u.deleted"#,
        username
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(User::from))
}

/// Finds what signing in needs by e-mail address, in any letter case.
pub async fn find_password(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<PasswordRow>, StoreError> {
    Ok(sqlx::query_as!(
        PasswordRow,
        r#"SELECT id AS "id: UserId", password_hash, login_type AS "login_type: LoginType",
                  status AS "status: UserStatus"
           FROM users WHERE lower(email) = lower($1) AND NOT deleted"#,
        email
    )
    .fetch_optional(conn)
    .await?)
}

/// Keeps a new user.
pub async fn insert(
    conn: &mut PgConnection,
    user: &User,
    password_hash: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO users (id, email, username, name, password_hash, status, login_type, site_roles, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        user.id as UserId,
        user.email,
        user.username,
        user.name,
        password_hash,
        user.status as UserStatus,
        user.login_type as LoginType,
        &user.site_roles as &[SiteRole],
        user.created_at,
        user.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets whether a user may come in.
pub async fn update_status(
    conn: &mut PgConnection,
    id: UserId,
    status: UserStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET status = $2, updated_at = $3 WHERE id = $1",
        id as UserId,
        status as UserStatus,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes concurrent first users wait for each other until the transaction ends.
pub async fn lock_first(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query!("LOCK TABLE users IN SHARE ROW EXCLUSIVE MODE")
        .execute(conn)
        .await?;
    Ok(())
}
