//! Statements on roles that were made for one organization.

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{CustomRoleId, OrganizationId, UserId},
    rights::custom::{CustomRole, Permission, RoleTitles},
};

struct Row {
    id: CustomRoleId,
    organization_id: OrganizationId,
    name: String,
    display_name: String,
    permissions: Json<Vec<Permission>>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl From<Row> for CustomRole {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            display_name: row.display_name,
            permissions: row.permissions.0,
            created_at: row.created_at,
            updated_at: row.updated_at,
        }
    }
}

/// Keeps a new role.
pub async fn insert(conn: &mut PgConnection, new: &CustomRole) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO custom_roles (id, organization_id, name, display_name, permissions, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id as CustomRoleId,
        new.organization_id as OrganizationId,
        new.name,
        new.display_name,
        Json(&new.permissions) as _,
        new.created_at,
        new.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds a role by name in any letter case and locks it until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    organization: OrganizationId,
    name: &str,
) -> Result<Option<CustomRole>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: CustomRoleId", organization_id AS "organization_id: OrganizationId", name, display_name,
                  permissions AS "permissions: Json<Vec<Permission>>", created_at, updated_at
           FROM custom_roles WHERE organization_id = $1 AND lower(name) = lower($2) FOR UPDATE"#,
        organization as OrganizationId,
        name
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(CustomRole::from))
}

/// Lists the roles of an organization by name.
pub async fn list(
    conn: &mut PgConnection,
    organization: OrganizationId,
) -> Result<Vec<CustomRole>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: CustomRoleId", organization_id AS "organization_id: OrganizationId", name, display_name,
                  permissions AS "permissions: Json<Vec<Permission>>", created_at, updated_at
           FROM custom_roles WHERE organization_id = $1 ORDER BY lower(name)"#,
        organization as OrganizationId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(CustomRole::from).collect())
}

/// Those of these names that roles of the organization have, with the roles' titles; the roles
/// stay until the transaction ends.
pub async fn existing(
    conn: &mut PgConnection,
    organization: OrganizationId,
    names: &[String],
) -> Result<RoleTitles, StoreError> {
    let rows = sqlx::query!(
        "SELECT name, display_name FROM custom_roles
         WHERE organization_id = $1 AND name = ANY($2) FOR SHARE",
        organization as OrganizationId,
        names
    )
    .fetch_all(conn)
    .await?;
    let titles = rows.into_iter().map(|row| (row.name, row.display_name));
    Ok(titles.collect())
}

/// Sets what people chose of a role.
pub async fn update(conn: &mut PgConnection, changed: &CustomRole) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE custom_roles SET display_name = $2, permissions = $3, updated_at = $4 WHERE id = $1",
        changed.id as CustomRoleId,
        changed.display_name,
        Json(&changed.permissions) as _,
        changed.updated_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes a role.
pub async fn delete(conn: &mut PgConnection, id: CustomRoleId) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM custom_roles WHERE id = $1", id as CustomRoleId)
        .execute(conn)
        .await?;
    Ok(())
}

/// The members that have a role.
pub async fn holders(
    conn: &mut PgConnection,
    organization: OrganizationId,
    name: &str,
) -> Result<Vec<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT user_id AS "id: UserId" FROM organization_members
           WHERE organization_id = $1 AND $2 = ANY(roles)"#,
        organization as OrganizationId,
        name
    )
    .fetch_all(conn)
    .await?)
}

/// Takes a role from all members that have it and gives who they were.
pub async fn take_from_all(
    conn: &mut PgConnection,
    organization: OrganizationId,
    name: &str,
    now: Timestamp,
) -> Result<Vec<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE organization_members SET roles = array_remove(roles, $2), updated_at = $3
           WHERE organization_id = $1 AND $2 = ANY(roles) RETURNING user_id AS "id: UserId""#,
        organization as OrganizationId,
        name,
        now
    )
    .fetch_all(conn)
    .await?)
}
