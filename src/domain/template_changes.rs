//! What may be wished of a template, and what a fulfilled wish means for its workspaces.

use chrono::TimeDelta;

use super::{
    deadlines::TemplateSchedule, ids::GroupId, provisioning::SharingLevel, templates::Template,
    weekdays::Weekdays,
};

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
    /// How openly ports may be shared.
    pub max_port_share_level: Option<SharingLevel>,
    /// Whether all its workspaces count as used at the moment of the change.
    pub update_workspace_last_used_at: bool,
    /// Whether dormant workspaces count as dormant from the moment of the change.
    pub update_workspace_dormant_at: bool,
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
            && self
                .max_port_share_level
                .is_none_or(|wish| wish == template.max_port_share_level)
            && !(self.disable_everyone_group_access && template.is_open_to_everyone())
            && !self.update_workspace_last_used_at
            && !self.update_workspace_dormant_at
    }

    /// Changes the template.
    pub fn apply(self, template: &mut Template) {
        if let Some(name) = self.name {
            template.name = name;
        }
        template.display_name = self.display_name;
        template.description = self.description;
        template.icon = self.icon;
        let (stop_days, stop_weeks) = self
            .autostop_requirement
            .unwrap_or((template.schedule.stop_days, template.schedule.stop_weeks));
        template.schedule = TemplateSchedule {
            default_ttl: self.default_ttl,
            activity_bump: self.activity_bump,
            allow_user_autostop: self.allow_user_autostop,
            allow_user_autostart: self.allow_user_autostart,
            autostart_days: self
                .autostart_days
                .unwrap_or(template.schedule.autostart_days),
            stop_days,
            stop_weeks,
        };
        template.allow_user_cancel_workspace_jobs = self.allow_user_cancel_workspace_jobs;
        template.failure_ttl = self.failure_ttl;
        template.time_til_dormant = self.time_til_dormant;
        template.time_til_dormant_autodelete = self.time_til_dormant_autodelete;
        template.require_active_version = self.require_active_version;
        if let Some(reason) = self.deprecated {
            template.deprecated = reason;
        }
        if let Some(level) = self.max_port_share_level {
            template.max_port_share_level = level;
        }
        if self.disable_everyone_group_access {
            template
                .acl_groups
                .remove(&GroupId(template.organization_id.0));
        }
    }
}

/// What a change of a template means for the workspaces that were made from it (spec BJ-99,
/// BJ-100).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent consequences of one change"
)]
pub struct Consequences {
    /// All get the template's time to live, as their users may not choose.
    pub overwrites_ttl: bool,
    /// All count as used now.
    pub counts_as_use: bool,
    /// Dormant ones count as dormant since now.
    pub restarts_dormancy: bool,
    /// It is settled anew when dormant ones are deleted.
    pub moves_deletions: bool,
    /// It is settled anew when they start next.
    pub moves_starts: bool,
    /// It is settled anew when running ones must stop.
    pub moves_stops: bool,
    /// They show something of the template that is different now.
    pub changes_looks: bool,
}

impl Consequences {
    /// What follows from the change of a template.
    #[must_use]
    pub fn of(before: &Template, after: &Template, wish: &TemplateChange) -> Self {
        let was_fixed = !before.schedule.allow_user_autostop;
        let is_fixed = !after.schedule.allow_user_autostop;
        let has_new_ttl = before.schedule.default_ttl != after.schedule.default_ttl;
        Self {
            overwrites_ttl: is_fixed && (!was_fixed || has_new_ttl),
            counts_as_use: wish.update_workspace_last_used_at,
            restarts_dormancy: wish.update_workspace_dormant_at,
            moves_deletions: wish.update_workspace_dormant_at
                || before.time_til_dormant_autodelete != after.time_til_dormant_autodelete,
            moves_starts: before.schedule.autostart_days != after.schedule.autostart_days,
            moves_stops: before.schedule != after.schedule,
            changes_looks: was_fixed != is_fixed
                || is_fixed && has_new_ttl
                || looks(before) != looks(after),
        }
    }

    /// Whether all workspaces change in the same way.
    #[must_use]
    pub fn reaches_all(&self) -> bool {
        self.overwrites_ttl || self.counts_as_use
    }

    /// Whether any workspace may look different.
    #[must_use]
    pub fn reaches_any(&self) -> bool {
        self.reaches_all()
            || self.moves_deletions
            || self.moves_starts
            || self.moves_stops
            || self.changes_looks
    }
}

/// What a workspace shows of its template and nothing else decides.
fn looks(template: &Template) -> (&str, &str, &str, bool, bool) {
    (
        &template.name,
        &template.display_name,
        &template.icon,
        template.allow_user_cancel_workspace_jobs,
        template.require_active_version,
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{
        clock::Timestamp,
        deadlines::DEFAULT_ACTIVITY_BUMP,
        ids::{OrganizationId, TemplateId, TemplateVersionId, UserId},
        jobs::ProvisionerKind,
        templates::open_to_everyone,
    };

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
            schedule: TemplateSchedule::default(),
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
            max_port_share_level: None,
            update_workspace_last_used_at: false,
            update_workspace_dormant_at: false,
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

    #[test]
    fn consequences_follow_from_what_changed() {
        let consequences = |wish: TemplateChange| {
            let before = template();
            let mut after = before.clone();
            wish.clone().apply(&mut after);
            Consequences::of(&before, &after, &wish)
        };
        assert!(!consequences(same()).reaches_any());
        let described = TemplateChange {
            description: "other".to_owned(),
            failure_ttl: TimeDelta::hours(1),
            ..same()
        };
        assert!(!consequences(described).reaches_any());
        let renamed = TemplateChange {
            name: Some("other".to_owned()),
            ..same()
        };
        let looks = Consequences {
            changes_looks: true,
            ..Consequences::default()
        };
        assert_eq!(consequences(renamed), looks);
        let free = TemplateChange {
            default_ttl: TimeDelta::hours(2),
            ..same()
        };
        assert!(!consequences(free).overwrites_ttl);
        let fixed = TemplateChange {
            allow_user_autostop: false,
            ..same()
        };
        assert!(consequences(fixed).overwrites_ttl);
        let kept = TemplateChange {
            time_til_dormant_autodelete: TimeDelta::hours(2),
            ..same()
        };
        let deletions = Consequences {
            moves_deletions: true,
            ..Consequences::default()
        };
        assert_eq!(consequences(kept), deletions);
        let fewer = TemplateChange {
            autostart_days: Some(Weekdays::NONE),
            ..same()
        };
        assert!(consequences(fewer).moves_starts);
    }
}
