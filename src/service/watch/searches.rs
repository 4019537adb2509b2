//! What a watched search means: which workspaces fit it, for one reader, now.

use sqlx::PgConnection;
use thiserror::Error;

use super::{Watches, feed::Snapshot};
use crate::{
    domain::{
        ids::WorkspaceId, rights::actor::Actor, search::workspaces::WorkspaceQuery, users::UserRef,
    },
    service::{Core, organizations::FindOrganizationError, workspace_searches::WorkspaceSearch},
    store::{StoreError, workspace_lists},
};

/// Why a search is not watched.
#[derive(Debug, Error)]
pub enum WatchListError {
    /// The search names an organization that the caller cannot see.
    #[error("there is no such organization")]
    NoOrganization,
    /// The user watches as many searches as one may.
    #[error("too many searches are watched at once by one user")]
    TooMany,
    /// The database failed.
    #[error("workspaces could not be watched")]
    Store(#[from] StoreError),
}

impl WorkspaceSearch {
    /// Whether a workspace that is shown to the actor could fit, as far as that is known without
    /// asking the database.
    pub(super) fn could_fit(&self, actor: &Actor, snapshot: &Snapshot) -> bool {
        let owner_fits = match &self.query.owner {
            Some(UserRef::Me) => snapshot.owner == actor.id,
            Some(UserRef::Id(id)) => snapshot.owner == *id,
            Some(UserRef::Name(_)) | None => true,
        };
        let id_fits = self.query.ids.is_empty() || self.query.ids.contains(&snapshot.id);
        !snapshot.deleted && owner_fits && id_fits
    }

    /// Whether all that could fit does.
    pub(super) fn takes_all(&self) -> bool {
        let rest = WorkspaceQuery {
            owner: None,
            ids: Vec::new(),
            ..self.query.clone()
        };
        rest == WorkspaceQuery::default() && !matches!(self.query.owner, Some(UserRef::Name(_)))
    }

    /// The workspaces that fit, of all or of some.
    pub(super) async fn fitting(
        &self,
        core: &Core,
        conn: &mut PgConnection,
        actor: &Actor,
        among: Option<&[WorkspaceId]>,
    ) -> Result<Vec<WorkspaceId>, StoreError> {
        let filter = actor.workspace_filter();
        let context = self.context(core, actor, &filter);
        let mut query = self.query.clone();
        if let Some(among) = among {
            // An empty list would stand for all.
            if among.is_empty() {
                return Ok(Vec::new());
            }
            among.clone_into(&mut query.ids);
        }
        workspace_lists::list_ids(conn, &context, &query).await
    }
}

impl Watches {
    pub(super) async fn search(
        &self,
        actor: &Actor,
        query: WorkspaceQuery,
    ) -> Result<WorkspaceSearch, WatchListError> {
        let search = WorkspaceSearch::resolve(&self.organizations, actor, query).await;
        search.map_err(|reason| match reason {
            FindOrganizationError::NotFound => WatchListError::NoOrganization,
            FindOrganizationError::Store(source) => source.into(),
        })
    }
}
