//! The rows of the workspaces: themselves, the jobs of their builds, the builds with state and
//! parameters. What the builds left is in `outcomes`.

use sqlx::PgConnection;

use super::{
    history::{Build, History},
    perform,
    sheet::Sheet,
    templates::{JOB_COLUMNS, job_tags},
};
use crate::domain::{ids::UserId, provisioning::Transition, queue::JobInput};

/// What the engine's state was after a start and after a stop, of one real workspace.
const STATES: [(Transition, &str); 2] = [
    (Transition::Start, include_str!("started.tfstate")),
    (Transition::Stop, include_str!("stopped.tfstate")),
];

/// Writes them.
pub(super) async fn write(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    write_workspaces(conn, history).await?;
    write_jobs(conn, history).await?;
    write_builds(conn, history).await?;
    write_build_parameters(conn, history).await
}

fn owner(history: &History, build: &Build) -> UserId {
    history.users[history.workspaces[build.workspace].owner].id
}

fn transition_name(transition: Transition) -> &'static str {
    match transition {
        Transition::Start => "start",
        Transition::Stop => "stop",
        Transition::Delete => "delete",
    }
}

async fn write_workspaces(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = [
        "id",
        "owner_id",
        "organization_id",
        "template_id",
        "name",
        "last_used_at",
        "created_at",
        "updated_at",
        "latest_build_id",
    ];
    let mut sheet = Sheet::open(conn, "workspaces", &columns).await?;
    for (place, workspace) in history.workspaces.iter().enumerate() {
        sheet
            .add(&[
                &workspace.id,
                &history.users[workspace.owner].id,
                &history.organization,
                &history.templates[workspace.template].id,
                &workspace.name,
                &workspace.last_used_at,
                &workspace.created_at,
                &history.now,
                &history.latest_build(place).id,
            ])
            .await?;
    }
    sheet.close().await
}

async fn write_jobs(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let tags = job_tags();
    let mut sheet = Sheet::open(conn, "provisioner_jobs", JOB_COLUMNS).await?;
    for build in &history.builds {
        let input = JobInput::Build {
            build: build.id,
            debug_log: false,
        };
        let outcome = &build.outcome;
        sheet
            .add(&[
                &outcome.job,
                &history.organization,
                &owner(history, build),
                &"terraform",
                &"workspace_build",
                &history.file,
                &input.to_json().to_string(),
                &tags,
                &history.daemon,
                &outcome.at,
                &outcome.completed_at(),
                &outcome.started_at(),
                &outcome.completed_at(),
                &build.superseded,
            ])
            .await?;
    }
    sheet.close().await
}

/// Builds go through a table of their own and get their state there: the database compresses each
/// of the two states once, not once a build.
async fn write_builds(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    perform(
        conn,
        "CREATE TEMPORARY TABLE seeded_states (transition workspace_transition, state bytea) ON COMMIT DROP",
    )
    .await?;
    let mut sheet = Sheet::open(conn, "seeded_states", &["transition", "state"]).await?;
    for (transition, state) in STATES {
        sheet
            .add(&[&transition_name(transition), &state.as_bytes().to_vec()])
            .await?;
    }
    sheet.close().await?;

    perform(
        conn,
        "CREATE TEMPORARY TABLE seeded_builds ON COMMIT DROP AS
         SELECT id, workspace_id, template_version_id, job_id, build_number, transition, initiator_id,
                created_at, updated_at, superseded
         FROM workspace_builds",
    )
    .await?;
    let columns = [
        "id",
        "workspace_id",
        "template_version_id",
        "job_id",
        "build_number",
        "transition",
        "initiator_id",
        "created_at",
        "updated_at",
        "superseded",
    ];
    let mut sheet = Sheet::open(conn, "seeded_builds", &columns).await?;
    for build in &history.builds {
        let workspace = &history.workspaces[build.workspace];
        sheet
            .add(&[
                &build.id,
                &workspace.id,
                &history.templates[workspace.template].version,
                &build.outcome.job,
                &i32::try_from(build.number)?,
                &transition_name(build.outcome.transition),
                &owner(history, build),
                &build.outcome.at,
                &build.outcome.completed_at(),
                &build.superseded,
            ])
            .await?;
    }
    sheet.close().await?;
    perform(
        conn,
        "INSERT INTO workspace_builds (id, workspace_id, template_version_id, job_id, build_number, transition,
                                       initiator_id, reason, provisioner_state, created_at, updated_at,
                                       superseded)
         SELECT b.id, b.workspace_id, b.template_version_id, b.job_id, b.build_number, b.transition,
                b.initiator_id, 'initiator', s.state, b.created_at, b.updated_at, b.superseded
         FROM seeded_builds b JOIN seeded_states s USING (transition)",
    )
    .await
}

async fn write_build_parameters(conn: &mut PgConnection, history: &History) -> anyhow::Result<()> {
    let columns = ["build_id", "position", "name", "value"];
    let mut sheet = Sheet::open(conn, "workspace_build_parameters", &columns).await?;
    for build in &history.builds {
        sheet.add(&[&build.id, &0, &"cpus", &"2"]).await?;
        sheet.add(&[&build.id, &1, &"region", &"eu"]).await?;
    }
    sheet.close().await
}
