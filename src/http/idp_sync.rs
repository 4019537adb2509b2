//! How organizations, groups and roles follow an identity provider.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path, QueryMap},
    reply::Reply,
    state::AppState,
};
use crate::{
    domain::{
        idp_sync::{GroupSync, OrganizationSync, RoleSync},
        ids::OrganizationId,
        rights::actor::Actor,
        users::OrganizationRef,
    },
    service::idp_sync::{IdpSync, IdpSyncError},
    wire::{
        idp_sync::{
            GroupSyncSettings, OrganizationSyncSettings, PatchGroupIdpSyncConfigRequest,
            PatchIdMappingRequest, PatchNameMappingRequest, PatchOrganizationIdpSyncConfigRequest,
            PatchRoleIdpSyncConfigRequest, RoleSyncSettings,
        },
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(groups, set_groups))
        .routes(routes!(set_groups_config))
        .routes(routes!(set_groups_mapping))
        .routes(routes!(roles, set_roles))
        .routes(routes!(set_roles_config))
        .routes(routes!(set_roles_mapping))
        .routes(routes!(organizations, set_organizations))
        .routes(routes!(set_organizations_config))
        .routes(routes!(set_organizations_mapping))
        .routes(routes!(fields_of_organization))
        .routes(routes!(values_of_organization))
        .routes(routes!(fields))
        .routes(routes!(values))
}

impl From<IdpSyncError> for ApiError {
    fn from(reason: IdpSyncError) -> Self {
        match reason {
            IdpSyncError::Denied => Self::forbidden(),
            IdpSyncError::Store(source) => Self::internal(source),
        }
    }
}

async fn resolve(state: &AppState, actor: &Actor, named: &str) -> Result<OrganizationId, ApiError> {
    let named = OrganizationRef::from(named);
    Ok(state.organizations.resolve(actor, &named).await?.id)
}

/// The claim that the query names.
fn claim_field(query: &QueryMap) -> Result<(), ApiError> {
    match query.first("claimField") {
        Some(name) if !name.is_empty() => Ok(()),
        _ => Err(ApiError::bad_request("The query must name a claim.")
            .field("claimField", "is required")),
    }
}

/// How the groups of an organization follow.
#[utoipa::path(get, path = "/organizations/{organization}/settings/idpsync/groups", tag = "Enterprise",
    params(("organization" = String, Path)),
    responses((status = 200, body = GroupSyncSettings), (status = "4XX", body = Body)))]
async fn groups(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<GroupSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let found = state.idp_sync.groups(&actor, organization).await?;
    Ok(Reply(found.into()))
}

/// Sets how the groups of an organization follow.
#[utoipa::path(patch, path = "/organizations/{organization}/settings/idpsync/groups", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = GroupSyncSettings,
    responses((status = 200, body = GroupSyncSettings), (status = "4XX", body = Body)))]
async fn set_groups(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<GroupSyncSettings>,
) -> Result<Reply<GroupSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let change = |settings: &mut GroupSync| body.apply(settings);
    let changed = state
        .idp_sync
        .change_groups(&actor, organization, change)
        .await?;
    Ok(Reply(changed.into()))
}

/// Sets by which claim the groups of an organization follow.
#[utoipa::path(patch, path = "/organizations/{organization}/settings/idpsync/groups/config", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = PatchGroupIdpSyncConfigRequest,
    responses((status = 200, body = GroupSyncSettings), (status = "4XX", body = Body)))]
async fn set_groups_config(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<PatchGroupIdpSyncConfigRequest>,
) -> Result<Reply<GroupSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let change = |settings: &mut GroupSync| body.apply(settings);
    let changed = state
        .idp_sync
        .change_groups(&actor, organization, change)
        .await?;
    Ok(Reply(changed.into()))
}

/// Changes what a claim means for the groups of an organization.
#[utoipa::path(patch, path = "/organizations/{organization}/settings/idpsync/groups/mapping", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = PatchIdMappingRequest,
    responses((status = 200, body = GroupSyncSettings), (status = "4XX", body = Body)))]
async fn set_groups_mapping(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<PatchIdMappingRequest>,
) -> Result<Reply<GroupSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let change = |settings: &mut GroupSync| body.apply(&mut settings.mapping);
    let changed = state
        .idp_sync
        .change_groups(&actor, organization, change)
        .await?;
    Ok(Reply(changed.into()))
}

/// How the roles of an organization follow.
#[utoipa::path(get, path = "/organizations/{organization}/settings/idpsync/roles", tag = "Enterprise",
    params(("organization" = String, Path)),
    responses((status = 200, body = RoleSyncSettings), (status = "4XX", body = Body)))]
async fn roles(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<RoleSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let found = state.idp_sync.roles(&actor, organization).await?;
    Ok(Reply(found.into()))
}

/// Sets how the roles of an organization follow.
#[utoipa::path(patch, path = "/organizations/{organization}/settings/idpsync/roles", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = RoleSyncSettings,
    responses((status = 200, body = RoleSyncSettings), (status = "4XX", body = Body)))]
async fn set_roles(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<RoleSyncSettings>,
) -> Result<Reply<RoleSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let change = |settings: &mut RoleSync| body.apply(settings);
    let changed = state
        .idp_sync
        .change_roles(&actor, organization, change)
        .await?;
    Ok(Reply(changed.into()))
}

/// Sets by which claim the roles of an organization follow.
#[utoipa::path(patch, path = "/organizations/{organization}/settings/idpsync/roles/config", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = PatchRoleIdpSyncConfigRequest,
    responses((status = 200, body = RoleSyncSettings), (status = "4XX", body = Body)))]
async fn set_roles_config(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<PatchRoleIdpSyncConfigRequest>,
) -> Result<Reply<RoleSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let change = |settings: &mut RoleSync| settings.field = body.field;
    let changed = state
        .idp_sync
        .change_roles(&actor, organization, change)
        .await?;
    Ok(Reply(changed.into()))
}

/// Changes what a claim means for the roles of an organization.
#[utoipa::path(patch, path = "/organizations/{organization}/settings/idpsync/roles/mapping", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = PatchNameMappingRequest,
    responses((status = 200, body = RoleSyncSettings), (status = "4XX", body = Body)))]
async fn set_roles_mapping(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    Json(body): Json<PatchNameMappingRequest>,
) -> Result<Reply<RoleSyncSettings>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    let change = |settings: &mut RoleSync| body.apply(&mut settings.mapping);
    let changed = state
        .idp_sync
        .change_roles(&actor, organization, change)
        .await?;
    Ok(Reply(changed.into()))
}

/// How memberships of organizations follow.
#[utoipa::path(get, path = "/settings/idpsync/organization", tag = "Enterprise",
    responses((status = 200, body = OrganizationSyncSettings), (status = "4XX", body = Body)))]
async fn organizations(
    State(settings): State<IdpSync>,
    actor: Actor,
) -> Result<Reply<OrganizationSyncSettings>, ApiError> {
    Ok(Reply(settings.organizations(&actor).await?.into()))
}

/// Sets how memberships of organizations follow.
#[utoipa::path(patch, path = "/settings/idpsync/organization", tag = "Enterprise", request_body = OrganizationSyncSettings,
    responses((status = 200, body = OrganizationSyncSettings), (status = "4XX", body = Body)))]
async fn set_organizations(
    State(settings): State<IdpSync>,
    actor: Actor,
    Json(body): Json<OrganizationSyncSettings>,
) -> Result<Reply<OrganizationSyncSettings>, ApiError> {
    let change = |settings: &mut OrganizationSync| body.apply(settings);
    let changed = settings.change_organizations(&actor, change).await?;
    Ok(Reply(changed.into()))
}

/// Sets by which claim memberships of organizations follow.
#[utoipa::path(patch, path = "/settings/idpsync/organization/config", tag = "Enterprise", request_body = PatchOrganizationIdpSyncConfigRequest,
    responses((status = 200, body = OrganizationSyncSettings), (status = "4XX", body = Body)))]
async fn set_organizations_config(
    State(settings): State<IdpSync>,
    actor: Actor,
    Json(body): Json<PatchOrganizationIdpSyncConfigRequest>,
) -> Result<Reply<OrganizationSyncSettings>, ApiError> {
    let change = |settings: &mut OrganizationSync| body.apply(settings);
    let changed = settings.change_organizations(&actor, change).await?;
    Ok(Reply(changed.into()))
}

/// Changes what a claim means for memberships of organizations.
#[utoipa::path(patch, path = "/settings/idpsync/organization/mapping", tag = "Enterprise", request_body = PatchIdMappingRequest,
    responses((status = 200, body = OrganizationSyncSettings), (status = "4XX", body = Body)))]
async fn set_organizations_mapping(
    State(settings): State<IdpSync>,
    actor: Actor,
    Json(body): Json<PatchIdMappingRequest>,
) -> Result<Reply<OrganizationSyncSettings>, ApiError> {
    let change = |settings: &mut OrganizationSync| body.apply(&mut settings.mapping);
    let changed = settings.change_organizations(&actor, change).await?;
    Ok(Reply(changed.into()))
}

/// The claims that members of an organization brought; none is kept.
#[utoipa::path(get, path = "/organizations/{organization}/settings/idpsync/available-fields", tag = "Enterprise",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<String>), (status = "4XX", body = Body)))]
async fn fields_of_organization(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
) -> Result<Reply<Vec<String>>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    state.idp_sync.check_read(&actor, Some(organization))?;
    Ok(Reply(Vec::new()))
}

/// The claims that users brought; none is kept.
#[utoipa::path(get, path = "/settings/idpsync/available-fields", tag = "Enterprise",
    responses((status = 200, body = Vec<String>), (status = "4XX", body = Body)))]
async fn fields(
    State(settings): State<IdpSync>,
    actor: Actor,
) -> Result<Reply<Vec<String>>, ApiError> {
    settings.check_read(&actor, None)?;
    Ok(Reply(Vec::new()))
}

/// What members of an organization brought in a claim; none is kept.
#[utoipa::path(get, path = "/organizations/{organization}/settings/idpsync/field-values", tag = "Enterprise",
    params(("organization" = String, Path), ("claimField" = String, Query)),
    responses((status = 200, body = Vec<String>), (status = "4XX", body = Body)))]
async fn values_of_organization(
    State(state): State<AppState>,
    actor: Actor,
    Path((organization,)): Path<(String,)>,
    query: QueryMap,
) -> Result<Reply<Vec<String>>, ApiError> {
    let organization = resolve(&state, &actor, &organization).await?;
    state.idp_sync.check_read(&actor, Some(organization))?;
    claim_field(&query)?;
    Ok(Reply(Vec::new()))
}

/// What users brought in a claim; none is kept.
#[utoipa::path(get, path = "/settings/idpsync/field-values", tag = "Enterprise",
    params(("claimField" = String, Query)),
    responses((status = 200, body = Vec<String>), (status = "4XX", body = Body)))]
async fn values(
    State(settings): State<IdpSync>,
    actor: Actor,
    query: QueryMap,
) -> Result<Reply<Vec<String>>, ApiError> {
    settings.check_read(&actor, None)?;
    claim_field(&query)?;
    Ok(Reply(Vec::new()))
}
