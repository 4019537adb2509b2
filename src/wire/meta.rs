//! Shapes about the server itself.

use serde::Serialize;

/// What runs here (codersdk.BuildInfoResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct BuildInfo {
    /// Where the release's source is.
    pub external_url: String,
    /// The release whose API this is.
    pub version: String,
    /// Where the web interface is.
    pub dashboard_url: String,
    /// Whether usage is reported to somebody.
    pub telemetry: bool,
    /// Whether this is a workspace proxy.
    pub workspace_proxy: bool,
    /// The agent API's version.
    pub agent_api_version: String,
    /// The provisioner API's version.
    pub provisioner_api_version: String,
    /// What the CLI says when it is older.
    pub upgrade_message: String,
    /// The deployment's id.
    pub deployment_id: String,
}
