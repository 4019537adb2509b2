//! Questions about rights, many at once: the web interface asks before it shows a button.

use std::collections::BTreeMap;

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{error::ApiError, extract::Json, reply::Reply, state::AppState};
use crate::{
    domain::{
        ids::{OrganizationId, UserId},
        rights::{Action, Object, ResourceKind, actor::Actor},
    },
    service::authcheck::{AuthCheck, Question},
    wire::{
        authcheck::{AuthorizationCheck, AuthorizationObject, AuthorizationRequest},
        response::Response as Body,
    },
};

/// Most questions about single things in one request; each costs a statement.
const MOST_THINGS: usize = 10;

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(check))
}

/// Tells what the caller may do.
#[utoipa::path(post, path = "/authcheck", tag = "Authorization", request_body = AuthorizationRequest,
    responses((status = 200, body = BTreeMap<String, bool>), (status = "4XX", body = Body)))]
async fn check(
    State(rights): State<AuthCheck>,
    actor: Actor,
    Json(body): Json<AuthorizationRequest>,
) -> Result<Reply<BTreeMap<String, bool>>, ApiError> {
    let things = body
        .checks
        .values()
        .filter(|check| !check.object.resource_id.is_empty());
    if things.count() > MOST_THINGS {
        return Err(ApiError::bad_request(format!(
            "At most {MOST_THINGS} checks may name a resource_id."
        )));
    }
    let mut answers = BTreeMap::new();
    for (name, check) in body.checks {
        let question = question(&actor, &name, &check)?;
        let answer = rights.may(&actor, &question).await;
        answers.insert(name, answer.map_err(ApiError::internal)?);
    }
    Ok(Reply(answers))
}

fn question(actor: &Actor, name: &str, check: &AuthorizationCheck) -> Result<Question, ApiError> {
    if check.object.resource_type.is_empty() {
        return Err(ApiError::bad_request(format!(
            "The check {name:?} needs a resource_type for its object."
        )));
    }
    let kind = ResourceKind::parse(&check.object.resource_type);
    Ok(Question {
        action: Action::parse(&check.action),
        object: kind
            .map(|kind| object(actor, kind, &check.object))
            .transpose()?,
    })
}

fn object(
    actor: &Actor,
    kind: ResourceKind,
    asked: &AuthorizationObject,
) -> Result<Object, ApiError> {
    let mut object = Object::of(kind);
    object.any_organization = asked.any_org;
    object.owner = match asked.owner_id.as_str() {
        "" => None,
        "me" => Some(actor.id),
        // Somebody who does not exist is still not the caller.
        other => Some(UserId(Uuid::parse_str(other).unwrap_or_default())),
    };
    if !asked.organization_id.is_empty() {
        let id = Uuid::parse_str(&asked.organization_id).unwrap_or_default();
        object.organization = Some(OrganizationId(id));
    }
    if !asked.resource_id.is_empty() {
        let id = Uuid::parse_str(&asked.resource_id).map_err(|error| {
            ApiError::bad_request(format!("{:?} is not a UUID.", asked.resource_id))
                .field("resource_id", error.to_string())
        })?;
        let known = matches!(
            kind,
            ResourceKind::Workspace
                | ResourceKind::Template
                | ResourceKind::User
                | ResourceKind::Group
        );
        if !known {
            return Err(
                ApiError::bad_request("This kind cannot be asked for by id.")
                    .field("resource_type", "cannot be combined with resource_id"),
            );
        }
        object.id = Some(id);
    }
    Ok(object)
}
