//! What workspaces do by themselves: starting, stopping, sleeping, being deleted. Finds what
//! is due and queues it, one transaction for each workspace; when it is due is `domain`'s.

use std::error::Error;

use chrono::TimeDelta;
use futures::{StreamExt as _, stream};
use sqlx::PgConnection;

use super::{
    Core,
    build_orders::{self, BuildError, Placement},
    commit,
    jobs::Jobs,
    on, passes, workspace_audit,
};
use crate::{
    domain::{
        builds::{BuildReason, StateSource},
        clock::{Timestamp, whole_minute},
        ids::{BuildId, WorkspaceId},
        lifecycle::NewStart,
        provisioning::Transition,
    },
    pubsub::Event,
    store::{
        StoreError,
        lifecycle::{self, Candidate, PassedStart},
        locks, workspace_builds, workspaces,
    },
};

/// Workspaces that are worked on at once.
const AT_ONCE: usize = 10;
/// Ids and schedules of workspaces that are read at once.
const BATCH: i64 = 5000;

/// What workspaces do by themselves.
#[derive(Clone)]
pub struct WorkspaceLifecycle {
    core: Core,
    jobs: Jobs,
}

impl WorkspaceLifecycle {
    /// The service.
    #[must_use]
    pub fn new(core: Core, jobs: Jobs) -> Self {
        Self { core, jobs }
    }

    /// Brings about all that is due now; tells how many workspaces it changed. What fails for
    /// one workspace is logged and tried again by the next call; it does not stop the others.
    ///
    /// # Errors
    /// When the database fails to say what is due.
    pub async fn run_due(&self) -> Result<u64, StoreError> {
        let tick = whole_minute(self.core.now());
        let mut changed = 0;
        let mut after = WorkspaceId::default();
        loop {
            let mut conn = self.core.conn().await?;
            let due = lifecycle::list_due(&mut conn, tick, after, BATCH).await?;
            drop(conn);
            let Some(last) = due.last() else { break };
            after = *last;
            let length = due.len();
            changed += stream::iter(due)
                .map(|id| self.run_logged(id, tick))
                .buffer_unordered(AT_ONCE)
                .fold(0, async |sum, changed| sum + u64::from(changed))
                .await;
            if is_last(length) {
                break;
            }
        }
        Ok(changed + self.move_passed_starts(tick).await?)
    }

    async fn run_logged(&self, id: WorkspaceId, tick: Timestamp) -> bool {
        match self.run_one(id, tick).await {
            Ok(changed) => changed,
            Err(error) => {
                tracing::warn!(
                    workspace.id = %id,
                    error = &error as &dyn Error,
                    "a workspace could not do what it is due for"
                );
                false
            }
        }
    }

    /// Looks at one workspace again, alone, and does what it is due for.
    async fn run_one(&self, id: WorkspaceId, tick: Timestamp) -> Result<bool, BuildError> {
        let mut tx = self.core.begin().await?;
        // Another replica that is at it does the same.
        if !locks::try_lock(on(&mut tx), passes::key(&format!("lifecycle of {id}"))).await? {
            return Ok(false);
        }
        workspaces::lock(on(&mut tx), id).await?;
        let Some(workspace) = lifecycle::find_candidate(on(&mut tx), id).await? else {
            return Ok(false);
        };
        let action = workspace.facts.due(tick);
        let mut changed = action.is_some();
        let mut has_build = false;
        if let Some(action) = action {
            if action.puts_to_sleep() {
                self.put_to_sleep(on(&mut tx), &workspace).await?;
            }
            if let Some((transition, reason)) = action.build() {
                self.queue(on(&mut tx), &workspace, transition, reason)
                    .await?;
                has_build = true;
            }
        }
        if let Some(NewStart(next)) = workspace.facts.new_start(tick, action) {
            lifecycle::update_next_start(on(&mut tx), id, next, tick).await?;
            changed |= next.is_some();
        }
        commit(tx).await?;
        if let Some(action) = action {
            tracing::info!(workspace.id = %id, ?action, "a workspace did what it was due for");
        }
        if changed {
            self.core.events.publish(Event::Workspace(id));
        }
        if has_build {
            self.jobs.posted();
        }
        Ok(changed)
    }

    /// Queues a build in the owner's name.
    async fn queue(
        &self,
        conn: &mut PgConnection,
        workspace: &Candidate,
        transition: Transition,
        reason: BuildReason,
    ) -> Result<(), BuildError> {
        let wanted = if transition == Transition::Start && workspace.facts.takes_active_version() {
            workspace.active_version_id
        } else {
            workspace.version_id
        };
        let version = build_orders::find_version(conn, wanted, workspace.template_id).await?;
        let values = workspace_builds::list_parameters(conn, workspace.build_id).await?;
        let plan = build_orders::plan(conn, version, workspace.owner_id, &[], &values).await?;
        let placement = Placement {
            id: BuildId::random(),
            workspace: workspace.id,
            number: workspace.build_number + 1,
            transition,
            initiator: workspace.owner_id,
            reason,
            state: StateSource::Build(workspace.build_id),
            debug_log: false,
        };
        let build = placement.id;
        build_orders::keep(conn, &self.jobs, plan, placement, self.core.now()).await?;
        Ok(workspaces::update_latest_build(conn, workspace.id, build).await?)
    }

    /// Marks a workspace dormant and says so in the audit log, in the owner's name.
    async fn put_to_sleep(
        &self,
        conn: &mut PgConnection,
        workspace: &Candidate,
    ) -> Result<(), StoreError> {
        let now = self.core.now();
        let kept = workspace.facts.template.time_til_dormant_autodelete;
        let deleting_at = (kept > TimeDelta::zero()).then(|| now + kept);
        workspaces::put_to_sleep(conn, workspace.id, deleting_at, now).await?;
        workspace_audit::fell_asleep(conn, workspace, deleting_at, now).await
    }

    /// Moves next starts on that went by while their workspaces ran, or each pass would look
    /// at these workspaces again. The end of the build that stops one works its start out anew.
    async fn move_passed_starts(&self, tick: Timestamp) -> Result<u64, StoreError> {
        let mut conn = self.core.conn().await?;
        let mut moved = 0;
        let mut after = WorkspaceId::default();
        loop {
            let passed = lifecycle::list_passed_starts(&mut conn, tick, after, BATCH).await?;
            let Some(last) = passed.last() else { break };
            after = last.id;
            let next = |start: &PassedStart| {
                let schedule = start.schedule.as_ref()?;
                schedule.next_allowed(start.days, tick)
            };
            let starts: Vec<_> = passed
                .iter()
                .map(|start| (start.id, start.text.as_str(), next(start)))
                .collect();
            moved += lifecycle::update_next_starts(&mut conn, &starts, tick).await?;
            if is_last(passed.len()) {
                break;
            }
        }
        Ok(moved)
    }
}

/// Whether a batch of this length is followed by none.
fn is_last(length: usize) -> bool {
    i64::try_from(length).is_ok_and(|length| length < BATCH)
}
