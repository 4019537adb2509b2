//! Statements on groups and who is in them. The everyone-group has no rows of members: all
//! members of its organization are in it.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    groups::{Group, GroupMember, GroupSource},
    ids::{GroupId, OrganizationId, UserId},
    rights::actor::ReadFilter,
    users::{LoginType, UserStatus},
};

/// The name of a group within its organization.
pub const NAME_KEY: &str = "groups_organization_id_name_key";
/// A user's place in a group.
pub const MEMBER_KEY: &str = "group_members_pkey";

/// What a list of groups is narrowed to; what is absent does not narrow it.
#[derive(Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// The organization.
    pub organization: Option<OrganizationId>,
    /// Somebody who is in them.
    pub member: Option<UserId>,
    /// Their name.
    pub name: Option<&'a str>,
    /// Their ids.
    pub ids: Option<&'a [GroupId]>,
}

/// Lists the groups that the filter lets through, by name.
pub async fn list(
    conn: &mut PgConnection,
    filter: &ReadFilter,
    wanted: Wanted<'_>,
) -> Result<Vec<Group>, StoreError> {
    let ids: Option<Vec<Uuid>> = wanted.ids.map(|ids| ids.iter().map(|id| id.0).collect());
    let organizations: Vec<Uuid> = filter.organizations.iter().map(|id| id.0).collect();
    let member_of: Vec<Uuid> = filter.member_of.iter().map(|id| id.0).collect();
    let groups: Vec<Uuid> = filter.groups.iter().map(|id| id.0).collect();
    Ok(sqlx::query_as!(
        Group,
        r#"SELECT g.id AS "id: GroupId", g.organization_id AS "organization_id: OrganizationId",
                  o.name AS organization_name, o.display_name AS organization_display_name,
                  g.name, g.display_name, g.avatar_url, g.quota_allowance,
                  g.source AS "source: GroupSource",
                  (SELECT count(*) FROM users u WHERE NOT u.deleted AND (
                      EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = g.id AND m.user_id = u.id)
                      OR EXISTS (SELECT 1 FROM organization_members m
                                 WHERE m.organization_id = g.id AND m.user_id = u.id))) AS "total_member_count!"
           FROM groups g JOIN organizations o ON o.id = g.organization_id
           WHERE NOT o.deleted
             AND ($1 OR g.organization_id = ANY ($2)
                  OR (g.organization_id = ANY ($3) AND g.id = ANY ($4)))
             AND ($5::uuid IS NULL OR g.organization_id = $5)
             AND ($6::uuid IS NULL
                  OR EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = g.id AND m.user_id = $6)
                  OR EXISTS (SELECT 1 FROM organization_members m WHERE m.organization_id = g.id AND m.user_id = $6))
             AND ($7::text IS NULL OR g.name = $7)
             AND ($8::uuid[] IS NULL OR g.id = ANY ($8))
           ORDER BY lower(g.name), g.id"#,
        filter.everything,
        &organizations,
        &member_of,
        &groups,
        wanted.organization as Option<OrganizationId>,
        wanted.member as Option<UserId>,
        wanted.name,
        ids.as_deref()
    )
    .fetch_all(conn)
    .await?)
}

/// Finds a group and locks it until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: GroupId) -> Result<Option<Group>, StoreError> {
    Ok(sqlx::query_as!(
        Group,
        r#"SELECT g.id AS "id: GroupId", g.organization_id AS "organization_id: OrganizationId",
                  o.name AS organization_name, o.display_name AS organization_display_name,
                  g.name, g.display_name, g.avatar_url, g.quota_allowance,
                  g.source AS "source: GroupSource", 0::bigint AS "total_member_count!"
           FROM groups g JOIN organizations o ON o.id = g.organization_id
           WHERE g.id = $1 AND NOT o.deleted FOR UPDATE OF g"#,
        id as GroupId
    )
    .fetch_optional(conn)
    .await?)
}

/// Who is in these groups, by username, as far as the filter lets members through; deleted
/// users are in none.
pub async fn list_members(
    conn: &mut PgConnection,
    filter: &ReadFilter,
    groups: &[GroupId],
) -> Result<Vec<(GroupId, GroupMember)>, StoreError> {
    let groups: Vec<Uuid> = groups.iter().map(|id| id.0).collect();
    let organizations: Vec<Uuid> = filter.organizations.iter().map(|id| id.0).collect();
    let rows = sqlx::query!(
        r#"SELECT g.id AS "group: GroupId", u.id AS "id: UserId", u.username, u.avatar_url, u.name, u.email,
                  u.created_at, u.updated_at, u.last_seen_at, u.status AS "status: UserStatus",
                  u.login_type AS "login_type: LoginType", u.theme_preference
           FROM (SELECT m.group_id, m.user_id FROM group_members m WHERE m.group_id = ANY ($1)
                 UNION ALL
                 SELECT m.organization_id, m.user_id FROM organization_members m
                 WHERE m.organization_id = ANY ($1)) AS place
           JOIN groups g ON g.id = place.group_id
           JOIN users u ON u.id = place.user_id
           WHERE NOT u.deleted AND ($2 OR g.organization_id = ANY ($3) OR u.id = $4)
           ORDER BY lower(u.username)"#,
        &groups,
        filter.everything,
        &organizations,
        filter.own as Option<UserId>
    )
    .fetch_all(conn)
    .await?;
    let members = rows.into_iter().map(|row| {
        let member = GroupMember {
            id: row.id,
            username: row.username,
            avatar_url: row.avatar_url,
            name: row.name,
            email: row.email,
            created_at: row.created_at,
            updated_at: row.updated_at,
            last_seen_at: row.last_seen_at,
            status: row.status,
            login_type: row.login_type,
            theme_preference: row.theme_preference,
        };
        (row.group, member)
    });
    Ok(members.collect())
}

/// The ids of those who have a row in a group.
pub async fn list_member_ids(
    conn: &mut PgConnection,
    group: GroupId,
) -> Result<Vec<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT user_id AS "id: UserId" FROM group_members WHERE group_id = $1 ORDER BY user_id"#,
        group as GroupId
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps a new group.
pub async fn insert(conn: &mut PgConnection, group: &Group) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO groups (id, organization_id, name, display_name, avatar_url, quota_allowance, source)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        group.id as GroupId,
        group.organization_id as OrganizationId,
        group.name,
        group.display_name,
        group.avatar_url,
        group.quota_allowance,
        group.source as GroupSource
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Sets what a group is.
pub async fn update(conn: &mut PgConnection, group: &Group) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE groups SET name = $2, display_name = $3, avatar_url = $4, quota_allowance = $5 WHERE id = $1",
        group.id as GroupId,
        group.name,
        group.display_name,
        group.avatar_url,
        group.quota_allowance
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Removes a group with the places in it.
pub async fn delete(conn: &mut PgConnection, id: GroupId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM groups WHERE id = $1", id as GroupId)
        .execute(conn)
        .await?;
    Ok(())
}

/// Puts users into a group; refused by [`MEMBER_KEY`] for one who is in it already.
pub async fn insert_members(
    conn: &mut PgConnection,
    group: GroupId,
    users: &[UserId],
) -> Result<(), StoreError> {
    let users: Vec<Uuid> = users.iter().map(|id| id.0).collect();
    sqlx::query!(
        "INSERT INTO group_members (group_id, user_id) SELECT $1, unnest($2::uuid[])",
        group as GroupId,
        &users
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes users out of a group and tells how many were in it.
pub async fn delete_members(
    conn: &mut PgConnection,
    group: GroupId,
    users: &[UserId],
) -> Result<u64, StoreError> {
    let users: Vec<Uuid> = users.iter().map(|id| id.0).collect();
    let done = sqlx::query!(
        "DELETE FROM group_members WHERE group_id = $1 AND user_id = ANY ($2)",
        group as GroupId,
        &users
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Keeps a new group unless the organization has one of that name.
pub async fn insert_missing(conn: &mut PgConnection, group: &Group) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO groups (id, organization_id, name, display_name, avatar_url, quota_allowance, source)
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (organization_id, name) DO NOTHING",
        group.id as GroupId,
        group.organization_id as OrganizationId,
        group.name,
        group.display_name,
        group.avatar_url,
        group.quota_allowance,
        group.source as GroupSource
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Leaves a user in exactly these groups of an organization, named by id or by name; the
/// everyone-group has no rows.
pub async fn set_of_user(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    ids: &[GroupId],
    names: &[String],
) -> Result<(), StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    sqlx::query!(
        "WITH wanted AS (
             SELECT id FROM groups
             WHERE organization_id = $1 AND id <> $1 AND (id = ANY ($3) OR name = ANY ($4))),
         gone AS (
             DELETE FROM group_members m USING groups g
             WHERE g.id = m.group_id AND g.organization_id = $1 AND m.user_id = $2
               AND m.group_id NOT IN (SELECT id FROM wanted))
         INSERT INTO group_members (group_id, user_id) SELECT id, $2 FROM wanted
         ON CONFLICT DO NOTHING",
        organization as OrganizationId,
        user as UserId,
        &ids,
        names
    )
    .execute(conn)
    .await?;
    Ok(())
}
