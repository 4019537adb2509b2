//! Statements on organizations and their members.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
};

/// The id of the organization that always exists.
pub async fn default_id(conn: &mut PgConnection) -> Result<OrganizationId, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: OrganizationId" FROM organizations WHERE is_default"#
    )
    .fetch_one(conn)
    .await?)
}

/// Makes a user a member with these extra roles.
pub async fn insert_member(
    conn: &mut PgConnection,
    organization: OrganizationId,
    user: UserId,
    roles: &[String],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO organization_members (organization_id, user_id, roles, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $4)",
        organization as OrganizationId,
        user as UserId,
        roles,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
