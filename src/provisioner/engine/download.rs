//! Downloads the pinned OpenTofu release and keeps it in the cache directory. The archive is
//! used only if its SHA-256 is the one written here.

use std::{
    fs::{self, File},
    io::{self, Cursor, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use futures::TryStreamExt;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};

/// The release that is downloaded.
const RELEASE: &str = "1.12.0";
/// SHA-256 of the release's zip archives, from its `SHA256SUMS`: system, processor, digest.
const DIGESTS: [(&str, &str, &str); 4] = [
    (
        "linux",
        "amd64",
        "8d7650fd42b6d790f9f747604393ccd0a9035376bccc4f1688b905d7c5bb1137",
    ),
    (
        "linux",
        "arm64",
        "466bf912404b4ab0f0b3a043073d68ad34f11d55ad7a483957d94f0733169f8d",
    ),
    (
        "darwin",
        "amd64",
        "761dc6688325721be230f95b94382bc06ffe59d87cb25c94ef8a37d9cb0c0014",
    ),
    (
        "darwin",
        "arm64",
        "1b09890dc4ed842bebb55b8c958943b28bc025b3728ee2e5f848c30ee3406841",
    ),
];
/// The largest archive that is read, in bytes.
const LARGEST: u64 = 256 << 20;
/// How often a lock that another process holds is tried again.
const LOCK_PERIOD: Duration = Duration::from_millis(100);
/// How long a server may stay silent.
const SILENCE: Duration = Duration::from_mins(1);

/// Why a download failed.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    /// No release fits this machine.
    #[error("there is no release for {0} on {1}")]
    Platform(&'static str, &'static str),
    /// The network or the server refuses.
    #[error("{url}: {reason}")]
    Fetch {
        /// What was fetched.
        url: String,
        /// Why it failed, with the causes underneath.
        reason: String,
    },
    /// The archive is not the expected one.
    #[error("{url} has the SHA-256 {found}, expected is {expected}")]
    Digest {
        /// What was fetched.
        url: String,
        /// The digest of what came.
        found: String,
        /// The digest of the release.
        expected: String,
    },
    /// The archive or the cache directory is unusable.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The archive is no zip with the engine in it.
    #[error("the archive cannot be read: {0}")]
    Archive(#[from] zip::result::ZipError),
}

/// A release archive: where it is and what it must be.
pub(super) struct Release {
    pub(super) version: String,
    pub(super) url: String,
    pub(super) digest: String,
}

/// The executable of the pinned release, downloaded unless it is in the cache already.
pub(super) async fn pinned(cache: &Path, base: &str) -> Result<PathBuf, DownloadError> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        system => system,
    };
    let processor = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        processor => processor,
    };
    let (_, _, digest) = DIGESTS
        .iter()
        .find(|known| (known.0, known.1) == (system, processor))
        .ok_or(DownloadError::Platform(processor, system))?;
    let release = Release {
        version: RELEASE.to_owned(),
        url: format!(
            "{}/v{RELEASE}/tofu_{RELEASE}_{system}_{processor}.zip",
            base.trim_end_matches('/')
        ),
        digest: (*digest).to_owned(),
    };
    fetch_once(&release, cache).await
}

/// The executable of a release, downloaded unless it is in the cache already. Processes that
/// share a cache directory wait for each other.
pub(super) async fn fetch_once(release: &Release, cache: &Path) -> Result<PathBuf, DownloadError> {
    let directory = cache.join(format!("tofu-{}", release.version));
    let executable = directory.join("tofu");
    fs::create_dir_all(&directory)?;
    let lock = File::create(directory.join("lock"))?;
    while lock.try_lock().is_err() {
        tokio::time::sleep(LOCK_PERIOD).await;
    }
    // The lock ends with the file handle, also when this is dropped half-way.
    if !executable.is_file() {
        let archive = download(release).await?;
        let target = executable.clone();
        tokio::task::spawn_blocking(move || install(archive, &target))
            .await
            .map_err(io::Error::other)??;
    }
    drop(lock);
    Ok(executable)
}

async fn download(release: &Release) -> Result<Vec<u8>, DownloadError> {
    let url = &release.url;
    let failed = |error: reqwest::Error| DownloadError::Fetch {
        url: url.clone(),
        reason: with_causes(&error),
    };
    tracing::info!(%url, "no engine for templates is installed; downloading OpenTofu");
    let response = reqwest::Client::builder()
        .read_timeout(SILENCE)
        .build()
        .and_then(|client| client.get(url).build().map(|request| (client, request)))
        .map_err(failed)?;
    let response = response
        .0
        .execute(response.1)
        .await
        .and_then(reqwest::Response::error_for_status)
        .map_err(failed)?;
    let progress = progress_bar(response.content_length());
    let mut archive = Vec::new();
    let mut chunks = response.bytes_stream();
    while let Some(chunk) = chunks.try_next().await.map_err(failed)? {
        archive.extend_from_slice(&chunk);
        progress.inc(chunk.len() as u64);
        if archive.len() as u64 > LARGEST {
            return Err(DownloadError::Fetch {
                url: url.clone(),
                reason: format!("more than {} MiB", LARGEST >> 20),
            });
        }
    }
    progress.finish_and_clear();
    let found = hex(&Sha256::digest(&archive));
    if found != release.digest {
        return Err(DownloadError::Digest {
            url: url.clone(),
            found,
            expected: release.digest.clone(),
        });
    }
    Ok(archive)
}

/// Puts the engine of a zip archive in its place; it is there whole or not at all.
fn install(archive: Vec<u8>, executable: &Path) -> Result<(), DownloadError> {
    let mut zip = zip::ZipArchive::new(Cursor::new(archive))?;
    let mut entry = zip.by_name("tofu")?;
    let part = executable.with_extension("part");
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o755)
        .open(&part)?;
    io::copy(&mut entry, &mut file)?;
    file.flush()?;
    file.sync_all()?;
    // A file that is open for writing cannot be run.
    drop(file);
    fs::rename(&part, executable)?;
    Ok(())
}

/// A bar on the terminal; silent where there is none.
fn progress_bar(length: Option<u64>) -> ProgressBar {
    let template = "downloading OpenTofu {bar:30} {bytes}/{total_bytes} {eta}";
    match length {
        Some(length) => {
            let style = ProgressStyle::with_template(template)
                .unwrap_or_else(|_| ProgressStyle::default_bar());
            ProgressBar::new(length).with_style(style)
        }
        None => ProgressBar::new_spinner(),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
