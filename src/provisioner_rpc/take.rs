//! What daemons report, out of messages.

use chrono::DateTime;

use super::{Refused, job_id};
use crate::{
    domain::{
        clock::{Timestamp, never},
        ids::JobId,
        provisioning::{
            Agent, AgentAuth, AgentMetadata, App, Completed, DisplayApps, ExternalAuthProvider,
            Failed, Healthcheck, LogLevel, LogLine, LogSource, Module, NamedValue, OpenIn,
            ParameterOption, ParsedTemplate, ProvisionedResources, Resource, ResourceMetadata,
            RichParameter, Script, SharingLevel, TemplateVariable, Timing, TimingStage,
        },
    },
    rpc::messages::{
        provisioner as shared,
        provisionerd::{self as wire, CompletedJobType, FailedJobType},
    },
};

/// A job that ended badly.
pub(super) fn failed(message: wire::FailedJob) -> Result<(JobId, Failed), Refused> {
    let (state, timings) = match message.kind {
        Some(FailedJobType::WorkspaceBuild(build)) => {
            (Some(build.state.to_vec()), timings(build.timings))
        }
        _ => (None, Vec::new()),
    };
    let failed = Failed {
        error: message.error,
        state,
        timings,
    };
    Ok((job_id(&message.job_id)?, failed))
}

/// A job that ended well.
pub(super) fn completed(message: wire::CompletedJob) -> Result<(JobId, Completed), Refused> {
    let id = job_id(&message.job_id)?;
    let done = match message.kind.ok_or(Refused::NoKind)? {
        CompletedJobType::TemplateImport(import) => imported(import),
        CompletedJobType::TemplateDryRun(run) => Completed::DryRun {
            resources: found(run.resources, run.modules),
        },
        CompletedJobType::WorkspaceBuild(build) => Completed::Build {
            resources: found(build.resources, build.modules),
            state: build.state.to_vec(),
            timings: timings(build.timings),
        },
    };
    Ok((id, done))
}

/// What parsing an archive found, if an update tells it.
pub(super) fn parsed(update: wire::UpdateJobRequest) -> Option<ParsedTemplate> {
    if update.template_variables.is_empty()
        && update.readme.is_empty()
        && update.workspace_tags.is_empty()
    {
        return None;
    }
    let variables = update.template_variables.into_iter();
    Some(ParsedTemplate {
        variables: variables.map(variable).collect(),
        readme: String::from_utf8_lossy(&update.readme).into_owned(),
        workspace_tags: update.workspace_tags.into_iter().collect(),
    })
}

/// A line of a job's log.
pub(super) fn line(log: &wire::Log) -> LogLine {
    LogLine {
        created_at: DateTime::from_timestamp_millis(log.created_at).unwrap_or_else(never),
        source: match log.source() {
            wire::LogSource::ProvisionerDaemon => LogSource::ProvisionerDaemon,
            wire::LogSource::Provisioner => LogSource::Provisioner,
        },
        level: match log.level() {
            shared::LogLevel::Trace => LogLevel::Trace,
            shared::LogLevel::Debug => LogLevel::Debug,
            shared::LogLevel::Info => LogLevel::Info,
            shared::LogLevel::Warn => LogLevel::Warn,
            shared::LogLevel::Error => LogLevel::Error,
        },
        stage: log.stage.clone(),
        output: log.output.clone(),
    }
}

fn imported(import: wire::CompletedJobTemplateImport) -> Completed {
    let named = import.external_auth_providers.into_iter();
    let mut external_auth_providers: Vec<_> = named
        .map(|provider| ExternalAuthProvider {
            id: provider.id,
            optional: provider.optional,
        })
        .collect();
    if external_auth_providers.is_empty() {
        // Daemons of old name them only.
        let bare = import.external_auth_providers_names.into_iter();
        external_auth_providers.extend(bare.map(|id| ExternalAuthProvider {
            id,
            optional: false,
        }));
    }
    let start = ProvisionedResources {
        parameters: import.rich_parameters.into_iter().map(parameter).collect(),
        external_auth_providers,
        ..found(import.start_resources, import.start_modules)
    };
    Completed::Import {
        start,
        stop: found(import.stop_resources, import.stop_modules),
        timings: Vec::new(),
    }
}

fn found(resources: Vec<shared::Resource>, modules: Vec<shared::Module>) -> ProvisionedResources {
    let module = |module: shared::Module| Module {
        source: module.source,
        version: module.version,
        key: module.key,
    };
    ProvisionedResources {
        resources: resources.into_iter().map(resource).collect(),
        modules: modules.into_iter().map(module).collect(),
        ..ProvisionedResources::default()
    }
}

fn variable(variable: shared::TemplateVariable) -> TemplateVariable {
    TemplateVariable {
        name: variable.name,
        description: variable.description,
        kind: variable.r#type,
        default_value: variable.default_value,
        required: variable.required,
        sensitive: variable.sensitive,
    }
}

fn parameter(parameter: shared::RichParameter) -> RichParameter {
    let option = |option: shared::RichParameterOption| ParameterOption {
        name: option.name,
        description: option.description,
        value: option.value,
        icon: option.icon,
    };
    RichParameter {
        name: parameter.name,
        display_name: parameter.display_name,
        description: parameter.description,
        kind: parameter.r#type,
        mutable: parameter.mutable,
        default_value: parameter.default_value,
        icon: parameter.icon,
        options: parameter.options.into_iter().map(option).collect(),
        validation_regex: parameter.validation_regex,
        validation_error: parameter.validation_error,
        validation_min: parameter.validation_min,
        validation_max: parameter.validation_max,
        validation_monotonic: parameter.validation_monotonic,
        required: parameter.required,
        ephemeral: parameter.ephemeral,
        order: parameter.order,
    }
}

fn resource(resource: shared::Resource) -> Resource {
    let row = |row: shared::ResourceMetadata| ResourceMetadata {
        key: row.key,
        value: row.value,
        sensitive: row.sensitive,
        is_null: row.is_null,
    };
    Resource {
        name: resource.name,
        kind: resource.r#type,
        agents: resource.agents.into_iter().map(agent).collect(),
        metadata: resource.metadata.into_iter().map(row).collect(),
        hide: resource.hide,
        icon: resource.icon,
        instance_type: resource.instance_type,
        daily_cost: resource.daily_cost,
        module_path: resource.module_path,
    }
}

fn agent(agent: shared::Agent) -> Agent {
    let variable = |env: shared::Env| NamedValue {
        name: env.name,
        value: env.value,
    };
    let metadata = |item: shared::AgentMetadata| AgentMetadata {
        key: item.key,
        display_name: item.display_name,
        script: item.script,
        interval: item.interval,
        timeout: item.timeout,
        order: item.order,
    };
    Agent {
        id: agent.id,
        name: agent.name,
        env: agent.env.into_iter().collect(),
        extra_envs: agent.extra_envs.into_iter().map(variable).collect(),
        operating_system: agent.operating_system,
        architecture: agent.architecture,
        directory: agent.directory,
        auth: match agent.auth {
            Some(shared::AgentAuth::Token(token)) => AgentAuth::Token(token),
            Some(shared::AgentAuth::InstanceId(id)) => AgentAuth::InstanceId(id),
            None => AgentAuth::default(),
        },
        connection_timeout_seconds: agent.connection_timeout_seconds,
        troubleshooting_url: agent.troubleshooting_url,
        motd_file: agent.motd_file,
        metadata: agent.metadata.into_iter().map(metadata).collect(),
        display_apps: display_apps(&agent.display_apps.unwrap_or_default()),
        scripts: agent.scripts.into_iter().map(script).collect(),
        apps: agent.apps.into_iter().map(app).collect(),
        order: agent.order,
    }
}

fn display_apps(shown: &shared::DisplayApps) -> DisplayApps {
    DisplayApps {
        vscode: shown.vscode,
        vscode_insiders: shown.vscode_insiders,
        web_terminal: shown.web_terminal,
        ssh_helper: shown.ssh_helper,
        port_forwarding_helper: shown.port_forwarding_helper,
    }
}

fn script(script: shared::Script) -> Script {
    Script {
        display_name: script.display_name,
        icon: script.icon,
        script: script.script,
        cron: script.cron,
        start_blocks_login: script.start_blocks_login,
        run_on_start: script.run_on_start,
        run_on_stop: script.run_on_stop,
        timeout_seconds: script.timeout_seconds,
        log_path: script.log_path,
    }
}

fn app(app: shared::App) -> App {
    let sharing_level = match app.sharing_level() {
        shared::AppSharingLevel::Owner => SharingLevel::Owner,
        shared::AppSharingLevel::Authenticated => SharingLevel::Authenticated,
        shared::AppSharingLevel::Public => SharingLevel::Public,
    };
    let open_in = match app.open_in() {
        shared::AppOpenIn::Window => OpenIn::Window,
        shared::AppOpenIn::SlimWindow => OpenIn::SlimWindow,
        shared::AppOpenIn::Tab => OpenIn::Tab,
    };
    let check = app.healthcheck.unwrap_or_default();
    App {
        slug: app.slug,
        display_name: app.display_name,
        command: app.command,
        url: app.url,
        icon: app.icon,
        subdomain: app.subdomain,
        healthcheck: Healthcheck {
            url: check.url,
            interval: check.interval,
            threshold: check.threshold,
        },
        sharing_level,
        external: app.external,
        order: app.order,
        hidden: app.hidden,
        open_in,
    }
}

/// The timings that say when and what; the others are of no use.
fn timings(messages: Vec<shared::Timing>) -> Vec<Timing> {
    messages.into_iter().filter_map(timing).collect()
}

fn timing(timing: shared::Timing) -> Option<Timing> {
    let stage = match timing.stage.as_str() {
        "init" => TimingStage::Init,
        "plan" => TimingStage::Plan,
        "graph" => TimingStage::Graph,
        "apply" => TimingStage::Apply,
        _ => return None,
    };
    Some(Timing {
        started_at: instant(timing.start?)?,
        ended_at: instant(timing.end?)?,
        stage,
        source: timing.source,
        action: timing.action,
        resource: timing.resource,
    })
}

fn instant(at: shared::Timestamp) -> Option<Timestamp> {
    DateTime::from_timestamp(at.seconds, u32::try_from(at.nanos).ok()?)
}
