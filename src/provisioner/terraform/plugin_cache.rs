//! Forgets cached providers that nobody used for a month.
//! Source: spec/provisioning.md section 1.2.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use chrono::TimeDelta;

use crate::domain::clock::Timestamp;

/// How long an unused provider stays.
const STAYS: TimeDelta = TimeDelta::days(30);
/// Host, namespace, type, version and platform of a provider are a directory each.
const DEPTH: usize = 5;

/// Removes providers whose newest file is older than a month, and what is empty then.
/// Blocks; call it where that is allowed.
pub(super) fn prune(cache: &Path, now: Timestamp) -> io::Result<()> {
    let limit = SystemTime::from(now - STAYS);
    for provider in at_depth(cache, DEPTH)? {
        if newest(&provider)? >= limit {
            continue;
        }
        fs::remove_dir_all(&provider)?;
        // Up to the type; the directory of the host stays.
        for parent in provider.ancestors().skip(1).take(DEPTH - 2) {
            if fs::remove_dir(parent).is_err() {
                break;
            }
        }
    }
    Ok(())
}

fn at_depth(directory: &Path, depth: usize) -> io::Result<Vec<PathBuf>> {
    if depth == 0 {
        return Ok(vec![directory.to_owned()]);
    }
    let mut found = Vec::new();
    for child in children(directory)? {
        if child.is_dir() {
            found.extend(at_depth(&child, depth - 1)?);
        }
    }
    Ok(found)
}

fn newest(directory: &Path) -> io::Result<SystemTime> {
    let mut newest = SystemTime::UNIX_EPOCH;
    for child in children(directory)? {
        let changed = if child.is_dir() {
            self::newest(&child)?
        } else {
            child.symlink_metadata()?.modified()?
        };
        newest = newest.max(changed);
    }
    Ok(newest)
}

fn children(directory: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        entries => entries?.map(|entry| Ok(entry?.path())).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_providers_go() {
        let cache = std::env::temp_dir().join(format!("plugins-{}", std::process::id()));
        let make = |path: &str, days: i64| {
            let directory = cache.join(path);
            fs::create_dir_all(&directory).unwrap();
            let file = fs::File::create(directory.join("plugin")).unwrap();
            let now = crate::domain::clock::Clock::system().now();
            file.set_modified(SystemTime::from(now - TimeDelta::days(days)))
                .unwrap();
        };
        make("host/space/old/1.0/linux", 31);
        make("host/space/both/1.0/linux", 31);
        make("host/space/both/2.0/linux", 1);
        make("far/space/old/1.0/linux", 90);
        prune(&cache, crate::domain::clock::Clock::system().now()).unwrap();
        assert!(!cache.join("host/space/old").exists());
        assert!(!cache.join("host/space/both/1.0").exists());
        assert!(cache.join("host/space/both/2.0/linux/plugin").exists());
        assert!(cache.join("far").exists());
        assert!(!cache.join("far/space").exists());
        fs::remove_dir_all(&cache).unwrap();
        prune(&cache, crate::domain::clock::Clock::system().now()).unwrap();
    }
}
