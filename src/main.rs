//! The `workspaced` program: reads its settings, runs what was asked for and returns an
//! exit code: 0 for a wished end, 1 for a failure, 2 for a wrong setting.

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
};

use anyhow::Context as _;
use tracing::info;
use workspaced::{
    app::{self, reset_password},
    config::{self, Config, Refusal, Task},
    demo,
    lifecycle::{Ending, Signals},
    telemetry::{self, Metrics},
    terraform_provider,
};
#[cfg(feature = "bench")]
use workspaced::{
    bench_seed,
    domain::{clock::Clock, passwords::Hasher},
};

/// Measured: many idle connections cost it less memory than the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const WRONG_SETTING: u8 = 2;

fn main() -> ExitCode {
    let task = match config::read(std::env::args_os()) {
        Ok(task) => task,
        Err(Refusal::Told(text)) => return say(&text),
        Err(Refusal::Wrong(error)) => {
            complain(&error);
            return ExitCode::from(WRONG_SETTING);
        }
    };
    match perform(task) {
        Ok(Ending::Asked) => ExitCode::SUCCESS,
        Ok(Ending::Failed) => ExitCode::FAILURE,
        Err(error) => {
            complain(&format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> anyhow::Result<Ending> {
    // Terraform starts its provider for each of its commands: one thread starts fastest.
    let mut runtime = match task {
        Task::TerraformProvider => tokio::runtime::Builder::new_current_thread(),
        _ => tokio::runtime::Builder::new_multi_thread(),
    };
    let runtime = runtime
        .enable_all()
        .build()
        .context("the runtime could not be started")?;
    match task {
        Task::Server(config) => {
            let metrics = start_telemetry(&config)?;
            runtime.block_on(serve(&config, &metrics))
        }
        Task::Demo(mut config) => {
            // What the demo prints must not drown in the log.
            let directives = &mut config.observability.log_directives;
            directives.get_or_insert_with(|| "warn".to_owned());
            config.provisioning.prefer_builtin_provider();
            let metrics = start_telemetry(&config)?;
            runtime.block_on(demonstrate(&config, &metrics))
        }
        Task::Migrate(config) => {
            start_telemetry(&config)?;
            runtime.block_on(app::run::migrate(&config))?;
            Ok(Ending::Asked)
        }
        Task::ResetPassword { config, username } => {
            start_telemetry(&config)?;
            let password = reset_password::read_password()?;
            runtime.block_on(reset_password::reset_password(&config, &username, password))?;
            say(&format!(
                "{username} has a new password, and no session any more.\n"
            ));
            Ok(Ending::Asked)
        }
        Task::OpenApi => {
            let text = runtime.block_on(async { app::describe() })?;
            say(&text);
            Ok(Ending::Asked)
        }
        Task::TerraformProvider => {
            runtime.block_on(terraform_provider::serve(std::env::vars_os()))?;
            Ok(Ending::Asked)
        }
        #[cfg(feature = "bench")]
        Task::BenchSeed(wanted) => {
            runtime.block_on(bench_seed(wanted))?;
            Ok(Ending::Asked)
        }
    }
}

async fn serve(config: &Config, metrics: &Metrics) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen().context("signals cannot be received")?;
    let running = tokio::select! {
        running = app::run::start(config, metrics) => running?,
        signal = signals.next() => {
            info!(signal, "asked to end before the server was ready");
            return Ok(Ending::Asked);
        }
    };
    Ok(running.to_end(&mut signals).await)
}

async fn demonstrate(config: &Config, metrics: &Metrics) -> anyhow::Result<Ending> {
    let mut signals = Signals::listen().context("signals cannot be received")?;
    let running = app::run::start(config, metrics).await?;
    let shown = tokio::select! {
        shown = demo::show(&running.access_url) => shown,
        _ = signals.next() => {
            running.lifecycle.shut_down();
            Ok(())
        }
    };
    if shown.is_err() {
        running.lifecycle.shut_down();
    }
    let ending = running.to_end(&mut signals).await;
    shown.map(|()| ending)
}

#[cfg(feature = "bench")]
async fn bench_seed(wanted: config::BenchSeed) -> anyhow::Result<()> {
    let options = bench_seed::Options {
        database_url: wanted.postgres_url,
        amounts: bench_seed::Amounts {
            workspaces: wanted.workspaces,
            users: wanted.users,
            templates: wanted.templates,
            builds: wanted.builds,
        },
        manifest: wanted.manifest,
    };
    bench_seed::run(&options, &Clock::system(), &Hasher::default()).await
}

fn start_telemetry(config: &Config) -> anyhow::Result<Metrics> {
    let metrics = telemetry::start(&telemetry::Options {
        human_log: config.observability.human_log.clone(),
        json_log: config.observability.json_log.clone(),
        verbose: config.observability.verbose,
        directives: config.observability.log_directives.clone(),
    })?;
    if !config.ignored.is_empty() {
        tracing::warn!(
            settings = config.ignored.join(" "),
            "the environment holds settings that this server does not know; they are ignored"
        );
    }
    Ok(metrics)
}

fn say(text: &str) -> ExitCode {
    // A closed pipe, as of `| head`, is no failure.
    io::stdout().write_all(text.as_bytes()).ok();
    ExitCode::SUCCESS
}

fn complain(error: &dyn fmt::Display) {
    writeln!(io::stderr(), "workspaced: {error}").ok();
}
