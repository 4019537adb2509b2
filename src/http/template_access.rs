//! Who was given a template.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path, QueryMap, SeenTemplate},
    reply::Reply,
    state::AppState,
};
use crate::{
    domain::{ids::TemplateId, pagination::Page, rights::actor::Actor, search::users::UserQuery},
    service::templates::{TemplateError, Templates},
    wire::{
        response::Response as Body,
        template_access::{AclAvailable, TemplateAcl, UpdateTemplateAcl},
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(get, update))
        .routes(routes!(list_available))
}

/// Who was given a template.
#[utoipa::path(get, path = "/templates/{template}/acl", tag = "Enterprise", params(("template" = Uuid, Path)),
    responses((status = 200, body = TemplateAcl), (status = "4XX", body = Body)))]
async fn get(
    State(templates): State<Templates>,
    actor: Actor,
    Path((id,)): Path<(TemplateId,)>,
) -> Result<Reply<TemplateAcl>, ApiError> {
    let found = templates.access(&actor, id).await?;
    Ok(Reply(TemplateAcl::new(found.users, found.groups)))
}

/// Gives a template to users and groups, and takes it from them.
#[utoipa::path(patch, path = "/templates/{template}/acl", tag = "Enterprise", params(("template" = Uuid, Path)),
    request_body = UpdateTemplateAcl,
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn update(
    State(templates): State<Templates>,
    actor: Actor,
    SeenTemplate(id): SeenTemplate,
    Json(body): Json<UpdateTemplateAcl>,
) -> Result<Reply<Body>, ApiError> {
    let wishes = body.wishes().map_err(TemplateError::Settings)?;
    templates.change_access(&actor, id, &wishes).await?;
    Ok(Reply(Body::message("The access list was changed.")))
}

/// To whom a template can be given.
#[utoipa::path(get, path = "/templates/{template}/acl/available", tag = "Enterprise",
    params(("template" = Uuid, Path), ("q" = Option<String>, Query), ("limit" = Option<i64>, Query),
           ("offset" = Option<i64>, Query), ("after_id" = Option<Uuid>, Query)),
    responses((status = 200, body = AclAvailable), (status = "4XX", body = Body)))]
async fn list_available(
    State(templates): State<Templates>,
    actor: Actor,
    SeenTemplate(id): SeenTemplate,
    query: QueryMap,
    page: Page,
) -> Result<Reply<AclAvailable>, ApiError> {
    let search = UserQuery::parse(query.first("q").unwrap_or_default())
        .map_err(|faults| ApiError::invalid_query("The search is not valid.", faults))?;
    let (users, groups) = templates.possible_access(&actor, id, &search, page).await?;
    Ok(Reply(AclAvailable::new(users, groups)))
}
