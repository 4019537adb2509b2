//! Which workspaces a list shows: rights, search, order and page in one statement, which also
//! gives the glance at each.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};

use super::{
    StoreError,
    workspace_glances::{self, glances},
};
use crate::domain::{
    clock::Timestamp,
    glances::{Glance, GlancedPage, Snapshot},
    ids::{GroupId, OrganizationId, TemplateId, UserId, WorkspaceId},
    jobs::{JobStatus, WorkspaceStatus},
    pagination::Page,
    provisioning::Transition,
    rights::{Actions, actor::ReadFilter},
    search::workspaces::WorkspaceQuery,
};

/// What a list depends on beside the search itself.
pub struct ListContext<'a> {
    /// What the reader may read.
    pub filter: &'a ReadFilter,
    /// Who reads: its favourites come first.
    pub reader: UserId,
    /// The owner that the search names; a name is looked up in the statement.
    pub owner_id: Option<UserId>,
    /// The owner's name that the search gives.
    pub owner_name: Option<&'a str>,
    /// The organization that the search names.
    pub organization: Option<OrganizationId>,
    /// Now, by which agents are judged.
    pub now: Timestamp,
    /// Before this instant a sign of life of an agent is too old.
    pub inactive_before: Timestamp,
}

/// A page of the workspaces that fit, favourites of the reader first, then running ones, then
/// by owner and name; and how many there are on all pages.
pub async fn list(
    conn: &mut PgConnection,
    context: &ListContext<'_>,
    query: &WorkspaceQuery,
    page: &Page,
) -> Result<GlancedPage, StoreError> {
    let mut rows = rows(conn, context, query, page.limit, page.offset).await?;
    let is_beyond = rows.is_empty() && page.offset > 0;
    if is_beyond {
        // What lies before a page beyond the last one tells how many there are.
        rows = self::rows(conn, context, query, Some(1), 0).await?;
    }
    let (count, snapshot) = match rows.first_mut() {
        Some(row) => (row.count, Some(Snapshot(std::mem::take(&mut row.snapshot)))),
        None => (0, None),
    };
    if is_beyond {
        rows.clear();
    }
    Ok(GlancedPage {
        glances: rows.into_iter().map(Glance::from).collect(),
        count,
        snapshot,
    })
}

/// What statements see now.
pub async fn snapshot(conn: &mut PgConnection) -> Result<Snapshot, StoreError> {
    let text = sqlx::query_scalar!(r#"SELECT pg_current_snapshot()::text AS "snapshot!""#)
        .fetch_one(conn)
        .await?;
    Ok(Snapshot(text))
}

/// The search's terms as the statement takes them.
struct Terms {
    /// Asked for more than all others, and stands in the workspace's own row.
    is_running: bool,
    job_status: Option<JobStatus>,
    transition: Option<Transition>,
    names: Vec<String>,
    values: Vec<String>,
    patterns: Vec<String>,
}

impl From<&WorkspaceQuery> for Terms {
    fn from(query: &WorkspaceQuery) -> Self {
        let (job_status, transition) = match query.status.map(WorkspaceStatus::needs) {
            Some((status, transition)) => (Some(status), transition),
            None => (None, None),
        };
        let (names, values) = query.parameter_values.iter().cloned().unzip();
        let patterns = query.parameter_names.iter().map(|name| pattern(name));
        Self {
            is_running: query.status == Some(WorkspaceStatus::Running),
            job_status,
            transition,
            names,
            values,
            patterns: patterns.collect(),
        }
    }
}

/// A query that begins with the workspaces that fit, as `fitting`; `$25` is its own first
/// argument.
macro_rules! fitting {
    ($macro:ident, [$($part:tt),*], $context:ident, $query:ident, $terms:ident
     $(, $argument:expr)*) => {
        $macro!(
            r#"WITH fitting AS NOT MATERIALIZED (
                   SELECT w.id, w.favorite AND w.owner_id = $1 AS first, w.is_running,
                          w.listed_owner, lower(w.name) AS name
                   FROM workspaces w
                   WHERE NOT w.deleted
                     AND ($2 OR w.organization_id = ANY ($3)
                          OR (w.owner_id = $4 AND w.organization_id = ANY ($5)))
                     AND ($6::uuid IS NULL OR w.owner_id = $6)
                     AND ($7::text IS NULL OR w.owner_id = (
                          SELECT id FROM users WHERE lower(username) = lower($7) AND NOT deleted))
                     AND ($8::uuid IS NULL OR w.organization_id = $8)
                     AND ($9::text IS NULL OR w.name ILIKE '%' || $9 || '%')
                     AND ($10::text IS NULL OR w.template_id = ANY (ARRAY(
                          SELECT id FROM templates WHERE lower(name) = lower($10) AND NOT deleted)))
                     AND (NOT $24 OR w.is_running)
                     AND ($24 OR $11::provisioner_job_status IS NULL OR EXISTS (
                          SELECT 1 FROM workspace_builds b
                          JOIN provisioner_jobs j ON j.id = b.job_id
                          WHERE b.id = w.latest_build_id AND j.status = $11
                            AND ($12::workspace_transition IS NULL OR b.transition = $12)))
                     AND (NOT $13 OR w.dormant_at IS NOT NULL)
                     AND ($14::boolean IS NULL OR EXISTS (
                          SELECT 1 FROM workspace_builds b
                          JOIN templates t ON t.id = w.template_id
                          WHERE b.id = w.latest_build_id
                            AND (b.template_version_id <> t.active_version_id) = $14))
                     AND ($15::timestamptz IS NULL OR w.last_used_at >= $15)
                     AND ($16::timestamptz IS NULL OR w.last_used_at <= $16)
                     AND (cardinality($17::uuid[]) = 0 OR w.id = ANY ($17))
                     AND (cardinality($18::text[]) = 0 OR EXISTS (
                          SELECT 1 FROM workspace_build_parameters p
                          WHERE p.build_id = w.latest_build_id AND p.name ILIKE ANY ($18)))
                     AND (cardinality($19::text[]) = 0 OR EXISTS (
                          SELECT 1 FROM workspace_build_parameters p
                          JOIN unnest($19, $20::text[]) AS wanted (name, value)
                            ON lower(p.name) = lower(wanted.name)
                           AND lower(p.value) = lower(wanted.value)
                          WHERE p.build_id = w.latest_build_id))
                     AND ($21::text IS NULL OR EXISTS (
                          SELECT 1 FROM workspace_builds b
                          JOIN workspace_resources r ON r.job_id = b.job_id
                          JOIN workspace_agents a ON a.resource_id = r.id
                          WHERE b.id = w.latest_build_id AND b.transition = 'start'
                            AND $21 = CASE
                              WHEN a.first_connected_at IS NULL
                                  THEN CASE WHEN a.connection_timeout_seconds > 0
                                             AND a.created_at + make_interval(secs => a.connection_timeout_seconds) < $22
                                            THEN 'timeout' ELSE 'connecting' END
                              WHEN a.disconnected_at >= a.last_connected_at
                                   OR a.last_connected_at < $23 THEN 'disconnected'
                              ELSE 'connected' END)))"#,
            $($part,)*
            $context.reader as UserId,
            $context.filter.everything,
            &$context.filter.organizations as &[OrganizationId],
            $context.filter.own as Option<UserId>,
            &$context.filter.member_of as &[OrganizationId],
            $context.owner_id as Option<UserId>,
            $context.owner_name,
            $context.organization as Option<OrganizationId>,
            $query.name,
            $query.template,
            $terms.job_status as Option<JobStatus>,
            $terms.transition as Option<Transition>,
            $query.only_dormant,
            $query.outdated,
            $query.last_used_after,
            $query.last_used_before,
            &$query.ids as &[WorkspaceId],
            &$terms.patterns,
            &$terms.names,
            &$terms.values,
            $query.has_agent,
            $context.now,
            $context.inactive_before,
            $terms.is_running
            $(, $argument)*
        )
    };
}

macro_rules! ids {
    ($before:tt, $($argument:expr),+) => {
        sqlx::query_scalar!(
            $before + r#" SELECT id AS "id: WorkspaceId" FROM fitting
                          ORDER BY first DESC, is_running DESC, listed_owner, name"#,
            $($argument),+
        )
    };
}

/// All workspaces that fit, in the order of [`list`].
pub async fn list_ids(
    conn: &mut PgConnection,
    context: &ListContext<'_>,
    query: &WorkspaceQuery,
) -> Result<Vec<WorkspaceId>, StoreError> {
    let terms = Terms::from(query);
    Ok(fitting!(ids, [], context, query, terms)
        .fetch_all(conn)
        .await?)
}

async fn rows(
    conn: &mut PgConnection,
    context: &ListContext<'_>,
    query: &WorkspaceQuery,
    limit: Option<i64>,
    offset: i64,
) -> Result<Vec<workspace_glances::Row>, StoreError> {
    let terms = Terms::from(query);
    let rows = fitting!(
        glances,
        [
            r#"(SELECT count(*) FROM fitting) AS "count!",
               pg_current_snapshot()::text AS "snapshot!""#,
            // Favourites are few; the others are read off the index that has their order.
            "(SELECT * FROM (
                  (SELECT * FROM fitting WHERE first)
                  UNION ALL
                  (SELECT * FROM fitting WHERE NOT first
                   ORDER BY is_running DESC, listed_owner, name
                   LIMIT $25::bigint + $26::bigint)) nearest
              ORDER BY first DESC, is_running DESC, listed_owner, name
              LIMIT $25 OFFSET $26) page
             JOIN workspaces w ON w.id = page.id",
            "ORDER BY page.first DESC, page.is_running DESC, page.listed_owner, page.name"
        ],
        context,
        query,
        terms,
        limit,
        offset
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// A text that SQL accepts as a pattern: a backslash at its end escapes nothing.
fn pattern(text: &str) -> String {
    let backslashes = text.len() - text.trim_end_matches('\\').len();
    if backslashes % 2 == 1 {
        format!("{text}\\")
    } else {
        text.to_owned()
    }
}
