//! Statements on provisioner keys.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{OrganizationId, ProvisionerKeyId},
    provisioner_keys::ProvisionerKey,
};

struct Row {
    id: ProvisionerKeyId,
    organization_id: OrganizationId,
    name: String,
    tags: Json<BTreeMap<String, String>>,
    created_at: Timestamp,
}

impl From<Row> for ProvisionerKey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            organization_id: row.organization_id,
            name: row.name,
            tags: row.tags.0,
            created_at: row.created_at,
        }
    }
}

/// Keeps a new key with the hash of its secret.
pub async fn insert(
    conn: &mut PgConnection,
    new: &ProvisionerKey,
    hashed_secret: &[u8],
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO provisioner_keys (id, organization_id, name, hashed_secret, tags, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        new.id as ProvisionerKeyId,
        new.organization_id as OrganizationId,
        new.name,
        hashed_secret,
        Json(&new.tags) as _,
        new.created_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Lists the keys of an organization, oldest first.
pub async fn list(
    conn: &mut PgConnection,
    organization: OrganizationId,
) -> Result<Vec<ProvisionerKey>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: ProvisionerKeyId", organization_id AS "organization_id: OrganizationId", name,
                  tags AS "tags: Json<BTreeMap<String, String>>", created_at
           FROM provisioner_keys WHERE organization_id = $1 ORDER BY created_at, id"#,
        organization as OrganizationId
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(ProvisionerKey::from).collect())
}

/// Finds the key with this hash of a secret.
pub async fn find_by_secret(
    conn: &mut PgConnection,
    hashed_secret: &[u8],
) -> Result<Option<ProvisionerKey>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT id AS "id: ProvisionerKeyId", organization_id AS "organization_id: OrganizationId", name,
                  tags AS "tags: Json<BTreeMap<String, String>>", created_at
           FROM provisioner_keys WHERE hashed_secret = $1"#,
        hashed_secret
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(ProvisionerKey::from))
}

/// Deletes a key by name in any letter case, and forgets its daemons; gives the key if it was
/// there.
pub async fn delete(
    conn: &mut PgConnection,
    organization: OrganizationId,
    name: &str,
) -> Result<Option<ProvisionerKey>, StoreError> {
    let row = sqlx::query_as!(
        Row,
        r#"WITH gone AS (
             SELECT id FROM provisioner_keys WHERE organization_id = $1 AND lower(name) = lower($2)),
         no_daemons AS (
             DELETE FROM provisioner_daemons d USING gone WHERE d.key_id = gone.id)
         DELETE FROM provisioner_keys k USING gone WHERE k.id = gone.id
         RETURNING k.id AS "id: ProvisionerKeyId", k.organization_id AS "organization_id: OrganizationId",
                   k.name, k.tags AS "tags: Json<BTreeMap<String, String>>", k.created_at"#,
        organization as OrganizationId,
        name
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(ProvisionerKey::from))
}
