//! A workspace or a build named by the path, loaded with the caller's right to read it, before
//! the body is looked at: what is hidden stays hidden whatever the body says (spec WS-22).

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::Path;
use crate::{
    domain::{
        ids::{BuildId, WorkspaceId},
        rights::actor::Actor,
        workspaces::WorkspaceView,
    },
    http::{error::ApiError, state::AppState},
    service::workspace_views::WorkspaceViews,
};

/// The workspace of the path's first parameter, which the actor may read. Without resources.
pub struct SeenWorkspace {
    /// Who asks.
    pub actor: Actor,
    /// The workspace with its latest build.
    pub workspace: WorkspaceView,
}

/// The build of the path's first parameter, whose workspace the actor may read. Without
/// resources.
pub struct SeenBuild {
    /// Who asks.
    pub actor: Actor,
    /// The build with its workspace.
    pub build: WorkspaceView,
}

impl FromRequestParts<AppState> for SeenWorkspace {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, state).await?;
        let Path((id,)) = Path::<(WorkspaceId,)>::from_request_parts(parts, state).await?;
        let workspace = WorkspaceViews::from_ref(state).find(&actor, id).await?;
        Ok(Self { actor, workspace })
    }
}

impl FromRequestParts<AppState> for SeenBuild {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, state).await?;
        let Path((id,)) = Path::<(BuildId,)>::from_request_parts(parts, state).await?;
        let build = WorkspaceViews::from_ref(state)
            .find_build(&actor, id)
            .await?;
        Ok(Self { actor, build })
    }
}
