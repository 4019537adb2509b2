//! What the process tells about itself: log lines and metrics. Set up once, before
//! anything else runs; what is logged or counted is decided where it happens.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal},
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{Router, http::header, response::IntoResponse, routing};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    fmt::{self, writer::BoxMakeWriter},
    layer::{Layered, SubscriberExt},
    util::SubscriberInitExt,
};

/// What the layers stand on.
type Filtered = Layered<EnvFilter, Registry>;

/// Upper bounds of the buckets that durations are counted in, in seconds.
const DURATION_BUCKETS: &[f64] = &[
    0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0,
];

/// What is written where.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// File for logs that people read.
    pub human_log: Option<PathBuf>,
    /// File for logs as JSON lines.
    pub json_log: Option<PathBuf>,
    /// Debug messages of this server are written too.
    pub verbose: bool,
    /// What to log, in `tracing`'s form; overrules `verbose`.
    pub directives: Option<String>,
}

/// Why logs or metrics could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// A log file cannot be written.
    #[error("the log file {} cannot be written: {reason}", file.display())]
    LogFile {
        /// The file.
        file: PathBuf,
        /// What the system says.
        reason: io::Error,
    },
    /// The directives are not in `tracing`'s form.
    #[error("the log directives are wrong: {0}")]
    Directives(#[from] tracing_subscriber::filter::ParseError),
    /// It was set up before.
    #[error("telemetry is set up already")]
    Twice,
    /// The metrics' buckets are wrong.
    #[error("the metrics could not be set up: {0}")]
    Metrics(#[from] metrics_exporter_prometheus::BuildError),
}

/// The metrics that the process has counted so far.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

/// Starts logs and metrics for the whole process.
///
/// # Errors
/// When a log file cannot be written, or on a second call.
pub fn start(options: &Options) -> Result<Metrics, TelemetryError> {
    let mut layers: Vec<Box<dyn Layer<Filtered> + Send + Sync>> = Vec::new();
    if let Some(file) = &options.human_log {
        let colors = file == Path::new("/dev/stderr") && io::stderr().is_terminal();
        let layer = fmt::layer().with_ansi(colors).with_writer(open(file)?);
        layers.push(layer.boxed());
    }
    if let Some(file) = &options.json_log {
        let layer = fmt::layer()
            .json()
            .flatten_event(true)
            .with_writer(open(file)?);
        layers.push(layer.boxed());
    }
    // One filter before all layers: filters of single layers lose lines after a library asked
    // whether another line would be written.
    let subscriber = tracing_subscriber::registry()
        .with(filter(options)?)
        .with(layers);
    subscriber.try_init().or(Err(TelemetryError::Twice))?;
    let recorder = PrometheusBuilder::new()
        .set_buckets(DURATION_BUCKETS)?
        .build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).or(Err(TelemetryError::Twice))?;
    Ok(Metrics(handle))
}

impl Metrics {
    /// All metrics in Prometheus' text form.
    #[must_use]
    pub fn render(&self) -> String {
        // Without upkeep, samples that nobody fetches would pile up.
        self.0.run_upkeep();
        self.0.render()
    }

    /// Does what must be done every few seconds while nobody fetches the metrics.
    pub fn upkeep(&self) {
        self.0.run_upkeep();
    }

    /// Answers every path with the metrics.
    pub fn router(&self) -> Router {
        const TEXT_FORM: &str = "text/plain; version=0.0.4; charset=utf-8";
        let metrics = self.clone();
        Router::new().fallback_service(routing::get(async move || {
            ([(header::CONTENT_TYPE, TEXT_FORM)], metrics.render()).into_response()
        }))
    }
}

fn filter(options: &Options) -> Result<EnvFilter, TelemetryError> {
    let directives = match (&options.directives, options.verbose) {
        (Some(directives), _) => directives,
        (None, true) => "info,workspaced=debug",
        (None, false) => "warn,workspaced=info",
    };
    Ok(EnvFilter::try_new(directives)?)
}

fn open(file: &Path) -> Result<BoxMakeWriter, TelemetryError> {
    // Opening the device anew would lose the position in a file it leads to.
    match file.to_str() {
        Some("/dev/stderr") => return Ok(BoxMakeWriter::new(io::stderr)),
        Some("/dev/stdout") => return Ok(BoxMakeWriter::new(io::stdout)),
        _ => {}
    }
    let opened = OpenOptions::new().create(true).append(true).open(file);
    match opened {
        Ok(opened) => Ok(BoxMakeWriter::new(Arc::new(opened))),
        Err(reason) => Err(TelemetryError::LogFile {
            file: file.to_owned(),
            reason,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logs_and_metrics_start_once() {
        let directory =
            std::env::temp_dir().join(format!("workspaced-logs-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("log.json");
        let options = Options {
            json_log: Some(file.clone()),
            ..Options::default()
        };
        let metrics = start(&options).unwrap();
        tracing::info!(answer = 42, "a line");
        metrics::counter!("lines_total").increment(1);
        let line = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_dir_all(&directory).unwrap();
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["message"], "a line");
        assert_eq!(line["answer"], 42);
        assert!(metrics.render().contains("lines_total 1"));
        assert!(matches!(
            start(&Options::default()),
            Err(TelemetryError::Twice)
        ));
    }
}
