//! The deployment's settings as plain values; `config` reads them, services obey them.

use std::{sync::Arc, time::Duration};

use url::Url;

use crate::domain::{
    given_settings::GivenSetting, identity::OidcSettings, links::SupportLink,
    ssh_keys::SshKeyAlgorithm,
};

/// All values that services depend on.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of a deployment"
)]
pub struct Settings {
    /// Where users reach the deployment.
    pub access_url: Url,
    /// Life of a browser session.
    pub session_duration: Duration,
    /// Life of a token whose maker names none.
    pub default_token_lifetime: Duration,
    /// Longest life of a token.
    pub max_token_lifetime: Duration,
    /// Whether using a key leaves its expiry alone.
    pub disable_session_expiry_refresh: bool,
    /// Whether nobody may sign in by password.
    pub disable_password_auth: bool,
    /// The `OpenID` Connect provider through which users sign in.
    pub oidc: Option<Arc<OidcSettings>>,
    /// Where messages to users are posted; without it none are sent.
    pub message_webhook: Option<Url>,
    /// What identity providers show in the `Authorization` header of SCIM; empty for no SCIM.
    pub scim_auth_header: String,
    /// Whether cookies are for TLS only.
    pub secure_cookies: bool,
    /// Value of the Strict-Transport-Security header; `None` for no header.
    pub strict_transport_security: Option<String>,
    /// Kind of new SSH keys.
    pub ssh_key_algorithm: SshKeyAlgorithm,
    /// Whether workspaces may be renamed.
    pub allow_workspace_renames: bool,
    /// Whether owners may enter other people's workspaces.
    pub owners_enter_workspaces: bool,
    /// Whether a build may ask for Terraform's debug log.
    pub terraform_debug_mode: bool,
    /// Where users find documentation.
    pub docs_url: String,
    /// Links that users are shown; none for the default one.
    pub support_links: Vec<SupportLink>,
    /// Help page for agents whose template names none.
    pub agent_fallback_troubleshooting_url: String,
    /// Prefix of host names that `config-ssh` writes.
    pub ssh_hostname_prefix: String,
    /// Extra options that `config-ssh` writes.
    pub ssh_config_options: Vec<(String, String)>,
    /// Host name pattern of apps with host names of their own; empty for none.
    pub wildcard_access_url: String,
    /// Pre-shared key of provisioner daemons; empty for none.
    pub provisioner_daemon_psk: String,
    /// Ids of the external auth providers that templates may name.
    pub external_auth_providers: Vec<String>,
    /// Experiments that are switched on.
    pub experiments: Vec<String>,
    /// Longest wait for a canceled job before it is failed.
    pub force_cancel_interval: Duration,
    /// Silence after which a running job counts as hung.
    pub hang_after: Duration,
    /// How long entries of the audit log are kept; for ever, when absent.
    pub audit_retention: Option<Duration>,
    /// Schedule of quiet hours for users without their own.
    pub default_quiet_hours_schedule: String,
    /// Whether users may have quiet hours of their own.
    pub allow_custom_quiet_hours: bool,
    /// Silence after which an agent counts as disconnected.
    pub agent_inactive_after: Duration,
    /// Bytes of rendered workspaces that are kept at most.
    pub workspace_cache_bytes: u64,
    /// Every setting as it was given, without secrets.
    pub given: Vec<GivenSetting>,
}

const HOUR: Duration = Duration::from_hours(1);

impl Settings {
    /// The defaults of a deployment at this address.
    #[must_use]
    pub fn new(access_url: Url) -> Self {
        Self {
            session_duration: 24 * HOUR,
            default_token_lifetime: 7 * 24 * HOUR,
            // About a hundred years: "no limit" in the incumbent's terms.
            max_token_lifetime: Duration::from_hours(876_600),
            disable_session_expiry_refresh: false,
            disable_password_auth: false,
            secure_cookies: access_url.scheme() == "https",
            strict_transport_security: None,
            oidc: None,
            message_webhook: None,
            scim_auth_header: String::new(),
            ssh_key_algorithm: SshKeyAlgorithm::Ed25519,
            allow_workspace_renames: false,
            owners_enter_workspaces: true,
            terraform_debug_mode: false,
            docs_url: format!(
                "{}/api/v2/openapi.json",
                access_url.as_str().trim_end_matches('/')
            ),
            support_links: Vec::new(),
            agent_fallback_troubleshooting_url:
                "https://coder.com/docs/admin/templates/troubleshooting".to_owned(),
            ssh_hostname_prefix: "coder.".to_owned(),
            ssh_config_options: Vec::new(),
            wildcard_access_url: String::new(),
            provisioner_daemon_psk: String::new(),
            external_auth_providers: Vec::new(),
            experiments: Vec::new(),
            force_cancel_interval: Duration::from_mins(10),
            hang_after: Duration::from_mins(1),
            audit_retention: None,
            default_quiet_hours_schedule: "CRON_TZ=UTC 0 0 * * *".to_owned(),
            allow_custom_quiet_hours: true,
            agent_inactive_after: Duration::from_secs(30),
            workspace_cache_bytes: 32 * 1024 * 1024,
            given: Vec::new(),
            access_url,
        }
    }
}
