//! Settings of where things are kept: the database and the directories.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Args;
use secrecy::{ExposeSecret, SecretString};

use super::{ConfigError, values::Span};

/// The database and the directories.
#[derive(Args)]
#[command(next_help_heading = "Storage")]
pub(super) struct StorageArgs {
    /// URL of a PostgreSQL 14 or newer [default: a private PostgreSQL in the data directory]
    #[arg(
        long = "postgres-url",
        env = "CODER_PG_CONNECTION_URL",
        value_name = "URL"
    )]
    postgres_url: Option<SecretString>,
    /// Connections to the database that the server holds at most
    #[arg(long, env = "WORKSPACED_DATABASE_CONNECTIONS", default_value = "30", value_name = "COUNT",
        value_parser = clap::value_parser!(u32).range(2..=1000))]
    database_connections: u32,
    /// Bytes of memory for workspaces that were read lately; 0 keeps none
    #[arg(
        long,
        env = "WORKSPACED_WORKSPACE_CACHE_BYTES",
        default_value = "33554432",
        value_name = "BYTES"
    )]
    workspace_cache_bytes: u64,
    /// How long entries of the audit log are kept, such as 8760h; 0 keeps them for ever
    #[arg(
        long,
        env = "WORKSPACED_AUDIT_RETENTION",
        default_value = "0",
        value_name = "DURATION"
    )]
    audit_retention: Span,
    /// Directory for what can be fetched or made again [default: ~/.cache/coder]
    #[arg(
        long = "cache-dir",
        env = "CODER_CACHE_DIRECTORY",
        value_name = "DIRECTORY"
    )]
    cache_dir: Option<PathBuf>,
    /// Directory of the deployment's own files [default: ~/.config/coderv2]
    #[arg(
        long = "global-config",
        env = "CODER_CONFIG_DIR",
        value_name = "DIRECTORY"
    )]
    global_config: Option<PathBuf>,
    /// Directory of the private PostgreSQL and other data to keep [default: workspaced in the configuration directory]
    #[arg(long, env = "WORKSPACED_DATA_DIR", value_name = "DIRECTORY")]
    data_dir: Option<PathBuf>,
}

/// Where things are kept.
#[derive(Clone, Debug)]
pub struct Storage {
    /// The PostgreSQL to use; `None` for the private one in the data directory.
    pub postgres_url: Option<SecretString>,
    /// Connections that the server holds at most.
    pub database_connections: u32,
    /// Bytes of memory for workspaces that were read lately.
    pub workspace_cache_bytes: u64,
    /// How long entries of the audit log are kept; for ever, when absent.
    pub audit_retention: Option<Duration>,
    /// For what can be fetched or made again.
    pub cache_directory: PathBuf,
    /// For the deployment's own files.
    pub config_directory: PathBuf,
    /// For the private PostgreSQL and other data to keep.
    pub data_directory: PathBuf,
}

impl StorageArgs {
    pub(super) fn resolve(self, home: Option<&Path>) -> Result<Storage, ConfigError> {
        if let Some(url) = &self.postgres_url {
            // The URL itself holds a password and is not repeated.
            check_postgres_url(url.expose_secret()).map_err(|reason| {
                ConfigError::new(format!(
                    "CODER_PG_CONNECTION_URL is not a URL such as postgres://user:password@host/database: {reason}"
                ))
            })?;
        }
        let under_home = |given: Option<PathBuf>, name: &str, default: &str| {
            let directory = match (given, home) {
                (Some(given), _) => given,
                (None, Some(home)) => home.join(default),
                (None, None) => {
                    return Err(ConfigError::new(format!(
                        "there is no home directory: set {name} to the directory to use"
                    )));
                }
            };
            std::path::absolute(&directory).map_err(|reason| {
                ConfigError::new(format!(
                    "{name} cannot be {}: {reason}",
                    directory.display()
                ))
            })
        };
        let config_directory =
            under_home(self.global_config, "CODER_CONFIG_DIR", ".config/coderv2")?;
        let data_directory = self
            .data_dir
            .unwrap_or_else(|| config_directory.join("workspaced"));
        Ok(Storage {
            postgres_url: self.postgres_url,
            database_connections: self.database_connections,
            workspace_cache_bytes: self.workspace_cache_bytes,
            audit_retention: Some(self.audit_retention.0).filter(|kept| !kept.is_zero()),
            cache_directory: under_home(self.cache_dir, "CODER_CACHE_DIRECTORY", ".cache/coder")?,
            data_directory: under_home(Some(data_directory), "WORKSPACED_DATA_DIR", "")?,
            config_directory,
        })
    }
}

fn check_postgres_url(text: &str) -> Result<(), String> {
    if !text.starts_with("postgres://") && !text.starts_with("postgresql://") {
        return Err("it must begin with postgres://".to_owned());
    }
    let options = text.parse::<sqlx::postgres::PgConnectOptions>();
    options.map(drop).map_err(|reason| reason.to_string())
}
