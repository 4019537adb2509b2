//! Statements on licences.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{clock::Timestamp, ids::LicenseId, licenses::License};

/// A licence that is to be kept.
pub struct NewLicense<'a> {
    /// Its id.
    pub uuid: LicenseId,
    /// The whole text.
    pub jwt: &'a str,
    /// What it says.
    pub claims: &'a Value,
    /// When it was posted.
    pub uploaded_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Keeps a licence and gives its number.
pub async fn insert(conn: &mut PgConnection, new: &NewLicense<'_>) -> Result<i32, StoreError> {
    Ok(sqlx::query_scalar!(
        "INSERT INTO licenses (uuid, jwt, claims, uploaded_at, expires_at)
         VALUES ($1, $2, $3, $4, $5) RETURNING id",
        new.uuid as LicenseId,
        new.jwt,
        new.claims,
        new.uploaded_at,
        new.expires_at
    )
    .fetch_one(conn)
    .await?)
}

/// Lists licences, oldest first.
pub async fn list(conn: &mut PgConnection) -> Result<Vec<License>, StoreError> {
    Ok(sqlx::query_as!(
        License,
        r#"SELECT id, uuid AS "uuid: Uuid", uploaded_at, claims FROM licenses ORDER BY id"#
    )
    .fetch_all(conn)
    .await?)
}

/// Deletes a licence and gives what it was.
pub async fn delete(conn: &mut PgConnection, id: i32) -> Result<Option<License>, StoreError> {
    Ok(sqlx::query_as!(
        License,
        r#"DELETE FROM licenses WHERE id = $1 RETURNING id, uuid AS "uuid: Uuid", uploaded_at, claims"#,
        id
    )
    .fetch_optional(conn)
    .await?)
}
