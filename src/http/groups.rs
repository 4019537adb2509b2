//! Groups of organizations and who is in them.

use axum::extract::State;
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;

use super::{
    error::ApiError,
    extract::{ChangeableGroup, Json, Path, QueryMap, SeenOrganization},
    reply::{Created, Reply},
    state::AppState,
    users::sentence,
};
use crate::{
    domain::{
        groups::{GroupChange, GroupQuery},
        ids::{GroupId, UserId},
        query_values::QueryValues,
        rights::actor::Actor,
        users::{OrganizationRef, UserRef},
    },
    service::groups::{GroupError, Groups},
    wire::{
        groups::{CreateGroupRequest, Group, PatchGroupRequest},
        response::Response as Body,
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, update, delete))
        .routes(routes!(list_of_organization, create))
        .routes(routes!(get_by_name))
}

const BAD_QUERY: &str = "Some query parameters are not valid.";

impl From<GroupError> for ApiError {
    fn from(reason: GroupError) -> Self {
        match reason {
            GroupError::NotFound => Self::not_found(),
            GroupError::Reserved(ref name) => {
                let detail = format!("{name:?} is the name of the group of all members");
                Self::bad_request(sentence(&reason)).field("name", detail)
            }
            GroupError::NameTaken(_) => Self::conflict(sentence(&reason))
                .field("name", "must be the only one in the organization"),
            GroupError::EveryoneHasAll => Self::new(StatusCode::FORBIDDEN, sentence(&reason)),
            GroupError::Everyone(_) | GroupError::NoMember(_) | GroupError::AlreadyIn => {
                Self::bad_request(sentence(&reason))
            }
            GroupError::NotIn => Self::new(StatusCode::PRECONDITION_FAILED, sentence(&reason)),
            GroupError::Query(faults) => Self::invalid_query(BAD_QUERY, faults),
            GroupError::Store(source) => Self::internal(source),
        }
    }
}

/// The groups that the caller may see.
#[utoipa::path(get, path = "/groups", tag = "Enterprise",
    params(("organization" = Option<String>, Query), ("has_member" = Option<String>, Query),
           ("group_ids" = Option<String>, Query)),
    responses((status = 200, body = Vec<Group>), (status = "4XX", body = Body)))]
async fn list(
    State(groups): State<Groups>,
    actor: Actor,
    query: QueryMap,
) -> Result<Reply<Vec<Group>>, ApiError> {
    let found = groups.list(&actor, &read(query)?).await?;
    Ok(Reply(found.into_iter().map(Group::from).collect()))
}

fn read(query: QueryMap) -> Result<GroupQuery, ApiError> {
    let mut values = QueryValues::default();
    for (key, texts) in query.0 {
        for text in texts {
            values.add(key.clone(), text);
        }
    }
    let read = GroupQuery {
        organization: (values.text("organization")).map(|name| OrganizationRef::from(&*name)),
        member: (values.text("has_member")).map(|name| UserRef::from(&*name)),
        ids: values.uuids("group_ids").into_iter().map(GroupId).collect(),
    };
    values
        .finish()
        .map_err(|faults| ApiError::invalid_query(BAD_QUERY, faults))?;
    Ok(read)
}

/// The groups of an organization that the caller may see.
#[utoipa::path(get, path = "/organizations/{organization}/groups", tag = "Enterprise",
    params(("organization" = String, Path)),
    responses((status = 200, body = Vec<Group>), (status = "4XX", body = Body)))]
async fn list_of_organization(
    State(groups): State<Groups>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
) -> Result<Reply<Vec<Group>>, ApiError> {
    let found = groups.list_of_organization(&actor, organization.id).await;
    let found = found.map_err(ApiError::internal)?;
    Ok(Reply(found.into_iter().map(Group::from).collect()))
}

/// Makes a group.
#[utoipa::path(post, path = "/organizations/{organization}/groups", tag = "Enterprise",
    params(("organization" = String, Path)), request_body = CreateGroupRequest,
    responses((status = 201, body = Group), (status = "4XX", body = Body)))]
async fn create(
    State(groups): State<Groups>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Json(body): Json<CreateGroupRequest>,
) -> Result<Created<Group>, ApiError> {
    let made = groups.create(&actor, organization, body.into()).await?;
    Ok(Created(made.into()))
}

/// A group of an organization by its name.
#[utoipa::path(get, path = "/organizations/{organization}/groups/{groupName}", tag = "Enterprise",
    params(("organization" = String, Path), ("groupName" = String, Path)),
    responses((status = 200, body = Group), (status = "4XX", body = Body)))]
async fn get_by_name(
    State(groups): State<Groups>,
    actor: Actor,
    SeenOrganization(organization): SeenOrganization,
    Path((_organization, name)): Path<(String, String)>,
) -> Result<Reply<Group>, ApiError> {
    let found = groups.find_by_name(&actor, organization.id, &name).await?;
    Ok(Reply(found.into()))
}

/// A group.
#[utoipa::path(get, path = "/groups/{group}", tag = "Enterprise", params(("group" = Uuid, Path)),
    responses((status = 200, body = Group), (status = "4XX", body = Body)))]
async fn get(
    State(groups): State<Groups>,
    actor: Actor,
    Path((id,)): Path<(GroupId,)>,
) -> Result<Reply<Group>, ApiError> {
    Ok(Reply(groups.find(&actor, id).await?.into()))
}

/// Changes a group and who is in it.
#[utoipa::path(patch, path = "/groups/{group}", tag = "Enterprise", params(("group" = Uuid, Path)),
    request_body = PatchGroupRequest,
    responses((status = 200, body = Group), (status = "4XX", body = Body)))]
async fn update(
    State(groups): State<Groups>,
    actor: Actor,
    ChangeableGroup(id): ChangeableGroup,
    Json(body): Json<PatchGroupRequest>,
) -> Result<Reply<Group>, ApiError> {
    let changed = groups.change(&actor, id, wished(&body)).await?;
    Ok(Reply(changed.into()))
}

fn wished(body: &PatchGroupRequest) -> GroupChange {
    let ids = |texts: &[String]| {
        let ids = texts.iter().filter_map(|text| Uuid::parse_str(text).ok());
        ids.map(UserId).collect()
    };
    GroupChange {
        name: (!body.name.is_empty()).then(|| body.name.clone()),
        display_name: body.display_name.clone(),
        avatar_url: body.avatar_url.clone(),
        quota_allowance: body.quota_allowance,
        add: ids(&body.add_users),
        remove: ids(&body.remove_users),
    }
}

/// Deletes a group.
#[utoipa::path(delete, path = "/groups/{group}", tag = "Enterprise", params(("group" = Uuid, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn delete(
    State(groups): State<Groups>,
    actor: Actor,
    Path((id,)): Path<(GroupId,)>,
) -> Result<Reply<Body>, ApiError> {
    groups.delete(&actor, id).await?;
    Ok(Reply(Body::message("The group was deleted.")))
}
