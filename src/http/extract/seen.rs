//! What a path names, looked up before the body is read: a thing that the caller may not see
//! is a 404 whatever the body says.

use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Path;
use crate::{
    domain::{
        ids::{GroupId, TemplateId, TemplateVersionId},
        organizations::Organization,
        rights::actor::Actor,
        users::OrganizationRef,
    },
    http::{error::ApiError, state::AppState},
};

/// The organization that the path's first parameter names.
pub struct SeenOrganization(pub Organization);

/// The group of the path's first parameter, which the caller may change.
pub struct ChangeableGroup(pub GroupId);

/// The template of the path's first parameter.
pub struct SeenTemplate(pub TemplateId);

/// The template version of the path's first parameter.
pub struct SeenVersion(pub TemplateVersionId);

impl FromRequestParts<AppState> for SeenOrganization {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, state).await?;
        let Path((name,)) = Path::<(String,)>::from_request_parts(parts, state).await?;
        let named = OrganizationRef::from(name.as_str());
        Ok(Self(state.organizations.resolve(&actor, &named).await?))
    }
}

impl FromRequestParts<AppState> for ChangeableGroup {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, state).await?;
        let Path((id,)) = Path::<(GroupId,)>::from_request_parts(parts, state).await?;
        state.groups.check_changeable(&actor, id).await?;
        Ok(Self(id))
    }
}

impl FromRequestParts<AppState> for SeenTemplate {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, state).await?;
        let Path((id,)) = Path::<(TemplateId,)>::from_request_parts(parts, state).await?;
        state.templates.check_readable(&actor, id).await?;
        Ok(Self(id))
    }
}

impl FromRequestParts<AppState> for SeenVersion {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let actor = Actor::from_request_parts(parts, state).await?;
        let Path((id,)) = Path::<(TemplateVersionId,)>::from_request_parts(parts, state).await?;
        state.template_versions.job(&actor, id).await?;
        Ok(Self(id))
    }
}
