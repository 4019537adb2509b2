//! After a crash: the jobs of the server before are ended and their state is kept, before
//! anything else could take their directories.

use std::path::{Path, PathBuf};

use tracing::{info, warn};

use crate::{
    provisioner::terraform::{Abandoned, abandoned},
    service::jobs::{Jobs, ReportError},
};

/// Looks through the directories of all daemons below `parent` once.
pub(super) async fn end_abandoned(jobs: &Jobs, parent: PathBuf) {
    let found = tokio::task::spawn_blocking(move || find(&parent)).await;
    for job in found.unwrap_or_default() {
        match jobs.abandoned(job.job, &job.state).await {
            Ok(()) => info!(job.id = %job.job, "a job that a killed server left was ended"),
            // Of another deployment that used this directory, or purged.
            Err(ReportError::NotFound) => {}
            Err(error) => {
                // The directory stays: the next start tries again.
                warn!(job.id = %job.job, error = &error as &dyn std::error::Error,
                    "a job that a killed server left could not be ended");
                continue;
            }
        }
        job.remove().await;
    }
}

fn find(parent: &Path) -> Vec<Abandoned> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let runners = entries.flatten().filter(|entry| {
        let name = entry.file_name();
        name.to_string_lossy().starts_with("provisioner-") && entry.path().is_dir()
    });
    runners.flat_map(|entry| abandoned(&entry.path())).collect()
}
