//! Statements that find what the audit log calls a thing, whatever kind of thing it is.

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{attempts::Target, audit::AuditedKind, ids::OrganizationId};

/// Finds a thing by its id.
pub async fn find(
    conn: &mut PgConnection,
    kind: AuditedKind,
    id: Uuid,
) -> Result<Option<Target>, StoreError> {
    Ok(sqlx::query_as!(
        Target,
        r#"SELECT found.id AS "id!", found.name AS "name!", found.organization AS "organization?: OrganizationId"
           FROM (SELECT 'user' AS kind, id, username AS name, NULL::uuid AS organization FROM users WHERE NOT deleted
                 UNION ALL
                 SELECT 'git_ssh_key', id, '', NULL FROM users WHERE NOT deleted
                 UNION ALL
                 SELECT 'group', id, name, organization_id FROM groups
                 UNION ALL
                 SELECT 'organization', id, name, id FROM organizations WHERE NOT deleted
                 UNION ALL
                 SELECT 'template', id, name, organization_id FROM templates WHERE NOT deleted
                 UNION ALL
                 SELECT 'template_version', id, name, organization_id FROM template_versions
                 UNION ALL
                 SELECT 'workspace', id, name, organization_id FROM workspaces WHERE NOT deleted
                 UNION ALL
                 SELECT 'workspace_build', b.id, '', w.organization_id
                 FROM workspace_builds b JOIN workspaces w ON w.id = b.workspace_id) AS found
           WHERE found.kind = $1 AND found.id = $2"#,
        kind.as_str(),
        id
    )
    .fetch_optional(conn)
    .await?)
}

/// Finds a thing by its name in an organization.
pub async fn find_named(
    conn: &mut PgConnection,
    kind: AuditedKind,
    organization: OrganizationId,
    name: &str,
) -> Result<Option<Target>, StoreError> {
    Ok(sqlx::query_as!(
        Target,
        r#"SELECT found.id AS "id!", found.name AS "name!", found.organization AS "organization?: OrganizationId"
           FROM (SELECT 'custom_role' AS kind, id, name, organization_id AS organization FROM custom_roles
                 UNION ALL
                 SELECT 'provisioner_key', id, name, organization_id FROM provisioner_keys) AS found
           WHERE found.kind = $1 AND found.organization = $2 AND lower(found.name) = lower($3)"#,
        kind.as_str(),
        organization as OrganizationId,
        name
    )
    .fetch_optional(conn)
    .await?)
}

/// Finds a licence by its number.
pub async fn find_license(conn: &mut PgConnection, id: i32) -> Result<Option<Target>, StoreError> {
    Ok(sqlx::query_as!(
        Target,
        r#"SELECT uuid AS id, id::text AS "name!", NULL::uuid AS "organization?: OrganizationId"
           FROM licenses WHERE id = $1"#,
        id
    )
    .fetch_optional(conn)
    .await?)
}
