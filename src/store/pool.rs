//! The connection pool and the migrations. Decides no rule.

use std::{str::FromStr, time::Duration};

use sqlx::{
    Connection, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use super::StoreError;

/// The schema's history, compiled in.
pub static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!();

/// How large the pool may grow and how long a request waits for a connection.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Most connections at once.
    pub max_connections: u32,
    /// Longest wait for a free one.
    pub acquire_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 20,
            acquire_timeout: Duration::from_secs(10),
        }
    }
}

/// A connection that rested no longer than this is handed out without asking its server.
const TRUSTED_REST: Duration = Duration::from_secs(1);

fn options(url: &str) -> Result<PgConnectOptions, StoreError> {
    Ok(PgConnectOptions::from_str(url)?.application_name("workspaced"))
}

/// Opens a pool; connects lazily.
pub fn open(url: &str, settings: PoolSettings) -> Result<PgPool, StoreError> {
    Ok(PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        // A ping each time is a round trip; one that has rested may have lost its server.
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(
                async move { Ok(about.idle_for < TRUSTED_REST || connection.ping().await.is_ok()) },
            )
        })
        .connect_lazy_with(options(url)?))
}

/// Brings the schema up to date, under an advisory lock that replicas share.
pub async fn migrate(url: &str) -> Result<(), StoreError> {
    let mut conn = PgConnection::connect_with(&options(url)?).await?;
    MIGRATIONS.run(&mut conn).await?;
    conn.close().await?;
    Ok(())
}

/// One connection outside the pool, for LISTEN and for locks that outlive a transaction.
pub async fn connect(url: &str) -> Result<PgConnection, StoreError> {
    Ok(PgConnection::connect_with(&options(url)?).await?)
}

/// Whether the database answers.
pub async fn ping(conn: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query_scalar!("SELECT 1 AS \"one!\"")
        .fetch_one(conn)
        .await?;
    Ok(())
}
