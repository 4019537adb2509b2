//! Statements on provisioner jobs as they are queued, read and canceled. What workers do with
//! them is in `job_work`.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{DaemonId, FileId, JobId, OrganizationId, UserId},
    jobs::{JobColumns, JobKind, JobState, JobStatus, ProvisionerKind},
    provisioning::{LogLevel, LogSource, Timing, TimingStage},
    queue::{Job, JobLog, JobTiming, MatchedProvisioners, NewJob},
};

struct Row {
    id: JobId,
    organization_id: OrganizationId,
    initiator_id: UserId,
    provisioner: ProvisionerKind,
    kind: JobKind,
    file_id: FileId,
    tags: Json<BTreeMap<String, String>>,
    template_version_id: Option<String>,
    workspace_build_id: Option<String>,
    worker_id: Option<DaemonId>,
    created_at: Timestamp,
    updated_at: Timestamp,
    started_at: Option<Timestamp>,
    canceled_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    error: Option<String>,
    error_code: Option<String>,
    queue_position: i64,
    queue_size: i64,
    matched: i64,
    available: i64,
    most_recently_seen: Option<Timestamp>,
}

impl TryFrom<Row> for Job {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        let state = JobState::from_columns(JobColumns {
            updated_at: row.updated_at,
            started_at: row.started_at,
            worker_id: row.worker_id,
            canceled_at: row.canceled_at,
            completed_at: row.completed_at,
            error: row.error,
            error_code: row.error_code,
        })
        .map_err(|_impossible| StoreError::Corrupt {
            table: "provisioner_jobs",
            column: "canceled_at",
            id: row.id.to_string(),
        })?;
        Ok(Self {
            id: row.id,
            organization_id: row.organization_id,
            initiator_id: row.initiator_id,
            provisioner: row.provisioner,
            kind: row.kind,
            file_id: row.file_id,
            tags: row.tags.0,
            state,
            created_at: row.created_at,
            // An input that names nothing readable shows as one without a subject.
            template_version_id: row.template_version_id.and_then(|id| uuid(&id)),
            build_id: row.workspace_build_id.and_then(|id| uuid(&id)),
            queue_position: row.queue_position,
            queue_size: row.queue_size,
            matched: MatchedProvisioners {
                count: row.matched,
                available: row.available,
                most_recently_seen: row.most_recently_seen,
            },
        })
    }
}

fn uuid<T: From<uuid::Uuid>>(text: &str) -> Option<T> {
    uuid::Uuid::parse_str(text).ok().map(T::from)
}

/// Puts a job into the queue.
pub async fn insert(
    conn: &mut PgConnection,
    id: JobId,
    job: &NewJob,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO provisioner_jobs (id, organization_id, initiator_id, provisioner, type, file_id, input, tags,
                                       created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
        id as JobId,
        job.organization_id as OrganizationId,
        job.initiator_id as UserId,
        job.provisioner as ProvisionerKind,
        job.input.kind() as JobKind,
        job.file_id as FileId,
        job.input.to_json(),
        Json(&job.tags) as _,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Jobs by id with their place in the queue and the daemons that could take them (spec WS-28);
/// `fresh_seconds` before a job's making is how recently a daemon must have been seen.
pub async fn list(
    conn: &mut PgConnection,
    ids: &[JobId],
    fresh_seconds: f64,
) -> Result<Vec<Job>, StoreError> {
    let rows = sqlx::query_as!(
        Row,
        r#"WITH queue AS MATERIALIZED (
               SELECT id, row_number() OVER (ORDER BY created_at, id) AS position FROM provisioner_jobs
               WHERE started_at IS NULL AND canceled_at IS NULL AND completed_at IS NULL)
           SELECT j.id AS "id: JobId", j.organization_id AS "organization_id: OrganizationId",
                  j.initiator_id AS "initiator_id: UserId", j.provisioner AS "provisioner: ProvisionerKind",
                  j.type AS "kind: JobKind", j.file_id AS "file_id: FileId", j.tags AS "tags: Json<BTreeMap<String, String>>",
                  j.input ->> 'template_version_id' AS template_version_id,
                  j.input ->> 'workspace_build_id' AS workspace_build_id, j.worker_id AS "worker_id: DaemonId",
                  j.created_at, j.updated_at, j.started_at, j.canceled_at, j.completed_at, j.error, j.error_code,
                  coalesce(q.position, 0) AS "queue_position!", (SELECT count(*) FROM queue) AS "queue_size!",
                  coalesce(m.matched, 0) AS "matched!", coalesce(m.available, 0) AS "available!", m.most_recently_seen
           FROM provisioner_jobs j
           LEFT JOIN queue q ON q.id = j.id
           LEFT JOIN LATERAL (
               SELECT count(*) AS matched, max(d.last_seen_at) AS most_recently_seen,
                      count(*) FILTER (WHERE d.last_seen_at > j.created_at - make_interval(secs => $2)) AS available
               FROM provisioner_daemons d
               WHERE q.id IS NOT NULL AND d.organization_id = j.organization_id AND d.last_seen_at IS NOT NULL
                 AND j.provisioner = ANY(d.provisioners)
                 AND CASE WHEN j.tags = '{"scope": "organization", "owner": ""}'::jsonb
                          THEN d.tags = j.tags ELSE d.tags @> j.tags END) m ON true
           WHERE j.id = ANY($1)"#,
        ids as &[JobId],
        fresh_seconds
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Job::try_from).collect()
}

/// Ids of an organization's jobs in one of `statuses` (all when empty), newest first.
pub async fn list_of_organization(
    conn: &mut PgConnection,
    organization: OrganizationId,
    statuses: &[JobStatus],
    limit: Option<i64>,
) -> Result<Vec<JobId>, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"SELECT id AS "id: JobId" FROM provisioner_jobs
           WHERE organization_id = $1 AND (cardinality($2::provisioner_job_status[]) = 0 OR status = ANY($2))
           ORDER BY created_at DESC, id DESC LIMIT $3"#,
        organization as OrganizationId,
        statuses as &[JobStatus],
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// The state of a job, locked until the transaction ends.
pub async fn lock_state(
    conn: &mut PgConnection,
    id: JobId,
) -> Result<Option<JobState>, StoreError> {
    let row = sqlx::query_as!(
        JobColumns,
        r#"SELECT updated_at, started_at, worker_id AS "worker_id: DaemonId", canceled_at, completed_at, error, error_code
           FROM provisioner_jobs WHERE id = $1 FOR UPDATE"#,
        id as JobId
    )
    .fetch_optional(conn)
    .await?;
    row.map(JobState::from_columns)
        .transpose()
        .map_err(|_impossible| StoreError::Corrupt {
            table: "provisioner_jobs",
            column: "canceled_at",
            id: id.to_string(),
        })
}

/// Notes that a job was canceled, and that it ended when nobody had it.
pub async fn update_canceled(
    conn: &mut PgConnection,
    id: JobId,
    completed_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE provisioner_jobs SET canceled_at = $2, completed_at = $3, updated_at = $2 WHERE id = $1",
        id as JobId,
        now,
        completed_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// When a job ended; the outer `None` when there is no such job.
pub async fn completed_at(
    conn: &mut PgConnection,
    id: JobId,
) -> Result<Option<Option<Timestamp>>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT completed_at FROM provisioner_jobs WHERE id = $1",
        id as JobId
    )
    .fetch_optional(conn)
    .await?)
}

/// At most `limit` lines of a job's log after the line `after` (and before `before`), by id.
pub async fn list_logs(
    conn: &mut PgConnection,
    job: JobId,
    after: i64,
    before: Option<i64>,
    limit: Option<i64>,
) -> Result<Vec<JobLog>, StoreError> {
    Ok(sqlx::query_as!(
        JobLog,
        r#"SELECT id, created_at, source AS "source: LogSource", level AS "level: LogLevel", stage, output
           FROM provisioner_job_logs
           WHERE job_id = $1 AND id > $2 AND ($3::bigint IS NULL OR id < $3) ORDER BY id LIMIT $4"#,
        job as JobId,
        after,
        before,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// How long the steps of these jobs took, in the order they began.
pub async fn list_timings(
    conn: &mut PgConnection,
    jobs: &[JobId],
) -> Result<Vec<JobTiming>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT job_id AS "job_id: JobId", started_at, ended_at, stage AS "stage: TimingStage", source, action, resource
           FROM provisioner_job_timings WHERE job_id = ANY($1) ORDER BY started_at"#,
        jobs as &[JobId]
    )
    .fetch_all(conn)
    .await?;
    let made = rows.into_iter().map(|row| JobTiming {
        job_id: row.job_id,
        timing: Timing {
            started_at: row.started_at,
            ended_at: row.ended_at,
            stage: row.stage,
            source: row.source,
            action: row.action,
            resource: row.resource,
        },
    });
    Ok(made.collect())
}

/// The daemons that could take a job of this kind, seen since an instant to count as available.
pub async fn matched(
    conn: &mut PgConnection,
    job: &Job,
    since: Timestamp,
) -> Result<MatchedProvisioners, StoreError> {
    Ok(sqlx::query_as!(
        MatchedProvisioners,
        r#"SELECT count(*) AS "count!", count(*) FILTER (WHERE last_seen_at > $4) AS "available!",
                  max(last_seen_at) AS most_recently_seen
           FROM provisioner_daemons
           WHERE organization_id = $1 AND last_seen_at IS NOT NULL AND $2 = ANY(provisioners)
             AND CASE WHEN $3 = '{"scope": "organization", "owner": ""}'::jsonb THEN tags = $3 ELSE tags @> $3 END"#,
        job.organization_id as OrganizationId,
        job.provisioner as ProvisionerKind,
        Json(&job.tags) as _,
        since
    )
    .fetch_one(conn)
    .await?)
}
