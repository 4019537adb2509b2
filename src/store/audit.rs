//! Statements on the audit log.

use serde_json::Value;
use sqlx::PgConnection;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    audit::{
        AuditAction, AuditedKind, Entry, NewEntry, OrganizationLabel, Origin, Record,
        WorkspaceLabel,
    },
    builds::BuildReason,
    clock::{Timestamp, never},
    ids::{AuditId, OrganizationId, RequestId, UserId},
    pagination::Page,
    rights::roles::SiteRole,
    search::audit::AuditQuery,
    users::{LoginType, User, UserRef, UserStatus},
};

struct Row {
    count: i64,
    id: AuditId,
    at: Timestamp,
    by: UserId,
    organization: OrganizationId,
    ip: Option<String>,
    user_agent: Option<String>,
    kind: AuditedKind,
    resource: Uuid,
    target: String,
    icon: String,
    action: AuditAction,
    diff: Value,
    status: i32,
    additional: Value,
    request: RequestId,
    username: Option<String>,
    email: Option<String>,
    user_name: Option<String>,
    avatar_url: Option<String>,
    theme_preference: Option<String>,
    user_status: Option<UserStatus>,
    login_type: Option<LoginType>,
    site_roles: Option<Vec<SiteRole>>,
    user_created_at: Option<Timestamp>,
    user_updated_at: Option<Timestamp>,
    last_seen_at: Option<Timestamp>,
    organization_name: Option<String>,
    organization_title: Option<String>,
    organization_icon: Option<String>,
    workspace: Option<String>,
    workspace_owner: Option<String>,
    build_number: Option<i32>,
    is_deleted: bool,
}

impl From<Row> for Record {
    fn from(row: Row) -> Self {
        let user = row.username.map(|username| User {
            id: row.by,
            username,
            email: row.email.unwrap_or_default(),
            name: row.user_name.unwrap_or_default(),
            avatar_url: row.avatar_url.unwrap_or_default(),
            theme_preference: row.theme_preference.unwrap_or_default(),
            status: row.user_status.unwrap_or(UserStatus::Active),
            login_type: row.login_type.unwrap_or(LoginType::None),
            site_roles: row.site_roles.unwrap_or_default(),
            organization_ids: Vec::new(),
            created_at: row.user_created_at.unwrap_or_else(never),
            updated_at: row.user_updated_at.unwrap_or_else(never),
            last_seen_at: row.last_seen_at.unwrap_or_else(never),
        });
        let organization = row.organization_name.map(|name| OrganizationLabel {
            name,
            display_name: row.organization_title.unwrap_or_default(),
            icon: row.organization_icon.unwrap_or_default(),
        });
        let workspace = row.workspace.zip(row.workspace_owner);
        Self {
            entry: Entry {
                id: row.id,
                at: row.at,
                user: row.by,
                origin: Origin {
                    ip: row.ip.unwrap_or_default(),
                    user_agent: row.user_agent.unwrap_or_default(),
                    request: row.request,
                },
                what: NewEntry {
                    organization: row.organization,
                    kind: row.kind,
                    resource: row.resource,
                    target: row.target,
                    action: row.action,
                    diff: row.diff,
                    status: u16::try_from(row.status).unwrap_or_default(),
                    additional: row.additional,
                },
            },
            icon: row.icon,
            user,
            organization,
            workspace: workspace.map(|(name, owner)| WorkspaceLabel {
                owner,
                name,
                build_number: row.build_number,
            }),
            is_deleted: row.is_deleted,
        }
    }
}

/// Writes an entry.
pub async fn insert(conn: &mut PgConnection, entry: &Entry) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit_logs (id, created_at, user_id, organization_id, ip, user_agent, resource_type,
                                 resource_id, resource_target, action, diff, status_code, additional_fields, request_id)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
        entry.id as AuditId,
        entry.at,
        entry.user as UserId,
        entry.what.organization as OrganizationId,
        entry.origin.ip,
        entry.origin.user_agent,
        entry.what.kind as AuditedKind,
        entry.what.resource as Uuid,
        entry.what.target,
        entry.what.action as AuditAction,
        &entry.what.diff as &Value,
        i32::from(entry.what.status),
        &entry.what.additional as &Value,
        entry.origin.request as RequestId
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which entries are looked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Whether the reader may see all of them.
    pub everything: bool,
    /// The organizations whose entries the reader may see.
    pub organizations: Vec<OrganizationId>,
    /// What the reader looks for.
    pub search: AuditQuery,
    /// Who `username:me` means.
    pub me: UserId,
    /// The organization that the search names.
    pub organization: Option<OrganizationId>,
}

/// The place of an entry in the log's order: what comes after it is older.
pub type Place = (Timestamp, AuditId);

/// Lists entries, newest first, those after a place only if there is one; and tells how many
/// there are on all pages, or zero if they are not `counted`.
pub async fn list(
    conn: &mut PgConnection,
    wanted: &Wanted,
    after: Option<Place>,
    page: Page,
    counted: bool,
) -> Result<(Vec<Record>, i64), StoreError> {
    let organizations: Vec<Uuid> = wanted.organizations.iter().map(|id| id.0).collect();
    let search = &wanted.search;
    let (by_me, username) = match &search.username {
        Some(UserRef::Name(name)) => (None, Some(name.as_str())),
        Some(UserRef::Me) => (Some(wanted.me), None),
        Some(UserRef::Id(id)) => (Some(*id), None),
        None => (None, None),
    };
    let (after_at, after_id) = after.unzip();
    let rows = sqlx::query_as!(
        Row,
        r#"WITH found AS NOT MATERIALIZED (
               SELECT a.* FROM audit_logs a LEFT JOIN users u ON u.id = a.user_id
               WHERE ($1 OR a.organization_id = ANY ($2))
                 AND ($3::text IS NULL OR a.resource_type = $3)
                 AND ($4::uuid IS NULL OR a.resource_id = $4)
                 AND ($5::text IS NULL OR lower(a.resource_target) = lower($5))
                 AND ($6::uuid IS NULL OR a.user_id = $6)
                 AND ($7::text IS NULL OR lower(u.username) = lower($7))
                 AND ($8::text IS NULL OR lower(u.email) = lower($8))
                 AND ($9::timestamptz IS NULL OR a.created_at >= $9)
                 AND ($10::timestamptz IS NULL OR a.created_at <= $10)
                 AND ($11::uuid IS NULL OR a.organization_id = $11)
                 AND ($12::audit_action IS NULL OR a.action = $12)
                 AND ($13::text IS NULL OR a.additional_fields ->> 'build_reason' = $13)
                 AND ($16::uuid IS NULL OR a.request_id = $16)
                 AND (a.created_at, a.id) < (coalesce($17, 'infinity'::timestamptz),
                                             coalesce($18, 'ffffffff-ffff-ffff-ffff-ffffffffffff'::uuid))),
           page AS (SELECT * FROM found ORDER BY created_at DESC, id DESC LIMIT $14 OFFSET $15)
           SELECT CASE WHEN $19 THEN (SELECT count(*) FROM found) ELSE 0 END AS "count!",
                  a.id AS "id!: AuditId", a.created_at AS "at!", a.user_id AS "by!: UserId",
                  a.organization_id AS "organization!: OrganizationId", a.ip, a.user_agent,
                  a.resource_type AS "kind!: AuditedKind", a.resource_id AS "resource!",
                  a.resource_target AS "target!", a.resource_icon AS "icon!",
                  a.action AS "action!: AuditAction", a.diff AS "diff!", a.status_code AS "status!",
                  a.additional_fields AS "additional!", a.request_id AS "request!: RequestId",
                  u.username AS "username?", u.email AS "email?", u.name AS "user_name?",
                  u.avatar_url AS "avatar_url?", u.theme_preference AS "theme_preference?",
                  u.status AS "user_status?: UserStatus", u.login_type AS "login_type?: LoginType",
                  u.site_roles AS "site_roles?: Vec<SiteRole>", u.created_at AS "user_created_at?",
                  u.updated_at AS "user_updated_at?", u.last_seen_at AS "last_seen_at?",
                  o.name AS "organization_name?", o.display_name AS "organization_title?", o.icon AS "organization_icon?",
                  w.name AS "workspace?", owner.username AS "workspace_owner?", b.build_number AS "build_number?",
                  coalesce(CASE a.resource_type
                      WHEN 'user' THEN (SELECT x.deleted FROM users x WHERE x.id = a.resource_id)
                      WHEN 'template' THEN (SELECT x.deleted FROM templates x WHERE x.id = a.resource_id)
                      WHEN 'workspace' THEN w.deleted
                      WHEN 'workspace_build' THEN w.deleted END, false) AS "is_deleted!"
           FROM page a
           LEFT JOIN users u ON u.id = a.user_id
           LEFT JOIN organizations o ON o.id = a.organization_id
           LEFT JOIN workspace_builds b ON a.resource_type = 'workspace_build' AND b.id = a.resource_id
           LEFT JOIN workspaces w ON w.id = coalesce(b.workspace_id, a.resource_id)
           LEFT JOIN users owner ON owner.id = w.owner_id
           ORDER BY a.created_at DESC, a.id DESC"#,
        wanted.everything,
        &organizations,
        search.resource_type.map(AuditedKind::as_str),
        search.resource_id,
        search.resource_target,
        by_me as Option<UserId>,
        username,
        search.email,
        search.from,
        search.until,
        wanted.organization as Option<OrganizationId>,
        search.action as Option<AuditAction>,
        search.build_reason.map(BuildReason::as_str),
        page.limit,
        page.offset,
        search.request as Option<RequestId>,
        after_at,
        after_id as Option<AuditId>,
        counted
    )
    .fetch_all(conn)
    .await?;
    let count = rows.first().map_or(0, |row| row.count);
    Ok((rows.into_iter().map(Record::from).collect(), count))
}

/// Deletes the oldest entries that were written before an instant, so many at most; tells how
/// many these were.
pub async fn delete_before(
    conn: &mut PgConnection,
    before: Timestamp,
    at_most: i64,
) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM audit_logs WHERE id IN (
             SELECT id FROM audit_logs WHERE created_at < $1 ORDER BY created_at, id LIMIT $2)",
        before,
        at_most
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
