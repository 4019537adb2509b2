//! One cluster on disk: its directories and password, how it is made, and how it is started
//! once. Who keeps it running, and for whom, is decided elsewhere.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    net::{Ipv4Addr, TcpListener},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use secrecy::SecretString;
use tracing::info;

use super::{
    Options, PostgresError,
    account::Account,
    binaries::Binaries,
    processes::{self, PidFile},
};
use crate::domain::random;

const USER: &str = "workspaced";
const DATABASE: &str = "postgres";
const GLANCE: Duration = Duration::from_millis(20);
/// A cluster that repairs itself after a crash may need minutes.
const START_LIMIT: Duration = Duration::from_mins(10);
/// Ports are tried anew when another program was faster.
const PORT_ATTEMPTS: usize = 5;
/// The log begins anew at a start when it has grown beyond this many bytes.
const LOG_LIMIT: u64 = 10 << 20;

/// Settings of every cluster: reachable from this machine only, modest in memory, and with
/// no log lines about statements, which may hold what users typed.
const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "password_encryption=scram-sha-256",
    "shared_buffers=128MB",
    "effective_cache_size=512MB",
    "max_wal_size=1GB",
    "checkpoint_completion_target=0.9",
    "random_page_cost=1.1",
    "jit=off",
    "timezone=UTC",
    "log_timezone=UTC",
    "log_min_messages=log",
    "log_min_error_statement=panic",
    "log_checkpoints=off",
    "logging_collector=off",
];
/// What a cluster that serves keeps to.
const DURABLE: &[&str] = &["max_connections=200"];
/// What a cluster of tests may do without.
const DISPOSABLE: &[&str] = &[
    "max_connections=500",
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
];

/// Environment variables that `PostgreSQL` keeps; all others, secrets among them, are taken away.
const KEPT_VARIABLES: &[&str] = &["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// A cluster's place and programs.
#[derive(Clone, Debug)]
pub(super) struct Cluster {
    account: Account,
    binaries: Binaries,
    directory: PathBuf,
    password: String,
    durable: bool,
}

impl Cluster {
    /// Finds the place and the programs, and makes the cluster if there is none.
    /// The caller holds the lock that keeps others away.
    pub(super) async fn prepare(options: &Options, durable: bool) -> Result<Self, PostgresError> {
        let account = Account::choose()?;
        let place = account.reachable(&options.data_directory)?;
        let directory = place.join("postgres");
        account.make_directory(&directory)?;
        let major = made_by(&directory.join("data"))?;
        let binaries = match Binaries::on_system(major) {
            Some(found) => found,
            None => {
                Binaries::downloaded(major, &account.reachable(&options.cache_directory)?).await?
            }
        };
        let mut cluster = Self {
            account,
            binaries,
            directory,
            password: String::new(),
            durable,
        };
        cluster.password = cluster.read_or_make_password(major.is_some())?;
        if major.is_none() {
            let maker = cluster.clone();
            blocking(move || maker.make()).await?;
        }
        Ok(cluster)
    }

    /// The cluster's data directory.
    pub(super) fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The URL of the cluster's database while it listens on `port`.
    pub(super) fn url(&self, port: u16) -> SecretString {
        let password = &self.password;
        format!("postgres://{USER}:{password}@127.0.0.1:{port}/{DATABASE}").into()
    }

    /// Starts the cluster on a free port and waits until it takes connections.
    pub(super) fn start(&self) -> Result<(Child, u16), PostgresError> {
        let mut attempt = 1;
        loop {
            let port = free_port()?;
            match self.start_on(port) {
                Err(_) if attempt < PORT_ATTEMPTS && is_taken(port) => attempt += 1,
                outcome => return Ok((outcome?, port)),
            }
        }
    }

    /// Starts the cluster on a given port and waits until it takes connections.
    pub(super) fn start_on(&self, port: u16) -> Result<Child, PostgresError> {
        processes::clear(&self.data())?;
        let mut command = self.command("postgres");
        command
            .arg("-D")
            .arg(self.data())
            .arg("-p")
            .arg(port.to_string());
        let further = if self.durable { DURABLE } else { DISPOSABLE };
        for setting in SETTINGS.iter().chain(further) {
            command.arg("-c").arg(setting);
        }
        let log = self.open_log()?;
        command
            .current_dir(self.data())
            // An interrupt typed at the terminal reaches the whole group, and the server
            // still needs its database while it drains.
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let mut child = command.spawn()?;
        match self.wait_until_ready(&mut child) {
            Ok(()) => Ok(child),
            Err(error) => {
                processes::stop(&mut child).ok();
                Err(error)
            }
        }
    }

    fn wait_until_ready(&self, child: &mut Child) -> Result<(), PostgresError> {
        let pid = child.id();
        let deadline = Instant::now() + START_LIMIT;
        while Instant::now() < deadline {
            if child.try_wait()?.is_some() {
                return Err(PostgresError::Start(self.last_log_line()));
            }
            let file = PidFile::read(&self.data());
            if file.is_some_and(|file| file.ready && file.pid.unsigned_abs() == pid) {
                return Ok(());
            }
            std::thread::sleep(GLANCE);
        }
        Err(PostgresError::Start("it takes too long".to_owned()))
    }

    /// Makes the cluster beside its final place and moves it there when it is whole, so
    /// that an interrupted attempt is never taken for a cluster.
    fn make(&self) -> Result<(), PostgresError> {
        let unfinished = self.directory.join("data.unfinished");
        let mut refusal = String::new();
        // The first knows letters beyond ASCII; not every system has it.
        for locale in ["C.UTF-8", "C"] {
            if unfinished.exists() {
                fs::remove_dir_all(&unfinished)?;
            }
            info!(directory = %self.directory.display(), locale, "making a PostgreSQL cluster");
            let mut command = self.command("initdb");
            command
                .arg("-D")
                .arg(&unfinished)
                .args(["--username", USER, "--encoding", "UTF8", "--locale", locale])
                .args(["--auth", "scram-sha-256", "--no-instructions", "--pwfile"])
                .arg(self.password_file())
                .current_dir(&self.directory)
                .process_group(0);
            if !self.durable {
                command.arg("--no-sync");
            }
            let output = command.output()?;
            if output.status.success() {
                fs::rename(&unfinished, self.data())?;
                File::open(&self.directory)?.sync_all()?;
                return Ok(());
            }
            let text = String::from_utf8_lossy(&output.stderr);
            refusal = last_line(&text);
        }
        Err(PostgresError::Make(refusal))
    }

    fn read_or_make_password(&self, must_exist: bool) -> Result<String, PostgresError> {
        let file = self.password_file();
        match fs::read_to_string(&file) {
            Ok(password) if !password.trim().is_empty() => return Ok(password.trim().to_owned()),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ if must_exist => return Err(PostgresError::NoPassword(file)),
            _ => {}
        }
        let password = random::alphanumeric(32);
        let unfinished = self.directory.join("password.unfinished");
        let mut written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        written.write_all(password.as_bytes())?;
        written.sync_all()?;
        self.account.take(&unfinished)?;
        fs::rename(&unfinished, &file)?;
        Ok(password)
    }

    fn password_file(&self) -> PathBuf {
        self.directory.join("password")
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        command.env_clear().env("LC_ALL", "C");
        for name in KEPT_VARIABLES {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        self.account.hand_over(&mut command);
        command
    }

    fn open_log(&self) -> io::Result<File> {
        let path = self.directory.join("log");
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() > LOG_LIMIT) {
            fs::remove_file(&path)?;
        }
        let log = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            .open(&path)?;
        self.account.take(&path)?;
        Ok(log)
    }

    fn last_log_line(&self) -> String {
        let text = fs::read(self.directory.join("log")).unwrap_or_default();
        last_line(&String::from_utf8_lossy(&text))
    }
}

/// The major release that made the cluster; `None` if there is no cluster.
fn made_by(data: &Path) -> Result<Option<u32>, PostgresError> {
    match fs::read_to_string(data.join("PG_VERSION")) {
        Ok(text) => {
            let major = text.trim().parse().ok();
            major
                .map(Some)
                .ok_or_else(|| PostgresError::Unusable(data.to_owned()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn free_port() -> io::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(listener.local_addr()?.port())
}

fn is_taken(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err()
}

fn last_line(text: &str) -> String {
    let line = text.lines().rfind(|line| !line.trim().is_empty());
    line.unwrap_or("it says nothing").trim().to_owned()
}

/// Runs what waits for processes and disks where it holds up no other task.
pub(super) async fn blocking<T, F>(work: F) -> Result<T, PostgresError>
where
    T: Send + 'static,
    F: FnOnce() -> Result<T, PostgresError> + Send + 'static,
{
    let outcome = tokio::task::spawn_blocking(work).await;
    outcome.map_err(|panic| PostgresError::Files(io::Error::other(panic)))?
}
