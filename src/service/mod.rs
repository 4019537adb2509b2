//! What the server does: one file per noun, one method per use case. Decides rights, owns
//! transactions, publishes after commit. Knows no HTTP and no JSON of the API.

pub mod audit;

mod audit_attempts;

pub mod authcheck;

pub mod build_orders;

pub mod builds;

pub mod custom_roles;

pub mod external_login;

pub mod files;

pub mod git_ssh_keys;

pub mod groups;

pub mod health;

pub mod idempotency;

pub mod idp_sync;

pub mod jobs;

pub mod keys;

pub mod licenses;

pub mod lifecycle;

mod login_delays;

pub mod members;

pub mod meta;

pub mod notifications;

pub mod organizations;

pub mod provisioner_keys;

pub mod quiet_hours;

pub mod quotas;

pub mod resources;

pub mod passcodes;

pub mod passes;

pub mod password_hashing;

pub mod scim;

pub mod sessions;

pub mod settings;

pub mod template_versions;

pub mod templates;

pub mod usage;

pub mod users;

pub mod version;

pub mod watch;

mod workspace_audit;

mod workspace_pages;

pub mod workspace_reads;

mod workspace_searches;

pub mod workspace_settings;

pub mod workspace_views;

pub mod workspaces;

use std::sync::Arc;

use sqlx::{PgConnection, PgPool, Postgres, Transaction};

use crate::{
    domain::clock::{Clock, Timestamp},
    pubsub::Events,
    store::StoreError,
};
use settings::Settings;

/// What every service is built on.
#[derive(Clone)]
pub struct Core {
    /// The database.
    pub db: PgPool,
    /// The time.
    pub clock: Clock,
    /// Where changes are told.
    pub events: Events,
    /// The deployment's settings.
    pub settings: Arc<Settings>,
}

impl Core {
    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A connection for single statements.
    ///
    /// # Errors
    /// When the pool is exhausted or the database is away.
    pub async fn conn(&self) -> Result<sqlx::pool::PoolConnection<Postgres>, StoreError> {
        Ok(self.db.acquire().await?)
    }

    /// Begins a transaction.
    ///
    /// # Errors
    /// As [`Core::conn`].
    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.db.begin().await?)
    }
}

/// Commits, with the store's error.
pub(crate) async fn commit(tx: Transaction<'_, Postgres>) -> Result<(), StoreError> {
    Ok(tx.commit().await?)
}

/// The connection inside a transaction, as store functions take it.
pub(crate) fn on<'a>(tx: &'a mut Transaction<'_, Postgres>) -> &'a mut PgConnection {
    tx
}
