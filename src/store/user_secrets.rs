//! Statements on what users sign in with: passwords and one-time passcodes. Only hashes are known here.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::UserId,
    users::{LoginType, UserStatus},
};

/// A user's secrets for signing in.
pub struct PasswordRow {
    /// Who it is.
    pub id: UserId,
    /// The stored form of the password; empty for none.
    pub password_hash: String,
    /// How the user signs in.
    pub login_type: LoginType,
    /// Whether the user may come in.
    pub status: UserStatus,
}

/// Finds what signing in needs by e-mail address, in any letter case.
pub async fn find_password(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<PasswordRow>, StoreError> {
    Ok(sqlx::query_as!(
        PasswordRow,
        r#"SELECT id AS "id: UserId", password_hash, login_type AS "login_type: LoginType",
                  status AS "status: UserStatus"
           FROM users WHERE lower(email) = lower($1) AND NOT deleted"#,
        email
    )
    .fetch_optional(conn)
    .await?)
}

/// The stored form of a user's password; empty for none.
pub async fn find_password_hash(
    conn: &mut PgConnection,
    id: UserId,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT password_hash FROM users WHERE id = $1 AND NOT deleted",
        id as UserId
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets the stored form of the password and voids a one-time passcode.
pub async fn update_password(
    conn: &mut PgConnection,
    id: UserId,
    password_hash: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE users SET password_hash = $2, one_time_passcode_hash = NULL,
                          one_time_passcode_expires_at = NULL, updated_at = $3
         WHERE id = $1",
        id as UserId,
        password_hash,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A one-time passcode that a user was sent.
pub struct PasscodeRow {
    /// Whose it is.
    pub id: UserId,
    /// SHA-256 of the passcode.
    pub hash: Vec<u8>,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The stored form of the present password.
    pub password_hash: String,
}

/// Keeps the hash of a passcode for the user of this address, in any letter case, if that user
/// may sign in by password; tells who it is.
pub async fn set_passcode(
    conn: &mut PgConnection,
    email: &str,
    hash: &[u8],
    expires_at: Timestamp,
    now: Timestamp,
) -> Result<Option<UserId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE users SET one_time_passcode_hash = $2, one_time_passcode_expires_at = $3, updated_at = $4
           WHERE lower(email) = lower($1) AND NOT deleted AND login_type = 'password' AND status <> 'suspended'
           RETURNING id AS "id: UserId""#,
        email,
        hash,
        expires_at,
        now
    )
    .fetch_optional(conn)
    .await?)
}

/// The passcode of the user of this address, in any letter case.
pub async fn find_passcode(
    conn: &mut PgConnection,
    email: &str,
) -> Result<Option<PasscodeRow>, StoreError> {
    Ok(sqlx::query_as!(
        PasscodeRow,
        r#"SELECT id AS "id: UserId", one_time_passcode_hash AS "hash!",
                  one_time_passcode_expires_at AS "expires_at!", password_hash
           FROM users
           WHERE lower(email) = lower($1) AND NOT deleted AND login_type = 'password' AND status <> 'suspended'
             AND one_time_passcode_hash IS NOT NULL AND one_time_passcode_expires_at IS NOT NULL"#,
        email
    )
    .fetch_optional(conn)
    .await?)
}

/// Makes a passcode void; tells whether it was still there.
pub async fn take_passcode(
    conn: &mut PgConnection,
    id: UserId,
    hash: &[u8],
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE users SET one_time_passcode_hash = NULL, one_time_passcode_expires_at = NULL
         WHERE id = $1 AND one_time_passcode_hash = $2",
        id as UserId,
        hash
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}
