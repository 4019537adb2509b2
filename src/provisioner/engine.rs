//! Finds the engine that runs templates: the one that is set, else `terraform` or `tofu` on
//! the search path, else a pinned OpenTofu, downloaded once.

mod download;

use std::{
    env,
    ffi::{OsStr, OsString},
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

pub use self::download::DownloadError;
use super::process::{self, Limits, ProcessError, Program, Variables};

/// The oldest usable version.
const OLDEST: Version = Version(1, 1, 0);
/// How long an engine may take to tell its version.
const PROBE: Limits = Limits {
    run: Duration::from_secs(30),
    grace: Duration::from_secs(1),
};

/// Where to look for an engine.
#[derive(Clone, Debug)]
pub struct EngineSettings {
    /// The executable to use; when set, nothing else is looked for.
    pub executable: Option<PathBuf>,
    /// Directories to search, as in `PATH`.
    pub search_path: OsString,
    /// The environment that engines run in.
    pub environment: Variables,
    /// Where a download is kept.
    pub cache_directory: PathBuf,
    /// Whether to download OpenTofu when there is no engine.
    pub download: bool,
    /// The address that OpenTofu's releases stand under.
    pub download_base: String,
}

/// A usable engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Engine {
    /// The executable file.
    pub executable: PathBuf,
    /// Its version.
    pub version: Version,
}

/// A version: major, minor, patch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Version(pub u64, pub u64, pub u64);

/// Why there is no engine.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The engine does not tell its version.
    #[error("{} does not work: {source}", executable.display())]
    Broken {
        /// The executable file.
        executable: PathBuf,
        /// What went wrong.
        source: ProcessError,
    },
    /// The engine tells something else.
    #[error("{} does not tell its version", .0.display())]
    NoVersion(PathBuf),
    /// The engine is too old.
    #[error("terraform version {0:?} is too old. required >= \"{OLDEST}\"")]
    TooOld(String),
    /// None is installed and none may be downloaded.
    #[error(
        "templates need Terraform or OpenTofu, and neither is on the PATH. Install one \
         (https://opentofu.org/docs/intro/install/ or \
         https://developer.hashicorp.com/terraform/install), name its executable in \
         WORKSPACED_TERRAFORM_PATH, or allow the download of OpenTofu"
    )]
    Missing,
    /// The download failed.
    #[error(
        "templates need Terraform or OpenTofu; neither is on the PATH and OpenTofu cannot be \
         downloaded: {0}. Install one of them \
         (https://opentofu.org/docs/intro/install/) or name its executable in WORKSPACED_TERRAFORM_PATH"
    )]
    Download(#[from] DownloadError),
}

impl Engine {
    /// Finds an engine, downloading one if that is needed and allowed.
    ///
    /// # Errors
    /// [`EngineError`] says what is missing and how to get it.
    pub async fn find(settings: &EngineSettings) -> Result<Self, EngineError> {
        if let Some(executable) = &settings.executable {
            return Self::probe(executable, settings).await;
        }
        for name in ["terraform", "tofu"] {
            let Some(executable) = search(&settings.search_path, name) else {
                continue;
            };
            match Self::probe(&executable, settings).await {
                Ok(engine) => return Ok(engine),
                Err(error) => warn!(%error, "an engine on the PATH is left aside"),
            }
        }
        if !settings.download {
            return Err(EngineError::Missing);
        }
        let executable =
            download::pinned(&settings.cache_directory, &settings.download_base).await?;
        Self::probe(&executable, settings).await
    }

    async fn probe(executable: &Path, settings: &EngineSettings) -> Result<Self, EngineError> {
        let program = Program {
            executable,
            arguments: vec!["version".into(), "-json".into()],
            directory: Path::new("/"),
            environment: &settings.environment,
            record: None,
        };
        let output = process::capture(&program, PROBE, &CancellationToken::new())
            .await
            .map_err(|source| EngineError::Broken {
                executable: executable.to_owned(),
                source,
            })?;
        let told: Option<Told> = serde_json::from_slice(&output).ok();
        let Some((told, version)) = told.and_then(Told::read) else {
            return Err(EngineError::NoVersion(executable.to_owned()));
        };
        if version < OLDEST {
            return Err(EngineError::TooOld(told));
        }
        info!(engine = %executable.display(), %version, "found the engine for templates");
        Ok(Self {
            executable: executable.to_owned(),
            version,
        })
    }
}

impl Version {
    /// Reads `1.2.3`, with or without a suffix such as `-beta1`.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let core = text.split(['-', '+']).next()?;
        let mut numbers = core.split('.').map(|number| number.parse().ok());
        let version = Self(numbers.next()??, numbers.next()??, numbers.next()??);
        numbers.next().is_none().then_some(version)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[derive(Deserialize)]
struct Told {
    terraform_version: String,
}

impl Told {
    /// The version as it is told and as numbers.
    fn read(self) -> Option<(String, Version)> {
        let version = Version::read(&self.terraform_version)?;
        Some((self.terraform_version, version))
    }
}

/// The first executable file of this name in a search path.
fn search(path: &OsStr, name: &str) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt as _;

    env::split_paths(path)
        .filter(|directory| directory.is_absolute())
        .map(|directory| directory.join(name))
        .find(|file| {
            file.metadata()
                .is_ok_and(|data| data.is_file() && data.permissions().mode() & 0o111 != 0)
        })
}

#[cfg(test)]
mod tests;
