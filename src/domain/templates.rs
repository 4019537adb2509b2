//! What a template is and how it is used. What may be wished of it is in `template_changes`.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{
    clock::Timestamp,
    deadlines::TemplateSchedule,
    ids::{GroupId, OrganizationId, TemplateId, TemplateVersionId, UserId},
    jobs::ProvisionerKind,
    provisioning::SharingLevel,
    rights::{Action, Actions, Object, ResourceKind},
};

/// What the role "use" of an access list may do.
pub const MAY_USE: Actions = Actions::of(&[Action::Read, Action::Use]);

/// A template.
#[derive(Clone, PartialEq, Debug)]
pub struct Template {
    /// Its id.
    pub id: TemplateId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// That organization's name.
    pub organization_name: String,
    /// That organization's title.
    pub organization_display_name: String,
    /// That organization's icon.
    pub organization_icon: String,
    /// Who made it.
    pub created_by: UserId,
    /// That user's name.
    pub created_by_name: String,
    /// Its name in URLs.
    pub name: String,
    /// Its title; empty for none.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Icon path or URL.
    pub icon: String,
    /// Its engine.
    pub provisioner: ProvisionerKind,
    /// The version that new workspaces get.
    pub active_version_id: TemplateVersionId,
    /// Whether it was deleted.
    pub deleted: bool,
    /// Why nobody should use it any more; empty while one may.
    pub deprecated: String,
    /// When its workspaces start and stop.
    pub schedule: TemplateSchedule,
    /// After which time a failed workspace is stopped; zero for never.
    pub failure_ttl: TimeDelta,
    /// After which time an unused workspace becomes dormant; zero for never.
    pub time_til_dormant: TimeDelta,
    /// After which time a dormant workspace is deleted; zero for never.
    pub time_til_dormant_autodelete: TimeDelta,
    /// Whether users may cancel the jobs of their workspaces.
    pub allow_user_cancel_workspace_jobs: bool,
    /// Whether workspaces must use the active version.
    pub require_active_version: bool,
    /// How openly ports may be shared.
    pub max_port_share_level: SharingLevel,
    /// What single users may do.
    pub acl_users: BTreeMap<UserId, Actions>,
    /// What groups may do.
    pub acl_groups: BTreeMap<GroupId, Actions>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl Template {
    /// The template as rights see it.
    #[must_use]
    pub fn object(&self) -> Object {
        in_organization(self.organization_id)
            .with_id(self.id.0)
            .with_acl(self.acl_users.clone(), self.acl_groups.clone())
    }

    /// Whether the members of its organization have a right by being members.
    #[must_use]
    pub fn is_open_to_everyone(&self) -> bool {
        self.acl_groups
            .contains_key(&GroupId(self.organization_id.0))
    }
}

/// Any template of an organization, as rights see it.
#[must_use]
pub fn in_organization(organization: OrganizationId) -> Object {
    Object::of(ResourceKind::Template).in_organization(organization)
}

/// The access list by which all members of an organization use a template.
#[must_use]
pub fn open_to_everyone(organization: OrganizationId) -> BTreeMap<GroupId, Actions> {
    [(GroupId(organization.0), MAY_USE)].into()
}

/// Settings of a new template.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NewSettings {
    /// When its workspaces start and stop.
    pub schedule: TemplateSchedule,
    /// When failed workspaces are stopped; zero for never.
    pub failure_ttl: TimeDelta,
    /// When unused workspaces become dormant; zero for never.
    pub time_til_dormant: TimeDelta,
    /// When dormant workspaces are deleted; zero for never.
    pub time_til_dormant_autodelete: TimeDelta,
    /// Whether workspaces must use the active version.
    pub require_active_version: bool,
    /// How openly ports may be shared.
    pub max_port_share_level: SharingLevel,
}

impl Default for NewSettings {
    fn default() -> Self {
        Self {
            schedule: TemplateSchedule::default(),
            failure_ttl: TimeDelta::zero(),
            time_til_dormant: TimeDelta::zero(),
            time_til_dormant_autodelete: TimeDelta::zero(),
            require_active_version: false,
            max_port_share_level: SharingLevel::Public,
        }
    }
}

/// How long builds of one kind took, in milliseconds; `None` where there was none.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct BuildTimes {
    /// Half of the builds were done by then.
    pub median: Option<i64>,
    /// Nineteen of twenty were done by then.
    pub ninety_fifth: Option<i64>,
}

/// How a template is used; counted from time to time.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Usage {
    /// Owners of live workspaces.
    pub active_users: i64,
    /// Of builds that start.
    pub start: BuildTimes,
    /// Of builds that stop.
    pub stop: BuildTimes,
    /// Of builds that delete.
    pub delete: BuildTimes,
}
