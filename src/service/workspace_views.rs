//! Workspaces and builds as they are shown: found with the caller's rights, loaded in a number
//! of statements that does not depend on how many there are. Changes nothing.

use sqlx::PgConnection;
use thiserror::Error;

use super::{Core, resources, workspace_reads::RenderError};
use crate::{
    domain::{
        ids::{BuildId, WorkspaceId},
        queue::MatchedProvisioners,
        rights::{Action, actor::Actor},
        workspaces::WorkspaceView,
    },
    store::{StoreError, workspace_views},
};

/// Why a workspace or a build is not shown.
#[derive(Debug, Error)]
pub enum FindWorkspaceError {
    /// There is none, or the caller may not see it.
    #[error("no such workspace or build")]
    NotFound,
    /// It was deleted, and the caller did not ask for deleted ones.
    #[error("the workspace was deleted")]
    Deleted,
    /// The caller may see the workspace but not its template, or the template is gone (spec WS-26).
    #[error("the workspace's template is hidden")]
    TemplateHidden,
    /// It has no form.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The database failed.
    #[error("the workspace could not be read")]
    Store(#[from] StoreError),
}

/// Loads workspaces with their builds.
#[derive(Clone)]
pub struct WorkspaceViews {
    core: Core,
}

impl WorkspaceViews {
    /// The loader.
    #[must_use]
    pub fn new(core: Core) -> Self {
        Self { core }
    }

    /// A workspace with its latest build but without resources, if the actor may read it.
    ///
    /// # Errors
    /// [`FindWorkspaceError::NotFound`] for missing and for hidden ones alike.
    pub async fn find(
        &self,
        actor: &Actor,
        id: WorkspaceId,
    ) -> Result<WorkspaceView, FindWorkspaceError> {
        let mut conn = self.core.conn().await?;
        self.find_on(&mut conn, actor, id).await
    }

    /// As [`find`](Self::find), on the caller's connection.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn find_on(
        &self,
        conn: &mut PgConnection,
        actor: &Actor,
        id: WorkspaceId,
    ) -> Result<WorkspaceView, FindWorkspaceError> {
        workspace_views::with_latest_build(conn, &[id])
            .await?
            .pop()
            .filter(|view| actor.may(Action::Read, &view.workspace.object()))
            .ok_or(FindWorkspaceError::NotFound)
    }

    /// A build with its workspace but without resources, if the actor may read the workspace.
    ///
    /// # Errors
    /// As [`find`](Self::find).
    pub async fn find_build(
        &self,
        actor: &Actor,
        id: BuildId,
    ) -> Result<WorkspaceView, FindWorkspaceError> {
        let mut conn = self.core.conn().await?;
        workspace_views::of_builds(&mut conn, &[id])
            .await?
            .pop()
            .filter(|view| actor.may(Action::Read, &view.workspace.object()))
            .ok_or(FindWorkspaceError::NotFound)
    }

    /// Workspaces with their latest builds and all resources, whoever asks.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn load(
        &self,
        conn: &mut PgConnection,
        ids: &[WorkspaceId],
    ) -> Result<Vec<WorkspaceView>, StoreError> {
        let views = workspace_views::with_latest_build(conn, ids).await?;
        self.filled(conn, views).await
    }

    /// Adds the resources to all of them.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn filled(
        &self,
        conn: &mut PgConnection,
        mut views: Vec<WorkspaceView>,
    ) -> Result<Vec<WorkspaceView>, StoreError> {
        fill(conn, &mut views).await?;
        Ok(views)
    }

    /// Adds the resources.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn fill(&self, mut view: WorkspaceView) -> Result<WorkspaceView, StoreError> {
        let mut conn = self.core.conn().await?;
        fill(&mut conn, std::slice::from_mut(&mut view)).await?;
        Ok(view)
    }
}

async fn fill(conn: &mut PgConnection, views: &mut [WorkspaceView]) -> Result<(), StoreError> {
    let jobs: Vec<_> = views.iter().map(|view| view.build.job_id).collect();
    let mut made = resources::of_jobs(conn, &jobs).await?;
    for view in views {
        view.resources = made.remove(&view.build.job_id).unwrap_or_default();
    }
    Ok(())
}

/// Whether the actor may see the workspace's template.
pub(crate) fn shows_template(actor: &Actor, view: &WorkspaceView) -> bool {
    let template = &view.workspace.template;
    !template.deleted && actor.may(Action::Read, &template.object)
}

/// Leaves out the daemons that could take the job, where the incumbent does (spec WS-29).
pub(crate) fn without_daemons(mut view: WorkspaceView) -> WorkspaceView {
    view.job.matched = MatchedProvisioners::default();
    view
}

/// The form in which a new build is answered: the incumbent looks up neither its version's
/// name nor its place in the queue.
pub(crate) fn as_made(mut view: WorkspaceView) -> WorkspaceView {
    view.version_name.clear();
    view.job.queue_position = 0;
    view.job.queue_size = 0;
    view
}
