//! Templates.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path, QueryMap, SeenOrganization, SeenTemplate},
    reply::{Created, Reply},
    state::AppState,
};
use crate::{
    domain::{
        faults::Fault,
        ids::{TemplateId, TemplateVersionId},
        rights::actor::Actor,
    },
    service::templates::{EXAMPLES, NewTemplate, TemplateError, Templates},
    wire::{
        response::Response as Body,
        template_requests::{
            ArchiveTemplateVersionsRequest, CreateTemplateRequest, UpdateActiveTemplateVersion,
            UpdateTemplateMeta,
        },
        template_wishes,
        templates::{ArchiveTemplateVersionsResponse, DausResponse, Template, TemplateExample},
    },
};

/// The widest difference from UTC that a day can begin with, in hours.
const WIDEST_OFFSET: i32 = 14;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(list_examples))
        .routes(routes!(list_examples_of_organization))
        .routes(routes!(list_of_organization, create))
        .routes(routes!(get_by_name))
        .routes(routes!(get, update, delete))
        .routes(routes!(daily_users))
        .routes(routes!(promote))
        .routes(routes!(archive_unused))
}

fn settings_at_fault(faults: Vec<Fault>) -> ApiError {
    // Some clients look for the first two words.
    ApiError::bad_request("Invalid request: the template cannot have these settings.")
        .fields(faults.into_iter().map(Into::into).collect())
}

impl From<TemplateError> for ApiError {
    fn from(reason: TemplateError) -> Self {
        const VERSION: &str = "template_version_id";
        match reason {
            TemplateError::NotFound => Self::not_found(),
            TemplateError::Denied => Self::forbidden(),
            TemplateError::NameTaken(name) => {
                Self::conflict(format!("There is a template named {name:?} already."))
                    .field("name", "This name is taken.")
            }
            TemplateError::NoVersion => Self::new(
                StatusCode::NOT_FOUND,
                "There is no such template version, or you may not see it.",
            )
            .field(VERSION, "There is no such version."),
            TemplateError::Archived => Self::bad_request("The template version is archived.")
                .field(VERSION, "The version is archived."),
            TemplateError::Attached => {
                Self::bad_request("The template version belongs to a template already.")
                    .field(VERSION, "The version belongs to a template.")
            }
            TemplateError::OtherTemplate => {
                Self::bad_request("The template version does not belong to this template.")
            }
            TemplateError::NotImported(status) => Self::new(
                StatusCode::FORBIDDEN,
                "Only a version that was imported successfully can become active.",
            )
            .detail(format!("The import of this one is {status}.")),
            TemplateError::InUse => Self::bad_request(
                "A template can be deleted once all of its workspaces are deleted.",
            ),
            TemplateError::Settings(faults) => settings_at_fault(faults),
            TemplateError::Search(faults) => {
                Self::bad_request("The search for templates makes no sense.")
                    .fields(faults.into_iter().map(Into::into).collect())
            }
            TemplateError::Store(source) => Self::internal(source),
        }
    }
}

/// The templates that the caller may see.
#[utoipa::path(get, path = "/templates", tag = "Templates", params(("q" = Option<String>, Query)),
    responses((status = 200, body = Vec<Template>), (status = "4XX", body = Body)))]
async fn list(
    State(templates): State<Templates>,
    actor: Actor,
    query: QueryMap,
) -> Result<Reply<Vec<Template>>, ApiError> {
    let search = query.first("q").unwrap_or_default();
    let found = templates.list(&actor, None, search).await?;
    Ok(Reply(found.into_iter().map(Template::from).collect()))
}

/// The templates of an organization that the caller may see.
#[utoipa::path(get, path = "/organizations/{organization}/templates", tag = "Templates",
    params(("organization" = String, Path), ("q" = Option<String>, Query)),
    responses((status = 200, body = Vec<Template>), (status = "4XX", body = Body)))]
async fn list_of_organization(
    State(templates): State<Templates>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    query: QueryMap,
) -> Result<Reply<Vec<Template>>, ApiError> {
    let search = query.first("q").unwrap_or_default();
    let found = templates
        .list(&actor, Some(organization.id), search)
        .await?;
    Ok(Reply(found.into_iter().map(Template::from).collect()))
}

fn examples() -> Reply<Vec<TemplateExample>> {
    let shown = EXAMPLES.iter().map(|example| TemplateExample {
        id: example.id.to_owned(),
        url: String::new(),
        name: example.name.to_owned(),
        description: example.description.to_owned(),
        icon: example.icon.to_owned(),
        tags: example.tags.iter().map(|tag| (*tag).to_owned()).collect(),
        markdown: example.readme.to_owned(),
    });
    Reply(shown.collect())
}

/// Built-in templates to begin with.
#[utoipa::path(get, path = "/templates/examples", tag = "Templates",
    responses((status = 200, body = Vec<TemplateExample>)))]
async fn list_examples(_actor: Actor) -> Reply<Vec<TemplateExample>> {
    examples()
}

/// Built-in templates to begin with; the same in every organization.
#[utoipa::path(get, path = "/organizations/{organization}/templates/examples", tag = "Templates",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<TemplateExample>), (status = "4XX", body = Body)))]
async fn list_examples_of_organization(
    _actor: Actor,
    _organization: SeenOrganization,
) -> Reply<Vec<TemplateExample>> {
    examples()
}

/// Makes a template out of a version that has none.
#[utoipa::path(post, path = "/organizations/{organization}/templates", tag = "Templates",
    params(("organization" = String, Path)), request_body = CreateTemplateRequest,
    responses((status = 201, body = Template), (status = "4XX", body = Body)))]
async fn create(
    State(templates): State<Templates>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Json(body): Json<CreateTemplateRequest>,
) -> Result<Created<Template>, ApiError> {
    let order = NewTemplate {
        settings: template_wishes::of_new(&body),
        name: body.name,
        display_name: body.display_name,
        description: body.description,
        icon: body.icon,
        version: TemplateVersionId(body.template_version_id),
        allow_user_cancel_workspace_jobs: body.allow_user_cancel_workspace_jobs.unwrap_or(false),
        disable_everyone_group_access: body.disable_everyone_group_access,
    };
    let made = templates.create(&actor, organization, order).await?;
    Ok(Created(made.into()))
}

/// A template of an organization by its name, in any letter case.
#[utoipa::path(get, path = "/organizations/{organization}/templates/{templatename}", tag = "Templates",
    params(("organization" = String, Path), ("templatename" = String, Path)),
    responses((status = 200, body = Template), (status = "4XX", body = Body)))]
async fn get_by_name(
    State(templates): State<Templates>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Path((_organization, name)): Path<(String, String)>,
) -> Result<Reply<Template>, ApiError> {
    let found = templates
        .find_by_name(&actor, organization.id, &name)
        .await?;
    Ok(Reply(found.into()))
}

/// A template.
#[utoipa::path(get, path = "/templates/{template}", tag = "Templates", params(("template" = Uuid, Path)),
    responses((status = 200, body = Template), (status = "4XX", body = Body)))]
async fn get(
    State(templates): State<Templates>,
    actor: Actor,
    Path((id,)): Path<(TemplateId,)>,
) -> Result<Reply<Template>, ApiError> {
    Ok(Reply(templates.find(&actor, id).await?.into()))
}

/// Changes a template; 304 when it is as wished already.
#[utoipa::path(patch, path = "/templates/{template}", tag = "Templates", params(("template" = Uuid, Path)),
    request_body = UpdateTemplateMeta,
    responses((status = 200, body = Template), (status = 304), (status = "4XX", body = Body)))]
async fn update(
    State(templates): State<Templates>,
    actor: Actor,
    SeenTemplate(id): SeenTemplate,
    Json(body): Json<UpdateTemplateMeta>,
) -> Result<Response, ApiError> {
    let change = template_wishes::of_change(body).map_err(settings_at_fault)?;
    let changed = templates.update(&actor, id, change).await?;
    Ok(changed.map_or_else(
        || StatusCode::NOT_MODIFIED.into_response(),
        |template| Reply(Template::from(template)).into_response(),
    ))
}

/// Deletes a template that has no workspaces.
#[utoipa::path(delete, path = "/templates/{template}", tag = "Templates", params(("template" = Uuid, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn delete(
    State(templates): State<Templates>,
    actor: Actor,
    Path((id,)): Path<(TemplateId,)>,
) -> Result<Reply<Body>, ApiError> {
    templates.delete(&actor, id).await?;
    Ok(Reply(Body::message("The template was deleted.")))
}

/// By how many hours the days of a count begin later than in UTC.
pub(super) fn offset_hours(query: &QueryMap) -> Result<i32, ApiError> {
    let text = query.first("tz_offset").filter(|text| !text.is_empty());
    text.map_or(Ok(0), str::parse)
        .ok()
        .filter(|hours: &i32| hours.abs() <= WIDEST_OFFSET)
        .ok_or_else(|| {
            ApiError::bad_request("\"tz_offset\" must be a number of hours.")
                .field("tz_offset", "must be between -14 and 14")
        })
}

/// How many used the template's workspaces, day by day.
#[utoipa::path(get, path = "/templates/{template}/daus", tag = "Templates",
    params(("template" = Uuid, Path), ("tz_offset" = Option<i32>, Query)),
    responses((status = 200, body = DausResponse), (status = "4XX", body = Body)))]
async fn daily_users(
    State(templates): State<Templates>,
    actor: Actor,
    Path((id,)): Path<(TemplateId,)>,
    query: QueryMap,
) -> Result<Reply<DausResponse>, ApiError> {
    let offset = offset_hours(&query)?;
    let days = templates.days_of_use(&actor, id, offset).await?;
    Ok(Reply(DausResponse::new(days, offset)))
}

/// Makes a version the one that new workspaces get.
#[utoipa::path(patch, path = "/templates/{template}/versions", tag = "Templates", params(("template" = Uuid, Path)),
    request_body = UpdateActiveTemplateVersion,
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn promote(
    State(templates): State<Templates>,
    actor: Actor,
    SeenTemplate(id): SeenTemplate,
    Json(body): Json<UpdateActiveTemplateVersion>,
) -> Result<Reply<Body>, ApiError> {
    templates
        .promote(&actor, id, TemplateVersionId(body.id))
        .await
        .map_err(not_promoted)?;
    Ok(Reply(Body::message("The version is the active one now.")))
}

/// Here the field of the request has another name than at creation.
fn not_promoted(reason: TemplateError) -> ApiError {
    match reason {
        TemplateError::NoVersion => {
            ApiError::new(StatusCode::NOT_FOUND, "There is no such template version.")
        }
        TemplateError::Archived => ApiError::bad_request("The template version is archived."),
        other => other.into(),
    }
}

/// Archives the versions that nothing uses.
#[utoipa::path(post, path = "/templates/{template}/versions/archive", tag = "Templates", params(("template" = Uuid, Path)),
    request_body = ArchiveTemplateVersionsRequest,
    responses((status = 200, body = ArchiveTemplateVersionsResponse), (status = "4XX", body = Body)))]
async fn archive_unused(
    State(templates): State<Templates>,
    actor: Actor,
    SeenTemplate(id): SeenTemplate,
    Json(body): Json<ArchiveTemplateVersionsRequest>,
) -> Result<Reply<ArchiveTemplateVersionsResponse>, ApiError> {
    let archived = templates.archive_unused(&actor, id, body.all).await?;
    Ok(Reply(ArchiveTemplateVersionsResponse {
        template_id: id.0,
        archived_ids: archived.into_iter().map(|version| version.0).collect(),
    }))
}
