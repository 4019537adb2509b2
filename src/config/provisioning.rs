//! Settings of builds: the daemons, the Terraform engine and the passes over workspaces.

use std::{path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

use super::{
    ConfigError,
    values::{Span, Switch},
};
use crate::domain::schedule::Schedule;

/// The daemons and their engine.
#[derive(Args)]
#[command(next_help_heading = "Provisioning")]
pub(super) struct ProvisioningArgs {
    /// Builds that this server runs at once; zero to leave all to other machines
    #[arg(long, env = "CODER_PROVISIONER_DAEMONS", default_value = "3", value_name = "COUNT",
        value_parser = clap::value_parser!(u16).range(0..=1000))]
    provisioner_daemons: u16,
    /// Shared secret with which daemons on other machines sign in
    #[arg(long, env = "CODER_PROVISIONER_DAEMON_PSK", value_name = "SECRET")]
    provisioner_daemon_psk: Option<SecretString>,
    /// Longest wait between two looks for work; a new build is noticed at once all the same
    #[arg(
        long,
        env = "CODER_PROVISIONER_DAEMON_POLL_INTERVAL",
        default_value = "1s",
        value_name = "DURATION"
    )]
    provisioner_daemon_poll_interval: Span,
    /// Random addition to that wait
    #[arg(
        long,
        env = "CODER_PROVISIONER_DAEMON_POLL_JITTER",
        default_value = "100ms",
        value_name = "DURATION"
    )]
    provisioner_daemon_poll_jitter: Span,
    /// How long a canceled build may take to end by itself before it is killed
    #[arg(
        long,
        env = "CODER_PROVISIONER_FORCE_CANCEL_INTERVAL",
        default_value = "10m0s",
        value_name = "DURATION"
    )]
    provisioner_force_cancel_interval: Span,
    /// Longest time between two looks for builds whose daemon went silent
    #[arg(
        long,
        env = "CODER_JOB_HANG_DETECTOR_INTERVAL",
        default_value = "1m0s",
        value_name = "DURATION"
    )]
    job_hang_detector_interval: Span,
    /// Longest time between two looks for scheduled starts and stops
    #[arg(
        long,
        env = "CODER_AUTOBUILD_POLL_INTERVAL",
        default_value = "1m0s",
        value_name = "DURATION"
    )]
    autobuild_poll_interval: Span,
    /// When templates that demand a stop may stop a workspace whose owner did not choose: each day at this time
    #[arg(
        long,
        env = "CODER_QUIET_HOURS_DEFAULT_SCHEDULE",
        default_value = "CRON_TZ=UTC 0 0 * * *",
        value_name = "SCHEDULE"
    )]
    default_quiet_hours_schedule: String,
    /// Let users choose that time themselves
    #[arg(
        long,
        env = "CODER_ALLOW_CUSTOM_QUIET_HOURS",
        default_value = "true",
        value_name = "SWITCH"
    )]
    allow_custom_quiet_hours: Switch,
    /// Let administrators ask for Terraform's debug output
    #[arg(long, env = "CODER_ENABLE_TERRAFORM_DEBUG_MODE")]
    enable_terraform_debug_mode: Switch,
    /// The terraform or tofu program to run [default: the first found on PATH]
    #[arg(long, env = "WORKSPACED_TERRAFORM_PATH", value_name = "FILE")]
    terraform_path: Option<PathBuf>,
    /// When templates get the provider coder/coder from this program: always, never, or when neither the
    /// template's lock file, nor the host's configuration of Terraform, nor the registry has one
    #[arg(
        long,
        env = "WORKSPACED_BUILTIN_PROVIDER",
        default_value = "auto",
        value_name = "WHEN"
    )]
    builtin_provider: BuiltinProviderPolicy,
    /// Whether OpenTofu is downloaded when there is no engine
    #[arg(
        long,
        env = "WORKSPACED_OPENTOFU_DOWNLOAD",
        default_value = "auto",
        value_name = "WHEN"
    )]
    opentofu_download: OpenTofuDownload,
    /// Where OpenTofu's releases are
    #[arg(
        long,
        env = "WORKSPACED_OPENTOFU_BASE_URL",
        value_name = "URL",
        default_value = "https://github.com/opentofu/opentofu/releases/download"
    )]
    opentofu_base_url: Url,
}

/// The daemons, their engine and the passes over workspaces.
#[derive(Clone, Debug)]
pub struct Provisioning {
    /// Builds that this server runs at once.
    pub daemons: u16,
    /// Shared secret of daemons on other machines.
    pub daemon_secret: Option<SecretString>,
    /// Longest wait between two looks for work.
    pub poll_interval: Duration,
    /// Random addition to that wait.
    pub poll_jitter: Duration,
    /// How long a canceled build may take before it is killed.
    pub force_cancel_interval: Duration,
    /// Longest time between two looks for builds whose daemon went silent.
    pub hang_detector_interval: Duration,
    /// Longest time between two looks for scheduled starts and stops.
    pub autobuild_interval: Duration,
    /// Quiet hours of users who have none of their own: a daily schedule with one time.
    pub default_quiet_hours_schedule: String,
    /// Users may choose their own quiet hours.
    pub allow_custom_quiet_hours: bool,
    /// Administrators may ask for Terraform's debug output.
    pub terraform_debug: bool,
    /// The engine to run; `None` for the first on `PATH`.
    pub terraform_path: Option<PathBuf>,
    /// When the provider `coder/coder` in this program is used.
    pub builtin_provider: BuiltinProviderPolicy,
    /// Whether an engine is downloaded when there is none.
    pub opentofu_download: OpenTofuDownload,
    /// Where OpenTofu's releases are.
    pub opentofu_base_url: Url,
}

/// When the provider `coder/coder` in this program is used.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum BuiltinProviderPolicy {
    /// When there is no other one.
    Auto,
    /// For each template.
    Always,
    /// Not at all.
    Never,
}

/// When OpenTofu is downloaded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum OpenTofuDownload {
    /// When a build needs an engine and there is none.
    Auto,
    /// Not at all.
    Never,
}

impl Provisioning {
    /// Takes the provider in this program for each template, unless that is forbidden: what is
    /// shown on a machine where nothing is set up should not depend on its network.
    pub fn prefer_builtin_provider(&mut self) {
        if self.builtin_provider == BuiltinProviderPolicy::Auto {
            self.builtin_provider = BuiltinProviderPolicy::Always;
        }
    }
}

impl ProvisioningArgs {
    pub(super) fn resolve(self) -> Result<Provisioning, ConfigError> {
        for (name, interval) in [
            (
                "CODER_PROVISIONER_DAEMON_POLL_INTERVAL",
                self.provisioner_daemon_poll_interval,
            ),
            (
                "CODER_JOB_HANG_DETECTOR_INTERVAL",
                self.job_hang_detector_interval,
            ),
            (
                "CODER_AUTOBUILD_POLL_INTERVAL",
                self.autobuild_poll_interval,
            ),
        ] {
            if interval.0.is_zero() {
                return Err(ConfigError::new(format!("{name} must be above zero")));
            }
        }
        let quiet_hours = self.default_quiet_hours_schedule;
        if let Err(reason) = Schedule::parse_daily(&quiet_hours) {
            return Err(ConfigError::new(format!(
                "CODER_QUIET_HOURS_DEFAULT_SCHEDULE cannot be {quiet_hours:?}: {reason}"
            )));
        }
        Ok(Provisioning {
            daemons: self.provisioner_daemons,
            daemon_secret: self.provisioner_daemon_psk,
            poll_interval: self.provisioner_daemon_poll_interval.0,
            poll_jitter: self.provisioner_daemon_poll_jitter.0,
            force_cancel_interval: self.provisioner_force_cancel_interval.0,
            hang_detector_interval: self.job_hang_detector_interval.0,
            autobuild_interval: self.autobuild_poll_interval.0,
            default_quiet_hours_schedule: quiet_hours,
            allow_custom_quiet_hours: self.allow_custom_quiet_hours.0,
            terraform_debug: self.enable_terraform_debug_mode.0,
            terraform_path: self.terraform_path,
            builtin_provider: self.builtin_provider,
            opentofu_download: self.opentofu_download,
            opentofu_base_url: self.opentofu_base_url,
        })
    }
}
