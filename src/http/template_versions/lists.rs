//! Versions by name and in lists, and what their imports found.

use axum::extract::State;
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    domain::{
        ids::{TemplateId, TemplateVersionId},
        pagination::Page,
        rights::actor::Actor,
    },
    http::{
        error::ApiError,
        extract::{Path, QueryMap, SeenOrganization, SeenTemplate},
        reply::Reply,
        resources::shown,
        state::AppState,
    },
    service::template_versions::{TemplateVersions, VersionError},
    wire::{
        resources::WorkspaceResource,
        response::Response as Body,
        template_versions::{
            TemplateVersion, TemplateVersionExternalAuth, TemplateVersionParameter,
            TemplateVersionVariable,
        },
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get_by_name))
        .routes(routes!(get_by_names))
        .routes(routes!(get_previous))
        .routes(routes!(variables))
        .routes(routes!(parameters))
        .routes(routes!(resources))
        .routes(routes!(external_auth))
        .routes(routes!(removed_schema))
        .routes(routes!(removed_parameters))
}

/// A template's versions, oldest first.
#[utoipa::path(get, path = "/templates/{template}/versions", tag = "Templates",
    params(("template" = Uuid, Path), ("after_id" = Option<Uuid>, Query), ("include_archived" = Option<bool>, Query),
           ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query)),
    responses((status = 200, body = Vec<TemplateVersion>), (status = "4XX", body = Body)))]
async fn list(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    SeenTemplate(template): SeenTemplate,
    query: QueryMap,
) -> Result<Reply<Vec<TemplateVersion>>, ApiError> {
    let page = Page::parse(&query.0).map_err(|faults| {
        ApiError::bad_request("The query is not valid.")
            .fields(faults.into_iter().map(Into::into).collect())
    })?;
    let with_archived = query.boolean("include_archived", "include_archived")?;
    let found = versions
        .list(&actor, template, with_archived.unwrap_or(false), &page)
        .await?;
    Ok(Reply(found.into_iter().map(Into::into).collect()))
}

/// A version of a template by its name.
#[utoipa::path(get, path = "/templates/{template}/versions/{templateversionname}", tag = "Templates",
    params(("template" = Uuid, Path), ("templateversionname" = String, Path)),
    responses((status = 200, body = TemplateVersion), (status = "4XX", body = Body)))]
async fn get_by_name(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((template, name)): Path<(TemplateId, String)>,
) -> Result<Reply<TemplateVersion>, ApiError> {
    let found = versions.find_by_name(&actor, template, &name).await?;
    Ok(Reply(found.into()))
}

/// A version by the names of its template and itself.
#[utoipa::path(get, path = "/organizations/{organization}/templates/{templatename}/versions/{templateversionname}",
    tag = "Templates",
    params(("organization" = String, Path), ("templatename" = String, Path), ("templateversionname" = String, Path)),
    responses((status = 200, body = TemplateVersion), (status = "4XX", body = Body)))]
async fn get_by_names(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Path((_organization, template, name)): Path<(String, String, String)>,
) -> Result<Reply<TemplateVersion>, ApiError> {
    let found = versions
        .find_by_names(&actor, organization.id, &template, &name)
        .await?;
    Ok(Reply(found.into()))
}

/// The version that was made before another.
#[utoipa::path(get, path = "/organizations/{organization}/templates/{templatename}/versions/{templateversionname}/previous",
    tag = "Templates",
    params(("organization" = String, Path), ("templatename" = String, Path), ("templateversionname" = String, Path)),
    responses((status = 200, body = TemplateVersion), (status = "4XX", body = Body)))]
async fn get_previous(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Path((_organization, template, name)): Path<(String, String, String)>,
) -> Result<Reply<TemplateVersion>, ApiError> {
    let found = versions
        .find_previous(&actor, organization.id, &template, &name)
        .await?;
    Ok(Reply(found.into()))
}

/// What an import found is forbidden, not a bad request, before it has ended (spec CO-109).
fn unfinished(reason: VersionError) -> ApiError {
    match reason {
        VersionError::Unfinished => {
            ApiError::new(StatusCode::FORBIDDEN, "The import has not ended yet.")
        }
        other => other.into(),
    }
}

/// A version's variables.
#[utoipa::path(get, path = "/templateversions/{templateversion}/variables", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = Vec<TemplateVersionVariable>), (status = "4XX", body = Body)))]
async fn variables(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<Vec<TemplateVersionVariable>>, ApiError> {
    let found = versions.variables(&actor, id).await.map_err(unfinished)?;
    Ok(Reply(found.into_iter().map(Into::into).collect()))
}

/// A version's parameters.
#[utoipa::path(get, path = "/templateversions/{templateversion}/rich-parameters", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = Vec<TemplateVersionParameter>), (status = "4XX", body = Body)))]
async fn parameters(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<Vec<TemplateVersionParameter>>, ApiError> {
    let found = versions.parameters(&actor, id).await.map_err(unfinished)?;
    Ok(Reply(found.into_iter().map(Into::into).collect()))
}

/// What a start and a stop of a workspace of this version would leave.
#[utoipa::path(get, path = "/templateversions/{templateversion}/resources", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = Vec<WorkspaceResource>), (status = "4XX", body = Body)))]
async fn resources(
    State(state): State<AppState>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<Vec<WorkspaceResource>>, ApiError> {
    let found = state.template_versions.resources(&actor, id).await?;
    Ok(Reply(shown(&state, found)))
}

/// The external auth providers that a version names; none can be configured yet, and an
/// import that names one fails.
#[utoipa::path(get, path = "/templateversions/{templateversion}/external-auth", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = Vec<TemplateVersionExternalAuth>), (status = "4XX", body = Body)))]
async fn external_auth(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<Vec<TemplateVersionExternalAuth>>, ApiError> {
    versions.job(&actor, id).await?;
    Ok(Reply(Vec::new()))
}

/// Always empty; kept for old clients.
#[utoipa::path(get, path = "/templateversions/{templateversion}/schema", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = Vec<String>), (status = "4XX", body = Body)))]
async fn removed_schema(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<Vec<String>>, ApiError> {
    versions.job(&actor, id).await?;
    Ok(Reply(Vec::new()))
}

/// Always empty; kept for old clients.
#[utoipa::path(get, path = "/templateversions/{templateversion}/parameters", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = Vec<String>), (status = "4XX", body = Body)))]
async fn removed_parameters(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<Vec<String>>, ApiError> {
    versions.job(&actor, id).await?;
    Ok(Reply(Vec::new()))
}
