//! Statements that read just what rights depend on, for questions about single things.

use sqlx::{PgConnection, types::Json};
use std::collections::BTreeMap;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    groups,
    ids::{GroupId, OrganizationId, UserId},
    rights::{Actions, Object, ResourceKind},
};

/// A workspace that is not deleted.
pub async fn find_workspace(
    conn: &mut PgConnection,
    id: Uuid,
) -> Result<Option<Object>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT owner_id AS "owner: UserId", organization_id AS "organization: OrganizationId",
                  dormant_at IS NOT NULL AS "is_dormant!"
           FROM workspaces WHERE id = $1 AND NOT deleted"#,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Object::workspace(row.owner, row.organization, row.is_dormant).with_id(id)))
}

/// A template that is not deleted, with its access lists.
pub async fn find_template(
    conn: &mut PgConnection,
    id: Uuid,
) -> Result<Option<Object>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT organization_id AS "organization: OrganizationId",
                  user_acl AS "users: Json<BTreeMap<UserId, Actions>>",
                  group_acl AS "groups: Json<BTreeMap<GroupId, Actions>>"
           FROM templates WHERE id = $1 AND NOT deleted"#,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        Object::of(ResourceKind::Template)
            .with_id(id)
            .in_organization(row.organization)
            .with_acl(row.users.0, row.groups.0)
    }))
}

/// A group.
pub async fn find_group(conn: &mut PgConnection, id: Uuid) -> Result<Option<Object>, StoreError> {
    let organization = sqlx::query_scalar!(
        r#"SELECT organization_id AS "organization: OrganizationId" FROM groups WHERE id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await?;
    Ok(organization.map(|organization| groups::object(GroupId(id), organization)))
}
