//! The rows of the templates: the one archive, and for each template its import job, its
//! version with parameters, and itself. What the imports found is in `outcomes`.

use serde_json::json;
use sha2::{Digest as _, Sha256};
use sqlx::PgConnection;

use super::{history::History, sheet::Sheet};
use crate::domain::{archives, ids::UserId, queue::JobInput, tags};

/// The template whose builds the workspaces went through.
const SOURCE: &str = include_str!("template.tf");
/// Columns of a job that ended well.
pub(super) const JOB_COLUMNS: &[&str] = &[
    "id",
    "organization_id",
    "initiator_id",
    "provisioner",
    "type",
    "file_id",
    "input",
    "tags",
    "worker_id",
    "created_at",
    "updated_at",
    "started_at",
    "completed_at",
    "superseded",
];
/// What everybody may do with a template that is open to all.
const OPEN: &[&str] = &["read", "use"];

/// Writes them.
pub(super) async fn write(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    write_file(conn, history).await?;
    write_jobs(conn, history).await?;
    write_templates(conn, history).await?;
    write_versions(conn, history).await?;
    write_parameters(conn, history).await
}

/// The tags of every job, as stored.
pub(super) fn job_tags() -> String {
    json!(tags::merge(UserId::default(), [])).to_string()
}

async fn write_file(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let tar = archives::tar_of(&[("main.tf", SOURCE)])?;
    let hash = format!("{:x}", Sha256::digest(&tar));
    let columns = ["id", "hash", "created_by", "mimetype", "data", "created_at"];
    let mut sheet = Sheet::open(conn, "files", &columns).await?;
    sheet
        .add(&[
            &history.file,
            &hash,
            &history.admin.id,
            &"application/x-tar",
            &tar,
            &history.now,
        ])
        .await?;
    sheet.close().await
}

async fn write_jobs(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let tags = job_tags();
    let mut sheet = Sheet::open(conn, "provisioner_jobs", JOB_COLUMNS).await?;
    for template in &history.templates {
        let input = JobInput::Import {
            version: template.version,
            user_variable_values: Vec::new(),
        };
        let outcome = &template.found[0];
        sheet
            .add(&[
                &template.job,
                &history.organization,
                &history.admin.id,
                &"terraform",
                &"template_version_import",
                &history.file,
                &input.to_json().to_string(),
                &tags,
                &history.daemon,
                &outcome.at,
                &outcome.completed_at(),
                &outcome.started_at(),
                &outcome.completed_at(),
                &false,
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_templates(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    // The group of everybody has the organization's id.
    let open_to_everybody = json!({history.organization.to_string(): OPEN}).to_string();
    let columns = [
        "id",
        "organization_id",
        "created_by",
        "name",
        "display_name",
        "provisioner",
        "active_version_id",
        "max_port_share_level",
        "group_acl",
        "created_at",
        "updated_at",
    ];
    let mut sheet = Sheet::open(conn, "templates", &columns).await?;
    for template in &history.templates {
        let made_at = template.found[0].completed_at();
        sheet
            .add(&[
                &template.id,
                &history.organization,
                &history.admin.id,
                &template.name,
                &template.name.replace("tpl", "Tpl"),
                &"terraform",
                &template.version,
                &"public",
                &open_to_everybody,
                &made_at,
                &made_at,
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_versions(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "id",
        "template_id",
        "organization_id",
        "job_id",
        "created_by",
        "name",
        "created_at",
        "updated_at",
    ];
    let mut sheet = Sheet::open(conn, "template_versions", &columns).await?;
    for template in &history.templates {
        let outcome = &template.found[0];
        sheet
            .add(&[
                &template.version,
                &template.id,
                &history.organization,
                &template.job,
                &history.admin.id,
                &"first",
                &outcome.at,
                &outcome.completed_at(),
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_parameters(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let option = |name, value| json!({"name": name, "description": "", "value": value, "icon": ""});
    let regions = json!([option("Europe", "eu"), option("US", "us")]).to_string();
    let parameters = [
        ("cpus", "number", "2", "[]"),
        ("region", "string", "eu", regions.as_str()),
    ];
    let columns = [
        "template_version_id",
        "position",
        "name",
        "display_name",
        "description",
        "type",
        "mutable",
        "default_value",
        "icon",
        "options",
        "validation_regex",
        "validation_error",
        "validation_monotonic",
        "required",
        "ephemeral",
        "display_order",
    ];
    let mut sheet = Sheet::open(conn, "template_version_parameters", &columns).await?;
    for template in &history.templates {
        for (position, (name, kind, default, options)) in (0..).zip(&parameters) {
            let position: i32 = position;
            sheet
                .add(&[
                    &template.version,
                    &position,
                    name,
                    &"",
                    &"",
                    kind,
                    &true,
                    default,
                    &"",
                    options,
                    &"",
                    &"",
                    &"",
                    &false,
                    &false,
                    &0,
                ])
                .await?;
        }
    }
    sheet.close().await
}
