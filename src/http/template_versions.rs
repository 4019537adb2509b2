//! Versions of templates.

mod dry_runs;
mod lists;

use axum::{extract::State, response::Response};
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path, SeenOrganization, SeenVersion},
    job_logs::{self, LogRequest},
    reply::{Created, Reply},
    state::AppState,
};
use crate::{
    domain::{
        ids::{FileId, TemplateId, TemplateVersionId},
        jobs::{CancelRefused, ProvisionerKind},
        rights::actor::Actor,
    },
    service::template_versions::{NewVersion, Source, TemplateVersions, VersionError},
    wire::{
        jobs::ProvisionerJobLog,
        response::Response as Body,
        template_versions::{
            CreateTemplateVersionRequest, PatchTemplateVersionRequest, TemplateVersion,
        },
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(create))
        .routes(routes!(get, change_words))
        .routes(routes!(cancel))
        .routes(routes!(archive))
        .routes(routes!(unarchive))
        .routes(routes!(logs))
        .merge(lists::router())
        .merge(dry_runs::router())
}

impl From<VersionError> for ApiError {
    fn from(reason: VersionError) -> Self {
        let text = reason.to_string();
        let not_found = |text: &str| Self::new(StatusCode::NOT_FOUND, sentence(text));
        match reason {
            VersionError::NotFound | VersionError::NoTemplate => Self::not_found(),
            VersionError::Denied | VersionError::OtherJob => Self::forbidden(),
            VersionError::NoName(_) | VersionError::First(_) | VersionError::NoFile => {
                not_found(&text)
            }
            VersionError::NameTaken(_) => {
                Self::conflict(sentence(&text)).field("name", "This name is taken.")
            }
            VersionError::NoExample(_) => {
                Self::bad_request("There is no such example.").detail(text)
            }
            VersionError::NoStart
            | VersionError::Unfinished
            | VersionError::ArchivedAlready(_)
            | VersionError::Unattached => Self::bad_request(sentence(&text)),
            VersionError::Source(fault) => {
                Self::bad_request(sentence(&text)).detail(fault.to_string())
            }
            VersionError::Cancel(CancelRefused::Ended) => {
                Self::bad_request("The job has ended already.")
            }
            VersionError::Cancel(CancelRefused::Canceled) => {
                Self::bad_request("The job has been canceled already.")
            }
            VersionError::InUse => {
                Self::conflict("The version cannot be archived.").detail(sentence(&text))
            }
            VersionError::NoDryRun => not_found(&text),
            VersionError::CutShort => Self::internal(reason),
            VersionError::Store(source) => Self::internal(source),
        }
    }
}

/// A reason as a sentence.
fn sentence(reason: &str) -> String {
    let mut letters = reason.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).chain(['.']).collect()
}

fn order(body: CreateTemplateVersionRequest) -> Result<NewVersion, ApiError> {
    let source = match (body.file_id.is_nil(), body.example_id.is_empty()) {
        (false, false) => {
            return Err(ApiError::bad_request(
                "A version is made of a file or of an example, not of both.",
            ));
        }
        (true, _) => Source::Example(body.example_id),
        (false, true) => Source::File(FileId(body.file_id)),
    };
    let values = body.user_variable_values.into_iter().map(Into::into);
    Ok(NewVersion {
        name: Some(body.name).filter(|name| !name.is_empty()),
        message: body.message,
        template: Some(TemplateId(body.template_id)).filter(|id| !id.is_nil()),
        source,
        provisioner: ProvisionerKind::parse(&body.provisioner)
            .unwrap_or(ProvisionerKind::Terraform),
        tags: body.tags,
        user_variable_values: values.collect(),
    })
}

/// Makes a version of an archive and queues its import.
#[utoipa::path(post, path = "/organizations/{organization}/templateversions", tag = "Templates",
    params(("organization" = String, Path)), request_body = CreateTemplateVersionRequest,
    responses((status = 201, body = TemplateVersion), (status = "4XX", body = Body)))]
async fn create(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Json(body): Json<CreateTemplateVersionRequest>,
) -> Result<Created<TemplateVersion>, ApiError> {
    match versions.create(&actor, organization.id, order(body)?).await {
        Err(VersionError::NoTemplate) => Err(ApiError::new(
            StatusCode::NOT_FOUND,
            "There is no such template.",
        )),
        made => Ok(Created(made?.into())),
    }
}

/// A version.
#[utoipa::path(get, path = "/templateversions/{templateversion}", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = TemplateVersion), (status = "4XX", body = Body)))]
async fn get(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<TemplateVersion>, ApiError> {
    Ok(Reply(versions.find(&actor, id).await?.into()))
}

/// Changes a version's name or message.
#[utoipa::path(patch, path = "/templateversions/{templateversion}", tag = "Templates",
    params(("templateversion" = Uuid, Path)), request_body = PatchTemplateVersionRequest,
    responses((status = 200, body = TemplateVersion), (status = "4XX", body = Body)))]
async fn change_words(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    SeenVersion(id): SeenVersion,
    Json(body): Json<PatchTemplateVersionRequest>,
) -> Result<Reply<TemplateVersion>, ApiError> {
    let name = Some(body.name).filter(|name| !name.is_empty());
    match versions.change_words(&actor, id, name, body.message).await {
        // Here a taken name is a bad request, at creation it is a conflict.
        Err(VersionError::NameTaken(name)) => Err(ApiError::bad_request(format!(
            "There is a version named {name:?} already."
        ))
        .field("name", "This name is taken.")),
        changed => Ok(Reply(changed?.into())),
    }
}

/// Cancels a version's import.
#[utoipa::path(patch, path = "/templateversions/{templateversion}/cancel", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn cancel(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<Body>, ApiError> {
    versions.cancel(&actor, id).await?;
    Ok(Reply(Body::message("The import is being canceled.")))
}

/// Takes a version out of use.
#[utoipa::path(post, path = "/templateversions/{templateversion}/archive", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = String), (status = "4XX", body = Body)))]
async fn archive(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<String>, ApiError> {
    versions.archive(&actor, id).await?;
    Ok(Reply(format!("The version {id} is archived.")))
}

/// Takes a version back into use.
#[utoipa::path(post, path = "/templateversions/{templateversion}/unarchive", tag = "Templates",
    params(("templateversion" = Uuid, Path)),
    responses((status = 200, body = String), (status = "4XX", body = Body)))]
async fn unarchive(
    State(versions): State<TemplateVersions>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
) -> Result<Reply<String>, ApiError> {
    versions.unarchive(&actor, id).await?;
    Ok(Reply(format!("The version {id} is not archived any more.")))
}

/// The log of a version's import, as a list or, with `follow`, over a websocket.
#[utoipa::path(get, path = "/templateversions/{templateversion}/logs", tag = "Templates",
    params(("templateversion" = Uuid, Path), ("after" = Option<i64>, Query), ("before" = Option<i64>, Query),
           ("follow" = Option<bool>, Query)),
    responses((status = 200, body = Vec<ProvisionerJobLog>), (status = 101), (status = "4XX", body = Body)))]
async fn logs(
    State(state): State<AppState>,
    actor: Actor,
    Path((id,)): Path<(TemplateVersionId,)>,
    request: LogRequest,
) -> Result<Response, ApiError> {
    let job = state.template_versions.job(&actor, id).await?;
    job_logs::answer(&state, job, request).await
}
