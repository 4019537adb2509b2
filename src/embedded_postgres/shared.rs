//! A cluster that several processes share and that none of them owns: for tests, whose
//! processes come and go. It stops when the last of them is gone, however they end.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

use secrecy::SecretString;
use tracing::warn;

use super::{
    Options, PostgresError,
    cluster::{Cluster, blocking},
    processes::{self, PidFile},
};

/// Waits for the last user's lock to go, then ends the cluster while it keeps new users waiting.
/// A process, because nothing in a test process is sure to run at its end.
const LAST_ONE_OUT: &str = r#"
is_running() { [ "$(readlink "/proc/$1/cwd")" = "$2" ]; }
is_running "$1" "$2" && kill -INT "$1"
while is_running "$1" "$2"; do sleep 0.05; done
"#;

/// A hold on a cluster of tests: fast, without safety against power cuts.
#[derive(Debug)]
pub struct SharedPostgres {
    url: SecretString,
    _use: File,
}

impl SharedPostgres {
    /// Joins the cluster in the data directory, and makes or starts it if needed.
    /// It runs at least as long as what is returned lives.
    ///
    /// # Errors
    /// When there is no `PostgreSQL` to run or it does not start.
    pub async fn join(options: &Options) -> Result<Self, PostgresError> {
        fs::create_dir_all(&options.data_directory)?;
        let lock_file = |name: &str| File::create(options.data_directory.join(name));
        let starting = lock_file("starting.lock")?;
        let using = lock_file("using.lock")?;
        let (starting, using) = blocking(move || {
            starting.lock()?;
            using.lock_shared()?;
            Ok((starting, using))
        })
        .await?;
        let cluster = Cluster::prepare(options, false).await?;
        let users = options.data_directory.join("using.lock");
        let url = blocking(move || {
            let port = running_port(&cluster).map_or_else(|| start(&cluster, &users), Ok)?;
            drop(starting);
            Ok(cluster.url(port))
        })
        .await?;
        Ok(Self { url, _use: using })
    }

    /// The URL of the cluster's first database, with the right to make others.
    #[must_use]
    pub fn url(&self) -> &SecretString {
        &self.url
    }
}

fn running_port(cluster: &Cluster) -> Option<u16> {
    let file = PidFile::read(&cluster.data())?;
    (file.ready && processes::is_running(&cluster.data(), file)).then_some(file.port)
}

fn start(cluster: &Cluster, users: &Path) -> Result<u16, PostgresError> {
    let (child, port) = cluster.start()?;
    let watch = Command::new("flock")
        .arg("--exclusive")
        .arg(users)
        .args(["sh", "-c", LAST_ONE_OUT, "last-one-out"])
        .arg(child.id().to_string())
        .arg(cluster.data())
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = watch {
        warn!(%error, "without the flock program the cluster of the tests keeps running");
    }
    Ok(port)
}
