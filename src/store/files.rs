//! Statements on uploaded archives.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    files::StoredFile,
    ids::{FileId, TemplateId, UserId},
};

/// An archive that is to be kept.
pub struct NewFile<'a> {
    /// Its id.
    pub id: FileId,
    /// SHA-256 of the bytes, in hexadecimal.
    pub hash: &'a str,
    /// Who brought it.
    pub created_by: UserId,
    /// Its content type.
    pub mimetype: &'a str,
    /// The bytes.
    pub data: &'a [u8],
    /// When it came.
    pub created_at: Timestamp,
}

/// Keeps an archive; gives false when the user has brought the same bytes before.
pub async fn insert(conn: &mut PgConnection, file: &NewFile<'_>) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO files (id, hash, created_by, mimetype, data, created_at)
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (hash, created_by) DO NOTHING",
        file.id as FileId,
        file.hash,
        file.created_by as UserId,
        file.mimetype,
        file.data,
        file.created_at
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Finds an archive of the user by its hash.
pub async fn find_by_hash(
    conn: &mut PgConnection,
    hash: &str,
    created_by: UserId,
) -> Result<Option<FileId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: FileId" FROM files WHERE hash = $1 AND created_by = $2"#,
        hash,
        created_by as UserId
    )
    .fetch_optional(conn)
    .await?)
}

/// Finds what an archive is, without its bytes.
pub async fn find(conn: &mut PgConnection, id: FileId) -> Result<Option<StoredFile>, StoreError> {
    Ok(sqlx::query_as!(
        StoredFile,
        r#"SELECT id AS "id: FileId", created_by AS "created_by: UserId", mimetype
           FROM files WHERE id = $1"#,
        id as FileId
    )
    .fetch_optional(conn)
    .await?)
}

/// The bytes of an archive.
pub async fn get_data(conn: &mut PgConnection, id: FileId) -> Result<Vec<u8>, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT data FROM files WHERE id = $1", id as FileId)
            .fetch_one(conn)
            .await?,
    )
}

/// The templates of which a version was imported from the archive.
pub async fn list_templates(
    conn: &mut PgConnection,
    id: FileId,
) -> Result<Vec<TemplateId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT DISTINCT v.template_id AS "id!: TemplateId"
           FROM provisioner_jobs j JOIN template_versions v ON v.job_id = j.id
           WHERE j.file_id = $1 AND v.template_id IS NOT NULL"#,
        id as FileId
    )
    .fetch_all(conn)
    .await?)
}
