//! Statements of those who work on jobs: claiming, signs of life, logs, endings. Reading and
//! canceling is in `jobs`; what a job brings is in `job_results`.

use serde::Serialize;
use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    daemons::Worker,
    ids::{
        BuildId, DaemonId, FileId, JobId, OrganizationId, ProvisionerKeyId, UserId, WorkspaceId,
    },
    jobs::{JobErrorCode, JobKind, ProvisionerKind},
    provisioning::{LogLevel, LogLine, LogSource},
    queue::JobInput,
};

/// A job that was just taken.
pub struct Claimed {
    /// Its id.
    pub id: JobId,
    /// The template archive.
    pub file_id: FileId,
    /// Who asked for it.
    pub initiator_id: UserId,
    /// The engine it needs.
    pub provisioner: ProvisionerKind,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What it works on; `None` when that cannot be read.
    pub input: Option<JobInput>,
}

/// Takes the oldest waiting job that this worker may be given. Rows that other workers are
/// taking are skipped.
pub async fn claim(
    conn: &mut PgConnection,
    worker: &Worker,
    now: Timestamp,
) -> Result<Option<Claimed>, StoreError> {
    let row = sqlx::query!(
        r#"UPDATE provisioner_jobs SET worker_id = $1, started_at = $2, updated_at = $2
           WHERE id = (
               SELECT id FROM provisioner_jobs
               WHERE started_at IS NULL AND canceled_at IS NULL AND completed_at IS NULL
                 AND organization_id = $3 AND provisioner = ANY($4)
                 AND CASE WHEN tags = '{"scope": "organization", "owner": ""}'::jsonb
                          THEN $5 = tags ELSE $5 @> tags END
               ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
           RETURNING id AS "id: JobId", type AS "kind: JobKind", file_id AS "file_id: FileId",
                     initiator_id AS "initiator_id: UserId", input,
                     provisioner AS "provisioner: ProvisionerKind", created_at"#,
        worker.id as DaemonId,
        now,
        worker.organization_id as OrganizationId,
        &worker.provisioners as &[ProvisionerKind],
        Json(&worker.tags) as _
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Claimed {
        id: row.id,
        file_id: row.file_id,
        initiator_id: row.initiator_id,
        provisioner: row.provisioner,
        created_at: row.created_at,
        input: JobInput::from_json(row.kind, row.input),
    }))
}

/// A job as its worker's reports find it.
pub struct Held {
    /// Who took it.
    pub worker_id: Option<DaemonId>,
    /// When it was taken.
    pub started_at: Option<Timestamp>,
    /// When it was canceled.
    pub canceled_at: Option<Timestamp>,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
    /// What it works on; `None` when that cannot be read.
    pub input: Option<JobInput>,
}

/// Finds a job and locks it until the transaction ends.
pub async fn lock(conn: &mut PgConnection, id: JobId) -> Result<Option<Held>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT worker_id AS "worker_id: DaemonId", started_at, canceled_at, completed_at,
                  type AS "kind: JobKind", input
           FROM provisioner_jobs WHERE id = $1 FOR UPDATE"#,
        id as JobId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Held {
        worker_id: row.worker_id,
        started_at: row.started_at,
        canceled_at: row.canceled_at,
        completed_at: row.completed_at,
        input: JobInput::from_json(row.kind, row.input),
    }))
}

/// Notes a sign of life of a running job's worker and tells whether the job was canceled;
/// `None` when this worker does not hold it.
pub async fn touch(
    conn: &mut PgConnection,
    id: JobId,
    worker: DaemonId,
    now: Timestamp,
) -> Result<Option<bool>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE provisioner_jobs SET updated_at = greatest(updated_at, $3)
           WHERE id = $1 AND worker_id = $2 AND completed_at IS NULL
           RETURNING canceled_at IS NOT NULL AS "is_canceled!""#,
        id as JobId,
        worker as DaemonId,
        now
    )
    .fetch_optional(conn)
    .await?)
}

#[derive(Serialize)]
struct LogRow<'a> {
    created_at: Timestamp,
    source: LogSource,
    level: LogLevel,
    stage: &'a str,
    output: &'a str,
}

/// Appends lines to a job's log; their ids rise in the given order.
pub async fn insert_logs(
    conn: &mut PgConnection,
    job: JobId,
    lines: &[LogLine],
) -> Result<(), StoreError> {
    let rows: Vec<LogRow<'_>> = lines
        .iter()
        .map(|line| LogRow {
            created_at: line.created_at,
            source: line.source,
            level: line.level,
            stage: &line.stage,
            output: &line.output,
        })
        .collect();
    sqlx::query!(
        "INSERT INTO provisioner_job_logs (job_id, created_at, source, level, stage, output)
         SELECT $1, l.created_at, l.source, l.level, l.stage, l.output
         FROM ROWS FROM (jsonb_to_recordset($2)
                  AS (created_at timestamptz, source log_source, level log_level, stage text, output text))
              WITH ORDINALITY AS l (created_at, source, level, stage, output, position)
         ORDER BY l.position",
        job as JobId,
        Json(rows) as _
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The stage of a job's last log line.
pub async fn last_stage(conn: &mut PgConnection, job: JobId) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT stage FROM provisioner_job_logs WHERE job_id = $1 ORDER BY id DESC LIMIT 1",
        job as JobId
    )
    .fetch_optional(conn)
    .await?)
}

/// Ends a job; an empty error means that it ended well.
pub async fn end(
    conn: &mut PgConnection,
    id: JobId,
    error: &str,
    code: Option<JobErrorCode>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE provisioner_jobs SET completed_at = $2, updated_at = $2, error = nullif($3, ''), error_code = $4
         WHERE id = $1",
        id as JobId,
        now,
        error,
        code.map(JobErrorCode::as_str)
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Raises the revision of the workspace that a job builds and tells which one it is.
pub async fn raise_revision(
    conn: &mut PgConnection,
    build: BuildId,
) -> Result<Option<WorkspaceId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"UPDATE workspaces w SET revision = nextval('workspace_revision')
           FROM workspace_builds b WHERE b.id = $1 AND w.id = b.workspace_id
           RETURNING w.id AS "id: WorkspaceId""#,
        build as BuildId
    )
    .fetch_optional(conn)
    .await?)
}

/// Running jobs that gave no sign of life since `silent_since`, or, when a built-in daemon has
/// them, since `built_in_silent_since`; in random order, at most `limit`.
pub async fn list_silent(
    conn: &mut PgConnection,
    silent_since: Timestamp,
    built_in_silent_since: Timestamp,
    built_in_key: ProvisionerKeyId,
    limit: i64,
) -> Result<Vec<JobId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT j.id AS "id: JobId" FROM provisioner_jobs j
           LEFT JOIN provisioner_daemons d ON d.id = j.worker_id
           WHERE j.started_at IS NOT NULL AND j.completed_at IS NULL
             AND (j.updated_at < $1 OR (j.updated_at < $2 AND d.key_id = $3))
           ORDER BY random() LIMIT $4"#,
        silent_since,
        built_in_silent_since,
        built_in_key as ProvisionerKeyId,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Whether a job still runs and gave no sign of life since then; locks it, or skips it when
/// somebody is at it.
pub async fn lock_silent(
    conn: &mut PgConnection,
    id: JobId,
    silent_since: Timestamp,
) -> Result<Option<(Timestamp, Option<JobInput>)>, StoreError> {
    let row = sqlx::query!(
        r#"SELECT updated_at, type AS "kind: JobKind", input FROM provisioner_jobs
           WHERE id = $1 AND started_at IS NOT NULL AND completed_at IS NULL AND updated_at < $2
           FOR UPDATE SKIP LOCKED"#,
        id as JobId,
        silent_since
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| (row.updated_at, JobInput::from_json(row.kind, row.input))))
}

/// Gives a build without a state of its own the state of the build before it.
pub async fn copy_previous_state(
    conn: &mut PgConnection,
    build: BuildId,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspace_builds b SET provisioner_state = p.provisioner_state
         FROM workspace_builds p
         WHERE b.id = $1 AND coalesce(length(b.provisioner_state), 0) = 0
           AND p.workspace_id = b.workspace_id AND p.build_number = b.build_number - 1",
        build as BuildId
    )
    .execute(conn)
    .await?;
    Ok(())
}
