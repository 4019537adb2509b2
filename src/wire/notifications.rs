//! Shapes of notifications.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{
    ids::NotificationTemplateId,
    notifications::{DispatchMethod, NotificationTemplate as Kind, Preference, TemplateGroup},
};

/// Whether messages are sent (codersdk.NotificationsSettings).
#[derive(Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct NotificationsSettings {
    /// Whether none are.
    pub notifier_paused: bool,
}

impl Validate for NotificationsSettings {}

/// How messages may be sent (codersdk.NotificationMethodsResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NotificationMethodsResponse {
    /// All ways.
    pub available: &'static [DispatchMethod],
    /// The usual way.
    pub default: DispatchMethod,
}

/// A kind of message (codersdk.NotificationTemplate).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NotificationTemplate {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: &'static str,
    /// The subject, with places for facts.
    pub title_template: &'static str,
    /// The text, with places for facts.
    pub body_template: String,
    /// What the reader may do next, as JSON.
    pub actions: &'static str,
    /// What it is about.
    pub group: TemplateGroup,
    /// How it is sent; empty for the usual way.
    pub method: &'static str,
    /// Who it comes with: always the server.
    pub kind: &'static str,
    /// Whether it is sent to who never decided.
    pub enabled_by_default: bool,
}

impl NotificationTemplate {
    /// A kind of message and how it is sent.
    #[must_use]
    pub fn of(kind: &Kind, method: Option<DispatchMethod>) -> Self {
        Self {
            id: kind.id.0,
            name: kind.name,
            title_template: kind.title,
            body_template: format!("{}.", kind.title),
            actions: "[]",
            group: kind.group,
            method: method.map_or("", DispatchMethod::as_str),
            kind: "system",
            enabled_by_default: kind.enabled_by_default,
        }
    }
}

/// Sets how a kind of message is sent (codersdk.UpdateNotificationTemplateMethod).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateNotificationTemplateMethod {
    /// The way.
    pub method: String,
}

impl Validate for UpdateNotificationTemplateMethod {
    fn validate(&self, faults: &mut Faults) {
        let is_known = DispatchMethod::parse(&self.method).is_some();
        faults.check(is_known, "method", "oneof", &self.method);
    }
}

/// A user's decision on a kind of message (codersdk.NotificationPreference).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct NotificationPreference {
    /// The kind of message.
    pub id: Uuid,
    /// Whether it is not wanted.
    pub disabled: bool,
    /// When the user decided.
    pub updated_at: Time,
}

impl From<Preference> for NotificationPreference {
    fn from(preference: Preference) -> Self {
        Self {
            id: preference.template.0,
            disabled: preference.disabled,
            updated_at: preference.updated_at.into(),
        }
    }
}

/// Decides on kinds of messages (codersdk.UpdateUserNotificationPreferences).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateUserNotificationPreferences {
    /// Whether each kind of message, by its id, is not wanted.
    pub template_disabled_map: Option<BTreeMap<String, bool>>,
}

impl UpdateUserNotificationPreferences {
    /// The decisions, each kind of message once.
    #[must_use]
    pub fn wishes(&self) -> BTreeMap<NotificationTemplateId, bool> {
        let map = self.template_disabled_map.iter().flatten();
        map.filter_map(|(id, disabled)| Some((Uuid::parse_str(id).ok()?.into(), *disabled)))
            .collect()
    }
}

impl Validate for UpdateUserNotificationPreferences {
    fn validate(&self, faults: &mut Faults) {
        for id in self
            .template_disabled_map
            .iter()
            .flatten()
            .map(|(id, _)| id)
        {
            faults.check(
                Uuid::parse_str(id).is_ok(),
                "template_disabled_map",
                "uuid",
                id,
            );
        }
    }
}
