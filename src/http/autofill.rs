//! What a user last gave a template's parameters.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Path, QueryMap},
    reply::Reply,
    state::AppState,
};
use crate::{
    domain::{
        faults::Fault, ids::TemplateId, query_values::QueryValues, rights::actor::Actor,
        users::UserRef,
    },
    service::users::Users,
    wire::{response::Response as Body, users::UserParameter},
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// The last values that a user gave a template's parameters.
#[utoipa::path(get, path = "/users/{user}/autofill-parameters", tag = "Users",
    params(("user" = String, Path), ("template_id" = uuid::Uuid, Query)),
    responses((status = 200, body = Vec<UserParameter>), (status = "4XX", body = Body)))]
async fn list(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    query: QueryMap,
) -> Result<Reply<Vec<UserParameter>>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let template = template(query).map_err(|faults| {
        ApiError::invalid_query("Some query parameters are not valid.", faults)
    })?;
    let found = users.autofill(&actor, user.id, template).await?.into_iter();
    let parameters = found.map(|(name, value)| UserParameter { name, value });
    Ok(Reply(parameters.collect()))
}

/// The one key there is; the credential may stand beside it.
fn template(QueryMap(query): QueryMap) -> Result<TemplateId, Vec<Fault>> {
    let mut values = QueryValues::default();
    for (key, given) in query {
        if key != super::extract::SESSION_COOKIE {
            for value in given {
                values.add(key.clone(), value);
            }
        }
    }
    let template = values.uuid("template_id");
    values.finish()?;
    template
        .map(TemplateId)
        .ok_or_else(|| vec![Fault::new("template_id", "is required")])
}
