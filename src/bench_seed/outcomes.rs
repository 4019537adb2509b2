//! The rows that jobs left: resources with metadata, agents with apps, scripts, log sources and
//! what they report about themselves.

use sqlx::PgConnection;

use super::{
    history::{History, Machine, Outcome},
    sheet::Sheet,
};
use crate::domain::{
    ids::{AppId, ScriptId},
    provisioning::Transition,
};

/// The version that agents say they have.
const AGENT_VERSION: &str = "v2.19.3";
const AGENT_API_VERSION: &str = "2.3";

/// Writes them.
pub(super) async fn write(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    write_resources(conn, history).await?;
    write_resource_metadata(conn, history).await?;
    write_agents(conn, history).await?;
    write_agent_metadata(conn, history).await?;
    write_log_sources(conn, history).await?;
    write_scripts(conn, history).await?;
    write_apps(conn, history).await
}

fn outcomes(history: &History) -> impl Iterator<Item = &Outcome> {
    let imports = history
        .templates
        .iter()
        .flat_map(|template| &template.found);
    imports.chain(history.builds.iter().map(|build| &build.outcome))
}

fn machines(history: &History) -> impl Iterator<Item = (&Outcome, &Machine)> {
    outcomes(history).filter_map(|outcome| Some((outcome, outcome.machine.as_ref()?)))
}

async fn write_resources(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "id",
        "job_id",
        "position",
        "transition",
        "type",
        "name",
        "hide",
        "icon",
        "daily_cost",
        "module_path",
        "created_at",
    ];
    let mut sheet = Sheet::open(conn, "workspace_resources", &columns).await?;
    for outcome in outcomes(history) {
        let transition = match outcome.transition {
            Transition::Start => "start",
            Transition::Stop | Transition::Delete => "stop",
        };
        let machine = outcome.machine.as_ref().map(|it| (it.id, "box", 5));
        let all = machine.into_iter().chain([(outcome.volume, "volume", 0)]);
        for (position, (id, name, daily_cost)) in (0..).zip(all) {
            let position: i32 = position;
            sheet
                .add(&[
                    &id,
                    &outcome.job,
                    &position,
                    &transition,
                    &"terraform_data",
                    &name,
                    &false,
                    &"",
                    &daily_cost,
                    &"",
                    &outcome.completed_at(),
                ])
                .await?;
        }
    }
    sheet.close().await
}

async fn write_resource_metadata(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = ["resource_id", "position", "key", "value", "sensitive"];
    let mut sheet = Sheet::open(conn, "workspace_resource_metadata", &columns).await?;
    for (_, machine) in machines(history) {
        sheet
            .add(&[&machine.id, &0, &"region", &"eu", &false])
            .await?;
    }
    sheet.close().await
}

async fn write_agents(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "id",
        "resource_id",
        "name",
        "auth_token",
        "architecture",
        "operating_system",
        "version",
        "api_version",
        "connection_timeout_seconds",
        "display_apps",
        "lifecycle_state",
        "started_at",
        "ready_at",
        "first_connected_at",
        "last_connected_at",
        "created_at",
        "updated_at",
    ];
    let mut sheet = Sheet::open(conn, "workspace_agents", &columns).await?;
    for (outcome, machine) in machines(history) {
        let made_at = outcome.completed_at();
        let up_at = machine.came_up.then_some(made_at);
        let told = |text| if machine.came_up { text } else { "" };
        sheet
            .add(&[
                &machine.agent,
                &machine.id,
                &"main",
                &machine.token,
                &"amd64",
                &"linux",
                &told(AGENT_VERSION),
                &told(AGENT_API_VERSION),
                &120,
                &"{vscode,ssh_helper,port_forwarding_helper,web_terminal}",
                &if machine.came_up { "ready" } else { "created" },
                &up_at,
                &up_at,
                &up_at,
                &up_at,
                &made_at,
                &made_at,
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_agent_metadata(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "agent_id",
        "key",
        "display_name",
        "script",
        "interval_seconds",
        "timeout_seconds",
    ];
    let reports = [
        ("load", "Load", "cat /proc/loadavg"),
        ("disk", "Disk", "df -h /"),
    ];
    let mut sheet = Sheet::open(conn, "workspace_agent_metadata", &columns).await?;
    for (_, machine) in machines(history) {
        for (key, title, script) in &reports {
            sheet
                .add(&[&machine.agent, key, title, script, &10, &1])
                .await?;
        }
    }
    sheet.close().await
}

async fn write_log_sources(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = ["id", "agent_id", "display_name", "icon", "created_at"];
    let mut sheet = Sheet::open(conn, "workspace_agent_log_sources", &columns).await?;
    for (outcome, machine) in machines(history) {
        sheet
            .add(&[
                &machine.log_source,
                &machine.agent,
                &"Startup Script",
                &"/emojis/25b6.png",
                &outcome.completed_at(),
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_scripts(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "id",
        "agent_id",
        "log_source_id",
        "display_name",
        "log_path",
        "script",
        "cron",
        "start_blocks_login",
        "run_on_start",
        "run_on_stop",
        "timeout_seconds",
        "created_at",
    ];
    let mut sheet = Sheet::open(conn, "workspace_agent_scripts", &columns).await?;
    for (outcome, machine) in machines(history) {
        sheet
            .add(&[
                &ScriptId::random(),
                &machine.agent,
                &machine.log_source,
                &"Startup Script",
                &"coder-startup-script.log",
                &"echo hello",
                &"",
                &false,
                &true,
                &false,
                &0,
                &outcome.completed_at(),
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_apps(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "id",
        "agent_id",
        "slug",
        "display_name",
        "icon",
        "url",
        "external",
        "subdomain",
        "sharing_level",
        "healthcheck_url",
        "healthcheck_interval",
        "healthcheck_threshold",
        "health",
        "display_order",
        "hidden",
        "open_in",
        "created_at",
    ];
    let apps = [
        ("docs", "docs", "https://example.com/docs", true),
        ("web", "Web", "http://localhost:13337", false),
    ];
    let mut sheet = Sheet::open(conn, "workspace_apps", &columns).await?;
    for (outcome, machine) in machines(history) {
        for (slug, title, url, external) in &apps {
            sheet
                .add(&[
                    &AppId::random(),
                    &machine.agent,
                    slug,
                    title,
                    &"",
                    url,
                    external,
                    &false,
                    &"owner",
                    &"",
                    &0,
                    &0,
                    &"disabled",
                    &0,
                    &false,
                    &"slim-window",
                    &outcome.completed_at(),
                ])
                .await?;
        }
    }
    sheet.close().await
}
