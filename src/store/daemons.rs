//! Statements on provisioner daemons.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    daemons::{Daemon, NewDaemon},
    ids::{DaemonId, JobId, OrganizationId, ProvisionerKeyId},
    jobs::{JobStatus, ProvisionerKind},
    tags::Tags,
};

/// Notes that a daemon came; one of the same name, organization and owner is the same one.
pub async fn upsert(
    conn: &mut PgConnection,
    daemon: &NewDaemon,
    now: Timestamp,
) -> Result<DaemonId, StoreError> {
    Ok(sqlx::query_scalar!(
        r#"INSERT INTO provisioner_daemons (id, organization_id, name, provisioners, tags, version, api_version, key_id,
                                            created_at, last_seen_at)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
           ON CONFLICT (organization_id, name, lower(coalesce(tags ->> 'owner', ''))) DO UPDATE
           SET provisioners = excluded.provisioners, tags = excluded.tags, version = excluded.version,
               api_version = excluded.api_version, key_id = excluded.key_id, last_seen_at = excluded.last_seen_at
           RETURNING id AS "id: DaemonId""#,
        DaemonId::random() as DaemonId,
        daemon.organization_id as OrganizationId,
        daemon.name,
        &daemon.provisioners as &[ProvisionerKind],
        Json(&daemon.tags) as _,
        daemon.version,
        daemon.api_version,
        daemon.key_id as ProvisionerKeyId,
        now
    )
    .fetch_one(conn)
    .await?)
}

/// Notes that daemons live.
pub async fn touch(
    conn: &mut PgConnection,
    ids: &[DaemonId],
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE provisioner_daemons SET last_seen_at = $2 WHERE id = ANY($1)",
        ids as &[DaemonId],
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Forgets daemons that were not seen since then; tells how many.
pub async fn delete_unseen(
    conn: &mut PgConnection,
    unseen_since: Timestamp,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM provisioner_daemons WHERE coalesce(last_seen_at, created_at) < $1",
        unseen_since
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Daemons of an organization that could take a job with these tags (all without), oldest first.
pub async fn list(
    conn: &mut PgConnection,
    organization: OrganizationId,
    job_tags: Option<&Tags>,
) -> Result<Vec<Daemon>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT d.id AS "id: DaemonId", d.name, d.provisioners AS "provisioners: Vec<ProvisionerKind>",
                  d.tags AS "tags: Json<BTreeMap<String, String>>", d.version, d.api_version,
                  d.key_id AS "key_id: ProvisionerKeyId", coalesce(k.name, '') AS "key_name!", d.created_at,
                  d.last_seen_at, current.id AS "current_id?: JobId", current.status AS "current_status?: JobStatus",
                  previous.id AS "previous_id?: JobId", previous.status AS "previous_status?: JobStatus"
           FROM provisioner_daemons d
           LEFT JOIN provisioner_keys k ON k.id = d.key_id
           LEFT JOIN LATERAL (
               SELECT j.id, j.status FROM provisioner_jobs j
               WHERE j.worker_id = d.id AND j.completed_at IS NULL ORDER BY j.started_at DESC LIMIT 1) current ON true
           LEFT JOIN LATERAL (
               SELECT j.id, j.status FROM provisioner_jobs j
               WHERE j.worker_id = d.id AND j.completed_at IS NOT NULL ORDER BY j.started_at DESC LIMIT 1) previous ON true
           WHERE d.organization_id = $1
             AND ($2::jsonb IS NULL OR CASE WHEN $2 = '{"scope": "organization", "owner": ""}'::jsonb
                                            THEN d.tags = $2 ELSE d.tags @> $2 END)
           ORDER BY d.created_at, d.id"#,
        organization as OrganizationId,
        job_tags.map(Json) as _
    )
    .fetch_all(conn)
    .await?;
    let made = rows.into_iter().map(|row| Daemon {
        id: row.id,
        organization_id: organization,
        name: row.name,
        provisioners: row.provisioners,
        tags: row.tags.0,
        version: row.version,
        api_version: row.api_version,
        key_id: row.key_id,
        key_name: row.key_name,
        created_at: row.created_at,
        last_seen_at: row.last_seen_at,
        current_job: row.current_id.zip(row.current_status),
        previous_job: row.previous_id.zip(row.previous_status),
    });
    Ok(made.collect())
}

/// The daemons that could take each of these waiting jobs, oldest first.
pub async fn list_available(
    conn: &mut PgConnection,
    jobs: &[JobId],
) -> Result<Vec<(JobId, DaemonId)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT j.id AS "job: JobId", d.id AS "daemon: DaemonId"
           FROM provisioner_jobs j
           JOIN provisioner_daemons d
             ON d.organization_id = j.organization_id AND d.last_seen_at IS NOT NULL
            AND j.provisioner = ANY(d.provisioners)
            AND CASE WHEN j.tags = '{"scope": "organization", "owner": ""}'::jsonb
                     THEN d.tags = j.tags ELSE d.tags @> j.tags END
           WHERE j.id = ANY($1) AND j.status = 'pending' ORDER BY d.created_at, d.id"#,
        jobs as &[JobId]
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.job, row.daemon)).collect())
}
