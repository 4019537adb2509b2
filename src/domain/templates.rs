//! What a template is, what may be wished of it, and which wishes change it.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::{
    clock::Timestamp,
    deadlines::TemplateSchedule,
    ids::{GroupId, OrganizationId, TemplateId, TemplateVersionId, UserId},
    jobs::ProvisionerKind,
    provisioning::SharingLevel,
    rights::{Action, Actions, Object, ResourceKind},
    weekdays::Weekdays,
};

/// How far activity moves a deadline unless the template says otherwise.
pub const DEFAULT_ACTIVITY_BUMP: TimeDelta = TimeDelta::hours(1);
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

/// What an update wishes a template to be (spec CO-87). It replaces everything but the name,
/// the two sets of days, the deprecation and the share level, which stay when left out.
#[derive(Clone, PartialEq, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of the contract"
)]
pub struct TemplateChange {
    /// A new name.
    pub name: Option<String>,
    /// The title.
    pub display_name: String,
    /// The description.
    pub description: String,
    /// The icon.
    pub icon: String,
    /// Time to live of new workspaces.
    pub default_ttl: TimeDelta,
    /// How far activity moves a deadline.
    pub activity_bump: TimeDelta,
    /// Days and weeks of the required stop.
    pub autostop_requirement: Option<(Weekdays, u16)>,
    /// Days on which workspaces may start by themselves.
    pub autostart_days: Option<Weekdays>,
    /// Whether users choose their own start.
    pub allow_user_autostart: bool,
    /// Whether users choose their own time to live.
    pub allow_user_autostop: bool,
    /// Whether users may cancel jobs.
    pub allow_user_cancel_workspace_jobs: bool,
    /// When failed workspaces are stopped.
    pub failure_ttl: TimeDelta,
    /// When unused workspaces become dormant.
    pub time_til_dormant: TimeDelta,
    /// When dormant workspaces are deleted.
    pub time_til_dormant_autodelete: TimeDelta,
    /// Whether the active version is required.
    pub require_active_version: bool,
    /// A new reason not to use it; empty to allow it again.
    pub deprecated: Option<String>,
    /// Whether members lose the right that all have.
    pub disable_everyone_group_access: bool,
}

impl TemplateChange {
    /// Whether the template is as wished already. A wish that leaves the name out is never said
    /// to be fulfilled: clients read "not modified" as an error unless they sent everything.
    #[must_use]
    pub fn is_fulfilled(&self, template: &Template) -> bool {
        let days = (template.schedule.stop_days, template.schedule.stop_weeks);
        self.name.as_ref() == Some(&template.name)
            && self.display_name == template.display_name
            && self.description == template.description
            && self.icon == template.icon
            && self.default_ttl == template.schedule.default_ttl
            && self.activity_bump == template.schedule.activity_bump
            && self.autostop_requirement.is_none_or(|wish| wish == days)
            && self
                .autostart_days
                .is_none_or(|wish| wish == template.schedule.autostart_days)
            && self.allow_user_autostart == template.schedule.allow_user_autostart
            && self.allow_user_autostop == template.schedule.allow_user_autostop
            && self.allow_user_cancel_workspace_jobs == template.allow_user_cancel_workspace_jobs
            && self.failure_ttl == template.failure_ttl
            && self.time_til_dormant == template.time_til_dormant
            && self.time_til_dormant_autodelete == template.time_til_dormant_autodelete
            && self.require_active_version == template.require_active_version
            && self
                .deprecated
                .as_ref()
                .is_none_or(|wish| *wish == template.deprecated)
            && !(self.disable_everyone_group_access && template.is_open_to_everyone())
    }

    /// Changes the template. The schedule beyond the two durations, the required version and
    /// a new deprecation are accepted and left alone until workspaces obey them: a stored
    /// setting without effect would be a promise (`docs/wire-compat.md`).
    pub fn apply(self, template: &mut Template) {
        if let Some(name) = self.name {
            template.name = name;
        }
        template.display_name = self.display_name;
        template.description = self.description;
        template.icon = self.icon;
        template.schedule.default_ttl = self.default_ttl;
        template.schedule.activity_bump = self.activity_bump;
        template.allow_user_cancel_workspace_jobs = self.allow_user_cancel_workspace_jobs;
        if self.deprecated.is_some_and(|text| text.is_empty()) {
            template.deprecated.clear();
        }
        if self.disable_everyone_group_access {
            template
                .acl_groups
                .remove(&GroupId(template.organization_id.0));
        }
    }
}

/// Settings of a new template; what is absent here is left at its default for now
/// (`docs/wire-compat.md`).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct NewSettings {
    /// Time to live of new workspaces.
    pub default_ttl: TimeDelta,
    /// How far activity moves a deadline; `None` for the usual.
    pub activity_bump: Option<TimeDelta>,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        let organization_id = OrganizationId::random();
        Template {
            id: TemplateId::random(),
            organization_id,
            organization_name: "coder".to_owned(),
            organization_display_name: String::new(),
            organization_icon: String::new(),
            created_by: UserId::random(),
            created_by_name: "ann".to_owned(),
            name: "base".to_owned(),
            display_name: String::new(),
            description: String::new(),
            icon: String::new(),
            provisioner: ProvisionerKind::Terraform,
            active_version_id: TemplateVersionId::random(),
            deleted: false,
            deprecated: String::new(),
            schedule: TemplateSchedule {
                default_ttl: TimeDelta::zero(),
                activity_bump: DEFAULT_ACTIVITY_BUMP,
                allow_user_autostop: true,
                allow_user_autostart: true,
                autostart_days: Weekdays::ALL,
                stop_days: Weekdays::NONE,
                stop_weeks: 1,
            },
            failure_ttl: TimeDelta::zero(),
            time_til_dormant: TimeDelta::zero(),
            time_til_dormant_autodelete: TimeDelta::zero(),
            allow_user_cancel_workspace_jobs: false,
            require_active_version: false,
            max_port_share_level: SharingLevel::Owner,
            acl_users: BTreeMap::new(),
            acl_groups: open_to_everyone(organization_id),
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
        }
    }

    fn same() -> TemplateChange {
        TemplateChange {
            name: Some("base".to_owned()),
            display_name: String::new(),
            description: String::new(),
            icon: String::new(),
            default_ttl: TimeDelta::zero(),
            activity_bump: DEFAULT_ACTIVITY_BUMP,
            autostop_requirement: None,
            autostart_days: None,
            allow_user_autostart: true,
            allow_user_autostop: true,
            allow_user_cancel_workspace_jobs: false,
            failure_ttl: TimeDelta::zero(),
            time_til_dormant: TimeDelta::zero(),
            time_til_dormant_autodelete: TimeDelta::zero(),
            require_active_version: false,
            deprecated: None,
            disable_everyone_group_access: false,
        }
    }

    #[test]
    fn a_wish_that_holds_changes_nothing() {
        let mut changed = template();
        let before = changed.clone();
        assert!(same().is_fulfilled(&changed));
        same().apply(&mut changed);
        assert_eq!(changed, before);
        let renamed = TemplateChange {
            name: Some("new-name".to_owned()),
            ..same()
        };
        assert!(!renamed.is_fulfilled(&changed));
        renamed.apply(&mut changed);
        assert_eq!(changed.name, "new-name");
        let unnamed = TemplateChange {
            name: None,
            ..same()
        };
        assert!(!unnamed.is_fulfilled(&template()));
    }

    #[test]
    fn everyone_can_be_shut_out() {
        let mut shut = template();
        let wish = TemplateChange {
            disable_everyone_group_access: true,
            ..same()
        };
        assert!(!wish.is_fulfilled(&shut));
        wish.apply(&mut shut);
        assert!(!shut.is_open_to_everyone());
        assert!(same().is_fulfilled(&shut));
    }
}
