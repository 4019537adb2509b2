//! Authorization: who may do what to which kind of thing.
//! Rights come from roles at three levels (the site, one organization, one's own things)
//! and from access lists; a token's scope can only take away.
//! Nothing here reads the database: an [`Object`] carries the facts that count.

pub mod actor;

pub mod custom;

pub mod matrix;

pub mod roles;

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use super::{
    ids::{GroupId, OrganizationId, UserId},
    text_enum::text_enum,
};

text_enum! {
    /// Something one can do to a resource.
    #[sqlx(type_name = "text")]
    pub enum Action {
        /// Open an app of a workspace.
        ApplicationConnect = "application_connect",
        /// Give a role to a user.
        Assign = "assign",
        /// Make a new one.
        Create = "create",
        /// Remove it.
        Delete = "delete",
        /// See it.
        Read = "read",
        /// See a user's private data.
        ReadPersonal = "read_personal",
        /// Open a terminal in a workspace.
        Ssh = "ssh",
        /// Start a workspace.
        Start = "start",
        /// Stop a workspace.
        Stop = "stop",
        /// Change it.
        Update = "update",
        /// Change a user's private data.
        UpdatePersonal = "update_personal",
        /// Make workspaces from a template.
        Use = "use",
        /// See how a template is used.
        ViewInsights = "view_insights",
    }
}

text_enum! {
    /// A kind of thing that rights speak of.
    #[sqlx(type_name = "text")]
    pub enum ResourceKind {
        /// Every kind at once; only a few callers ask for it and no role has it.
        Wildcard = "*",
        /// API keys.
        ApiKey = "api_key",
        /// Roles within an organization.
        AssignOrgRole = "assign_org_role",
        /// Roles of the site.
        AssignRole = "assign_role",
        /// The audit log.
        AuditLog = "audit_log",
        /// Signing keys.
        CryptoKey = "crypto_key",
        /// Debug pages.
        DebugInfo = "debug_info",
        /// Settings of the deployment.
        DeploymentConfig = "deployment_config",
        /// Statistics of the deployment.
        DeploymentStats = "deployment_stats",
        /// Uploaded archives.
        File = "file",
        /// Groups.
        Group = "group",
        /// Members of groups.
        GroupMember = "group_member",
        /// How groups and roles follow an identity provider.
        IdpsyncSettings = "idpsync_settings",
        /// Licences.
        License = "license",
        /// Messages to users.
        NotificationMessage = "notification_message",
        /// What a user wants to be told.
        NotificationPreference = "notification_preference",
        /// Templates of messages.
        NotificationTemplate = "notification_template",
        /// `OAuth2` applications.
        Oauth2App = "oauth2_app",
        /// Codes of `OAuth2` applications.
        Oauth2AppCodeToken = "oauth2_app_code_token",
        /// Secrets of `OAuth2` applications.
        Oauth2AppSecret = "oauth2_app_secret",
        /// Organizations.
        Organization = "organization",
        /// Members of organizations.
        OrganizationMember = "organization_member",
        /// Provisioner daemons.
        ProvisionerDaemon = "provisioner_daemon",
        /// Provisioner jobs.
        ProvisionerJobs = "provisioner_jobs",
        /// Credentials of provisioner daemons.
        ProvisionerKeys = "provisioner_keys",
        /// Running servers.
        Replicas = "replicas",
        /// The inside of the deployment.
        System = "system",
        /// Coordination of agent connections.
        TailnetCoordinator = "tailnet_coordinator",
        /// Templates and their versions.
        Template = "template",
        /// Users.
        User = "user",
        /// Workspaces and their builds.
        Workspace = "workspace",
        /// Workspaces while dormant.
        WorkspaceDormant = "workspace_dormant",
        /// Proxies for workspace traffic.
        WorkspaceProxy = "workspace_proxy",
    }
}

/// A set of actions; may also hold "any action", which includes all.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Actions(u16);

impl Actions {
    /// No action.
    pub const NONE: Self = Self(0);
    /// Any action.
    pub const ANY: Self = Self(1 << 15);

    /// The set of exactly these.
    #[must_use]
    pub const fn of(actions: &[Action]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < actions.len() {
            bits |= 1 << actions[index] as u16;
            index += 1;
        }
        Self(bits)
    }

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the action is in the set.
    #[must_use]
    pub const fn contains(self, action: Action) -> bool {
        self.0 & (Self::ANY.0 | 1 << action as u16) != 0
    }

    /// The texts, in alphabetical order; "any action" is `*`.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let any = (self.0 & Self::ANY.0 != 0).then_some("*");
        let named = Action::ALL
            .iter()
            .filter(move |action| self.0 & 1 << **action as u16 != 0);
        any.into_iter().chain(named.map(|action| action.as_str()))
    }

    /// The set of these texts; unknown ones are left out.
    pub fn from_names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> Self {
        names.into_iter().fold(Self::NONE, |set, name| {
            match (name.as_ref(), Action::parse(name.as_ref())) {
                ("*", _) => set.and(Self::ANY),
                (_, Some(action)) => set.and(Self::of(&[action])),
                (_, None) => set,
            }
        })
    }
}

impl Serialize for Actions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.names())
    }
}

impl<'de> Deserialize<'de> for Actions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Vec::<String>::deserialize(deserializer).map(Self::from_names)
    }
}

/// What a right is asked for: a kind of thing, or one thing with what is known of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// The kind.
    pub kind: ResourceKind,
    /// The one thing, when it is one.
    pub id: Option<Uuid>,
    /// Who owns it.
    pub owner: Option<UserId>,
    /// Where it belongs.
    pub organization: Option<OrganizationId>,
    /// Asks whether there is any organization in which the actor has the right.
    pub any_organization: bool,
    /// What single users may do.
    pub acl_users: BTreeMap<UserId, Actions>,
    /// What groups may do; the everyone-group has the organization's id.
    pub acl_groups: BTreeMap<GroupId, Actions>,
}

impl Object {
    /// All things of one kind.
    #[must_use]
    pub fn of(kind: ResourceKind) -> Self {
        Self {
            kind,
            id: None,
            owner: None,
            organization: None,
            any_organization: false,
            acl_users: BTreeMap::new(),
            acl_groups: BTreeMap::new(),
        }
    }

    /// Narrows to one thing.
    #[must_use]
    pub fn with_id(self, id: impl Into<Uuid>) -> Self {
        Self {
            id: Some(id.into()),
            ..self
        }
    }

    /// Says who owns it.
    #[must_use]
    pub fn owned_by(self, owner: UserId) -> Self {
        Self {
            owner: Some(owner),
            ..self
        }
    }

    /// Says where it belongs.
    #[must_use]
    pub fn in_organization(self, organization: OrganizationId) -> Self {
        Self {
            organization: Some(organization),
            ..self
        }
    }

    /// Asks about any organization at all.
    #[must_use]
    pub fn in_any_organization(self) -> Self {
        Self {
            any_organization: true,
            ..self
        }
    }

    /// Adds its access lists.
    #[must_use]
    pub fn with_acl(
        self,
        acl_users: BTreeMap<UserId, Actions>,
        acl_groups: BTreeMap<GroupId, Actions>,
    ) -> Self {
        Self {
            acl_users,
            acl_groups,
            ..self
        }
    }

    /// A workspace: its kind depends on whether it is dormant.
    #[must_use]
    pub fn workspace(owner: UserId, organization: OrganizationId, dormant: bool) -> Self {
        let kind = if dormant {
            ResourceKind::WorkspaceDormant
        } else {
            ResourceKind::Workspace
        };
        Self::of(kind).owned_by(owner).in_organization(organization)
    }

    /// A user and its data, which belong to the user.
    #[must_use]
    pub fn user(user: UserId) -> Self {
        Self::of(ResourceKind::User).with_id(user.0).owned_by(user)
    }

    /// A membership, which the member can see.
    #[must_use]
    pub fn member(user: UserId, organization: OrganizationId) -> Self {
        Self::of(ResourceKind::OrganizationMember)
            .owned_by(user)
            .in_organization(organization)
    }
}
