//! Shapes of what the deployment tells about itself.

use std::collections::BTreeMap;

use serde::Serialize;
use uuid::Uuid;

use super::time::Time;
use crate::domain::links::SupportLink;

/// Features and whether they may be used (codersdk.Entitlements).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Entitlements {
    /// By name.
    pub features: BTreeMap<&'static str, Feature>,
    /// What is about to go wrong.
    pub warnings: Vec<String>,
    /// What went wrong.
    pub errors: Vec<String>,
    /// Whether there is a licence; nothing here needs one.
    pub has_license: bool,
    /// Whether that licence is a trial.
    pub trial: bool,
    /// Whether usage must be reported.
    pub require_telemetry: bool,
    /// When this was last worked out.
    pub refreshed_at: Time,
}

/// Whether a feature may be used (codersdk.Feature).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Feature {
    /// `entitled` or `not_entitled`.
    pub entitlement: &'static str,
    /// Whether it works.
    pub enabled: bool,
}

/// Experiments that can be switched on (codersdk.AvailableExperiments).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AvailableExperiments {
    /// Those that do no harm.
    pub safe: Vec<String>,
}

/// How the deployment looks (codersdk.AppearanceConfig).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AppearanceConfig {
    /// Its name; empty for the product's.
    pub application_name: String,
    /// Its picture; empty for the product's.
    pub logo_url: String,
    /// Where the documentation is.
    pub docs_url: String,
    /// An older form of the banners.
    pub service_banner: BannerConfig,
    /// Banners on every page.
    pub announcement_banners: Vec<BannerConfig>,
    /// Where users find help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub support_links: Vec<LinkConfig>,
}

/// A banner (codersdk.BannerConfig).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BannerConfig {
    /// Whether it shows.
    pub enabled: bool,
}

/// A link (codersdk.LinkConfig).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LinkConfig {
    /// Its text.
    pub name: String,
    /// Where it leads.
    pub target: String,
    /// Its picture.
    pub icon: String,
}

impl From<&SupportLink> for LinkConfig {
    fn from(link: &SupportLink) -> Self {
        Self {
            name: link.name.clone(),
            target: link.target.clone(),
            icon: link.icon.clone(),
        }
    }
}

/// Whether a newer release is known (codersdk.UpdateCheckResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UpdateCheckResponse {
    /// Whether this is the newest known one.
    pub current: bool,
    /// The newest known release.
    pub version: String,
    /// Where it is.
    pub url: String,
}

/// What `config-ssh` writes (codersdk.SSHConfigResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct SshConfigResponse {
    /// Prefix of host names.
    pub hostname_prefix: String,
    /// Extra options.
    pub ssh_config_options: BTreeMap<String, String>,
}

/// Where workspaces can be reached through (codersdk.RegionsResponse of regions).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Regions {
    /// The regions.
    pub regions: Vec<Region>,
}

/// A region (codersdk.Region).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct Region {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its picture.
    pub icon_url: String,
    /// Whether it works.
    pub healthy: bool,
    /// Where its apps with paths are.
    pub path_app_url: String,
    /// The pattern of its apps' host names; empty for none.
    pub wildcard_hostname: String,
}

/// Where apps with host names of their own are (codersdk.AppHostResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AppHostResponse {
    /// The pattern; empty for none.
    pub host: String,
}

/// Counts of what the deployment does (codersdk.DeploymentStats).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DeploymentStats {
    /// Beginning of what was summed up.
    pub aggregated_from: Time,
    /// When it was counted.
    pub collected_at: Time,
    /// When it is worth asking again.
    pub next_update_at: Time,
    /// Workspaces.
    pub workspaces: WorkspaceDeploymentStats,
    /// Sessions in workspaces.
    pub session_count: SessionCountDeploymentStats,
}

/// Counts of workspaces (codersdk.WorkspaceDeploymentStats).
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct WorkspaceDeploymentStats {
    /// Waiting for a provisioner.
    pub pending: i64,
    /// In the hands of a provisioner.
    pub building: i64,
    /// Started.
    pub running: i64,
    /// Whose last build failed or was canceled.
    pub failed: i64,
    /// Stopped.
    pub stopped: i64,
    /// Latency of connections in milliseconds.
    pub connection_latency_ms: WorkspaceConnectionLatency,
    /// Bytes received from workspaces.
    pub rx_bytes: i64,
    /// Bytes sent to workspaces.
    pub tx_bytes: i64,
}

/// Latency in milliseconds (codersdk.WorkspaceConnectionLatencyMS).
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct WorkspaceConnectionLatency {
    /// Half of the connections are quicker.
    #[serde(rename = "P50")]
    pub p50: i64,
    /// Nineteen of twenty are quicker.
    #[serde(rename = "P95")]
    pub p95: i64,
}

/// Counts of sessions (codersdk.SessionCountDeploymentStats).
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct SessionCountDeploymentStats {
    /// In VS Code.
    pub vscode: i64,
    /// Over SSH.
    pub ssh: i64,
    /// In `JetBrains` programs.
    pub jetbrains: i64,
    /// In web terminals.
    pub reconnecting_pty: i64,
}

/// Providers that users can link to (codersdk.ListUserExternalAuthResponse).
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct ListUserExternalAuthResponse {
    /// The providers.
    #[schema(value_type = Vec<Object>)]
    pub providers: Vec<serde_json::Value>,
    /// The user's links.
    #[schema(value_type = Vec<Object>)]
    pub links: Vec<serde_json::Value>,
}

/// Proxies for workspace traffic (codersdk.RegionsResponse of workspace proxies).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceProxies {
    /// The proxies; the server itself is one.
    pub regions: Vec<WorkspaceProxy>,
}

/// A proxy (codersdk.WorkspaceProxy).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceProxy {
    /// Where it is.
    #[serde(flatten)]
    pub region: Region,
    /// Whether it relays connections.
    pub derp_enabled: bool,
    /// Whether it does nothing else.
    pub derp_only: bool,
    /// How it does.
    pub status: WorkspaceProxyStatus,
    /// When it was made.
    pub created_at: Time,
    /// When it last changed.
    pub updated_at: Time,
    /// Whether it is gone.
    pub deleted: bool,
    /// Its release.
    pub version: &'static str,
}

/// How a proxy does (codersdk.WorkspaceProxyStatus).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct WorkspaceProxyStatus {
    /// `ok`, `unreachable`, `unhealthy`, `unregistered`.
    pub status: &'static str,
    /// Why.
    pub report: ProxyHealthReport,
    /// When that was looked at.
    pub checked_at: Time,
}

/// Why a proxy does so (codersdk.ProxyHealthReport).
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
pub struct ProxyHealthReport {
    /// What does not work.
    pub errors: Vec<String>,
    /// What somebody should look at.
    pub warnings: Vec<String>,
}
