//! Statements on what users want to be told, and on how messages are sent.

use std::collections::HashMap;

use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{NotificationTemplateId, UserId},
    notifications::{DispatchMethod, Preference},
};

/// Whether no messages are sent.
pub async fn is_paused(conn: &mut PgConnection) -> Result<bool, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT notifier_paused FROM deployment")
            .fetch_one(conn)
            .await?,
    )
}

/// Sets whether no messages are sent; false when that was so already.
pub async fn set_paused(conn: &mut PgConnection, is_paused: bool) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE deployment SET notifier_paused = $1 WHERE notifier_paused <> $1",
        is_paused
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// How kinds of messages are sent that have a way of their own.
pub async fn methods(
    conn: &mut PgConnection,
) -> Result<HashMap<NotificationTemplateId, DispatchMethod>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT template_id AS "template_id: NotificationTemplateId", method AS "method: DispatchMethod"
           FROM notification_template_methods"#
    )
    .fetch_all(conn)
    .await?;
    let pairs = rows.into_iter().map(|row| (row.template_id, row.method));
    Ok(pairs.collect())
}

/// Gives a kind of message a way of its own.
pub async fn put_method(
    conn: &mut PgConnection,
    template: NotificationTemplateId,
    method: DispatchMethod,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO notification_template_methods (template_id, method, updated_at) VALUES ($1, $2, $3)
         ON CONFLICT (template_id) DO UPDATE SET method = excluded.method, updated_at = excluded.updated_at",
        template as NotificationTemplateId,
        method as DispatchMethod,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a user decided on, the oldest decision first.
pub async fn preferences(
    conn: &mut PgConnection,
    user: UserId,
) -> Result<Vec<Preference>, StoreError> {
    Ok(sqlx::query_as!(
        Preference,
        r#"SELECT template_id AS "template: NotificationTemplateId", disabled, updated_at
           FROM notification_preferences WHERE user_id = $1 ORDER BY updated_at, template_id"#,
        user as UserId
    )
    .fetch_all(conn)
    .await?)
}

/// Keeps decisions of a user: each kind of message once, and whether it is not wanted.
pub async fn put_preferences(
    conn: &mut PgConnection,
    user: UserId,
    templates: &[Uuid],
    disabled: &[bool],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO notification_preferences (user_id, template_id, disabled, updated_at)
         SELECT $1, wish.template_id, wish.disabled, $4
         FROM unnest($2::uuid[], $3::boolean[]) AS wish (template_id, disabled)
         ON CONFLICT (user_id, template_id)
         DO UPDATE SET disabled = excluded.disabled, updated_at = excluded.updated_at",
        user as UserId,
        templates,
        disabled,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
