//! The rows of the administrator and the members: users, memberships, git keys, sessions.

use chrono::TimeDelta;
use sqlx::PgConnection;

use super::{
    history::{History, Person},
    sheet::Sheet,
};
use crate::domain::{
    passwords::Hasher,
    ssh_keys::{self, SshKeyAlgorithm},
};

/// Everybody's password.
const PASSWORD: &str = "SomeSecurePassword!";
/// How long sessions last, in seconds, unless they are used.
const SESSION_LIFETIME: i64 = 86_400;
/// Far enough for a seed that is kept.
const SESSION_DAYS_LEFT: i64 = 3_650;

/// Writes them.
pub(super) async fn write(
    conn: &mut PgConnection,
    history: &History,
    hasher: &Hasher,
) -> anyhow::Result<()> {
    write_users(conn, history, hasher).await?;
    write_members(conn, history).await?;
    write_git_keys(conn, history).await?;
    write_sessions(conn, history).await
}

fn everybody(history: &History) -> impl Iterator<Item = &Person> {
    std::iter::once(&history.admin).chain(&history.users)
}

async fn write_users(
    conn: &mut PgConnection,
    history: &History,
    hasher: &Hasher,
) -> anyhow::Result<()> {
    // Hashing is slow on purpose; the benchmark signs nobody in, so one hash does for all.
    let hash = hasher.hash(PASSWORD)?;
    let columns = [
        "id",
        "email",
        "username",
        "name",
        "password_hash",
        "status",
        "login_type",
        "site_roles",
        "created_at",
        "updated_at",
        "last_seen_at",
    ];
    let mut sheet = Sheet::open(conn, "users", &columns).await?;
    for person in everybody(history) {
        let is_admin = person.id == history.admin.id;
        sheet
            .add(&[
                &person.id,
                &format!("{}@example.com", person.username),
                &person.username,
                &if is_admin { "Admin" } else { "Bench User" },
                &hash,
                &"active",
                &"password",
                &if is_admin { "{owner}" } else { "{}" },
                &history.now,
                &history.now,
                &history.now,
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_members(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = ["organization_id", "user_id", "created_at", "updated_at"];
    let mut sheet = Sheet::open(conn, "organization_members", &columns).await?;
    for person in everybody(history) {
        sheet
            .add(&[
                &history.organization,
                &person.id,
                &history.now,
                &history.now,
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_git_keys(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "user_id",
        "private_key",
        "public_key",
        "created_at",
        "updated_at",
    ];
    let mut sheet = Sheet::open(conn, "git_ssh_keys", &columns).await?;
    for person in everybody(history) {
        let pair = ssh_keys::generate(SshKeyAlgorithm::Ed25519)?;
        sheet
            .add(&[
                &person.id,
                &pair.private_key,
                &pair.public_key,
                &history.now,
                &history.now,
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_sessions(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "id",
        "hashed_secret",
        "user_id",
        "login_type",
        "lifetime_seconds",
        "last_used",
        "expires_at",
        "created_at",
        "updated_at",
    ];
    let expires_at = history.now + TimeDelta::days(SESSION_DAYS_LEFT);
    let mut sheet = Sheet::open(conn, "api_keys", &columns).await?;
    for person in everybody(history) {
        sheet
            .add(&[
                &person.token.id.0,
                &person.token.hashed_secret(),
                &person.id,
                &"password",
                &SESSION_LIFETIME,
                &history.now,
                &expires_at,
                &history.now,
                &history.now,
            ])
            .await?;
    }
    sheet.close().await
}
