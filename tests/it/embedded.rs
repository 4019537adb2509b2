//! The private Postgres, with real programs and real kills: it is never lost, never doubled,
//! and gone when its server is.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use workspaced::embedded_postgres::{EmbeddedPostgres, Options, SharedPostgres};

/// A directory that every account can reach, removed at the end.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let name = format!("workspaced-embedded-{}-{number}", std::process::id());
        let directory = std::env::temp_dir().join(name);
        fs::create_dir_all(&directory).unwrap();
        Self(directory.canonicalize().unwrap())
    }

    fn options(&self) -> Options {
        Options {
            data_directory: self.0.clone(),
            cache_directory: Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-cache"),
        }
    }

    fn postgres(&self) -> PathBuf {
        self.0.join("postgres")
    }

    /// Processes that stand in the cluster's data directory.
    fn processes(&self) -> Vec<i32> {
        let data = self.postgres().join("data");
        fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|process: &i32| {
                fs::read_link(format!("/proc/{process}/cwd")).is_ok_and(|place| place == data)
            })
            .collect()
    }

    /// The main process of the cluster, once it takes connections.
    async fn ready(&self) -> i32 {
        let file = self.postgres().join("data/postmaster.pid");
        eventually("the cluster is ready", || {
            let text = fs::read_to_string(&file).ok()?;
            let lines: Vec<&str> = text.lines().map(str::trim).collect();
            (lines.get(7) == Some(&"ready")).then(|| lines[0].parse().unwrap())
        })
        .await
    }

    /// The built server on this directory.
    fn server(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_workspaced"));
        command
            .arg("server")
            .env_clear()
            .env("HOME", &self.0)
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("WORKSPACED_DATA_DIR", &self.0)
            .env("CODER_CACHE_DIRECTORY", self.options().cache_directory)
            .env("CODER_HTTP_ADDRESS", "127.0.0.1:0")
            .env("CODER_PROVISIONER_DAEMONS", "0")
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        command
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for process in self.processes() {
            kill(Pid::from_raw(process), Signal::SIGKILL).ok();
        }
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Looks again and again until there is something to see.
async fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let mut glances = tokio::time::interval(Duration::from_millis(20));
    for _ in 0..3000 {
        glances.tick().await;
        if let Some(seen) = look() {
            return seen;
        }
    }
    panic!("waited in vain until {what}");
}

fn send(process: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(process).unwrap()), signal).unwrap();
}

async fn ended(child: &mut Child) -> Option<i32> {
    eventually("the server ends", || child.try_wait().unwrap())
        .await
        .code()
}

async fn ask(url: &SecretString, statement: &str) -> Result<String, sqlx::Error> {
    let mut conn = PgConnection::connect(url.expose_secret()).await?;
    let rows = conn.fetch_all(AssertSqlSafe(statement.to_owned())).await?;
    conn.close().await?;
    Ok(rows.first().map_or_else(String::new, |row| row.get(0)))
}

#[tokio::test]
async fn what_is_stored_outlives_a_stop_and_only_loopback_is_listened_on() {
    let place = Place::new();
    let postgres = EmbeddedPostgres::start(&place.options()).await.unwrap();
    let addresses = ask(postgres.url(), "SHOW listen_addresses").await.unwrap();
    assert_eq!(addresses, "127.0.0.1");
    ask(postgres.url(), "CREATE TABLE kept AS SELECT 'here' AS word")
        .await
        .unwrap();
    let mut stranger = url::Url::parse(postgres.url().expose_secret()).unwrap();
    stranger.set_password(Some("guess")).unwrap();
    assert!(
        ask(&stranger.to_string().into(), "SELECT 'in'")
            .await
            .is_err()
    );

    let url = postgres.url().clone();
    postgres.stop().await;
    assert_eq!(place.processes(), Vec::<i32>::new());
    assert!(ask(&url, "SELECT 'alive'").await.is_err());

    let postgres = EmbeddedPostgres::start(&place.options()).await.unwrap();
    assert_eq!(
        ask(postgres.url(), "SELECT word FROM kept").await.unwrap(),
        "here"
    );
    postgres.stop().await;
}

#[tokio::test]
async fn an_interrupted_making_begins_anew() {
    let place = Place::new();
    let unfinished = place.postgres().join("data.unfinished");
    fs::create_dir_all(unfinished.join("base")).unwrap();
    fs::write(unfinished.join("PG_VERSION"), "15\n").unwrap();
    let postgres = EmbeddedPostgres::start(&place.options()).await.unwrap();
    assert_eq!(
        ask(postgres.url(), "SELECT 'alive'").await.unwrap(),
        "alive"
    );
    assert!(!unfinished.exists());
    postgres.stop().await;
}

#[tokio::test]
async fn a_second_process_on_the_directory_says_so_and_ends() {
    let place = Place::new();
    let postgres = EmbeddedPostgres::start(&place.options()).await.unwrap();
    let output = place.server().output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    let holder = format!("another workspaced (process {})", std::process::id());
    assert!(text.contains(&holder), "{text}");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert_eq!(
        ask(postgres.url(), "SELECT 'alive'").await.unwrap(),
        "alive"
    );
    postgres.stop().await;
}

#[tokio::test]
async fn a_signal_ends_the_server_and_its_cluster() {
    let place = Place::new();
    let mut server = place.server().spawn().unwrap();
    place.ready().await;
    send(server.id(), Signal::SIGTERM);
    assert_eq!(ended(&mut server).await, Some(0));
    assert_eq!(place.processes(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_killed_server_leaves_a_cluster_that_the_next_one_replaces() {
    let place = Place::new();
    let mut server = place.server().spawn().unwrap();
    let left_behind = place.ready().await;
    send(server.id(), Signal::SIGKILL);
    ended(&mut server).await;
    assert!(place.processes().contains(&left_behind));

    let postgres = EmbeddedPostgres::start(&place.options()).await.unwrap();
    assert_eq!(
        ask(postgres.url(), "SELECT 'alive'").await.unwrap(),
        "alive"
    );
    assert!(!place.processes().contains(&left_behind));
    postgres.stop().await;
    assert_eq!(place.processes(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_killed_cluster_comes_back_under_its_url() {
    let place = Place::new();
    let postgres = EmbeddedPostgres::start(&place.options()).await.unwrap();
    let killed = place.ready().await;
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    let back = eventually("another process runs the cluster", || {
        let file = fs::read_to_string(place.postgres().join("data/postmaster.pid")).ok()?;
        let process = file.lines().next()?.parse().ok()?;
        (process != killed && file.contains("ready")).then_some(process)
    });
    let back: i32 = back.await;
    assert!(place.processes().contains(&back));
    assert_eq!(
        ask(postgres.url(), "SELECT 'alive'").await.unwrap(),
        "alive"
    );
    postgres.stop().await;
    assert_eq!(place.processes(), Vec::<i32>::new());
}

#[tokio::test]
async fn a_cluster_that_never_runs_again_is_given_up() {
    let place = Place::new();
    let postgres = EmbeddedPostgres::start(&place.options()).await.unwrap();
    let killed = place.ready().await;
    fs::remove_file(place.postgres().join("data/global/pg_control")).unwrap();
    kill(Pid::from_raw(killed), Signal::SIGKILL).unwrap();
    let given_up = tokio::time::timeout(Duration::from_mins(2), postgres.given_up());
    given_up.await.unwrap();
    postgres.stop().await;
}

#[tokio::test]
async fn a_shared_cluster_stops_after_its_last_user() {
    let place = Place::new();
    let first = SharedPostgres::join(&place.options()).await.unwrap();
    let second = SharedPostgres::join(&place.options()).await.unwrap();
    assert_eq!(first.url().expose_secret(), second.url().expose_secret());
    drop(first);
    assert_eq!(ask(second.url(), "SELECT 'alive'").await.unwrap(), "alive");
    drop(second);
    eventually("the cluster is gone", || {
        place.processes().is_empty().then_some(())
    })
    .await;

    let third = SharedPostgres::join(&place.options()).await.unwrap();
    assert_eq!(ask(third.url(), "SELECT 'alive'").await.unwrap(), "alive");
}
