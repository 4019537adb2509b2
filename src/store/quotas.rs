//! Statements on budgets and on what workspaces cost.

use sqlx::PgConnection;

use super::StoreError;
use crate::domain::{
    clock::Timestamp,
    ids::{BuildId, OrganizationId, UserId, WorkspaceId},
    quotas::Quota,
};

/// What a build's cost is judged by.
pub struct CostFacts {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Its owner.
    pub owner_id: UserId,
    /// Where it belongs.
    pub organization_id: OrganizationId,
    /// What the build before it costs in a day; nothing for the first.
    pub previous_cost: Option<i32>,
}

/// What an owner's workspaces in an organization may cost and do cost; one of them may be left
/// out. Budgets count where a group of the organization allows something or there is a licence.
pub async fn find(
    conn: &mut PgConnection,
    owner: UserId,
    organization: OrganizationId,
    without: Option<WorkspaceId>,
) -> Result<Quota, StoreError> {
    Ok(sqlx::query_as!(
        Quota,
        r#"SELECT (EXISTS (SELECT 1 FROM groups g WHERE g.organization_id = $2 AND g.quota_allowance > 0)
                   OR EXISTS (SELECT 1 FROM licenses)) AS "is_limited!",
                  (SELECT coalesce(sum(g.quota_allowance), 0) FROM groups g
                   WHERE g.organization_id = $2 AND (
                       EXISTS (SELECT 1 FROM group_members m WHERE m.group_id = g.id AND m.user_id = $1)
                       OR EXISTS (SELECT 1 FROM organization_members m
                                  WHERE m.organization_id = g.id AND m.user_id = $1))) AS "budget!",
                  (SELECT coalesce(sum(b.daily_cost), 0)
                   FROM workspaces w JOIN workspace_builds b ON b.id = w.latest_build_id
                   WHERE w.owner_id = $1 AND w.organization_id = $2 AND NOT w.deleted
                     AND ($3::uuid IS NULL OR w.id <> $3)) AS "consumed!""#,
        owner as UserId,
        organization as OrganizationId,
        without as Option<WorkspaceId>
    )
    .fetch_one(conn)
    .await?)
}

/// Lets builds of one owner in one organization be judged one after the other: waits for the
/// lock and holds it until the transaction ends.
pub async fn lock(
    conn: &mut PgConnection,
    owner: UserId,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    sqlx::query!(
        r#"SELECT pg_advisory_xact_lock(hashtextextended($1, 0)) AS "done!: ()""#,
        format!("quota of {owner} in {organization}")
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// What a build's cost is judged by.
pub async fn find_cost_facts(
    conn: &mut PgConnection,
    build: BuildId,
) -> Result<Option<CostFacts>, StoreError> {
    Ok(sqlx::query_as!(
        CostFacts,
        r#"SELECT w.id AS "workspace_id: WorkspaceId", w.owner_id AS "owner_id: UserId",
                  w.organization_id AS "organization_id: OrganizationId",
                  previous.daily_cost AS "previous_cost?"
           FROM workspace_builds b JOIN workspaces w ON w.id = b.workspace_id
           LEFT JOIN workspace_builds previous
               ON previous.workspace_id = b.workspace_id AND previous.build_number = b.build_number - 1
           WHERE b.id = $1"#,
        build as BuildId
    )
    .fetch_optional(conn)
    .await?)
}

/// Sets what a build costs in a day.
pub async fn update_cost(
    conn: &mut PgConnection,
    build: BuildId,
    daily_cost: i32,
    now: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE workspace_builds SET daily_cost = $2, updated_at = $3 WHERE id = $1",
        build as BuildId,
        daily_cost,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}
