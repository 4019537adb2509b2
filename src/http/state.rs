//! What handlers may ask for: services and a few values. Builds nothing.

use std::{ops::Deref, sync::Arc};

use axum::extract::{FromRef, ws::WebSocket};
use futures::future::BoxFuture;

use super::middleware::RateLimits;
use crate::{
    domain::{clock::Clock, daemons::Worker},
    lifecycle::Lifecycle,
    service::{
        audit::AuditLog, authcheck::AuthCheck, builds::Builds, custom_roles::CustomRoles,
        external_login::ExternalLogin, files::Files, git_ssh_keys::GitSshKeys, groups::Groups,
        health::HealthReports, idp_sync::IdpSync, jobs::Jobs, keys::Keys, licenses::Licenses,
        members::Members, meta::Meta, notifications::Notifications, organizations::Organizations,
        passcodes::Passcodes, provisioner_keys::ProvisionerKeys, quiet_hours::UserQuietHours,
        quotas::Quotas, scim::Scim, sessions::Sessions, settings::Settings,
        template_versions::TemplateVersions, templates::Templates, usage::Usage, users::Users,
        watch::Watches, workspace_reads::WorkspaceReads, workspace_settings::WorkspaceSettings,
        workspace_views::WorkspaceViews, workspaces::Workspaces,
    },
};

type Serve = dyn Fn(WebSocket, Worker) -> BoxFuture<'static, ()> + Send + Sync;

/// What serves a daemon on another machine once its connection is there; it stands beside this
/// layer and is handed in.
#[derive(Clone)]
pub struct DaemonSessions(pub Arc<Serve>);

/// Defines what handlers may ask for, and lets them ask for each of it alone.
macro_rules! parts {
    ($($(#[doc = $doc:literal])+ $name:ident: $kind:ty,)+) => {
        /// All that handlers may ask for.
        pub struct StateParts {
            $($(#[doc = $doc])+ pub $name: $kind,)+
        }

        $(impl FromRef<AppState> for $kind {
            fn from_ref(state: &AppState) -> Self {
                state.$name.clone()
            }
        })+
    };
}

/// The router's state. One pointer: it is cloned for each request.
#[derive(Clone)]
pub struct AppState(Arc<StateParts>);

impl From<StateParts> for AppState {
    fn from(parts: StateParts) -> Self {
        Self(Arc::new(parts))
    }
}

impl Deref for AppState {
    type Target = StateParts;

    fn deref(&self) -> &StateParts {
        &self.0
    }
}

parts! {
    /// The deployment's settings.
    settings: Arc<Settings>,
    /// The time.
    clock: Clock,
    /// Request limits.
    limits: RateLimits,
    /// Ends streams when the server drains.
    lifecycle: Lifecycle,
    /// Facts about the deployment.
    meta: Meta,
    /// How the deployment does.
    health: HealthReports,
    /// Signing in and out.
    sessions: Sessions,
    /// Signing in through identity providers.
    external_login: ExternalLogin,
    /// One-time passcodes.
    passcodes: Passcodes,
    /// Users.
    users: Users,
    /// Users as an identity provider wants them.
    scim: Scim,
    /// The queue of provisioner jobs.
    jobs: Jobs,
    /// Keys of daemons on other machines.
    provisioner_keys: ProvisionerKeys,
    /// What serves daemons on other machines.
    daemon_sessions: DaemonSessions,
    /// Workspaces.
    workspaces: Workspaces,
    /// Reading workspaces.
    workspace_reads: WorkspaceReads,
    /// Workspaces and builds as they are shown.
    workspace_views: WorkspaceViews,
    /// Workspaces' own settings.
    workspace_settings: WorkspaceSettings,
    /// That workspaces are used.
    usage: Usage,
    /// Builds of workspaces.
    builds: Builds,
    /// Watching workspaces.
    watches: Watches,
    /// Uploaded archives.
    files: Files,
    /// Users' keys for git over SSH.
    git_ssh_keys: GitSshKeys,
    /// Users' quiet hours.
    quiet_hours: UserQuietHours,
    /// What users want to be told.
    notifications: Notifications,
    /// Sessions of the command line and API tokens.
    keys: Keys,
    /// Licences.
    licenses: Licenses,
    /// Questions about rights.
    authcheck: AuthCheck,
    /// What was done.
    audit: AuditLog,
    /// Organizations.
    organizations: Organizations,
    /// Roles that were made for them.
    custom_roles: CustomRoles,
    /// How they follow an identity provider.
    idp_sync: IdpSync,
    /// Who belongs to them.
    members: Members,
    /// Their groups.
    groups: Groups,
    /// What their workspaces may cost.
    quotas: Quotas,
    /// Templates.
    templates: Templates,
    /// Versions of templates.
    template_versions: TemplateVersions,
}
