//! What a server does beside answering requests: background passes and provisioner daemons.

use std::{fs, time::Duration};

use super::App;
use crate::{
    config::{BuiltinProviderPolicy, Config, OpenTofuDownload, Provisioning},
    provisioner::{
        builtin_provider::{BuiltinProvider, Policy},
        daemon::{self, DaemonSettings},
        engine::EngineSettings,
        process::Limits,
    },
    service::{idempotency::IdempotencyKeys, passes::Passes},
    workers::{
        Driver, agent_timeouts::AgentTimeouts, daemons::StaleDaemons, idempotency_keys::OldKeys,
        lifecycle::DueWorkspaces, old_audit_entries::OldAuditEntries, reaper::Reaper,
    },
};

/// Longest run of one Terraform command.
const LONGEST_COMMAND: Duration = Duration::from_hours(12);
/// From the interrupt of a Terraform command to its kill.
const COMMAND_GRACE: Duration = Duration::from_mins(3);

/// Starts all of it; it ends when the server drains.
pub(super) fn start(app: &App, config: &Config) {
    let jobs = &app.state.jobs;
    let driver = Driver::new(Passes::new(app.core.clone()), app.lifecycle.clone());
    driver.run(Reaper::new(jobs.clone()));
    driver.run(StaleDaemons::new(jobs.clone()));
    driver.run(AgentTimeouts::new(app.state.watches.clone()));
    driver.run(OldKeys::new(IdempotencyKeys::new(app.core.clone())));
    driver.run(OldAuditEntries::new(app.state.audit.clone()));
    driver.run(DueWorkspaces::new(
        app.workspace_lifecycle.clone(),
        config.provisioning.autobuild_interval,
    ));
    daemon::start(jobs, daemons(app, config), &app.lifecycle);
}

fn daemons(app: &App, config: &Config) -> DaemonSettings {
    let provisioning = &config.provisioning;
    let cache = &config.storage.cache_directory;
    let environment: std::collections::BTreeMap<_, _> = std::env::vars_os().collect();
    DaemonSettings {
        count: provisioning.daemons,
        host_name: host_name(),
        engine: EngineSettings {
            executable: provisioning.terraform_path.clone(),
            search_path: environment
                .get(std::ffi::OsStr::new("PATH"))
                .cloned()
                .unwrap_or_default(),
            environment: environment.clone(),
            cache_directory: cache.clone(),
            download: provisioning.opentofu_download == OpenTofuDownload::Auto,
            download_base: provisioning.opentofu_base_url.to_string(),
        },
        directory: cache.clone(),
        environment,
        builtin_provider: builtin_provider(provisioning),
        limits: Limits {
            run: LONGEST_COMMAND,
            grace: COMMAND_GRACE,
        },
        poll_interval: provisioning.poll_interval,
        poll_jitter: provisioning.poll_jitter,
        force_cancel_interval: provisioning.force_cancel_interval,
        clock: app.core.clock.clone(),
    }
}

fn builtin_provider(provisioning: &Provisioning) -> Option<BuiltinProvider> {
    let policy = match provisioning.builtin_provider {
        BuiltinProviderPolicy::Auto => Policy::Auto,
        BuiltinProviderPolicy::Always => Policy::Always,
        BuiltinProviderPolicy::Never => return None,
    };
    let program = std::env::current_exe();
    let program = program.inspect_err(|error| {
        tracing::warn!(%error, "this program's file is unknown; its provider coder/coder is not used");
    });
    Some(BuiltinProvider::new(policy, program.ok()?, None))
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    match name.trim() {
        "" => "workspaced".to_owned(),
        name => name.to_owned(),
    }
}
