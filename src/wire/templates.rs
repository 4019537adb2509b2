//! Shapes of templates.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::time::Time;
use crate::domain::{
    jobs::ProvisionerKind,
    provisioning::SharingLevel,
    templates::{BuildTimes, Template as Stored, Usage},
};

/// A template (codersdk.Template).
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent switches of the contract"
)]
pub struct Template {
    /// Its id.
    pub id: Uuid,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// Where it belongs.
    pub organization_id: Uuid,
    /// That organization's name.
    pub organization_name: String,
    /// That organization's title.
    pub organization_display_name: String,
    /// That organization's icon.
    pub organization_icon: String,
    /// Its name in URLs.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// Its engine.
    pub provisioner: ProvisionerKind,
    /// The version that new workspaces get.
    pub active_version_id: Uuid,
    /// Owners of live workspaces, counted from time to time.
    pub active_user_count: i64,
    /// How long builds take.
    pub build_time_stats: TemplateBuildTimeStats,
    /// What it is for.
    pub description: String,
    /// Whether nobody should use it any more.
    pub deprecated: bool,
    /// Why not.
    pub deprecation_message: String,
    /// Icon path or URL.
    pub icon: String,
    /// Time to live of new workspaces, in milliseconds.
    pub default_ttl_ms: i64,
    /// How far activity moves a deadline, in milliseconds.
    pub activity_bump_ms: i64,
    /// Days of the required stop.
    pub autostop_requirement: TemplateAutostopRequirement,
    /// Days on which workspaces may start by themselves.
    pub autostart_requirement: TemplateAutostartRequirement,
    /// Who made it.
    pub created_by_id: Uuid,
    /// That user's name.
    pub created_by_name: String,
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
    /// How openly ports may be shared.
    pub max_port_share_level: SharingLevel,
}

/// Days and weeks of the required stop (codersdk.TemplateAutostopRequirement).
#[derive(Debug, Default, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct TemplateAutostopRequirement {
    /// Days by their English names.
    pub days_of_week: Vec<String>,
    /// Every so many weeks.
    pub weeks: i64,
}

/// Days of allowed starts (codersdk.TemplateAutostartRequirement).
#[derive(Debug, Default, Clone, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct TemplateAutostartRequirement {
    /// Days by their English names.
    pub days_of_week: Vec<String>,
}

/// How long builds take, by transition (codersdk.TemplateBuildTimeStats).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateBuildTimeStats {
    /// Of deletions.
    pub delete: TransitionStats,
    /// Of starts.
    pub start: TransitionStats,
    /// Of stops.
    pub stop: TransitionStats,
}

/// Percentiles in milliseconds (codersdk.TransitionStats).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TransitionStats {
    /// Half of the builds were done by then.
    #[serde(rename = "P50")]
    pub p50: Option<i64>,
    /// Nineteen of twenty were done by then.
    #[serde(rename = "P95")]
    pub p95: Option<i64>,
}

impl From<BuildTimes> for TransitionStats {
    fn from(times: BuildTimes) -> Self {
        Self {
            p50: times.median,
            p95: times.ninety_fifth,
        }
    }
}

fn day_names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

impl From<(Stored, Usage)> for Template {
    fn from((template, usage): (Stored, Usage)) -> Self {
        let schedule = template.schedule;
        Self {
            id: template.id.0,
            created_at: template.created_at.into(),
            updated_at: template.updated_at.into(),
            organization_id: template.organization_id.0,
            organization_name: template.organization_name,
            organization_display_name: template.organization_display_name,
            organization_icon: template.organization_icon,
            name: template.name,
            display_name: template.display_name,
            provisioner: template.provisioner,
            active_version_id: template.active_version_id.0,
            active_user_count: usage.active_users,
            build_time_stats: TemplateBuildTimeStats {
                delete: usage.delete.into(),
                start: usage.start.into(),
                stop: usage.stop.into(),
            },
            description: template.description,
            deprecated: !template.deprecated.is_empty(),
            deprecation_message: template.deprecated,
            icon: template.icon,
            default_ttl_ms: schedule.default_ttl.num_milliseconds(),
            activity_bump_ms: schedule.activity_bump.num_milliseconds(),
            autostop_requirement: TemplateAutostopRequirement {
                days_of_week: day_names(&schedule.stop_days.names()),
                weeks: i64::from(schedule.stop_weeks),
            },
            autostart_requirement: TemplateAutostartRequirement {
                days_of_week: day_names(&schedule.autostart_days.names()),
            },
            created_by_id: template.created_by.0,
            created_by_name: template.created_by_name,
            allow_user_autostart: schedule.allow_user_autostart,
            allow_user_autostop: schedule.allow_user_autostop,
            allow_user_cancel_workspace_jobs: template.allow_user_cancel_workspace_jobs,
            failure_ttl_ms: template.failure_ttl.num_milliseconds(),
            time_til_dormant_ms: template.time_til_dormant.num_milliseconds(),
            time_til_dormant_autodelete_ms: template.time_til_dormant_autodelete.num_milliseconds(),
            require_active_version: template.require_active_version,
            max_port_share_level: template.max_port_share_level,
        }
    }
}

/// What was archived (codersdk.ArchiveTemplateVersionsResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ArchiveTemplateVersionsResponse {
    /// The template.
    pub template_id: Uuid,
    /// The versions.
    pub archived_ids: Vec<Uuid>,
}

/// A template to begin with (codersdk.TemplateExample).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct TemplateExample {
    /// Its id.
    pub id: String,
    /// Where to read more.
    pub url: String,
    /// Its title.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Icon path or URL.
    pub icon: String,
    /// What it has to do with.
    pub tags: Vec<String>,
    /// Its description in Markdown.
    pub markdown: String,
}

/// How many used workspaces, day by day (codersdk.DAUsResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DausResponse {
    /// The days, oldest first.
    pub entries: Vec<DauEntry>,
    /// Hours by which the days begin later than in UTC.
    pub tz_hour_offset: i32,
}

impl DausResponse {
    /// The days with their counts.
    #[must_use]
    pub fn new(days: Vec<(NaiveDate, i64)>, tz_hour_offset: i32) -> Self {
        let entries = days.into_iter().map(|(day, amount)| DauEntry {
            date: day.to_string(),
            amount,
        });
        Self {
            entries: entries.collect(),
            tz_hour_offset,
        }
    }
}

/// How many used workspaces on one day (codersdk.DAUEntry).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct DauEntry {
    /// The day, as `2026-01-31`.
    pub date: String,
    /// How many.
    pub amount: i64,
}
