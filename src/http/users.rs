//! Users.

use axum::extract::State;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{error::ApiError, extract::Path, reply::Reply, state::AppState};
use crate::{
    domain::{rights::actor::Actor, users::UserRef},
    service::users::{FindUserError, Users},
    wire::{response::Response as Body, users::User},
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new().routes(routes!(get_user))
}

impl From<FindUserError> for ApiError {
    fn from(reason: FindUserError) -> Self {
        match reason {
            FindUserError::NotFound => {
                Self::bad_request("\"user\" must be an existing UUID or username.")
            }
            FindUserError::Store(source) => Self::internal(source),
        }
    }
}

/// One user.
#[utoipa::path(get, path = "/users/{user}", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = User), (status = "4XX", body = Body)))]
async fn get_user(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<User>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    Ok(Reply(user.into()))
}
