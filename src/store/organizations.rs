//! Statements on organizations.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
    organizations::{Contents, Organization},
};

/// The id of the organization that always exists.
pub async fn default_id(conn: &mut PgConnection) -> Result<OrganizationId, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: OrganizationId" FROM organizations WHERE is_default"#
    )
    .fetch_one(conn)
    .await?)
}

/// Finds an organization by id, or by name in any letter case, or else the default one.
pub async fn find(
    conn: &mut PgConnection,
    id: Option<OrganizationId>,
    name: Option<&str>,
) -> Result<Option<Organization>, StoreError> {
    Ok(sqlx::query_as!(
        Organization,
        r#"SELECT id AS "id: OrganizationId", name, display_name, description, icon, is_default, created_at, updated_at
           FROM organizations
           WHERE NOT deleted AND CASE
               WHEN $1::uuid IS NOT NULL THEN id = $1
               WHEN $2::text IS NOT NULL THEN lower(name) = lower($2)
               ELSE is_default END"#,
        id as Option<OrganizationId>,
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// Lists organizations by name: of one user or of everybody, `only` these or all.
pub async fn list(
    conn: &mut PgConnection,
    member: Option<UserId>,
    only: Option<&[OrganizationId]>,
) -> Result<Vec<Organization>, StoreError> {
    let only: Option<Vec<Uuid>> = only.map(|ids| ids.iter().map(|id| id.0).collect());
    Ok(sqlx::query_as!(
        Organization,
        r#"SELECT id AS "id: OrganizationId", name, display_name, description, icon, is_default, created_at, updated_at
           FROM organizations o
           WHERE NOT deleted
             AND ($1::uuid IS NULL OR EXISTS (
                 SELECT 1 FROM organization_members m WHERE m.organization_id = o.id AND m.user_id = $1))
             AND ($2::uuid[] IS NULL OR o.id = ANY ($2))
           ORDER BY lower(name)"#,
        member as Option<UserId>,
        only.as_deref()
    )
    .fetch_all(conn)
    .await?)
}

/// Which of these organizations exist.
pub async fn existing(
    conn: &mut PgConnection,
    ids: &[OrganizationId],
) -> Result<Vec<OrganizationId>, StoreError> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.0).collect();
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: OrganizationId" FROM organizations WHERE NOT deleted AND id = ANY ($1)"#,
        &ids
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps a new organization.
pub async fn insert(conn: &mut PgConnection, new: &Organization) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO organizations (id, name, display_name, description, icon, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id as OrganizationId,
        new.name,
        new.display_name,
        new.description,
        new.icon,
        new.created_at,
        new.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Makes the everyone-group of an organization, which shares its id.
pub async fn insert_everyone(
    conn: &mut PgConnection,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO groups (id, organization_id, name) VALUES ($1, $1, 'Everyone')",
        organization as OrganizationId
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds an organization and locks it until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    Ok(sqlx::query_as!(
        Organization,
        r#"SELECT id AS "id: OrganizationId", name, display_name, description, icon, is_default, created_at, updated_at
           FROM organizations WHERE id = $1 AND NOT deleted FOR UPDATE"#,
        id as OrganizationId
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets what people chose of an organization.
pub async fn update(conn: &mut PgConnection, changed: &Organization) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE organizations
         SET name = $2, display_name = $3, description = $4, icon = $5, updated_at = $6 WHERE id = $1",
        changed.id as OrganizationId,
        changed.name,
        changed.display_name,
        changed.description,
        changed.icon,
        changed.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts what is in an organization and keeps it from being deleted.
pub async fn count_contents(
    conn: &mut PgConnection,
    id: OrganizationId,
) -> Result<Contents, StoreError> {
    Ok(sqlx::query_as!(
        Contents,
        r#"SELECT (SELECT count(*) FROM workspaces WHERE organization_id = $1 AND NOT deleted) AS "workspaces!",
                  (SELECT count(*) FROM templates WHERE organization_id = $1 AND NOT deleted) AS "templates!",
                  (SELECT count(*) FROM provisioner_keys WHERE organization_id = $1) AS "provisioner_keys!",
                  (SELECT count(*) FROM groups WHERE organization_id = $1 AND id <> $1) AS "groups!",
                  (SELECT count(*) FROM organization_members m JOIN users u ON u.id = m.user_id
                   WHERE m.organization_id = $1 AND NOT u.deleted) AS "members!""#,
        id as OrganizationId
    )
    .fetch_one(conn)
    .await?)
}

/// Marks an organization as deleted; ends its memberships and forgets its everyone-group, its
/// roles and its daemons. Gives the members there were.
pub async fn delete(
    conn: &mut PgConnection,
    id: OrganizationId,
    now: Timestamp,
) -> Result<Vec<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"WITH gone AS (UPDATE organizations SET deleted = true, updated_at = $2 WHERE id = $1),
                no_groups AS (DELETE FROM groups WHERE organization_id = $1),
                no_roles AS (DELETE FROM custom_roles WHERE organization_id = $1),
                no_daemons AS (DELETE FROM provisioner_daemons WHERE organization_id = $1),
                no_settings AS (DELETE FROM idp_sync_settings WHERE organization_id = $1)
           DELETE FROM organization_members WHERE organization_id = $1 RETURNING user_id AS "id: UserId""#,
        id as OrganizationId,
        now
    )
    .fetch_all(conn)
    .await?)
}
