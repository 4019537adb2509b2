//! Builds everything, in the order of starting: pool, migrations, services, router, tasks.
//! The one place that sees all parts; holds no rule of its own.

mod background;

pub mod reset_password;

pub mod run;

use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use sqlx::PgPool;
use url::Url;
use uuid::Uuid;

use crate::{
    config::{Config, SshKeyKind},
    domain::{clock::Clock, ids::RequestId, passwords::Hasher, ssh_keys::SshKeyAlgorithm},
    http::{
        self,
        middleware::RateLimits,
        state::{AppState, DaemonSessions},
    },
    lifecycle::Lifecycle,
    outbound::requests::Requests,
    provisioner_rpc,
    pubsub::{self, Events, Outbox},
    rpc::bytes_over_websocket::bytes_of,
    service::{
        Core, audit::AuditLog, authcheck::AuthCheck, builds::Builds, custom_roles::CustomRoles,
        external_login::ExternalLogin, files::Files, git_ssh_keys::GitSshKeys, groups::Groups,
        health::HealthReports, idp_sync::IdpSync, jobs::Jobs, keys::Keys, licenses::Licenses,
        lifecycle::WorkspaceLifecycle, members::Members, meta::Meta, notifications::Notifications,
        organizations::Organizations, passcodes::Passcodes, provisioner_keys::ProvisionerKeys,
        quiet_hours::UserQuietHours, quotas::Quotas, scim::Scim, sessions::Sessions,
        settings::Settings, template_versions::TemplateVersions, templates::Templates,
        usage::Usage, users::Users, watch::Watches, workspace_reads::WorkspaceReads,
        workspace_settings::WorkspaceSettings, workspace_views::WorkspaceViews,
        workspaces::Workspaces,
    },
    store::pool::{self, PoolSettings},
};

/// What an application is built from: plain values, so that a test builds the same one.
pub struct Parts {
    /// Where the database is.
    pub database_url: String,
    /// How many connections it may take.
    pub pool: PoolSettings,
    /// The deployment's settings.
    pub settings: Settings,
    /// The time.
    pub clock: Clock,
    /// How passwords are hashed.
    pub hasher: Hasher,
    /// How many requests are too many.
    pub limits: RateLimits,
}

/// A built application that does not listen yet.
pub struct App {
    /// What handlers see.
    pub state: AppState,
    /// The whole router.
    pub router: Router,
    /// What workspaces do by themselves.
    pub workspace_lifecycle: WorkspaceLifecycle,
    core: Core,
    outbox: Outbox,
    lifecycle: Lifecycle,
}

impl App {
    /// Builds the application on a database that is up to date.
    ///
    /// # Errors
    /// When the database's address makes no sense.
    pub fn build(parts: Parts, lifecycle: Lifecycle) -> anyhow::Result<Self> {
        let db = pool::open(&parts.database_url, parts.pool)?;
        let (events, outbox) = Events::new();
        let settings = Arc::new(parts.settings);
        let core = Core {
            db,
            clock: parts.clock.clone(),
            events,
            settings: Arc::clone(&settings),
        };
        let sessions = Sessions::new(core.clone(), parts.hasher);
        let requests = Requests::new()?;
        let git_ssh_keys = GitSshKeys::new(core.clone());
        let users = Users::new(core.clone(), sessions.clone(), git_ssh_keys.clone());
        let jobs = Jobs::new(core.clone());
        let organizations = Organizations::new(core.clone(), sessions.clone());
        let files = Files::new(core.clone());
        let workspace_views = WorkspaceViews::new(core.clone());
        let render = http::watch::renderer(Arc::clone(&settings), parts.clock.clone());
        let watches = Watches::new(
            core.clone(),
            workspace_views.clone(),
            organizations.clone(),
            sessions.clone(),
            render,
        );
        let workspace_lifecycle = WorkspaceLifecycle::new(core.clone(), jobs.clone());
        let workspace_reads = WorkspaceReads::new(
            core.clone(),
            workspace_views.clone(),
            organizations.clone(),
            http::workspace_reads::renderer(Arc::clone(&settings)),
        );
        let meta = Meta::new(core.clone());
        let state = AppState::from(http::state::StateParts {
            settings,
            clock: parts.clock,
            limits: parts.limits,
            lifecycle: lifecycle.clone(),
            health: HealthReports::new(core.clone(), meta.clone()),
            meta,
            template_versions: TemplateVersions::new(core.clone(), jobs.clone(), files.clone()),
            workspaces: Workspaces::new(core.clone(), jobs.clone()),
            workspace_reads,
            workspace_settings: WorkspaceSettings::new(core.clone(), workspace_views.clone()),
            usage: Usage::new(core.clone(), workspace_views.clone()),
            builds: Builds::new(
                core.clone(),
                jobs.clone(),
                workspace_views.clone(),
                watches.clone(),
            ),
            watches,
            workspace_views,
            daemon_sessions: daemon_sessions(&jobs, &lifecycle),
            jobs,
            provisioner_keys: ProvisionerKeys::new(core.clone()),
            files,
            external_login: ExternalLogin::new(
                core.clone(),
                sessions.clone(),
                git_ssh_keys.clone(),
                &requests,
            ),
            passcodes: Passcodes::new(core.clone(), sessions.clone(), requests.clone()),
            scim: Scim::new(core.clone(), sessions.clone(), users.clone()),
            users,
            git_ssh_keys,
            notifications: Notifications::new(core.clone()),
            quiet_hours: UserQuietHours::new(core.clone()),
            templates: Templates::new(core.clone(), organizations.clone()),
            audit: AuditLog::new(core.clone(), organizations.clone()),
            authcheck: AuthCheck::new(core.clone()),
            quotas: Quotas::new(core.clone()),
            groups: Groups::new(core.clone(), sessions.clone(), organizations.clone()),
            organizations,
            keys: Keys::new(core.clone(), sessions.clone()),
            licenses: Licenses::new(core.clone()),
            custom_roles: CustomRoles::new(core.clone(), sessions.clone()),
            idp_sync: IdpSync::new(core.clone()),
            members: Members::new(core.clone(), sessions.clone()),
            sessions,
        });
        let router = http::router(&state);
        Ok(Self {
            state,
            router,
            workspace_lifecycle,
            core,
            outbox,
            lifecycle,
        })
    }

    /// The database's connections.
    #[must_use]
    pub fn db(&self) -> &PgPool {
        &self.core.db
    }

    /// Starts what runs beside the requests and gives back what answers them.
    pub fn start(self) -> Router {
        let replica: Uuid = RequestId::random().0;
        let exchange = pubsub::exchange(
            self.core.events.clone(),
            self.outbox,
            self.core.db.clone(),
            replica,
        );
        let draining = self.lifecycle.draining();
        self.lifecycle.spawn("events", async move {
            tokio::select! { () = exchange => {}, () = draining => {} }
        });
        let sessions = self.state.sessions.clone().watch();
        let draining = self.lifecycle.draining();
        self.lifecycle.spawn("sessions", async move {
            tokio::select! { () = sessions => {}, () = draining => {} }
        });
        let watches = self.state.watches.clone().run();
        let draining = self.lifecycle.draining();
        self.lifecycle.spawn("watches", async move {
            tokio::select! { () = watches => {}, () = draining => {} }
        });
        let usage = self.state.usage.clone();
        let draining = self.lifecycle.draining();
        self.lifecycle.spawn("workspace uses", async move {
            tokio::select! { () = usage.write() => {}, () = draining => {} }
        });
        self.router
    }
}

/// Serves daemons on other machines over their websockets.
fn daemon_sessions(jobs: &Jobs, lifecycle: &Lifecycle) -> DaemonSessions {
    let (jobs, lifecycle) = (jobs.clone(), lifecycle.clone());
    DaemonSessions(Arc::new(move |socket, worker| {
        let (jobs, lifecycle) = (jobs.clone(), lifecycle.clone());
        let bytes = bytes_of(socket);
        Box::pin(async move { provisioner_rpc::serve(&jobs, &worker, bytes, &lifecycle).await })
    }))
}

/// The services' settings out of the command line's.
#[must_use]
pub fn settings(config: &Config, access_url: Url) -> Settings {
    let mut settings = Settings::new(access_url);
    settings.session_duration = config.sign_in.session_duration;
    settings.default_token_lifetime = config.sign_in.default_token_lifetime;
    settings.max_token_lifetime = config.sign_in.max_token_lifetime;
    settings.disable_session_expiry_refresh = !config.sign_in.session_refresh;
    settings.disable_password_auth = !config.sign_in.password_auth;
    settings.secure_cookies |= config.network.secure_auth_cookie;
    settings
        .strict_transport_security
        .clone_from(&config.network.strict_transport_security);
    settings.oidc = config.sign_in.oidc.clone().map(Arc::new);
    settings
        .message_webhook
        .clone_from(&config.sign_in.message_webhook);
    settings.ssh_key_algorithm = match config.sign_in.ssh_key_kind {
        SshKeyKind::Ed25519 => SshKeyAlgorithm::Ed25519,
        SshKeyKind::Ecdsa => SshKeyAlgorithm::Ecdsa,
        SshKeyKind::Rsa4096 => SshKeyAlgorithm::Rsa4096,
    };
    settings.given.clone_from(&config.given);
    settings.workspace_cache_bytes = config.storage.workspace_cache_bytes;
    settings.audit_retention = config.storage.audit_retention;
    settings.allow_workspace_renames = config.rights.workspace_renames;
    settings.owners_enter_workspaces = config.rights.owner_workspace_access;
    settings.experiments.clone_from(&config.rights.experiments);
    settings
        .default_quiet_hours_schedule
        .clone_from(&config.provisioning.default_quiet_hours_schedule);
    settings.allow_custom_quiet_hours = config.provisioning.allow_custom_quiet_hours;
    settings.terraform_debug_mode = config.provisioning.terraform_debug;
    settings.force_cancel_interval = config.provisioning.force_cancel_interval;
    settings
        .ssh_hostname_prefix
        .clone_from(&config.clients.ssh_hostname_prefix);
    settings
        .ssh_config_options
        .clone_from(&config.clients.ssh_config_options);
    settings
        .support_links
        .clone_from(&config.clients.support_links);
    if let Some(url) = &config.clients.docs_url {
        settings.docs_url.clone_from(url);
    }
    if let Some(url) = &config.clients.agent_troubleshooting_url {
        url.as_str()
            .clone_into(&mut settings.agent_fallback_troubleshooting_url);
    }
    if let Some(secret) = &config.sign_in.scim_auth_header {
        secrecy::ExposeSecret::expose_secret(secret).clone_into(&mut settings.scim_auth_header);
    }
    if let Some(secret) = &config.provisioning.daemon_secret {
        secrecy::ExposeSecret::expose_secret(secret)
            .clone_into(&mut settings.provisioner_daemon_psk);
    }
    settings
}

/// The request limits out of the command line's settings.
#[must_use]
pub fn limits(config: &Config) -> RateLimits {
    if config.network.rate_limits {
        RateLimits::new(config.network.api_rate_limit.unwrap_or_default())
    } else {
        RateLimits::off()
    }
}

/// The API's description as JSON, without a database.
///
/// # Errors
/// When it cannot be encoded.
pub fn describe() -> anyhow::Result<String> {
    let parts = Parts {
        // Connections are made when first needed, and nothing here needs one.
        database_url: "postgres://localhost/none".to_owned(),
        pool: PoolSettings::default(),
        settings: Settings::new(Url::parse("http://127.0.0.1:3000")?),
        clock: Clock::system(),
        hasher: Hasher::default(),
        limits: RateLimits::off(),
    };
    let app = App::build(parts, Lifecycle::new())?;
    let mut text = serde_json::to_string_pretty(&http::document(&app.state))?;
    text.push('\n');
    Ok(text)
}

/// Brings the database up to date.
///
/// # Errors
/// When it cannot be reached or a migration fails.
pub async fn migrate(database_url: &str) -> anyhow::Result<()> {
    pool::migrate(database_url)
        .await
        .context("the database could not be brought up to date")
}
