//! What each role may do, as data. `tests/fixtures/permissions.json` holds the same facts
//! in the form of the contract, and a test compares the two.

use super::{
    Action::{
        self, ApplicationConnect, Assign, Create, Delete, Read, ReadPersonal, Ssh, Start, Stop,
        Update, UpdatePersonal, Use, ViewInsights,
    },
    Actions,
    ResourceKind::{
        self, ApiKey, AssignOrgRole, AssignRole, AuditLog, CryptoKey, DebugInfo, DeploymentConfig,
        DeploymentStats, File, Group, GroupMember, IdpsyncSettings, License, NotificationMessage,
        NotificationPreference, NotificationTemplate, Oauth2App, Oauth2AppCodeToken,
        Oauth2AppSecret, Organization, OrganizationMember, ProvisionerDaemon, ProvisionerJobs,
        ProvisionerKeys, Replicas, System, TailnetCoordinator, Template, User, Workspace,
        WorkspaceDormant, WorkspaceProxy,
    },
    roles::{OrganizationRole, SiteRole},
};

/// What a role grants on one level: rows of a kind and the actions on it, by kind.
pub type Grants = &'static [(ResourceKind, Actions)];

/// What a role grants on each of the three levels.
#[derive(Clone, Copy, Debug)]
pub struct RoleGrants {
    /// Everywhere.
    pub site: Grants,
    /// In the organization that the role belongs to.
    pub organization: Grants,
    /// On things the holder owns.
    pub user: Grants,
}

/// The grants of a role of the site.
#[must_use]
pub const fn of_site_role(role: SiteRole) -> RoleGrants {
    match role {
        SiteRole::Owner => RoleGrants {
            site: OWNER,
            ..NOTHING
        },
        SiteRole::Auditor => RoleGrants {
            site: AUDITOR,
            ..NOTHING
        },
        SiteRole::TemplateAdmin => RoleGrants {
            site: TEMPLATE_ADMIN,
            ..NOTHING
        },
        SiteRole::UserAdmin => RoleGrants {
            site: USER_ADMIN,
            ..NOTHING
        },
        SiteRole::Member => RoleGrants {
            site: MEMBER,
            user: MEMBER_OWN,
            ..NOTHING
        },
    }
}

/// As [`of_site_role`], where the deployment keeps owners out of other people's workspaces.
#[must_use]
pub const fn of_site_role_kept_out(role: SiteRole) -> RoleGrants {
    match role {
        SiteRole::Owner => RoleGrants {
            site: OWNER_KEPT_OUT,
            ..NOTHING
        },
        _ => of_site_role(role),
    }
}

/// The grants of a role of an organization.
#[must_use]
pub const fn of_organization_role(role: OrganizationRole) -> RoleGrants {
    match role {
        OrganizationRole::Admin => RoleGrants {
            site: SEES_USERS,
            organization: ORGANIZATION_ADMIN,
            ..NOTHING
        },
        OrganizationRole::Auditor => RoleGrants {
            organization: ORGANIZATION_AUDITOR,
            ..NOTHING
        },
        OrganizationRole::TemplateAdmin => RoleGrants {
            organization: ORGANIZATION_TEMPLATE_ADMIN,
            ..NOTHING
        },
        OrganizationRole::UserAdmin => RoleGrants {
            site: SEES_USERS,
            organization: ORGANIZATION_USER_ADMIN,
            ..NOTHING
        },
        OrganizationRole::Member => RoleGrants {
            organization: ORGANIZATION_MEMBER,
            user: ORGANIZATION_MEMBER_OWN,
            ..NOTHING
        },
    }
}

/// The actions that the rows give on a kind.
#[must_use]
pub fn actions_on(grants: Grants, kind: ResourceKind) -> Actions {
    grants
        .iter()
        .find(|(granted, _)| *granted == kind)
        .map_or(Actions::NONE, |(_, actions)| *actions)
}

const ANY: Actions = Actions::ANY;
const READ: Actions = Actions::of(&[Read]);
const CREATE_READ: Actions = Actions::of(&[Create, Read]);
const CHANGE: Actions = Actions::of(&[Create, Delete, Read, Update]);
const GIVE_ROLES: Actions = Actions::of(&[Assign, Delete, Read]);
const READ_UPDATE: Actions = Actions::of(&[Read, Update]);
const ON_TEMPLATES: Actions = Actions::of(&[Create, Delete, Read, Update, Use, ViewInsights]);
const ON_DORMANT: Actions = Actions::of(&[Create, Delete, Read, Stop, Update]);
const MANAGE_WORKSPACE: Actions = Actions::of(&[Create, Delete, Read, Start, Stop, Update]);
const ENTER_WORKSPACE: Actions = Actions::of(&[ApplicationConnect, Ssh]);

const NOTHING: RoleGrants = RoleGrants {
    site: &[],
    organization: &[],
    user: &[],
};

const SEES_USERS: Grants = &[(User, READ)];

const OWNER: Grants = &OWNER_ROWS;

/// What owners may do where the deployment keeps them out of other people's workspaces.
const OWNER_KEPT_OUT: Grants = &kept_out(OWNER_ROWS);

/// The rows without entering workspaces.
const fn kept_out<const N: usize>(
    mut rows: [(ResourceKind, Actions); N],
) -> [(ResourceKind, Actions); N] {
    let mut index = 0;
    while index < N {
        if matches!(rows[index].0, Workspace) {
            rows[index].1 = MANAGE_WORKSPACE;
        }
        index += 1;
    }
    rows
}

const OWNER_ROWS: [(ResourceKind, Actions); 32] = [
    (ApiKey, ANY),
    (AssignOrgRole, ANY),
    (AssignRole, ANY),
    (AuditLog, ANY),
    (CryptoKey, ANY),
    (DebugInfo, ANY),
    (DeploymentConfig, ANY),
    (DeploymentStats, ANY),
    (File, ANY),
    (Group, ANY),
    (GroupMember, ANY),
    (IdpsyncSettings, ANY),
    (License, ANY),
    (NotificationMessage, ANY),
    (NotificationPreference, ANY),
    (NotificationTemplate, ANY),
    (Oauth2App, ANY),
    (Oauth2AppCodeToken, ANY),
    (Oauth2AppSecret, ANY),
    (Organization, ANY),
    (OrganizationMember, ANY),
    (ProvisionerDaemon, ANY),
    (ProvisionerJobs, ANY),
    (ProvisionerKeys, ANY),
    (Replicas, ANY),
    (System, ANY),
    (TailnetCoordinator, ANY),
    (Template, ANY),
    (User, ANY),
    (Workspace, MANAGE_WORKSPACE.and(ENTER_WORKSPACE)),
    (WorkspaceDormant, ON_DORMANT),
    (WorkspaceProxy, ANY),
];

const AUDITOR: Grants = &[
    (AuditLog, READ),
    (DeploymentConfig, READ),
    (DeploymentStats, READ),
    (Group, READ),
    (GroupMember, READ),
    (OrganizationMember, READ),
    (Template, Actions::of(&[Read, ViewInsights])),
    (User, READ),
];

const TEMPLATE_ADMIN: Grants = &[
    (File, CREATE_READ),
    (Group, READ),
    (GroupMember, READ),
    (Organization, READ),
    (OrganizationMember, READ),
    (ProvisionerDaemon, CHANGE),
    (Template, ON_TEMPLATES),
    (User, READ),
    (Workspace, READ),
];

const USER_ADMIN: Grants = &[
    (AssignOrgRole, GIVE_ROLES),
    (AssignRole, GIVE_ROLES),
    (Group, CHANGE),
    (GroupMember, READ),
    (IdpsyncSettings, READ_UPDATE),
    (OrganizationMember, CHANGE),
    (
        User,
        CHANGE.and(Actions::of(&[ReadPersonal, UpdatePersonal])),
    ),
];

const MEMBER: Grants = &[
    (AssignRole, READ),
    (Oauth2App, READ),
    (WorkspaceProxy, READ),
];

const MEMBER_OWN: Grants = &[
    (ApiKey, ANY),
    (AssignOrgRole, ANY),
    (AssignRole, ANY),
    (AuditLog, ANY),
    (CryptoKey, ANY),
    (DebugInfo, ANY),
    (DeploymentConfig, ANY),
    (DeploymentStats, ANY),
    (File, ANY),
    (Group, ANY),
    (GroupMember, ANY),
    (IdpsyncSettings, ANY),
    (License, ANY),
    (NotificationMessage, ANY),
    (NotificationPreference, ANY),
    (NotificationTemplate, ANY),
    (Oauth2App, ANY),
    (Oauth2AppCodeToken, ANY),
    (Oauth2AppSecret, ANY),
    (Organization, ANY),
    (
        ProvisionerDaemon,
        ANY.and(Actions::of(&[Create, Read, Update])),
    ),
    (ProvisionerJobs, ANY),
    (ProvisionerKeys, ANY),
    (Replicas, ANY),
    (System, ANY),
    (TailnetCoordinator, ANY),
    (Template, ANY),
    (User, Actions::of(&[Read, ReadPersonal, UpdatePersonal])),
    (Workspace, ANY),
    (WorkspaceDormant, ON_DORMANT),
    (WorkspaceProxy, ANY),
];

const ORGANIZATION_ADMIN: Grants = &[
    (ApiKey, ANY),
    (AssignOrgRole, ANY),
    (AuditLog, ANY),
    (CryptoKey, ANY),
    (DebugInfo, ANY),
    (DeploymentConfig, ANY),
    (DeploymentStats, ANY),
    (File, ANY),
    (Group, ANY),
    (GroupMember, ANY),
    (IdpsyncSettings, ANY),
    (License, ANY),
    (NotificationMessage, ANY),
    (NotificationPreference, ANY),
    (NotificationTemplate, ANY),
    (Oauth2App, ANY),
    (Oauth2AppCodeToken, ANY),
    (Oauth2AppSecret, ANY),
    (Organization, ANY),
    (OrganizationMember, ANY),
    (ProvisionerDaemon, ANY),
    (ProvisionerJobs, ANY),
    (ProvisionerKeys, ANY),
    (Replicas, ANY),
    (System, ANY),
    (TailnetCoordinator, ANY),
    (Template, ANY),
    (User, ANY),
    (Workspace, MANAGE_WORKSPACE),
    (WorkspaceDormant, ON_DORMANT),
    (WorkspaceProxy, ANY),
];

const ORGANIZATION_AUDITOR: Grants = &[(AuditLog, READ)];

const ORGANIZATION_TEMPLATE_ADMIN: Grants = &[
    (File, CREATE_READ),
    (Group, READ),
    (GroupMember, READ),
    (OrganizationMember, READ),
    (ProvisionerJobs, READ),
    (Template, ON_TEMPLATES),
    (Workspace, READ),
];

const ORGANIZATION_USER_ADMIN: Grants = &[
    (AssignOrgRole, GIVE_ROLES),
    (Group, CHANGE),
    (GroupMember, READ),
    (IdpsyncSettings, READ_UPDATE),
    (OrganizationMember, CHANGE),
];

const ORGANIZATION_MEMBER: Grants = &[
    (AssignOrgRole, READ),
    (Organization, READ),
    (ProvisionerDaemon, READ),
];

const ORGANIZATION_MEMBER_OWN: Grants = &[(OrganizationMember, READ)];

/// The actions that make sense for a kind, which `*` stands for in listings.
#[must_use]
pub const fn actions_of_kind(kind: ResourceKind) -> &'static [Action] {
    match kind {
        ResourceKind::Wildcard => &[],
        AssignOrgRole | AssignRole => &[Assign, Create, Delete, Read, Update],
        AuditLog | File => &[Create, Read],
        DebugInfo | DeploymentStats | GroupMember | ProvisionerJobs | Replicas => &[Read],
        DeploymentConfig | IdpsyncSettings | NotificationPreference | NotificationTemplate => {
            &[Read, Update]
        }
        License | Oauth2AppCodeToken | ProvisionerKeys => &[Create, Delete, Read],
        Template => &[Create, Delete, Read, Update, Use, ViewInsights],
        User => &[Create, Delete, Read, ReadPersonal, Update, UpdatePersonal],
        Workspace | WorkspaceDormant => &[
            ApplicationConnect,
            Create,
            Delete,
            Read,
            Ssh,
            Start,
            Stop,
            Update,
        ],
        ApiKey | CryptoKey | Group | NotificationMessage | Oauth2App | Oauth2AppSecret
        | Organization | OrganizationMember | ProvisionerDaemon | System | TailnetCoordinator
        | WorkspaceProxy => &[Create, Delete, Read, Update],
    }
}

#[cfg(test)]
mod tests;
