//! Builds of workspaces: asking for one, showing them, canceling them.

use sqlx::PgConnection;
use thiserror::Error;

use super::{
    Core,
    build_orders::{self, BuildError, Placement},
    commit,
    idempotency::{self, Made, Once},
    jobs::{CancelError, Jobs},
    on, resources,
    watch::Watches,
    workspace_audit,
    workspace_views::{FindWorkspaceError, WorkspaceViews, as_made, without_daemons},
};
use crate::{
    domain::{
        builds::{BuildReason, BuildTimings, StateSource},
        clock::Timestamp,
        ids::{BuildId, TemplateVersionId, UserId, WorkspaceId},
        jobs::CancelRefused,
        pagination::Page,
        provisioning::{NamedValue, Transition},
        resources::Resource,
        rights::{Action, Object, ResourceKind, actor::Actor, roles::SiteRole},
        workspaces::WorkspaceView,
    },
    pubsub::Event,
    store::{
        StoreError,
        workspace_builds::{self, BuildFilter},
        workspace_views, workspaces,
    },
};

/// A build that a user asks for.
#[derive(Clone, Debug)]
pub struct BuildOrder {
    /// What it does.
    pub transition: Transition,
    /// The version; absent for that of the build before.
    pub version: Option<TemplateVersionId>,
    /// The state to begin from; empty for that of the build before.
    pub state: Vec<u8>,
    /// Whether a delete forgets the resources.
    pub orphan: bool,
    /// Whether Terraform's own debug log is wanted.
    pub debug_log: bool,
    /// Values of parameters.
    pub parameters: Vec<NamedValue>,
}

/// Why builds are not listed.
#[derive(Debug, Error)]
pub enum ListBuildsError {
    /// There is no build to begin after.
    #[error("there is no build {0}")]
    NoSuchBuild(BuildId),
    /// The database failed.
    #[error("builds could not be listed")]
    Store(#[from] StoreError),
}

/// Why a build is not canceled.
#[derive(Debug, Error)]
pub enum CancelBuildError {
    /// It is gone.
    #[error("no such build")]
    NotFound,
    /// The template leaves canceling to owners of the site.
    #[error("the template leaves canceling to owners of the site")]
    OwnersOnly,
    /// Its job has ended or was canceled before.
    #[error(transparent)]
    Refused(CancelRefused),
    /// The caller may not change the workspace.
    #[error("the workspace may not be changed by the caller")]
    Denied,
    /// The database failed.
    #[error("the build could not be canceled")]
    Store(#[from] StoreError),
}

/// Why a build's resources are not shown by themselves.
#[derive(Debug, Error)]
pub enum ResourcesError {
    /// The job has not ended.
    #[error("the job has not ended")]
    Active,
    /// The database failed.
    #[error("resources could not be read")]
    Store(#[from] StoreError),
}

/// Builds of workspaces.
#[derive(Clone)]
pub struct Builds {
    core: Core,
    jobs: Jobs,
    views: WorkspaceViews,
    watches: Watches,
}

impl Builds {
    /// The service.
    #[must_use]
    pub fn new(core: Core, jobs: Jobs, views: WorkspaceViews, watches: Watches) -> Self {
        Self {
            core,
            jobs,
            views,
            watches,
        }
    }

    /// Asks for a build of a workspace that the actor may read, and shows it.
    ///
    /// # Errors
    /// The first check of spec builds-and-jobs, section 3, that fails.
    pub async fn queue(
        &self,
        actor: &Actor,
        workspace: &WorkspaceView,
        order: BuildOrder,
        once: Option<&Once<'_, WorkspaceView>>,
    ) -> Result<Made<WorkspaceView>, BuildError> {
        let mut tx = self.core.begin().await?;
        let outcome = self
            .queue_on(on(&mut tx), actor, workspace, order, once)
            .await;
        let made = idempotency::end(tx, outcome).await?;
        if matches!(made, Made::Now(_)) {
            self.announce(workspace.workspace.id).await;
        }
        Ok(made)
    }

    async fn queue_on(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        workspace: &WorkspaceView,
        order: BuildOrder,
        once: Option<&Once<'_, WorkspaceView>>,
    ) -> Result<Made<WorkspaceView>, BuildError> {
        let now = self.core.now();
        let id = workspace.workspace.id;
        if let Some(answer) = idempotency::before(conn, actor.id, once, now).await? {
            return Ok(Made::Before(answer));
        }
        self.check_order(actor, workspace, &order)?;
        workspaces::lock(conn, id).await?;
        // What was read before the lock may be old: another build can have begun or ended.
        let current = workspace_views::with_latest_build(conn, &[id]).await?;
        let previous = current.into_iter().next().ok_or(BuildError::NotFound)?;
        let wanted = order.version.unwrap_or(previous.build.template_version_id);
        let template = previous.workspace.template.id;
        let version = build_orders::find_version(conn, wanted, template).await?;
        if !previous.job.has_ended() {
            return Err(BuildError::Active);
        }
        let values = workspace_builds::list_parameters(conn, previous.build.id).await?;
        let owner = previous.workspace.owner_id;
        let plan = build_orders::plan(conn, version, owner, &order.parameters, &values).await?;
        check_transition(actor, &previous, order.transition, wanted)?;
        let state = if order.orphan {
            StateSource::Nothing
        } else if order.state.is_empty() {
            StateSource::Build(previous.build.id)
        } else {
            StateSource::Given(order.state)
        };
        let placement = Placement {
            id: BuildId::random(),
            workspace: id,
            number: previous.build.number + 1,
            transition: order.transition,
            initiator: actor.id,
            reason: BuildReason::Initiator,
            state,
            debug_log: order.debug_log,
        };
        let build = placement.id;
        build_orders::keep(conn, &self.jobs, plan, placement, now).await?;
        workspaces::update_latest_build(conn, id, build).await?;
        let made = workspace_views::of_builds(conn, &[build]).await?;
        let made = made.into_iter().next().map(as_made);
        let made = made.ok_or(BuildError::NotFound)?;
        idempotency::keep(conn, actor.id, once, &made, now).await?;
        Ok(Made::Now(made))
    }

    /// Tells watchers and provisioners of a new build, in this order: a watcher sees it wait.
    pub(crate) async fn announce(&self, id: WorkspaceId) {
        self.core.events.publish(Event::Workspace(id));
        self.watches.refresh(id).await;
        self.jobs.posted();
    }

    fn check_order(
        &self,
        actor: &Actor,
        workspace: &WorkspaceView,
        order: &BuildOrder,
    ) -> Result<(), BuildError> {
        if order.orphan && order.transition != Transition::Delete {
            return Err(BuildError::OrphanNeedsDelete);
        }
        if order.orphan && !order.state.is_empty() {
            return Err(BuildError::OrphanWithState);
        }
        let needed = match order.transition {
            Transition::Delete => Action::Delete,
            Transition::Start | Transition::Stop => Action::Update,
        };
        if !actor.may(needed, &workspace.workspace.object()) {
            return Err(BuildError::NotFound);
        }
        let touches_state = order.orphan || !order.state.is_empty();
        if touches_state && !actor.may(Action::Update, &workspace.workspace.template.object) {
            return Err(BuildError::StateDenied);
        }
        if order.debug_log {
            if !actor.may(Action::Read, &Object::of(ResourceKind::DeploymentConfig)) {
                return Err(BuildError::LogLevelDenied);
            }
            if !self.core.settings.terraform_debug_mode {
                return Err(BuildError::DebugModeOff);
            }
        }
        Ok(())
    }

    /// The builds of a workspace, newest first.
    ///
    /// # Errors
    /// When the build to begin after does not exist.
    pub async fn list(
        &self,
        workspace: WorkspaceId,
        page: &Page,
        since: Option<Timestamp>,
    ) -> Result<Vec<WorkspaceView>, ListBuildsError> {
        let mut conn = self.core.conn().await?;
        let after_number = match page.after_id.map(BuildId) {
            None => 0,
            Some(after) => workspace_builds::number(&mut conn, after)
                .await?
                .ok_or(ListBuildsError::NoSuchBuild(after))?,
        };
        let filter = BuildFilter {
            after_number,
            since,
            limit: page.limit,
            offset: page.offset,
        };
        let builds = workspace_views::list_builds(&mut conn, workspace, &filter).await?;
        Ok(self.views.filled(&mut conn, builds).await?)
    }

    /// A build with its resources.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn filled(&self, build: WorkspaceView) -> Result<WorkspaceView, StoreError> {
        Ok(without_daemons(self.views.fill(build).await?))
    }

    /// The build of this number of the live workspace that this owner calls so.
    ///
    /// # Errors
    /// [`FindWorkspaceError::NotFound`] for missing and for hidden ones alike.
    pub async fn get_by_number(
        &self,
        actor: &Actor,
        owner: UserId,
        name: &str,
        number: i32,
    ) -> Result<WorkspaceView, FindWorkspaceError> {
        let mut conn = self.core.conn().await?;
        let found = workspace_views::find_build_by_number(&mut conn, owner, name, number)
            .await?
            .filter(|view| actor.may(Action::Read, &view.workspace.object()))
            .ok_or(FindWorkspaceError::NotFound)?;
        drop(conn);
        Ok(self.views.fill(found).await?)
    }

    /// Cancels a build: at once when it waits, else its provisioner is asked to stop.
    ///
    /// # Errors
    /// The first rule of spec builds-and-jobs, section 5, that forbids it.
    pub async fn cancel(
        &self,
        actor: &Actor,
        view: &WorkspaceView,
    ) -> Result<(), CancelBuildError> {
        let workspace = &view.workspace;
        if !workspace.template.allow_user_cancel_workspace_jobs
            && !actor.has_site_role(SiteRole::Owner)
        {
            return Err(CancelBuildError::OwnersOnly);
        }
        let now = self.core.now();
        let state = view.job.state.clone();
        state.cancel(now).map_err(CancelBuildError::Refused)?;
        if !actor.may(Action::Update, &workspace.object()) {
            return Err(CancelBuildError::Denied);
        }
        let mut tx = self.core.begin().await?;
        let after = match self.jobs.cancel(on(&mut tx), view.job.id, now).await {
            Ok(after) => after.status(),
            Err(CancelError::Refused(refused)) => return Err(CancelBuildError::Refused(refused)),
            Err(CancelError::NotFound) => return Err(CancelBuildError::NotFound),
            Err(CancelError::Store(source)) => return Err(source.into()),
        };
        workspace_audit::canceled(on(&mut tx), actor, view, after, now).await?;
        workspaces::touch(on(&mut tx), workspace.id).await?;
        commit(tx).await?;
        self.jobs.canceled(view.job.id);
        self.core.events.publish(Event::Workspace(workspace.id));
        Ok(())
    }

    /// The values of a build's parameters.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn parameters(&self, build: &WorkspaceView) -> Result<Vec<NamedValue>, StoreError> {
        let mut conn = self.core.conn().await?;
        workspace_builds::list_parameters(&mut conn, build.build.id).await
    }

    /// The provisioner's state; for those who may change the template.
    ///
    /// # Errors
    /// [`FindWorkspaceError::NotFound`] without that right.
    pub async fn state(
        &self,
        actor: &Actor,
        build: &WorkspaceView,
    ) -> Result<Vec<u8>, FindWorkspaceError> {
        if !actor.may(Action::Update, &build.workspace.template.object) {
            return Err(FindWorkspaceError::NotFound);
        }
        Ok(workspace_builds::state(&mut *self.core.conn().await?, build.build.id).await?)
    }

    /// The resources of a build whose job has ended, by name.
    ///
    /// # Errors
    /// [`ResourcesError::Active`] before the job's end.
    pub async fn resources(&self, build: &WorkspaceView) -> Result<Vec<Resource>, ResourcesError> {
        if !build.job.has_ended() {
            return Err(ResourcesError::Active);
        }
        let mut conn = self.core.conn().await?;
        Ok(resources::of_job(&mut conn, build.job.id).await?)
    }

    /// How long the steps of a build took.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn timings(&self, build: &WorkspaceView) -> Result<BuildTimings, StoreError> {
        let mut conn = self.core.conn().await?;
        let job = build.job.id;
        Ok(BuildTimings {
            provisioner: self.jobs.timings(&mut conn, &[job]).await?,
            scripts: workspace_builds::list_script_runs(&mut conn, job).await?,
            connections: workspace_builds::list_connection_waits(&mut conn, job).await?,
        })
    }
}

fn check_transition(
    actor: &Actor,
    workspace: &WorkspaceView,
    transition: Transition,
    version: TemplateVersionId,
) -> Result<(), BuildError> {
    let object = workspace.workspace.object();
    let template = &workspace.workspace.template;
    match transition {
        Transition::Start if !actor.may(Action::Start, &object) => {
            Err(BuildError::Denied("started"))
        }
        Transition::Stop if !actor.may(Action::Stop, &object) => Err(BuildError::Denied("stopped")),
        Transition::Start
            if template.require_active_version
                && version != template.active_version_id
                && !actor.may(Action::Update, &template.object) =>
        {
            Err(BuildError::ActiveVersionRequired)
        }
        _ => Ok(()),
    }
}
