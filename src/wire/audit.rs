//! Shapes of the audit log.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::{
    time::Time,
    users::User,
    validate::{Faults, Validate},
};
use crate::domain::{
    audit::{AuditAction, AuditedKind, Record},
    builds::BuildReason,
};

/// A page of the audit log (codersdk.AuditLogResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditLogResponse {
    /// The page, newest first.
    pub audit_logs: Vec<AuditLog>,
    /// How many entries there are on all pages.
    pub count: i64,
}

/// An entry (codersdk.AuditLog).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuditLog {
    /// Its id.
    pub id: Uuid,
    /// The request that caused it.
    pub request_id: Uuid,
    /// When it was written.
    pub time: Time,
    /// Where the request came from.
    pub ip: String,
    /// What the client said of itself.
    pub user_agent: String,
    /// The kind of thing.
    pub resource_type: AuditedKind,
    /// The thing.
    pub resource_id: Uuid,
    /// The thing's name.
    pub resource_target: String,
    /// The thing's picture.
    pub resource_icon: String,
    /// What was done.
    pub action: AuditAction,
    /// What changed: `{field: {old, new, secret}}`.
    pub diff: Value,
    /// The status the request was answered with.
    pub status_code: u16,
    /// Facts of the kind of thing.
    pub additional_fields: Value,
    /// A sentence with `{user}` and `{target}` in place of names.
    pub description: String,
    /// The page that shows the thing.
    pub resource_link: String,
    /// Whether the thing has been deleted since.
    pub is_deleted: bool,
    /// The organization of the thing; nil for none.
    pub organization_id: Uuid,
    /// How that organization shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization: Option<MinimalOrganization>,
    /// Who did it.
    pub user: Option<User>,
}

/// How an organization shows (codersdk.MinimalOrganization).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct MinimalOrganization {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its picture.
    pub icon: String,
}

impl From<Record> for AuditLog {
    fn from(record: Record) -> Self {
        let (description, resource_link) = (record.description(), record.link());
        let what = record.entry.what;
        let id = what.organization.0;
        Self {
            id: record.entry.id.0,
            request_id: record.entry.origin.request.0,
            time: record.entry.at.into(),
            ip: record.entry.origin.ip,
            user_agent: record.entry.origin.user_agent,
            resource_type: what.kind,
            resource_id: what.resource,
            resource_target: what.target,
            resource_icon: record.icon,
            action: what.action,
            diff: what.diff,
            status_code: what.status,
            additional_fields: what.additional,
            description,
            resource_link,
            is_deleted: record.is_deleted,
            organization_id: id,
            organization: record.organization.map(|label| MinimalOrganization {
                id,
                name: label.name,
                display_name: label.display_name,
                icon: label.icon,
            }),
            user: record.user.map(User::from),
        }
    }
}

/// Makes an entry up, to try the log out (codersdk.CreateTestAuditLogRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateTestAuditLogRequest {
    /// What was done; empty for a change.
    #[schema(value_type = Option<AuditAction>)]
    pub action: String,
    /// The kind of thing; empty for a user.
    #[schema(value_type = Option<AuditedKind>)]
    pub resource_type: String,
    /// The thing; nil for any.
    pub resource_id: Uuid,
    /// Facts of the kind of thing.
    pub additional_fields: Option<Value>,
    /// When it was done; absent for now.
    pub time: Option<Time>,
    /// Why the build was made that it was done to.
    #[schema(value_type = Option<BuildReason>)]
    pub build_reason: String,
    /// The organization of the thing; nil for none.
    pub organization_id: Uuid,
}

impl Validate for CreateTestAuditLogRequest {
    fn validate(&self, faults: &mut Faults) {
        let text = &self.action;
        let is_known = text.is_empty() || AuditAction::parse(text).is_some();
        faults.check(is_known, "action", "oneof", text);
        let text = &self.resource_type;
        let is_known = text.is_empty() || AuditedKind::parse(text).is_some();
        faults.check(is_known, "resource_type", "oneof", text);
        let text = &self.build_reason;
        let is_known = text.is_empty() || BuildReason::parse(text).is_some();
        faults.check(is_known, "build_reason", "oneof", text);
    }
}
