//! Statements on organizations.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    ids::{OrganizationId, UserId},
    organizations::Organization,
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
