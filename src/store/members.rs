//! Statements on memberships of organizations.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
    organizations::{Member, MemberWithUser},
    rights::roles::SiteRole,
};

/// Keeps a new membership.
pub async fn insert(conn: &mut PgConnection, member: &Member) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO organization_members (organization_id, user_id, roles, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5)",
        member.organization_id as OrganizationId,
        member.user_id as UserId,
        &member.roles,
        member.created_at,
        member.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds a membership and locks it until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    Ok(sqlx::query_as!(
        Member,
        r#"SELECT user_id AS "user_id: UserId", organization_id AS "organization_id: OrganizationId",
                  roles, created_at, updated_at
           FROM organization_members WHERE organization_id = $1 AND user_id = $2 FOR UPDATE"#,
        organization as OrganizationId,
        user as UserId
    )
    .fetch_optional(conn)
    .await?)
}

/// Lists the memberships of a user.
pub async fn list_of_user(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Vec<Member>, StoreError> {
    Ok(sqlx::query_as!(
        Member,
        r#"SELECT user_id AS "user_id: UserId", organization_id AS "organization_id: OrganizationId",
                  roles, created_at, updated_at
           FROM organization_members WHERE user_id = $1 ORDER BY organization_id"#,
        user as UserId
    )
    .fetch_all(conn)
    .await?)
}

/// Lists the members of an organization by username, or one of them; deleted users are left out.
pub async fn list(
    conn: &mut PgConnection,
    organization: OrganizationId,
    only: Option<UserId>,
) -> Result<Vec<MemberWithUser>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT m.user_id AS "user_id: UserId", m.organization_id AS "organization_id: OrganizationId",
                  m.roles, m.created_at, m.updated_at, u.username, u.name, u.avatar_url, u.email,
                  u.site_roles AS "site_roles: Vec<SiteRole>"
           FROM organization_members m JOIN users u ON u.id = m.user_id
           WHERE m.organization_id = $1 AND NOT u.deleted AND ($2::uuid IS NULL OR m.user_id = $2)
           ORDER BY lower(u.username)"#,
        organization as OrganizationId,
        only as Option<UserId>
    )
    .fetch_all(conn)
    .await?;
    let members = rows.into_iter().map(|row| MemberWithUser {
        member: Member {
            user_id: row.user_id,
            organization_id: row.organization_id,
            roles: row.roles,
            created_at: row.created_at,
            updated_at: row.updated_at,
        },
        username: row.username,
        name: row.name,
        avatar_url: row.avatar_url,
        email: row.email,
        site_roles: row.site_roles,
    });
    Ok(members.collect())
}

/// Which of these users belong to the organization; they stay until the transaction ends.
pub async fn share_lock(
    conn: &mut PgConnection,
    organization: OrganizationId,
    users: &[UserId],
) -> Result<Vec<UserId>, StoreError> {
    let users: Vec<Uuid> = users.iter().map(|id| id.0).collect();
    Ok(sqlx::query_scalar!(
        r#"SELECT m.user_id AS "id: UserId" FROM organization_members m
           WHERE m.organization_id = $1 AND m.user_id = ANY ($2) FOR SHARE"#,
        organization as OrganizationId,
        &users
    )
    .fetch_all(conn)
    .await?)
}

/// Sets a member's roles.
pub async fn update_roles(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    roles: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE organization_members SET roles = $3, updated_at = $4
         WHERE organization_id = $1 AND user_id = $2",
        organization as OrganizationId,
        user as UserId,
        roles,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a membership; the places in the organization's groups end with it.
pub async fn delete(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH gone AS (
             DELETE FROM group_members g USING groups
             WHERE groups.id = g.group_id AND groups.organization_id = $1 AND g.user_id = $2)
         DELETE FROM organization_members WHERE organization_id = $1 AND user_id = $2",
        organization as OrganizationId,
        user as UserId
    )
    .execute(conn)
    .await?;
    Ok(())
}
