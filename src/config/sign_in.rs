//! Settings of sessions, tokens and keys, and of what users may do.

use std::time::Duration;

use clap::{Args, ValueEnum};
use secrecy::SecretString;
use url::Url;

use super::{
    ConfigError,
    identity_providers::OidcArgs,
    values::{List, Span, Switch},
};

use crate::domain::identity::OidcSettings;

/// Sessions, tokens and keys.
#[derive(Args)]
#[command(next_help_heading = "Sign-in")]
pub(super) struct SignInArgs {
    /// How long a browser session lasts
    #[arg(
        long,
        env = "CODER_SESSION_DURATION",
        default_value = "24h0m0s",
        value_name = "DURATION"
    )]
    session_duration: Span,
    /// Let sessions end at their time, however much they are used
    #[arg(long, env = "CODER_DISABLE_SESSION_EXPIRY_REFRESH")]
    disable_session_expiry_refresh: Switch,
    /// Lifetime of a token made without one, as the command line's login makes it
    #[arg(
        long,
        env = "CODER_DEFAULT_TOKEN_LIFETIME",
        default_value = "168h0m0s",
        value_name = "DURATION"
    )]
    default_token_lifetime: Span,
    /// Longest lifetime that a token may be given
    #[arg(
        long,
        env = "CODER_MAX_TOKEN_LIFETIME",
        default_value = "876600h0m0s",
        value_name = "DURATION"
    )]
    max_token_lifetime: Span,
    /// Refuse passwords from everyone but owners
    #[arg(long, env = "CODER_DISABLE_PASSWORD_AUTH")]
    disable_password_auth: Switch,
    /// How messages to users are sent; only webhook sends any
    #[arg(
        long,
        env = "CODER_NOTIFICATIONS_METHOD",
        default_value = "smtp",
        value_name = "METHOD"
    )]
    notifications_method: MessageMethod,
    /// URL that messages to users are posted to, such as one-time passcodes
    #[arg(long, env = "CODER_NOTIFICATIONS_WEBHOOK_ENDPOINT", value_name = "URL")]
    notifications_webhook_endpoint: Option<Url>,
    /// Kind of SSH key made for each user
    #[arg(
        long,
        env = "CODER_SSH_KEYGEN_ALGORITHM",
        default_value = "ed25519",
        value_name = "KIND"
    )]
    ssh_keygen_algorithm: SshKeyKind,
    /// Value of the Authorization header of SCIM requests; SCIM is off without it
    #[arg(long, env = "CODER_SCIM_AUTH_HEADER", value_name = "VALUE")]
    scim_auth_header: Option<SecretString>,
}

/// What users may do.
#[derive(Args)]
#[command(next_help_heading = "Rights")]
pub(super) struct RightsArgs {
    /// Let users give their workspaces another name
    #[arg(long, env = "CODER_ALLOW_WORKSPACE_RENAMES")]
    allow_workspace_renames: Switch,
    /// Keep owners out of the terminals and applications of other people's workspaces
    #[arg(long, env = "CODER_DISABLE_OWNER_WORKSPACE_ACCESS")]
    disable_owner_workspace_access: Switch,
    /// Serve workspace applications on their own host names only
    #[arg(long, env = "CODER_DISABLE_PATH_APPS")]
    disable_path_apps: Switch,
    /// Reach workspaces through the browser only
    #[arg(long, env = "CODER_BROWSER_ONLY")]
    browser_only: Switch,
    /// Names of experiments to switch on, or * for all
    #[arg(
        long,
        env = "CODER_EXPERIMENTS",
        value_name = "NAMES",
        default_value = ""
    )]
    experiments: List,
}

/// How users sign in, and for how long.
#[derive(Clone, Debug)]
pub struct SignIn {
    /// How long a browser session lasts.
    pub session_duration: Duration,
    /// Whether use makes a session last longer.
    pub session_refresh: bool,
    /// Lifetime of a token made without one.
    pub default_token_lifetime: Duration,
    /// Longest lifetime that a token may be given.
    pub max_token_lifetime: Duration,
    /// Whether those who are not owners may sign in with a password.
    pub password_auth: bool,
    /// The `OpenID` Connect provider.
    pub oidc: Option<OidcSettings>,
    /// Where messages to users are posted.
    pub message_webhook: Option<Url>,
    /// Kind of SSH key made for each user.
    pub ssh_key_kind: SshKeyKind,
    /// Value of the Authorization header of SCIM requests.
    pub scim_auth_header: Option<SecretString>,
}

/// What users may do.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent setting"
)]
pub struct Rights {
    /// Users may give their workspaces another name.
    pub workspace_renames: bool,
    /// Owners reach the terminals and applications of other people's workspaces.
    pub owner_workspace_access: bool,
    /// Workspace applications are served under the server's own host name too.
    pub path_apps: bool,
    /// Workspaces are reached through the browser only.
    pub browser_only: bool,
    /// Experiments that are switched on, as given.
    pub experiments: Vec<String>,
}

/// How messages to users are sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum MessageMethod {
    /// By mail, which is not served.
    Smtp,
    /// As POST requests.
    Webhook,
}

/// Kind of SSH key.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum SshKeyKind {
    /// Ed25519.
    Ed25519,
    /// ECDSA on P-256.
    Ecdsa,
    /// RSA with 4096 bits.
    Rsa4096,
}

impl SignInArgs {
    pub(super) fn resolve(self, oidc: OidcArgs) -> Result<SignIn, ConfigError> {
        let (default, longest) = (self.default_token_lifetime.0, self.max_token_lifetime.0);
        for (name, lifetime) in [
            ("CODER_SESSION_DURATION", self.session_duration.0),
            ("CODER_DEFAULT_TOKEN_LIFETIME", default),
            ("CODER_MAX_TOKEN_LIFETIME", longest),
        ] {
            if lifetime.is_zero() {
                return Err(ConfigError::new(format!("{name} must be above zero")));
            }
        }
        Ok(SignIn {
            session_duration: self.session_duration.0,
            session_refresh: !self.disable_session_expiry_refresh.0,
            // A lower maximum is the stricter wish, so it bounds the default as well.
            default_token_lifetime: default.min(longest),
            max_token_lifetime: longest,
            oidc: oidc.resolve()?,
            message_webhook: self
                .notifications_webhook_endpoint
                .filter(|_| self.notifications_method == MessageMethod::Webhook),
            password_auth: !self.disable_password_auth.0,
            ssh_key_kind: self.ssh_keygen_algorithm,
            scim_auth_header: self.scim_auth_header,
        })
    }
}

impl RightsArgs {
    pub(super) fn resolve(self) -> Rights {
        Rights {
            workspace_renames: self.allow_workspace_renames.0,
            owner_workspace_access: !self.disable_owner_workspace_access.0,
            path_apps: !self.disable_path_apps.0,
            browser_only: self.browser_only.0,
            experiments: self.experiments.0,
        }
    }
}
