//! Statements on templates' access lists.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{GroupId, TemplateId, UserId},
};

/// Takes a user off the lists of all templates; gives those that had it.
pub async fn forget_user(
    conn: &mut PgConnection,
    user: UserId,
    now: Timestamp,
) -> Result<Vec<TemplateId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE templates SET user_acl = user_acl - $1::text, updated_at = $2
           WHERE user_acl ? $1::text RETURNING id AS "id: TemplateId""#,
        user.to_string(),
        now
    )
    .fetch_all(conn)
    .await?)
}

/// Takes a group off the lists of all templates; gives those that had it.
pub async fn forget_group(
    conn: &mut PgConnection,
    group: GroupId,
    now: Timestamp,
) -> Result<Vec<TemplateId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE templates SET group_acl = group_acl - $1::text, updated_at = $2
           WHERE group_acl ? $1::text RETURNING id AS "id: TemplateId""#,
        group.to_string(),
        now
    )
    .fetch_all(conn)
    .await?)
}
