//! The directory that one job works in: made, found again after a crash, removed.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use chrono::TimeDelta;

use crate::{
    domain::{clock::Timestamp, ids::JobId},
    provisioner::process,
};

/// How long a directory that was not removed stays, for whoever looks into a crash.
const LEFTOVERS_STAY: TimeDelta = TimeDelta::days(7);
/// How often a removal is tried: a process that is just ending may still write.
const REMOVAL_TRIES: u32 = 5;
/// The pause between two tries.
const REMOVAL_PAUSE: Duration = Duration::from_millis(250);
/// What the names of working directories begin with.
const PREFIX: &str = "Session";
/// The file that notes the running process group.
const RECORD: &str = ".process-group";

/// A job's directory; only the server's own user may look into it.
#[derive(Debug)]
pub(super) struct WorkDirectory {
    path: PathBuf,
}

impl WorkDirectory {
    /// Makes a job's directory below `parent`, and removes old ones of other jobs.
    pub(super) fn create(parent: &Path, job: JobId, now: Timestamp) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        remove_old(parent, now);
        let path = parent.join(format!("{PREFIX}{job}"));
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Terraform's state.
    pub(super) fn state(&self) -> PathBuf {
        self.path.join("terraform.tfstate")
    }

    /// The plan that apply takes.
    pub(super) fn plan(&self) -> PathBuf {
        self.path.join("terraform.tfplan")
    }

    /// Where the running process group is noted.
    pub(super) fn record(&self) -> PathBuf {
        self.path.join(RECORD)
    }

    /// Removes the directory; one that resists is left for [`remove_old`].
    pub(super) async fn remove(self) {
        for left in (0..REMOVAL_TRIES).rev() {
            match tokio::fs::remove_dir_all(&self.path).await {
                Ok(()) => return,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                Err(error) if left == 0 => {
                    tracing::warn!(directory = %self.path.display(), %error, "cannot remove a working directory");
                }
                Err(_) => tokio::time::sleep(REMOVAL_PAUSE).await,
            }
        }
    }
}

/// A job whose server was killed, with the state that its engine had written.
#[derive(Debug)]
pub struct Abandoned {
    /// The job.
    pub job: JobId,
    /// Terraform's state; empty where there was none.
    pub state: Vec<u8>,
    directory: WorkDirectory,
}

impl Abandoned {
    /// Removes the job's directory, once its state is kept elsewhere.
    pub async fn remove(self) {
        self.directory.remove().await;
    }
}

/// Ends the process groups noted in the directories below `parent`, and reads what they left.
/// The engine writes its state whenever a resource is done, so nothing that was done is lost.
pub(super) fn abandoned(parent: &Path) -> Vec<Abandoned> {
    let mut all = Vec::new();
    for path in directories(parent) {
        process::kill_recorded(&path.join(RECORD));
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let id = name.strip_prefix(PREFIX).and_then(|id| id.parse().ok());
        if let Some(id) = id {
            let directory = WorkDirectory { path };
            let state = fs::read(directory.state()).unwrap_or_default();
            all.push(Abandoned {
                job: JobId(id),
                state,
                directory,
            });
        }
    }
    all
}

fn remove_old(parent: &Path, now: Timestamp) {
    let limit = SystemTime::from(now - LEFTOVERS_STAY);
    for directory in directories(parent) {
        let changed = directory.metadata().and_then(|data| data.modified());
        if changed.is_ok_and(|changed| changed < limit)
            && let Err(error) = fs::remove_dir_all(&directory)
        {
            tracing::warn!(directory = %directory.display(), %error, "cannot remove an old working directory");
        }
    }
}

/// The working directories below `parent`; the provider makes a directory of its own there.
fn directories(parent: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(parent) else {
        return Vec::new();
    };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(PREFIX))
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect()
}
