//! Shapes of requests that make and change templates. What they wish of the settings is read
//! in `template_wishes`.

use serde::Deserialize;
use uuid::Uuid;

use super::{
    templates::{TemplateAutostartRequirement, TemplateAutostopRequirement},
    validate::{Faults, Validate},
};
use crate::domain::{names, provisioning::SharingLevel};

/// Makes a template (codersdk.CreateTemplateRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateTemplateRequest {
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Icon path or URL.
    pub icon: String,
    /// The version that becomes active; it must not belong to a template yet.
    pub template_version_id: Uuid,
    /// Time to live of new workspaces, in milliseconds.
    pub default_ttl_ms: Option<i64>,
    /// How far activity moves a deadline, in milliseconds.
    pub activity_bump_ms: Option<i64>,
    /// Days of the required stop.
    pub autostop_requirement: Option<TemplateAutostopRequirement>,
    /// Days on which workspaces may start by themselves.
    pub autostart_requirement: Option<TemplateAutostartRequirement>,
    /// Whether users may cancel jobs.
    pub allow_user_cancel_workspace_jobs: Option<bool>,
    /// Whether users choose their own start.
    pub allow_user_autostart: Option<bool>,
    /// Whether users choose their own time to live.
    pub allow_user_autostop: Option<bool>,
    /// When failed workspaces are stopped, in milliseconds.
    pub failure_ttl_ms: Option<i64>,
    /// When unused workspaces become dormant, in milliseconds.
    pub dormant_ttl_ms: Option<i64>,
    /// When dormant workspaces are deleted, in milliseconds.
    pub delete_ttl_ms: Option<i64>,
    /// Whether only those on its access list may use it.
    pub disable_everyone_group_access: bool,
    /// Whether the active version is required.
    pub require_active_version: bool,
    /// How openly ports may be shared.
    #[schema(value_type = Option<SharingLevel>)]
    pub max_port_share_level: Option<String>,
}

/// Bytes from which on a template's description is too long.
const DESCRIPTION_BOUND: usize = 128;

impl Validate for CreateTemplateRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.check(
            names::is_workspace_name(&self.name),
            "name",
            "template_name",
            &self.name,
        );
        faults.check(
            names::is_display_name(&self.display_name),
            "display_name",
            "template_display_name",
            &self.display_name,
        );
        faults.check(
            self.description.chars().count() < DESCRIPTION_BOUND,
            "description",
            "lt",
            &self.description,
        );
        faults.check(
            !self.template_version_id.is_nil(),
            "template_version_id",
            "required",
            self.template_version_id,
        );
    }
}

/// Changes a template (codersdk.UpdateTemplateMeta): what is left out becomes empty, but for
/// the name and the options.
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of the contract"
)]
pub struct UpdateTemplateMeta {
    /// A new name; empty to keep it.
    pub name: String,
    /// The title.
    pub display_name: String,
    /// What it is for.
    pub description: String,
    /// Icon path or URL.
    pub icon: String,
    /// Time to live of new workspaces, in milliseconds.
    pub default_ttl_ms: i64,
    /// How far activity moves a deadline, in milliseconds.
    pub activity_bump_ms: i64,
    /// Days of the required stop.
    pub autostop_requirement: Option<TemplateAutostopRequirement>,
    /// Days on which workspaces may start by themselves.
    pub autostart_requirement: Option<TemplateAutostartRequirement>,
    /// Whether users choose their own start.
    pub allow_user_autostart: bool,
    /// Whether users choose their own time to live.
    pub allow_user_autostop: bool,
    /// Whether users may cancel jobs.
    pub allow_user_cancel_workspace_jobs: bool,
    /// When failed workspaces are stopped, in milliseconds.
    pub failure_ttl_ms: i64,
    /// When unused workspaces become dormant, in milliseconds.
    pub time_til_dormant_ms: i64,
    /// When dormant workspaces are deleted, in milliseconds.
    pub time_til_dormant_autodelete_ms: i64,
    /// Whether the active version is required.
    pub require_active_version: bool,
    /// Why nobody should use it any more; empty to allow it again.
    pub deprecation_message: Option<String>,
    /// Whether only those on its access list may use it.
    pub disable_everyone_group_access: bool,
    /// How openly ports may be shared.
    #[schema(value_type = Option<SharingLevel>)]
    pub max_port_share_level: Option<String>,
    /// Whether all its workspaces count as used now.
    pub update_workspace_last_used_at: bool,
    /// Whether dormant workspaces count as dormant since now.
    pub update_workspace_dormant_at: bool,
}

impl Validate for UpdateTemplateMeta {
    fn validate(&self, faults: &mut Faults) {
        faults.check(
            self.name.is_empty() || names::is_workspace_name(&self.name),
            "name",
            "template_name",
            &self.name,
        );
        faults.check(
            names::is_display_name(&self.display_name),
            "display_name",
            "template_display_name",
            &self.display_name,
        );
    }
}

/// Makes a version the active one (codersdk.UpdateActiveTemplateVersion).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateActiveTemplateVersion {
    /// The version.
    pub id: Uuid,
}

impl Validate for UpdateActiveTemplateVersion {
    fn validate(&self, faults: &mut Faults) {
        faults.check(!self.id.is_nil(), "id", "required", self.id);
    }
}

/// Archives versions that nothing uses (codersdk.ArchiveTemplateVersionsRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ArchiveTemplateVersionsRequest {
    /// Also those that did not fail.
    pub all: bool,
}

impl Validate for ArchiveTemplateVersionsRequest {}
