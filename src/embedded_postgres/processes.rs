//! Processes of a cluster as the system shows them: which run, and how they are ended.
//! Needed for those that an earlier server left behind.

use std::{
    fs, io,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tracing::{info, warn};

const GLANCE: Duration = Duration::from_millis(20);

/// How each stage asks a cluster to stop, and how long it is waited for: first rolling back
/// what runs, then leaving the repair to the next start, then without asking.
const STAGES: [(Signal, Duration); 3] = [
    (Signal::SIGINT, Duration::from_mins(1)),
    (Signal::SIGQUIT, Duration::from_secs(10)),
    (Signal::SIGKILL, Duration::from_secs(10)),
];

/// What a running cluster writes about itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PidFile {
    /// The main process.
    pub(super) pid: i32,
    /// Where it listens.
    pub(super) port: u16,
    /// It takes connections.
    pub(super) ready: bool,
}

impl PidFile {
    /// Reads the file in a cluster's data directory; `None` if it is missing or not complete yet.
    pub(super) fn read(data: &Path) -> Option<Self> {
        Self::parse(&fs::read_to_string(data.join("postmaster.pid")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        Some(Self {
            pid: lines.first()?.parse().ok()?,
            port: lines.get(3)?.parse().ok()?,
            ready: lines.get(7).is_some_and(|status| *status == "ready"),
        })
    }
}

/// Whether the process that the file names runs this cluster.
pub(super) fn is_running(data: &Path, file: PidFile) -> bool {
    of_cluster(data).contains(&file.pid)
}

/// Ends every process of the cluster in `data`, and forgets the file that names them.
pub(super) fn clear(data: &Path) -> io::Result<()> {
    for (signal, patience) in STAGES {
        let running = of_cluster(data);
        if running.is_empty() {
            break;
        }
        // The main process ends the others, and those it left behind when killed are on their way out.
        let main = PidFile::read(data).map(|file| file.pid);
        let main = main.filter(|main| running.contains(main));
        info!(?signal, processes = ?running, "ending what an earlier run left behind");
        for process in main.map_or(running, |main| vec![main]) {
            // A process that has just ended is what we want.
            kill(Pid::from_raw(process), signal).ok();
        }
        let deadline = Instant::now() + patience;
        while !of_cluster(data).is_empty() && Instant::now() < deadline {
            std::thread::sleep(GLANCE);
        }
    }
    if !of_cluster(data).is_empty() {
        return Err(io::Error::other("processes of the cluster do not end"));
    }
    // With no process left the file is stale; if its number now belongs to a stranger,
    // PostgreSQL would refuse to start.
    match fs::remove_file(data.join("postmaster.pid")) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Ends a child that runs a cluster and waits for it.
pub(super) fn stop(child: &mut std::process::Child) -> io::Result<()> {
    let pid = Pid::from_raw(i32::try_from(child.id()).map_err(io::Error::other)?);
    for (signal, patience) in STAGES {
        let deadline = Instant::now() + patience;
        if child.try_wait()?.is_some() {
            return Ok(());
        }
        kill(pid, signal)?;
        while Instant::now() < deadline {
            if child.try_wait()?.is_some() {
                return Ok(());
            }
            std::thread::sleep(GLANCE);
        }
        warn!(?signal, "PostgreSQL did not stop in time");
    }
    Err(io::Error::other("PostgreSQL does not stop"))
}

/// All processes of the cluster: each stands in its data directory.
fn of_cluster(data: &Path) -> Vec<i32> {
    match fs::read_dir("/proc") {
        Ok(entries) if Path::new("/proc/self/cwd").exists() => entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|process: &i32| {
                fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|place| place == data)
            })
            .collect(),
        _ => PidFile::read(data)
            .map(|file| file.pid)
            .filter(|process| names_directory(*process, data))
            .into_iter()
            .collect(),
    }
}

/// Where there is no `/proc`: whether the process was started for this directory.
fn names_directory(process: i32, data: &Path) -> bool {
    let listed = Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &process.to_string()])
        .output();
    listed.is_ok_and(|listed| {
        String::from_utf8_lossy(&listed.stdout).contains(&data.display().to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pid_file_tells_when_the_cluster_is_ready() {
        let started = "123\n/data\n1700000000\n5433\n\n127.0.0.1\n  5433001    0\n";
        let file = |ready| PidFile {
            pid: 123,
            port: 5433,
            ready,
        };
        assert_eq!(
            PidFile::parse(&format!("{started}starting\n")),
            Some(file(false))
        );
        assert_eq!(
            PidFile::parse(&format!("{started}ready   \n")),
            Some(file(true))
        );
        assert_eq!(PidFile::parse(started), Some(file(false)));
        assert_eq!(PidFile::parse("123\n"), None);
    }
}
