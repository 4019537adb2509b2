//! Statements that count how templates are used; costly ones, so callers keep the answers.

use sqlx::PgConnection;

use crate::{
    domain::{clock::Timestamp, ids::TemplateId, provisioning::Transition, templates::BuildTimes},
    store::StoreError,
};

/// How many users own live workspaces, for each template that has any.
pub async fn list_active_users(
    conn: &mut PgConnection,
) -> Result<Vec<(TemplateId, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT template_id AS "template: TemplateId", count(DISTINCT owner_id) AS "owners!"
           FROM workspaces WHERE NOT deleted GROUP BY template_id"#
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.template, row.owners))
        .collect())
}

/// How long the builds that began after `since` took, by template and transition.
pub async fn list_build_times(
    conn: &mut PgConnection,
    since: Timestamp,
) -> Result<Vec<(TemplateId, Transition, BuildTimes)>, StoreError> {
    let rows = sqlx::query!(
        r#"WITH took AS (
               SELECT v.template_id, b.transition, 1000 * extract(epoch FROM j.completed_at - j.started_at) AS ms
               FROM workspace_builds b
               JOIN provisioner_jobs j ON j.id = b.job_id
               JOIN template_versions v ON v.id = b.template_version_id
               WHERE j.started_at > $1 AND j.status = 'succeeded' AND v.template_id IS NOT NULL)
           SELECT template_id AS "template!: TemplateId", transition AS "transition: Transition",
                  round(percentile_cont(0.5) WITHIN GROUP (ORDER BY ms))::bigint AS "median",
                  round(percentile_cont(0.95) WITHIN GROUP (ORDER BY ms))::bigint AS "ninety_fifth"
           FROM took GROUP BY template_id, transition"#,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let times = BuildTimes {
                median: row.median,
                ninety_fifth: row.ninety_fifth,
            };
            (row.template, row.transition, times)
        })
        .collect())
}
