//! What handlers may ask for: services and a few values. Builds nothing.

use std::sync::Arc;

use axum::extract::{FromRef, ws::WebSocket};
use futures::future::BoxFuture;

use super::middleware::RateLimits;
use crate::{
    domain::{clock::Clock, daemons::Worker},
    lifecycle::Lifecycle,
    service::{
        audit::AuditLog, authcheck::AuthCheck, builds::Builds, custom_roles::CustomRoles,
        files::Files, git_ssh_keys::GitSshKeys, groups::Groups, idp_sync::IdpSync, jobs::Jobs,
        keys::Keys, licenses::Licenses, members::Members, meta::Meta, organizations::Organizations,
        provisioner_keys::ProvisionerKeys, quiet_hours::UserQuietHours, quotas::Quotas,
        sessions::Sessions, settings::Settings, template_versions::TemplateVersions,
        templates::Templates, usage::Usage, users::Users, watch::Watches,
        workspace_reads::WorkspaceReads, workspace_settings::WorkspaceSettings,
        workspace_views::WorkspaceViews, workspaces::Workspaces,
    },
};

type Serve = dyn Fn(WebSocket, Worker) -> BoxFuture<'static, ()> + Send + Sync;

/// What serves a daemon on another machine once its connection is there; it stands beside this
/// layer and is handed in.
#[derive(Clone)]
pub struct DaemonSessions(pub Arc<Serve>);

/// The router's state; cheap to clone.
#[derive(Clone, FromRef)]
pub struct AppState {
    /// The deployment's settings.
    pub settings: Arc<Settings>,
    /// The time.
    pub clock: Clock,
    /// Request limits.
    pub limits: RateLimits,
    /// Ends streams when the server drains.
    pub lifecycle: Lifecycle,
    /// Facts about the deployment.
    pub meta: Meta,
    /// Signing in and out.
    pub sessions: Sessions,
    /// Users.
    pub users: Users,
    /// The queue of provisioner jobs.
    pub jobs: Jobs,
    /// Keys of daemons on other machines.
    pub provisioner_keys: ProvisionerKeys,
    /// What serves daemons on other machines.
    pub daemon_sessions: DaemonSessions,
    /// Workspaces.
    pub workspaces: Workspaces,
    /// Reading workspaces.
    pub workspace_reads: WorkspaceReads,
    /// Workspaces and builds as they are shown.
    pub workspace_views: WorkspaceViews,
    /// Workspaces' own settings.
    pub workspace_settings: WorkspaceSettings,
    /// That workspaces are used.
    pub usage: Usage,
    /// Builds of workspaces.
    pub builds: Builds,
    /// Watching workspaces.
    pub watches: Watches,
    /// Uploaded archives.
    pub files: Files,
    /// Users' keys for git over SSH.
    pub git_ssh_keys: GitSshKeys,
    /// Users' quiet hours.
    pub quiet_hours: UserQuietHours,
    /// Sessions of the command line and API tokens.
    pub keys: Keys,
    /// Licences.
    pub licenses: Licenses,
    /// Questions about rights.
    pub authcheck: AuthCheck,
    /// What was done.
    pub audit: AuditLog,
    /// Organizations.
    pub organizations: Organizations,
    /// Roles that were made for them.
    pub custom_roles: CustomRoles,
    /// How they follow an identity provider.
    pub idp_sync: IdpSync,
    /// Who belongs to them.
    pub members: Members,
    /// Their groups.
    pub groups: Groups,
    /// What their workspaces may cost.
    pub quotas: Quotas,
    /// Templates.
    pub templates: Templates,
    /// Versions of templates.
    pub template_versions: TemplateVersions,
}
