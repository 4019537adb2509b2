//! Where each setting stands in what clients are shown: names, groups and paths that they
//! know. Holds no value; a setting that only this server has stands nowhere.

/// The names of a group and, before it, of those around it.
pub(super) type Group = &'static [&'static str];

/// Where a setting stands.
pub(super) struct Place {
    /// The setting's name in the environment.
    pub(super) variable: &'static str,
    /// Its title.
    pub(super) name: &'static str,
    /// Its group.
    pub(super) group: Group,
    /// Its keys in the nested object, with dots between.
    pub(super) path: &'static str,
    /// Whether servers on other machines need it too.
    pub(super) concerns_proxies: bool,
    /// Whether overviews leave it out.
    pub(super) is_hidden: bool,
}

const fn place(
    variable: &'static str,
    name: &'static str,
    group: Group,
    path: &'static str,
) -> Place {
    Place {
        variable,
        name,
        group,
        path,
        concerns_proxies: false,
        is_hidden: false,
    }
}

impl Place {
    const fn of_proxies(mut self) -> Self {
        self.concerns_proxies = true;
        self
    }

    const fn hidden(mut self) -> Self {
        self.is_hidden = true;
        self
    }
}

const NONE: Group = &[];
const NETWORKING: Group = &["Networking"];
const USER_QUIET_HOURS_SCHEDULE: Group = &["User Quiet Hours Schedule"];
const DERP: Group = &["Networking", "DERP"];
const CLIENT: Group = &["Client"];
const OIDC: Group = &["OIDC"];
const HTTP: Group = &["Networking", "HTTP"];
const LOGGING: Group = &["Introspection", "Logging"];
const GITHUB: Group = &["OAuth2", "GitHub"];
const PROMETHEUS: Group = &["Introspection", "Prometheus"];
const PROVISIONING: Group = &["Provisioning"];
const TLS: Group = &["Networking", "TLS"];
const TELEMETRY: Group = &["Telemetry"];

/// All places, in lines of variable, title, group, path and marks.
macro_rules! places {
    ($($variable:ident $name:literal $group:ident $path:literal $($mark:ident)*;)+) => {
        /// All places, by variable.
        pub(super) const PLACES: &[Place] = &[
            $(place(stringify!($variable), $name, $group, $path)$(.$mark())*),+
        ];
    };
}

places! {
    CODER_ACCESS_URL "Access URL" NETWORKING "access_url" of_proxies;
    CODER_ADDRESS "Address" NETWORKING "address" of_proxies hidden;
    CODER_AGENT_FALLBACK_TROUBLESHOOTING_URL "Agent Fallback Troubleshooting URL" NONE "agent_fallback_troubleshooting_url" hidden;
    CODER_AGENT_STATS_REFRESH_INTERVAL "Agent Stat Refresh Interval" NONE "agent_stat_refresh_interval" hidden;
    CODER_ALLOW_CUSTOM_QUIET_HOURS "Allow Custom Quiet Hours" USER_QUIET_HOURS_SCHEDULE "user_quiet_hours_schedule.allow_user_custom";
    CODER_ALLOW_WORKSPACE_RENAMES "Allow Workspace Renames" NONE "allow_workspace_renames";
    CODER_API_RATE_LIMIT "API Rate Limit" NONE "rate_limit.api" of_proxies hidden;
    CODER_AUTOBUILD_POLL_INTERVAL "Autobuild Poll Interval" NONE "autobuild_poll_interval" hidden;
    CODER_BLOCK_DIRECT "Block Direct Connections" DERP "derp.config.block_direct" of_proxies;
    CODER_BROWSER_ONLY "Browser Only" NETWORKING "browser_only";
    CODER_CACHE_DIRECTORY "Cache Directory" NONE "cache_directory";
    CODER_CLI_UPGRADE_MESSAGE "CLI Upgrade Message" CLIENT "cli_upgrade_message";
    CODER_DANGEROUS_DISABLE_RATE_LIMITS "Disable All Rate Limits" NONE "rate_limit.disable_all" of_proxies hidden;
    CODER_DANGEROUS_OIDC_SKIP_ISSUER_CHECKS "Skip OIDC issuer checks (not recommended)" OIDC "oidc.skip_issuer_checks";
    CODER_DEFAULT_TOKEN_LIFETIME "Default Token Lifetime" NONE "session_lifetime.default_token_lifetime";
    CODER_DERP_CONFIG_PATH "DERP Config Path" DERP "derp.config.path";
    CODER_DERP_CONFIG_URL "DERP Config URL" DERP "derp.config.url";
    CODER_DERP_FORCE_WEBSOCKETS "DERP Force WebSockets" DERP "derp.config.force_websockets";
    CODER_DERP_SERVER_ENABLE "DERP Server Enable" DERP "derp.server.enable" of_proxies;
    CODER_DERP_SERVER_REGION_CODE "DERP Server Region Code" DERP "derp.server.region_code" hidden;
    CODER_DERP_SERVER_REGION_ID "DERP Server Region ID" DERP "derp.server.region_id" hidden;
    CODER_DERP_SERVER_REGION_NAME "DERP Server Region Name" DERP "derp.server.region_name";
    CODER_DERP_SERVER_STUN_ADDRESSES "DERP Server STUN Addresses" DERP "derp.server.stun_addresses";
    CODER_DISABLE_OWNER_WORKSPACE_ACCESS "Disable Owner Workspace Access" NONE "disable_owner_workspace_exec" of_proxies;
    CODER_DISABLE_PASSWORD_AUTH "Disable Password Authentication" HTTP "disable_password_auth";
    CODER_DISABLE_PATH_APPS "Disable Path Apps" NONE "disable_path_apps" of_proxies;
    CODER_DISABLE_SESSION_EXPIRY_REFRESH "Disable Session Expiry Refresh" HTTP "session_lifetime.disable_expiry_refresh";
    CODER_DOCS_URL "Docs URL" NETWORKING "docs_url" of_proxies;
    CODER_ENABLE_TERRAFORM_DEBUG_MODE "Enable Terraform debug mode" LOGGING "enable_terraform_debug_mode";
    CODER_EXPERIMENTS "Experiments" NONE "experiments" of_proxies;
    CODER_HTTP_ADDRESS "HTTP Address" HTTP "http_address" of_proxies;
    CODER_JOB_HANG_DETECTOR_INTERVAL "Job Hang Detector Interval" NONE "job_hang_detector_interval" hidden;
    CODER_LOGGING_HUMAN "Human Log Location" LOGGING "logging.human" of_proxies;
    CODER_LOGGING_JSON "JSON Log Location" LOGGING "logging.json" of_proxies;
    CODER_MAX_TOKEN_LIFETIME "Max Token Lifetime" HTTP "session_lifetime.max_token_lifetime";
    CODER_OAUTH2_GITHUB_ALLOWED_ORGS "OAuth2 GitHub Allowed Orgs" GITHUB "oauth2.github.allowed_orgs";
    CODER_OAUTH2_GITHUB_ALLOWED_TEAMS "OAuth2 GitHub Allowed Teams" GITHUB "oauth2.github.allowed_teams";
    CODER_OAUTH2_GITHUB_ALLOW_EVERYONE "OAuth2 GitHub Allow Everyone" GITHUB "oauth2.github.allow_everyone";
    CODER_OAUTH2_GITHUB_ALLOW_SIGNUPS "OAuth2 GitHub Allow Signups" GITHUB "oauth2.github.allow_signups";
    CODER_OAUTH2_GITHUB_CLIENT_ID "OAuth2 GitHub Client ID" GITHUB "oauth2.github.client_id";
    CODER_OAUTH2_GITHUB_CLIENT_SECRET "OAuth2 GitHub Client Secret" GITHUB "oauth2.github.client_secret";
    CODER_OAUTH2_GITHUB_ENTERPRISE_BASE_URL "OAuth2 GitHub Enterprise Base URL" GITHUB "oauth2.github.enterprise_base_url";
    CODER_OIDC_ALLOWED_GROUPS "OIDC Allowed Groups" OIDC "oidc.group_allow_list";
    CODER_OIDC_ALLOW_SIGNUPS "OIDC Allow Signups" OIDC "oidc.allow_signups";
    CODER_OIDC_AUTH_URL_PARAMS "OIDC Auth URL Parameters" OIDC "oidc.auth_url_params";
    CODER_OIDC_CLIENT_CERT_FILE "OIDC Client Cert File" OIDC "oidc.client_cert_file";
    CODER_OIDC_CLIENT_ID "OIDC Client ID" OIDC "oidc.client_id";
    CODER_OIDC_CLIENT_KEY_FILE "OIDC Client Key File" OIDC "oidc.client_key_file";
    CODER_OIDC_CLIENT_SECRET "OIDC Client Secret" OIDC "oidc.client_secret";
    CODER_OIDC_EMAIL_DOMAIN "OIDC Email Domain" OIDC "oidc.email_domain";
    CODER_OIDC_EMAIL_FIELD "OIDC Email Field" OIDC "oidc.email_field";
    CODER_OIDC_GROUP_AUTO_CREATE "Enable OIDC Group Auto Create" OIDC "oidc.group_auto_create";
    CODER_OIDC_GROUP_FIELD "OIDC Group Field" OIDC "oidc.groups_field";
    CODER_OIDC_GROUP_MAPPING "OIDC Group Mapping" OIDC "oidc.group_mapping";
    CODER_OIDC_GROUP_REGEX_FILTER "OIDC Regex Group Filter" OIDC "oidc.group_regex_filter";
    CODER_OIDC_ICON_URL "OpenID connect icon URL" OIDC "oidc.icon_url";
    CODER_OIDC_IGNORE_EMAIL_VERIFIED "OIDC Ignore Email Verified" OIDC "oidc.ignore_email_verified";
    CODER_OIDC_IGNORE_USERINFO "OIDC Ignore UserInfo" OIDC "oidc.ignore_user_info";
    CODER_OIDC_ISSUER_URL "OIDC Issuer URL" OIDC "oidc.issuer_url";
    CODER_OIDC_NAME_FIELD "OIDC Name Field" OIDC "oidc.name_field";
    CODER_OIDC_ORGANIZATION_ASSIGN_DEFAULT "OIDC Assign Default Organization" OIDC "oidc.organization_assign_default" hidden;
    CODER_OIDC_ORGANIZATION_FIELD "OIDC Organization Field" OIDC "oidc.organization_field" hidden;
    CODER_OIDC_ORGANIZATION_MAPPING "OIDC Organization Sync Mapping" OIDC "oidc.organization_mapping" hidden;
    CODER_OIDC_SCOPES "OIDC Scopes" OIDC "oidc.scopes";
    CODER_OIDC_SIGNUPS_DISABLED_TEXT "Signups disabled text" OIDC "oidc.signups_disabled_text";
    CODER_OIDC_SIGN_IN_TEXT "OpenID Connect sign in text" OIDC "oidc.sign_in_text";
    CODER_OIDC_USERNAME_FIELD "OIDC Username Field" OIDC "oidc.username_field";
    CODER_OIDC_USER_ROLE_DEFAULT "OIDC User Role Default" OIDC "oidc.user_roles_default";
    CODER_OIDC_USER_ROLE_FIELD "OIDC User Role Field" OIDC "oidc.user_role_field";
    CODER_OIDC_USER_ROLE_MAPPING "OIDC User Role Mapping" OIDC "oidc.user_role_mapping";
    CODER_PG_CONNECTION_URL "Postgres Connection URL" NONE "pg_connection_url";
    CODER_PROMETHEUS_ADDRESS "Prometheus Address" PROMETHEUS "prometheus.address" of_proxies;
    CODER_PROMETHEUS_ENABLE "Prometheus Enable" PROMETHEUS "prometheus.enable" of_proxies;
    CODER_PROVISIONER_DAEMONS "Provisioner Daemons" PROVISIONING "provisioner.daemons";
    CODER_PROVISIONER_DAEMON_POLL_INTERVAL "Poll Interval" PROVISIONING "provisioner.daemon_poll_interval";
    CODER_PROVISIONER_DAEMON_POLL_JITTER "Poll Jitter" PROVISIONING "provisioner.daemon_poll_jitter";
    CODER_PROVISIONER_DAEMON_PSK "Provisioner Daemon Pre-shared Key (PSK)" PROVISIONING "provisioner.daemon_psk";
    CODER_PROVISIONER_FORCE_CANCEL_INTERVAL "Force Cancel Interval" PROVISIONING "provisioner.force_cancel_interval";
    CODER_PROXY_TRUSTED_HEADERS "Proxy Trusted Headers" NETWORKING "proxy_trusted_headers" of_proxies;
    CODER_PROXY_TRUSTED_ORIGINS "Proxy Trusted Origins" NETWORKING "proxy_trusted_origins" of_proxies;
    CODER_QUIET_HOURS_DEFAULT_SCHEDULE "Default Quiet Hours Schedule" USER_QUIET_HOURS_SCHEDULE "user_quiet_hours_schedule.default_schedule";
    CODER_REDIRECT_TO_ACCESS_URL "Redirect to Access URL" NETWORKING "redirect_to_access_url";
    CODER_SCIM_AUTH_HEADER "SCIM API Key" NONE "scim_api_key";
    CODER_SECURE_AUTH_COOKIE "Secure Auth Cookie" NETWORKING "secure_auth_cookie" of_proxies;
    CODER_SESSION_DURATION "Session Duration" HTTP "session_lifetime.default_duration";
    CODER_SSH_CONFIG_OPTIONS "SSH Config Options" CLIENT "config_ssh.SSHConfigOptions";
    CODER_SSH_HOSTNAME_PREFIX "SSH Host Prefix" CLIENT "config_ssh.DeploymentName";
    CODER_SSH_KEYGEN_ALGORITHM "SSH Keygen Algorithm" NONE "ssh_keygen_algorithm";
    CODER_STRICT_TRANSPORT_SECURITY "Strict-Transport-Security" TLS "strict_transport_security" of_proxies;
    CODER_STRICT_TRANSPORT_SECURITY_OPTIONS "Strict-Transport-Security Options" TLS "strict_transport_security_options" of_proxies;
    CODER_SWAGGER_ENABLE "Enable swagger endpoint" NONE "swagger.enable";
    CODER_TELEMETRY_ENABLE "Telemetry Enable" TELEMETRY "telemetry.enable";
    CODER_TLS_ADDRESS "TLS Address" TLS "tls.address" of_proxies;
    CODER_TLS_CERT_FILE "TLS Certificate Files" TLS "tls.cert_file" of_proxies;
    CODER_TLS_CLIENT_AUTH "TLS Client Auth" TLS "tls.client_auth" of_proxies;
    CODER_TLS_CLIENT_CA_FILE "TLS Client CA Files" TLS "tls.client_ca_file" of_proxies;
    CODER_TLS_ENABLE "TLS Enable" TLS "tls.enable" of_proxies;
    CODER_TLS_KEY_FILE "TLS Key Files" TLS "tls.key_file" of_proxies;
    CODER_TLS_MIN_VERSION "TLS Minimum Version" TLS "tls.min_version" of_proxies;
    CODER_TLS_REDIRECT_HTTP_TO_HTTPS "Redirect HTTP to HTTPS" TLS "tls.redirect_http" of_proxies hidden;
    CODER_UPDATE_CHECK "Update Check" NONE "update_check";
    CODER_VERBOSE "Verbose" LOGGING "verbose" of_proxies hidden;
    CODER_WILDCARD_ACCESS_URL "Wildcard Access URL" NETWORKING "wildcard_access_url" of_proxies;
}
