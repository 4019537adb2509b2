//! The words of the audit log: what was done, and to what kind of thing.

use super::text_enum::text_enum;

text_enum! {
    /// What was done.
    #[sqlx(type_name = "audit_action")]
    pub enum AuditAction {
        /// Made.
        Create = "create",
        /// Changed.
        Write = "write",
        /// Removed.
        Delete = "delete",
        /// Started.
        Start = "start",
        /// Stopped.
        Stop = "stop",
        /// Signed in.
        Login = "login",
        /// Signed out.
        Logout = "logout",
        /// Signed up.
        Register = "register",
        /// Asked for a new password.
        RequestPasswordReset = "request_password_reset",
        /// Connected to an agent.
        Connect = "connect",
        /// Disconnected from an agent.
        Disconnect = "disconnect",
        /// Opened an app.
        Open = "open",
        /// Closed an app.
        Close = "close",
    }
}

text_enum! {
    /// What it was done to.
    #[sqlx(type_name = "text")]
    pub enum AuditedKind {
        /// A template.
        Template = "template",
        /// A version of a template.
        TemplateVersion = "template_version",
        /// A user.
        User = "user",
        /// A workspace.
        Workspace = "workspace",
        /// A build of a workspace.
        WorkspaceBuild = "workspace_build",
        /// A user's SSH key.
        GitSshKey = "git_ssh_key",
        /// An API key.
        ApiKey = "api_key",
        /// A group.
        Group = "group",
        /// A licence.
        License = "license",
        /// A change of how a user signs in.
        ConvertLogin = "convert_login",
        /// Settings of the health page.
        HealthSettings = "health_settings",
        /// Settings of notifications.
        NotificationsSettings = "notifications_settings",
        /// A proxy for workspace traffic.
        WorkspaceProxy = "workspace_proxy",
        /// An organization.
        Organization = "organization",
        /// An `OAuth2` application.
        Oauth2ProviderApp = "oauth2_provider_app",
        /// A secret of an `OAuth2` application.
        Oauth2ProviderAppSecret = "oauth2_provider_app_secret",
        /// A role that was made here.
        CustomRole = "custom_role",
        /// A membership.
        OrganizationMember = "organization_member",
        /// A template of messages.
        NotificationTemplate = "notification_template",
        /// How organizations follow an identity provider.
        IdpSyncSettingsOrganization = "idp_sync_settings_organization",
        /// How groups follow an identity provider.
        IdpSyncSettingsGroup = "idp_sync_settings_group",
        /// How roles follow an identity provider.
        IdpSyncSettingsRole = "idp_sync_settings_role",
    }
}
