//! Terraform's commands, each as one method: init, plan, apply, and the reading of plan and
//! state. The order they are called in is decided by the kind of job.
//! Source: spec/provisioning.md section 1.3.

use std::{ffi::OsString, io, path::PathBuf};

use serde::Deserialize;
use tokio::io::AsyncWriteExt;
use tokio_util::sync::CancellationToken;

use super::{Inputs, JobLog, JobReporter, RunnerSettings, WorkDirectory, plugin_cache, span::Span};
use crate::{
    domain::provisioning::{
        BuildMetadata, LogLevel, Module, ParsedTemplate, ProvisionedResources, Timing, TimingStage,
        Transition,
    },
    provisioner::{
        builtin_provider::{self, VERSION},
        engine::Version,
        environment, logs, parse,
        process::{self, ProcessError, Program, Stream, Variables},
        resources,
        timings::Collector,
    },
};

/// From this version on the kind of graph must be named.
const NAMES_GRAPH: Version = Version(1, 7, 0);

/// Terraform in one working directory, for one job.
pub(super) struct Steps<'a, R> {
    settings: &'a RunnerSettings,
    directory: &'a WorkDirectory,
    pub(super) log: JobLog<'a, R>,
    cancel: &'a CancellationToken,
    plugin_cache: PathBuf,
    base: Variables,
    apply: Variables,
}

/// What a plan brought.
pub(super) struct Planned {
    pub(super) resources: ProvisionedResources,
    pub(super) timings: Vec<Timing>,
}

impl<'a, R: JobReporter> Steps<'a, R> {
    pub(super) fn new(
        settings: &'a RunnerSettings,
        directory: &'a WorkDirectory,
        log: JobLog<'a, R>,
        cancel: &'a CancellationToken,
        metadata: &BuildMetadata,
        debug_log: bool,
    ) -> Self {
        let plugin_cache = settings.directory.join("tf");
        Self {
            base: environment::base(&settings.environment, &plugin_cache),
            apply: environment::apply(&settings.environment, metadata, debug_log),
            settings,
            directory,
            log,
            cancel,
            plugin_cache,
        }
    }

    pub(super) fn reporter(&self) -> &R {
        self.log.reporter
    }

    /// Reads variables, readme and tags without running Terraform.
    pub(super) async fn parse(&self) -> Result<ParsedTemplate, String> {
        let directory = self.directory.path().to_owned();
        match tokio::task::spawn_blocking(move || parse::parse(&directory)).await {
            Ok(parsed) => parsed.map_err(|error| format!("run parse: {error}")),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Writes the state that the job begins from.
    pub(super) async fn write_state(&self, state: &[u8]) -> Result<(), String> {
        let write = async {
            let mut file = tokio::fs::OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(true)
                // A state holds secrets.
                .mode(0o600)
                .open(self.directory.state())
                .await?;
            file.write_all(state).await?;
            file.flush().await
        };
        write.await.map_err(|error| format!("write state: {error}"))
    }

    /// The state as it is now; empty when there is none.
    pub(super) async fn read_state(&self) -> Result<Vec<u8>, String> {
        match tokio::fs::read(self.directory.state()).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read.map_err(|error| format!("read state: {error}")),
        }
    }

    /// `terraform init`.
    pub(super) async fn init(&self, stage: &str) -> Result<Timing, String> {
        self.prune_plugin_caches().await;
        for warning in environment::warnings(&self.settings.environment) {
            self.log.engine(stage, LogLevel::Warn, warning);
        }
        let span = Span::begin(&self.settings.clock, TimingStage::Init);
        let mut variables = self.base.clone();
        let is_builtin = self.use_builtin_provider(stage, &mut variables).await?;
        let program = self.program(&["init", "-no-color", "-input=false"], &variables);
        let (mut busy, mut about_provider) = (false, false);
        let ended = process::run(
            &program,
            self.settings.limits,
            self.cancel,
            |stream, line| {
                let usual = match stream {
                    Stream::Output => LogLevel::Debug,
                    Stream::Errors => LogLevel::Error,
                };
                busy |= stream == Stream::Errors && line.contains("text file busy");
                about_provider |= stream == Stream::Errors && line.contains("coder/coder");
                if let Some((level, text)) = logs::plain_line(line, usual) {
                    self.log.engine(stage, level, text);
                }
            },
        )
        .await;
        if busy {
            let hint = "a provider's file is in use: do two daemons share one cache directory?";
            self.log.engine(stage, LogLevel::Error, hint.to_owned());
        }
        if is_builtin && about_provider && ended.is_err() {
            let hint = format!(
                "The provider coder/coder was taken from this server, since the registry is not reachable or \
                 WORKSPACED_BUILTIN_PROVIDER is \"always\". It has the version {VERSION}: a template that demands \
                 another one needs the registry."
            );
            self.log.engine(stage, LogLevel::Error, hint);
        }
        ended.map_err(|error| format!("initialize terraform: {error}"))?;
        Ok(span.end("initializing terraform"))
    }

    /// Has init take the provider from this program, where that is to be; says whether it is.
    async fn use_builtin_provider(
        &self,
        stage: &str,
        variables: &mut Variables,
    ) -> Result<bool, String> {
        let Some(provider) = &self.settings.builtin_provider else {
            return Ok(false);
        };
        let source = provider
            .source(
                self.directory.path(),
                &self.settings.directory,
                &self.settings.engine.executable,
                &self.settings.environment,
                self.settings.clock.now(),
            )
            .await
            .map_err(|error| format!("offer the provider coder/coder: {error}"))?;
        let Some(source) = source else {
            return Ok(false);
        };
        variables.extend(source.variables);
        let line = format!("The provider coder/coder {VERSION} comes from this server.");
        self.log.engine(stage, LogLevel::Debug, line);
        Ok(true)
    }

    /// `terraform plan`, and the reading of the plan.
    pub(super) async fn plan(
        &self,
        stage: &str,
        inputs: &Inputs,
        transition: Transition,
    ) -> Result<Planned, String> {
        let mut out = OsString::from("-out=");
        out.push(self.directory.plan());
        let environment = environment::plan(
            &self.with_transition(transition),
            &inputs.parameters,
            &inputs.external_auth,
        );
        let mut program = self.program(
            &[
                "plan",
                "-no-color",
                "-input=false",
                "-json",
                "-refresh=true",
            ],
            &environment,
        );
        program.arguments.push(out);
        if transition == Transition::Delete {
            program.arguments.push("-destroy".into());
        }
        for variable in &inputs.variables {
            program.arguments.push("-var".into());
            let assignment = format!("{}={}", variable.name, variable.value);
            program.arguments.push(assignment.into());
        }
        let mut timings = self
            .run_events(&program, stage, TimingStage::Plan)
            .await
            .map_err(|(error, _)| format!("terraform plan: {error}"))?;
        let mut show = self.program(&["show", "-json", "-no-color"], &self.base);
        show.arguments.push(self.directory.plan().into());
        let json = self.capture(&show, "show terraform plan file").await?;
        let span = Span::begin(&self.settings.clock, TimingStage::Graph);
        let graph = self.graph().await?;
        timings.push(span.end("building terraform dependency graph"));
        let mut resources =
            resources::from_plan(&json, &graph).map_err(|error| error.to_string())?;
        resources.modules = self.modules().await;
        Ok(Planned { resources, timings })
    }

    /// `terraform apply` of the plan. The timings come also with a failure.
    pub(super) async fn apply(&self, stage: &str) -> Result<Vec<Timing>, (String, Vec<Timing>)> {
        let mut program = self.program(
            &[
                "apply",
                "-no-color",
                "-auto-approve",
                "-input=false",
                "-json",
            ],
            &self.apply,
        );
        program.arguments.push(self.directory.plan().into());
        self.run_events(&program, stage, TimingStage::Apply)
            .await
            .map_err(|(error, timings)| (format!("terraform apply: {error}"), timings))
    }

    /// What exists after an apply.
    pub(super) async fn show_state(&self) -> Result<ProvisionedResources, String> {
        let show = self.program(&["show", "-json", "-no-color"], &self.base);
        let json = self.capture(&show, "show terraform state").await?;
        let graph = self.graph().await?;
        let mut resources =
            resources::from_state(&json, &graph).map_err(|error| error.to_string())?;
        resources.modules = self.modules().await;
        Ok(resources)
    }

    /// Runs a command that writes machine-readable lines.
    async fn run_events(
        &self,
        program: &Program<'_>,
        stage: &str,
        timing_stage: TimingStage,
    ) -> Result<Vec<Timing>, (ProcessError, Vec<Timing>)> {
        let mut timings = Collector::new(timing_stage);
        let ended = process::run(
            program,
            self.settings.limits,
            self.cancel,
            |stream, line| {
                let lines = match (stream, logs::Message::read(line)) {
                    (Stream::Output, Some(message)) => {
                        timings.ingest(&message, self.settings.clock.now());
                        message.lines()
                    }
                    (Stream::Output, None) => logs::stray_line(line).into_iter().collect(),
                    (Stream::Errors, _) => logs::plain_line(line, LogLevel::Error)
                        .into_iter()
                        .collect(),
                };
                for (level, text) in lines {
                    self.log.engine(stage, level, text);
                }
            },
        )
        .await;
        match ended {
            Ok(()) => Ok(timings.finish()),
            Err(error) => Err((error, timings.finish())),
        }
    }

    async fn graph(&self) -> Result<String, String> {
        let mut program = self.program(&["graph"], &self.base);
        if self.settings.engine.version >= NAMES_GRAPH {
            program.arguments.push("-type=plan".into());
        }
        let dot = self.capture(&program, "graph").await?;
        Ok(String::from_utf8_lossy(&dot).into_owned())
    }

    async fn capture(&self, program: &Program<'_>, what: &str) -> Result<Vec<u8>, String> {
        process::capture(program, self.settings.limits, self.cancel)
            .await
            .map_err(|error| format!("{what}: {error}"))
    }

    /// The modules that init fetched; the list is only for information, so that a missing or
    /// unreadable one fails nothing.
    async fn modules(&self) -> Vec<Module> {
        let file = self
            .directory
            .path()
            .join(".terraform/modules/modules.json");
        let Ok(json) = tokio::fs::read(file).await else {
            return Vec::new();
        };
        match serde_json::from_slice::<ModuleList>(&json) {
            Ok(list) => list
                .modules
                .into_iter()
                .filter(|module| !module.source.is_empty())
                .map(|module| Module {
                    source: module.source,
                    version: module.version,
                    key: module.key,
                })
                .collect(),
            Err(error) => {
                tracing::warn!(%error, "cannot read the list of modules");
                Vec::new()
            }
        }
    }

    async fn prune_plugin_caches(&self) {
        let beside = builtin_provider::cache_in(&self.settings.directory);
        let (cache, now) = (self.plugin_cache.clone(), self.settings.clock.now());
        let pruned = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&cache)?;
            plugin_cache::prune(&cache, now)?;
            plugin_cache::prune(&beside, now)
        })
        .await;
        if let Ok(Err(error)) = pruned {
            tracing::warn!(%error, "cannot tidy the cache of providers");
        }
    }

    /// The variables of apply with another transition: an import plans a start and a stop.
    fn with_transition(&self, transition: Transition) -> Variables {
        let mut variables = self.apply.clone();
        let (name, value) = environment::transition(transition);
        variables.insert(name.into(), value);
        variables
    }

    fn program<'b>(&'b self, arguments: &[&str], environment: &'b Variables) -> Program<'b> {
        Program {
            executable: &self.settings.engine.executable,
            arguments: arguments.iter().map(Into::into).collect(),
            directory: self.directory.path(),
            environment,
            record: Some(self.directory.record()),
        }
    }
}

#[derive(Deserialize)]
struct ModuleList {
    #[serde(rename = "Modules", default)]
    modules: Vec<ListedModule>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", default)]
#[derive(Default)]
struct ListedModule {
    key: String,
    source: String,
    version: String,
}
