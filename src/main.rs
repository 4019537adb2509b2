//! The `workspaced` program: reads its settings, runs what was asked for, returns an exit code.

use std::{net::SocketAddr, process::ExitCode};

use anyhow::Context as _;
use secrecy::ExposeSecret as _;
use workspaced::{
    app::{self, App, Parts},
    config::{self, Config, Refusal, Task},
    domain::{clock::Clock, passwords::Hasher},
    lifecycle::Lifecycle,
    store::pool::PoolSettings,
};

fn main() -> ExitCode {
    let task = match config::read(std::env::args_os()) {
        Ok(task) => task,
        Err(Refusal::Told(text)) => {
            #[expect(
                clippy::print_stdout,
                reason = "help and version go to standard output"
            )]
            {
                print!("{text}");
            }
            return ExitCode::SUCCESS;
        }
        Err(Refusal::Wrong(error)) => {
            eprintln!("{error}");
            return ExitCode::from(2);
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("The runtime could not be started: {error}.");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(run(task)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(task: Task) -> anyhow::Result<()> {
    match task {
        Task::Server(config) | Task::Demo(config) => serve(&config).await,
        Task::Migrate(config) => app::migrate(database_url(&config)?).await,
        Task::OpenApi => Ok(()),
    }
}

fn database_url(config: &Config) -> anyhow::Result<&str> {
    let url = config
        .storage
        .postgres_url
        .as_ref()
        .context("CODER_PG_CONNECTION_URL is not set")?;
    Ok(url.expose_secret())
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let url = database_url(config)?;
    app::migrate(url).await?;
    let address = config
        .network
        .http
        .as_ref()
        .context("CODER_HTTP_ADDRESS is empty")?;
    let listener = tokio::net::TcpListener::bind(address.to_string())
        .await
        .with_context(|| format!("{address} cannot be listened on"))?;
    let access_url = config.network.access_url(listener.local_addr()?);
    let lifecycle = Lifecycle::new();
    let parts = Parts {
        database_url: url.to_owned(),
        pool: PoolSettings {
            max_connections: config.storage.database_connections,
            ..PoolSettings::default()
        },
        settings: app::settings(config, access_url),
        clock: Clock::system(),
        hasher: Hasher::default(),
        limits: app::limits(config),
    };
    let router = App::build(parts, lifecycle.clone())?.start();
    let draining = lifecycle.draining();
    lifecycle.spawn("http", async move {
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        // A failure here ends the task, which ends the process with an error.
        let _ = axum::serve(listener, service)
            .with_graceful_shutdown(draining)
            .await;
    });
    lifecycle.run_to_end(config.network.drain_limit).await?;
    Ok(())
}
