//! Statements on users.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    identity::Identity,
    ids::{OrganizationId, UserId},
    pagination::Page,
    rights::roles::SiteRole,
    search::users::UserQuery,
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

/// The users `u` that fit.
macro_rules! select {
    ($filter:literal, $argument:expr $(, $more:expr)* $(,)?) => {
        sqlx::query_as!(
            Row,
            r#"SELECT u.id AS "id: UserId", u.username, u.email, u.name, u.avatar_url, u.theme_preference,
                      u.status AS "status: UserStatus", u.login_type AS "login_type: LoginType",
                      u.site_roles AS "site_roles: Vec<SiteRole>",
                      ARRAY(SELECT m.organization_id FROM organization_members m
                            WHERE m.user_id = u.id ORDER BY m.created_at, m.organization_id) AS "organization_ids!",
                      u.created_at, u.updated_at, u.last_seen_at
               FROM users u WHERE "# + $filter,
            $argument $(, $more)*
        )
    };
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
    let row = select!("u.id = $1", id as UserId)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(User::from))
}

/// Finds a user that is not deleted by username, in any letter case.
pub async fn find_by_name(
    conn: &mut PgConnection,
    username: &str,
) -> Result<Option<User>, StoreError> {
    let row = select!("lower(u.username) = lower($1) AND NOT u.deleted", username)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(User::from))
}

/// Finds a user that is not deleted by e-mail address, else by username, in any letter case.
pub async fn find_by_email_or_name(
    conn: &mut PgConnection,
    email: &str,
    username: &str,
) -> Result<Option<User>, StoreError> {
    let row = select!(
        r#"(lower(u.email) = lower($1) OR lower(u.username) = lower($2)) AND NOT u.deleted
           ORDER BY lower(u.email) = lower($1) DESC LIMIT 1"#,
        email,
        username
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(User::from))
}

/// The users of these ids that are not deleted, by username.
pub async fn list_by_ids(conn: &mut PgConnection, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    let rows = select!(
        "u.id = ANY ($1) AND NOT u.deleted ORDER BY lower(u.username)",
        &ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(User::from).collect())
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

/// Finds a user that is not deleted and locks it until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: UserId) -> Result<Option<User>, StoreError> {
    let row = select!("u.id = $1 AND NOT u.deleted FOR UPDATE OF u", id as UserId)
        .fetch_optional(conn)
        .await?;
    Ok(row.map(User::from))
}

/// Whether a user that is not deleted has this username or this e-mail address.
pub async fn is_taken(
    conn: &mut PgConnection,
    username: &str,
    email: &str,
) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM users WHERE NOT deleted
               AND (lower(username) = lower($1) OR lower(email) = lower($2))) AS "taken!""#,
        username,
        email
    )
    .fetch_one(conn)
    .await?)
}

/// Sets the names.
pub async fn update_profile(
    conn: &mut PgConnection,
    id: UserId,
    username: &str,
    name: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET username = $2, name = $3, updated_at = $4 WHERE id = $1",
        id as UserId,
        username,
        name,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The quiet hours that a user chose; empty for none.
pub async fn find_quiet_hours(
    conn: &mut PgConnection,
    id: UserId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT quiet_hours_schedule FROM users WHERE id = $1 AND NOT deleted",
        id as UserId
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets the quiet hours.
pub async fn update_quiet_hours(
    conn: &mut PgConnection,
    id: UserId,
    schedule: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET quiet_hours_schedule = $2, updated_at = $3 WHERE id = $1",
        id as UserId,
        schedule,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the theme.
pub async fn update_theme(
    conn: &mut PgConnection,
    id: UserId,
    theme: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET theme_preference = $2, updated_at = $3 WHERE id = $1",
        id as UserId,
        theme,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets the roles of the site.
pub async fn update_roles(
    conn: &mut PgConnection,
    id: UserId,
    roles: &[SiteRole],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET site_roles = $2, updated_at = $3 WHERE id = $1",
        id as UserId,
        roles as &[SiteRole],
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets what an identity provider says of a user, and whether the user may come in.
pub async fn update_from_provider(
    conn: &mut PgConnection,
    id: UserId,
    identity: &Identity,
    status: UserStatus,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET email = $2, name = $3, avatar_url = $4, status = $5, updated_at = $6 WHERE id = $1",
        id as UserId,
        identity.email,
        identity.name,
        identity.avatar_url,
        status as UserStatus,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks a user as deleted: its names become free.
pub async fn delete(conn: &mut PgConnection, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET deleted = true, updated_at = $2 WHERE id = $1",
        id as UserId,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a user owns workspaces that are not deleted.
pub async fn has_workspaces(conn: &mut PgConnection, id: UserId) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT 1 FROM workspaces WHERE owner_id = $1 AND NOT deleted) AS "any!""#,
        id as UserId
    )
    .fetch_one(conn)
    .await?)
}

/// Lists the users that are not deleted by username: `only` this one or all, those that the
/// search finds. Gives the page and how many there are after `after_id`.
pub async fn list(
    conn: &mut PgConnection,
    only: Option<UserId>,
    search: &UserQuery,
    page: Page,
) -> Result<(Vec<User>, i64), StoreError> {
    let everybodys = search
        .roles
        .iter()
        .any(|role| role == SiteRole::Member.as_str());
    let roles: &[String] = if everybodys { &[] } else { &search.roles };
    let rows = sqlx::query!(
        r#"WITH found AS (
               SELECT * FROM users u
               WHERE NOT u.deleted
                 AND ($1::uuid IS NULL OR u.id = $1)
                 AND ($2::uuid IS NULL OR lower(u.username) > (SELECT lower(username) FROM users WHERE id = $2))
                 AND ($3::text IS NULL OR position(lower($3) IN lower(u.username)) > 0 OR position(lower($3) IN lower(u.email)) > 0)
                 AND (cardinality($4::user_status[]) = 0 OR u.status = ANY ($4))
                 AND (cardinality($5::text[]) = 0 OR u.site_roles && $5)
                 AND ($6::timestamptz IS NULL OR u.last_seen_at >= $6)
                 AND ($7::timestamptz IS NULL OR u.last_seen_at <= $7)
                 AND ($8::timestamptz IS NULL OR u.created_at >= $8)
                 AND ($9::timestamptz IS NULL OR u.created_at <= $9)),
           page AS (SELECT * FROM found ORDER BY lower(username) LIMIT $10 OFFSET $11)
           SELECT (SELECT count(*) FROM found) AS "count!", u.id AS "id: UserId", u.username, u.email, u.name,
                  u.avatar_url, u.theme_preference, u.status AS "status: UserStatus",
                  u.login_type AS "login_type: LoginType", u.site_roles AS "site_roles: Vec<SiteRole>",
                  ARRAY(SELECT m.organization_id FROM organization_members m
                        WHERE m.user_id = u.id ORDER BY m.created_at, m.organization_id) AS "organization_ids!",
                  u.created_at, u.updated_at, u.last_seen_at
           FROM page u ORDER BY lower(u.username)"#,
        only as Option<UserId>,
        page.after_id,
        search.search,
        &search.statuses as &[UserStatus],
        roles,
        search.last_seen_after,
        search.last_seen_before,
        search.created_after,
        search.created_before,
        page.limit,
        page.offset
    )
    .fetch_all(conn)
    .await?;
    let count = rows.first().map_or(0, |row| row.count);
    let users = rows.into_iter().map(|row| User {
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
    });
    Ok((users.collect(), count))
}
