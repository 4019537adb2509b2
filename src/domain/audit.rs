//! What the audit log keeps: who did what to which thing, from where, and what changed.
//! Writes nothing; which operations are recorded is the services' choice.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    clock::Timestamp,
    ids::{AuditId, OrganizationId, RequestId, UserId},
    text_enum::text_enum,
    users::User,
};

/// Where a request came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub ip: String,
    /// What the client says of itself.
    pub user_agent: String,
    /// The request.
    pub request: RequestId,
}

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
        /// A provisioner daemon's key; an addition of this server.
        ProvisionerKey = "provisioner_key",
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

/// A field of a thing as the audit log sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracked {
    /// The field's name.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
    /// Whether its value must not be shown.
    pub is_secret: bool,
}

/// An open field.
#[must_use]
pub fn shown(name: &'static str, value: impl Into<Value>) -> Tracked {
    Tracked {
        name,
        value: value.into(),
        is_secret: false,
    }
}

/// A field of which only the fact of a change is told.
#[must_use]
pub fn secret(name: &'static str, value: impl Into<Value>) -> Tracked {
    Tracked {
        name,
        value: value.into(),
        is_secret: true,
    }
}

/// The fields that differ, as `{field: {old, new, secret}}`. Nothing stands for a thing that
/// did not exist before or does not exist after; its fields then count as blank.
#[must_use]
pub fn diff(old: &[Tracked], new: &[Tracked]) -> Value {
    let mut fields = Map::new();
    let names = new.iter().chain(old).map(|field| field.name);
    for name in names {
        let find = |side: &[Tracked]| side.iter().find(|field| field.name == name).cloned();
        let (before, after) = (find(old), find(new));
        let is_secret = before.iter().chain(&after).any(|field| field.is_secret);
        let value = |field: Option<&Tracked>, other: Option<&Tracked>| match (field, other) {
            (Some(field), _) => field.value.clone(),
            (None, Some(other)) => blank(&other.value),
            (None, None) => Value::Null,
        };
        let (mut from, mut to) = (
            value(before.as_ref(), after.as_ref()),
            value(after.as_ref(), before.as_ref()),
        );
        if from == to {
            continue;
        }
        if is_secret {
            (from, to) = (blank(&from), blank(&to));
        }
        fields.insert(
            name.to_owned(),
            serde_json::json!({"old": from, "new": to, "secret": is_secret}),
        );
    }
    Value::Object(fields)
}

fn blank(like: &Value) -> Value {
    match like {
        Value::Bool(_) => false.into(),
        Value::Number(_) => 0.into(),
        Value::String(_) => "".into(),
        Value::Null | Value::Array(_) | Value::Object(_) => Value::Null,
    }
}

/// An entry that is to be written; who, when and from where is added then.
#[derive(Clone, Debug)]
pub struct NewEntry {
    /// The organization of the thing; nil for none.
    pub organization: OrganizationId,
    /// The kind of thing.
    pub kind: AuditedKind,
    /// The thing.
    pub resource: Uuid,
    /// The thing's name.
    pub target: String,
    /// What was done.
    pub action: AuditAction,
    /// What changed, as [`diff`] makes it.
    pub diff: Value,
    /// The status the request was answered with.
    pub status: u16,
    /// Facts of the kind of thing, as an object.
    pub additional: Value,
}

impl NewEntry {
    /// An entry without a diff.
    #[must_use]
    pub fn new(
        action: AuditAction,
        kind: AuditedKind,
        resource: impl Into<Uuid>,
        target: impl Into<String>,
        status: u16,
    ) -> Self {
        Self {
            organization: OrganizationId::default(),
            kind,
            resource: resource.into(),
            target: target.into(),
            action,
            diff: Value::Object(Map::new()),
            status,
            additional: Value::Object(Map::new()),
        }
    }

    /// Says in which organization.
    #[must_use]
    pub fn in_organization(self, organization: OrganizationId) -> Self {
        Self {
            organization,
            ..self
        }
    }

    /// Says what changed.
    #[must_use]
    pub fn changing(self, old: &[Tracked], new: &[Tracked]) -> Self {
        Self {
            diff: diff(old, new),
            ..self
        }
    }

    /// Adds facts of the kind of thing.
    #[must_use]
    pub fn with(self, additional: Value) -> Self {
        Self { additional, ..self }
    }
}

/// An entry as it was written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Its id.
    pub id: AuditId,
    /// When it was written.
    pub at: Timestamp,
    /// Who did it; nil for the server itself.
    pub user: UserId,
    /// From where.
    pub origin: Origin,
    /// The rest.
    pub what: NewEntry,
}

/// An entry with what is known of the things it names.
#[derive(Clone, Debug)]
pub struct Record {
    /// The entry.
    pub entry: Entry,
    /// The thing's picture; empty for none.
    pub icon: String,
    /// Who did it, unless it was the server itself.
    pub user: Option<User>,
    /// Where, unless the thing belongs nowhere.
    pub organization: Option<OrganizationLabel>,
    /// The workspace that the thing is or belongs to.
    pub workspace: Option<WorkspaceLabel>,
    /// Whether the thing has been deleted since.
    pub is_deleted: bool,
}

/// How an organization shows in the log.
#[derive(Clone, Debug)]
pub struct OrganizationLabel {
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its picture.
    pub icon: String,
}

/// How a workspace shows in the log.
#[derive(Clone, Debug)]
pub struct WorkspaceLabel {
    /// Its owner's username.
    pub owner: String,
    /// Its name.
    pub name: String,
    /// The build that is spoken of.
    pub build_number: Option<i32>,
}

impl Record {
    /// A sentence with `{user}` and `{target}` in place of names.
    #[must_use]
    pub fn description(&self) -> String {
        let what = &self.entry.what;
        let verb = what.action;
        match verb {
            AuditAction::Login if what.status < 400 => return "{user} logged in".to_owned(),
            AuditAction::Logout if what.status < 400 => return "{user} logged out".to_owned(),
            _ => {}
        }
        let deed = if what.status < 400 {
            past(verb).to_owned()
        } else {
            format!("unsuccessfully attempted to {}", infinitive(verb))
        };
        let kind = match what.kind {
            AuditedKind::WorkspaceBuild => "workspace".to_owned(),
            other => other.as_str().replace('_', " "),
        };
        // A key's target is the key itself, which is of no use in a sentence.
        if what.kind == AuditedKind::GitSshKey {
            return format!("{{user}} {deed} the {kind}");
        }
        format!("{{user}} {deed} {kind} {{target}}")
    }

    /// The page of the web interface that shows the thing; empty for none.
    #[must_use]
    pub fn link(&self) -> String {
        let what = &self.entry.what;
        match (what.kind, &self.workspace) {
            (AuditedKind::Template, _) => format!("/templates/{}", what.target),
            (AuditedKind::User, _) => format!("/users?filter={}", what.target),
            (AuditedKind::Workspace, Some(workspace)) => {
                format!("/@{}/{}", workspace.owner, workspace.name)
            }
            (AuditedKind::WorkspaceBuild, Some(workspace)) => {
                let number = workspace.build_number.unwrap_or_default();
                format!("/@{}/{}/builds/{number}", workspace.owner, workspace.name)
            }
            _ => String::new(),
        }
    }
}

fn past(action: AuditAction) -> &'static str {
    match action {
        AuditAction::Create => "created",
        AuditAction::Write => "updated",
        AuditAction::Delete => "deleted",
        AuditAction::Start => "started",
        AuditAction::Stop => "stopped",
        AuditAction::Login => "logged in",
        AuditAction::Logout => "logged out",
        AuditAction::Register => "registered",
        AuditAction::RequestPasswordReset => "password reset requested",
        AuditAction::Connect => "connected",
        AuditAction::Disconnect => "disconnected",
        AuditAction::Open => "opened",
        AuditAction::Close => "closed",
    }
}

fn infinitive(action: AuditAction) -> &'static str {
    match action {
        AuditAction::Login => "log in",
        AuditAction::Logout => "log out",
        AuditAction::RequestPasswordReset => "request a password reset",
        other => other.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_diff_names_what_changed_and_hides_secrets() {
        let old = [shown("name", "a"), shown("kept", 1), secret("hash", "x")];
        let new = [shown("name", "b"), shown("kept", 1), secret("hash", "y")];
        assert_eq!(
            diff(&old, &new),
            json!({"name": {"old": "a", "new": "b", "secret": false},
                   "hash": {"old": "", "new": "", "secret": true}})
        );
    }

    #[test]
    fn a_new_thing_differs_from_nothing_where_it_is_not_blank() {
        let new = [
            shown("name", "b"),
            shown("note", ""),
            shown("roles", json!([])),
        ];
        assert_eq!(
            diff(&[], &new),
            json!({"name": {"old": "", "new": "b", "secret": false},
                   "roles": {"old": null, "new": [], "secret": false}})
        );
    }
}
