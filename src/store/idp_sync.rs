//! Statements on how groups, roles and organizations follow an identity provider. Each kind
//! of settings is one row; what was never set has none.

use serde::{Serialize, de::DeserializeOwned};
use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    idp_sync::{GroupSync, OrganizationSync, RoleSync},
    ids::OrganizationId,
};

const GROUPS: &str = "groups";
const ROLES: &str = "roles";
const ORGANIZATIONS: &str = "organizations";

/// How the organization's groups follow, if that was ever set.
pub async fn groups(
    conn: &mut PgConnection,
    organization: OrganizationId,
) -> Result<Option<GroupSync>, StoreError> {
    get(conn, organization, GROUPS).await
}

/// Sets how the organization's groups follow.
pub async fn put_groups(
    conn: &mut PgConnection,
    organization: OrganizationId,
    settings: &GroupSync,
    now: Timestamp,
) -> Result<(), StoreError> {
    put(conn, organization, GROUPS, settings, now).await
}

/// How the roles in the organization follow, if that was ever set.
pub async fn roles(
    conn: &mut PgConnection,
    organization: OrganizationId,
) -> Result<Option<RoleSync>, StoreError> {
    get(conn, organization, ROLES).await
}

/// Sets how the roles in the organization follow.
pub async fn put_roles(
    conn: &mut PgConnection,
    organization: OrganizationId,
    settings: &RoleSync,
    now: Timestamp,
) -> Result<(), StoreError> {
    put(conn, organization, ROLES, settings, now).await
}

/// How memberships of organizations follow, if that was ever set.
pub async fn organizations(
    conn: &mut PgConnection,
) -> Result<Option<OrganizationSync>, StoreError> {
    get(conn, OrganizationId::default(), ORGANIZATIONS).await
}

/// Sets how memberships of organizations follow.
pub async fn put_organizations(
    conn: &mut PgConnection,
    settings: &OrganizationSync,
    now: Timestamp,
) -> Result<(), StoreError> {
    put(
        conn,
        OrganizationId::default(),
        ORGANIZATIONS,
        settings,
        now,
    )
    .await
}

async fn get<T: DeserializeOwned>(
    conn: &mut PgConnection,
    organization: OrganizationId,
    kind: &'static str,
) -> Result<Option<T>, StoreError> {
    let found = sqlx::query_scalar!(
        "SELECT settings FROM idp_sync_settings WHERE organization_id = $1 AND kind = $2",
        organization as OrganizationId,
        kind
    )
    .fetch_optional(conn)
    .await?;
    let read = |settings| {
        serde_json::from_value(settings).map_err(|_unreadable| StoreError::Corrupt {
            table: "idp_sync_settings",
            column: "settings",
            id: format!("{organization} {kind}"),
        })
    };
    found.map(read).transpose()
}

async fn put<T: Serialize + Sync>(
    conn: &mut PgConnection,
    organization: OrganizationId,
    kind: &'static str,
    settings: &T,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO idp_sync_settings (organization_id, kind, settings, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (organization_id, kind) DO UPDATE
         SET settings = excluded.settings, updated_at = excluded.updated_at",
        organization as OrganizationId,
        kind,
        Json(settings) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
