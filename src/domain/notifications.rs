//! The kinds of messages that users can be told, and how they may be sent. Sends nothing.

use uuid::{Uuid, uuid};

use super::{clock::Timestamp, ids::NotificationTemplateId, text_enum::text_enum};

text_enum! {
    /// How a message reaches a user.
    #[sqlx(type_name = "text")]
    pub enum DispatchMethod {
        /// By e-mail.
        Smtp = "smtp",
        /// By a request to an address.
        Webhook = "webhook",
    }
}

text_enum! {
    /// What messages are about.
    #[sqlx(type_name = "text")]
    pub enum TemplateGroup {
        /// Templates.
        Templates = "Template Events",
        /// Users.
        Users = "User Events",
        /// Workspaces.
        Workspaces = "Workspace Events",
    }
}

/// A kind of message.
#[derive(Clone, Copy, Debug)]
pub struct NotificationTemplate {
    /// Its id, the same in each deployment.
    pub id: NotificationTemplateId,
    /// What users know it by.
    pub name: &'static str,
    /// The subject, with places for facts.
    pub title: &'static str,
    /// What it is about.
    pub group: TemplateGroup,
    /// Whether it is sent to who never decided.
    pub enabled_by_default: bool,
}

/// A user's decision on a kind of message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Preference {
    /// The kind of message.
    pub template: NotificationTemplateId,
    /// Whether the user does not want it.
    pub disabled: bool,
    /// When the user decided.
    pub updated_at: Timestamp,
}

/// The kind of this id.
#[must_use]
pub fn find(id: NotificationTemplateId) -> Option<&'static NotificationTemplate> {
    TEMPLATES.iter().find(|template| template.id == id)
}

const fn of(
    id: Uuid,
    group: TemplateGroup,
    name: &'static str,
    title: &'static str,
) -> NotificationTemplate {
    NotificationTemplate {
        id: NotificationTemplateId(id),
        name,
        title,
        group,
        enabled_by_default: true,
    }
}

const fn only_if_wanted(template: NotificationTemplate) -> NotificationTemplate {
    NotificationTemplate {
        enabled_by_default: false,
        ..template
    }
}

/// All kinds, by name. The ids are those that clients know.
pub const TEMPLATES: &[NotificationTemplate] = &[
    of(
        uuid!("62f86a30-2330-4b61-a26d-311ff3b608cf"),
        TemplateGroup::Users,
        "One-Time Passcode",
        "Your one-time passcode",
    ),
    of(
        uuid!("34a20db2-e9cc-4a93-b0e4-8569699d7a00"),
        TemplateGroup::Templates,
        "Report: Workspace Builds Failed For Template",
        "Failed builds of {{.Labels.template_name}}",
    ),
    of(
        uuid!("29a09665-2a4c-403f-9648-54301670e7be"),
        TemplateGroup::Templates,
        "Template Deleted",
        "The template {{.Labels.name}} is gone",
    ),
    of(
        uuid!("f40fae84-55a2-42cd-99fa-b41c1ca64894"),
        TemplateGroup::Templates,
        "Template Deprecated",
        "The template {{.Labels.template}} should no longer be used",
    ),
    of(
        uuid!("9f5af851-8408-4e73-a7a1-c6502ba46689"),
        TemplateGroup::Users,
        "User account activated",
        "{{.Labels.activated_account_name}} may sign in again",
    ),
    of(
        uuid!("4e19c0ac-94e1-4532-9515-d1801aa283b2"),
        TemplateGroup::Users,
        "User account created",
        "{{.Labels.created_account_name}} is new here",
    ),
    of(
        uuid!("f44d9314-ad03-4bc8-95d0-5cad491da6b6"),
        TemplateGroup::Users,
        "User account deleted",
        "{{.Labels.deleted_account_name}} is gone",
    ),
    of(
        uuid!("b02ddd82-4733-4d02-a2d7-c36f3598997d"),
        TemplateGroup::Users,
        "User account suspended",
        "{{.Labels.suspended_account_name}} may no longer sign in",
    ),
    of(
        uuid!("381df2a9-c0c0-4749-420f-80a9280c66f9"),
        TemplateGroup::Workspaces,
        "Workspace Autobuild Failed",
        "A scheduled build of {{.Labels.name}} failed",
    ),
    only_if_wanted(of(
        uuid!("281fdf73-c6d6-4cbb-8ff5-888baf8a2fff"),
        TemplateGroup::Workspaces,
        "Workspace Created",
        "The workspace {{.Labels.workspace}} is there",
    )),
    of(
        uuid!("f517da0b-cdc9-410f-ab89-a86107c420ed"),
        TemplateGroup::Workspaces,
        "Workspace Deleted",
        "The workspace {{.Labels.name}} is gone",
    ),
    of(
        uuid!("2faeee0f-26cb-4e96-821c-85ccb9f71513"),
        TemplateGroup::Workspaces,
        "Workspace Manual Build Failed",
        "A build of {{.Labels.name}} failed",
    ),
    only_if_wanted(of(
        uuid!("d089fe7b-d5c5-4c0c-aaf5-689859f7d392"),
        TemplateGroup::Workspaces,
        "Workspace Manually Updated",
        "{{.Labels.workspace}} has a newer version",
    )),
    of(
        uuid!("0ea69165-ec14-4314-91f1-69566ac3c5a0"),
        TemplateGroup::Workspaces,
        "Workspace Marked as Dormant",
        "{{.Labels.name}} sleeps",
    ),
    of(
        uuid!("51ce2fdf-c9ca-4be1-8d70-628674f9bc42"),
        TemplateGroup::Workspaces,
        "Workspace Marked for Deletion",
        "{{.Labels.name}} is going to be deleted",
    ),
    of(
        uuid!("c34a0c09-0704-4cac-bd1c-0c0146811c2b"),
        TemplateGroup::Workspaces,
        "Workspace Updated Automatically",
        "{{.Labels.name}} was updated",
    ),
    of(
        uuid!("1a6a6bea-ee0a-43e2-9e7c-eabdb53730e4"),
        TemplateGroup::Users,
        "Your account has been activated",
        "You may sign in again",
    ),
    of(
        uuid!("6a2f0609-9b69-4d36-a989-9f5925b6cbff"),
        TemplateGroup::Users,
        "Your account has been suspended",
        "You may no longer sign in",
    ),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_stands_once_and_in_order() {
        let ids: BTreeSet<_> = TEMPLATES.iter().map(|template| template.id).collect();
        assert_eq!(ids.len(), TEMPLATES.len());
        assert!(TEMPLATES.is_sorted_by_key(|template| template.name));
        assert!(
            find(TEMPLATES[3].id).is_some() && find(NotificationTemplateId::default()).is_none()
        );
    }
}
