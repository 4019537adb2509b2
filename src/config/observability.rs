//! Settings of what the server tells about itself: logs and metrics.

use std::path::PathBuf;

use clap::Args;

use tracing_subscriber::EnvFilter;

use super::{
    ConfigError,
    values::{Address, Switch},
};

/// Logs and metrics.
#[derive(Args)]
#[command(next_help_heading = "Introspection")]
pub(super) struct ObservabilityArgs {
    /// Write debug messages too
    #[arg(long, short = 'v', env = "CODER_VERBOSE")]
    verbose: Switch,
    /// File for logs that people read; /dev/null for none
    #[arg(
        long,
        env = "CODER_LOGGING_HUMAN",
        default_value = "/dev/stderr",
        value_name = "FILE"
    )]
    log_human: PathBuf,
    /// File for logs as JSON lines [default: none]
    #[arg(long, env = "CODER_LOGGING_JSON", value_name = "FILE")]
    log_json: Option<PathBuf>,
    /// What to log, such as info,sqlx=debug; overrules verbose
    #[arg(long, env = "WORKSPACED_LOG", value_name = "DIRECTIVES")]
    log: Option<String>,
    /// Serve metrics for Prometheus
    #[arg(long, env = "CODER_PROMETHEUS_ENABLE")]
    prometheus_enable: Switch,
    /// Address and port for the metrics
    #[arg(
        long,
        env = "CODER_PROMETHEUS_ADDRESS",
        default_value = "127.0.0.1:2112",
        value_name = "HOST:PORT"
    )]
    prometheus_address: Address,
    /// Serve the API's description for people under /swagger
    #[arg(long, env = "CODER_SWAGGER_ENABLE")]
    swagger_enable: Switch,
    /// Stands for compatibility: this server asks nobody for newer releases, whatever is set
    #[arg(long, env = "CODER_UPDATE_CHECK", default_value = "false")]
    update_check: Switch,
    /// Stands for compatibility: this server sends nothing to anyone, whatever is set
    #[arg(long, env = "CODER_TELEMETRY_ENABLE", default_value = "false")]
    telemetry: Switch,
}

/// What the server tells about itself.
#[derive(Clone, Debug)]
pub struct Observability {
    /// Debug messages are written too.
    pub verbose: bool,
    /// File for logs that people read; `None` when it would be `/dev/null`.
    pub human_log: Option<PathBuf>,
    /// File for logs as JSON lines.
    pub json_log: Option<PathBuf>,
    /// What to log, in `tracing`'s form; overrules `verbose`.
    pub log_directives: Option<String>,
    /// Where the metrics are served; `None` for nowhere.
    pub prometheus: Option<Address>,
    /// The API's description for people is served.
    pub swagger: bool,
    /// Newer releases are looked for.
    pub update_check: bool,
}

impl ObservabilityArgs {
    pub(super) fn resolve(self) -> Result<Observability, ConfigError> {
        if let Some(directives) = &self.log
            && let Err(reason) = EnvFilter::try_new(directives)
        {
            return Err(ConfigError::new(format!(
                "WORKSPACED_LOG cannot be {directives:?}: {reason}"
            )));
        }
        Ok(Observability {
            verbose: self.verbose.0,
            human_log: Some(self.log_human).filter(|file| file.as_os_str() != "/dev/null"),
            json_log: self.log_json,
            log_directives: self.log,
            prometheus: self.prometheus_enable.0.then_some(self.prometheus_address),
            swagger: self.swagger_enable.0,
            update_check: self.update_check.0,
        })
    }
}
