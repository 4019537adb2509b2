//! The narrow read: what must be known of workspaces before they are shown, with the revisions
//! of all rows that are shown with them. Loads nothing that a cache may hold.

use std::collections::BTreeMap;

use sqlx::{PgConnection, types::Json};

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    glances::{Fingerprint, Glance, QueuePlace},
    ids::{GroupId, OrganizationId, TemplateId, UserId, WorkspaceId},
    queue::MatchedProvisioners,
    rights::{Actions, Object, ResourceKind},
};

/// A row of a statement that [`glances!`] makes.
pub(super) struct Row {
    pub id: WorkspaceId,
    pub owner_id: UserId,
    pub organization_id: OrganizationId,
    pub is_dormant: bool,
    pub deleted: bool,
    pub template_id: TemplateId,
    pub template_deleted: bool,
    pub user_acl: Json<BTreeMap<UserId, Actions>>,
    pub group_acl: Json<BTreeMap<GroupId, Actions>>,
    pub fingerprint: Vec<i64>,
    pub queue_position: i64,
    pub queue_size: i64,
    pub matched: i64,
    pub available: i64,
    pub most_recently_seen: Option<Timestamp>,
    pub count: i64,
    pub snapshot: String,
}

impl From<Row> for Glance {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            owner_id: row.owner_id,
            organization_id: row.organization_id,
            is_dormant: row.is_dormant,
            deleted: row.deleted,
            template_id: row.template_id,
            template_deleted: row.template_deleted,
            template: Object::of(ResourceKind::Template)
                .with_id(row.template_id.0)
                .in_organization(row.organization_id)
                .with_acl(row.user_acl.0, row.group_acl.0),
            fingerprint: Fingerprint(row.fingerprint),
            place: QueuePlace {
                position: row.queue_position,
                size: row.queue_size,
                matched: MatchedProvisioners {
                    count: row.matched,
                    available: row.available,
                    most_recently_seen: row.most_recently_seen,
                },
            },
        }
    }
}

/// The statement, but for what stands before it, what it says of the whole list, where
/// the workspaces `w` come from and what follows. The revisions stand in the order of those of `workspace_views`.
macro_rules! glances {
    ($before:tt, $list:tt, $from:tt, $after:tt, $($argument:expr),+) => {
        sqlx::query_as!(
            $crate::store::workspace_glances::Row,
            $before + r#"
               SELECT w.id AS "id!: WorkspaceId", w.owner_id AS "owner_id!: UserId",
                      w.organization_id AS "organization_id!: OrganizationId",
                      w.dormant_at IS NOT NULL AS "is_dormant!", w.deleted AS "deleted!",
                      t.id AS "template_id!: TemplateId", t.deleted AS "template_deleted!",
                      t.user_acl AS "user_acl!: Json<BTreeMap<UserId, Actions>>",
                      t.group_acl AS "group_acl!: Json<BTreeMap<GroupId, Actions>>",
                      ARRAY[w.revision, b.revision, j.revision, owner.revision, o.revision,
                            t.revision, v.revision, initiator.revision] AS "fingerprint!",
                      CASE WHEN j.status = 'pending' THEN (
                          SELECT count(*) FROM provisioner_jobs q
                          WHERE q.started_at IS NULL AND q.canceled_at IS NULL
                            AND q.completed_at IS NULL
                            AND (q.created_at, q.id) <= (j.created_at, j.id))
                      ELSE 0 END AS "queue_position!",
                      (SELECT count(*) FROM provisioner_jobs q
                       WHERE q.started_at IS NULL AND q.canceled_at IS NULL
                         AND q.completed_at IS NULL) AS "queue_size!",
                      m.matched AS "matched!", m.available AS "available!", m.most_recently_seen,
                      "# + $list + r#"
               FROM "# + $from + r#"
               JOIN workspace_builds b ON b.id = w.latest_build_id
               JOIN provisioner_jobs j ON j.id = b.job_id
               JOIN users owner ON owner.id = w.owner_id
               JOIN organizations o ON o.id = w.organization_id
               JOIN templates t ON t.id = w.template_id
               JOIN template_versions v ON v.id = b.template_version_id
               JOIN users initiator ON initiator.id = b.initiator_id
               CROSS JOIN LATERAL (
                   SELECT count(*) AS matched,
                          count(*) FILTER (
                              WHERE d.last_seen_at > j.created_at - interval '90 seconds') AS available,
                          max(d.last_seen_at) AS most_recently_seen
                   FROM provisioner_daemons d
                   WHERE j.status = 'pending' AND d.organization_id = j.organization_id
                     AND d.last_seen_at IS NOT NULL AND j.provisioner = ANY (d.provisioners)
                     AND CASE WHEN j.tags = '{"scope": "organization", "owner": ""}'
                              THEN d.tags = j.tags ELSE d.tags @> j.tags END) m
               "# + $after,
            $($argument),+
        )
    };
}
pub(super) use glances;

/// One workspace.
pub async fn find(conn: &mut PgConnection, id: WorkspaceId) -> Result<Option<Glance>, StoreError> {
    let row = glances!(
        "",
        r#"1::bigint AS "count!", '' AS "snapshot!""#,
        "workspaces w",
        "WHERE w.id = $1",
        id as WorkspaceId
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Glance::from))
}

/// The live workspace of this owner and name, in any letter case.
pub async fn find_live_by_name(
    conn: &mut PgConnection,
    owner: UserId,
    name: &str,
) -> Result<Option<Glance>, StoreError> {
    let row = glances!(
        "",
        r#"1::bigint AS "count!", '' AS "snapshot!""#,
        "workspaces w",
        "WHERE w.owner_id = $1 AND lower(w.name) = lower($2) AND NOT w.deleted",
        owner as UserId,
        name
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Glance::from))
}

/// The workspace of this owner and name: the live one, else the youngest deleted one.
pub async fn find_by_name(
    conn: &mut PgConnection,
    owner: UserId,
    name: &str,
) -> Result<Option<Glance>, StoreError> {
    let row = glances!(
        "",
        r#"1::bigint AS "count!", '' AS "snapshot!""#,
        "(SELECT * FROM workspaces
          WHERE owner_id = $1 AND lower(name) = lower($2)
          ORDER BY deleted, created_at DESC LIMIT 1) w",
        "",
        owner as UserId,
        name
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Glance::from))
}
