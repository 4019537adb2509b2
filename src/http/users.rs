//! Users: making, finding, changing, deleting.

use axum::{extract::State, routing::MethodRouter};
use http::StatusCode;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    error::ApiError,
    extract::{Json, Path, QueryMap},
    reply::{Created, Reply},
    state::AppState,
};
use crate::{
    domain::{
        ids::OrganizationId,
        pagination::Page,
        rights::actor::Actor,
        search::users::UserQuery,
        users::{UserRef, UserStatus},
    },
    service::users::{ChangeUserError, CreateUserError, FindUserError, NewUser, Users},
    wire::{
        response::Response as Body,
        users::{
            CreateUserRequest, GetUsersResponse, UpdateUserAppearanceSettingsRequest,
            UpdateUserProfileRequest, User, UserLoginType,
        },
    },
};

pub(super) fn router() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(list_users, create_user))
        .routes(routes!(get_user, delete_user))
        .routes(routes!(update_profile))
        .routes(routes!(update_appearance))
        .routes(routes!(suspend))
        .routes(routes!(activate))
        .routes(routes!(login_type))
}

impl From<FindUserError> for ApiError {
    fn from(reason: FindUserError) -> Self {
        match reason {
            FindUserError::NotFound => no_such_user(),
            FindUserError::Store(source) => Self::internal(source),
        }
    }
}

/// The answer for a path whose user is missing or hidden.
pub(super) fn no_such_user() -> ApiError {
    ApiError::bad_request("\"user\" must be an existing UUID or username.")
        .detail("There is no such user, or you may not see it.")
}

/// The users that the caller may see, by name.
#[utoipa::path(get, path = "/users", tag = "Users",
    params(("q" = Option<String>, Query), ("limit" = Option<i64>, Query), ("offset" = Option<i64>, Query),
           ("after_id" = Option<uuid::Uuid>, Query)),
    responses((status = 200, body = GetUsersResponse), (status = "4XX", body = Body)))]
async fn list_users(
    State(users): State<Users>,
    actor: Actor,
    query: QueryMap,
    page: Page,
) -> Result<Reply<GetUsersResponse>, ApiError> {
    let search = UserQuery::parse(query.first("q").unwrap_or_default())
        .map_err(|faults| ApiError::invalid_query("The search is not valid.", faults))?;
    let found = users.list(&actor, &search, page).await;
    let (users, count) = found.map_err(ApiError::internal)?;
    Ok(Reply(GetUsersResponse {
        users: users.into_iter().map(User::from).collect(),
        count,
    }))
}

impl From<CreateUserError> for ApiError {
    fn from(reason: CreateUserError) -> Self {
        match reason {
            CreateUserError::Denied | CreateUserError::PasswordsOff => Self::forbidden(),
            CreateUserError::PasswordNotUsed(_) | CreateUserError::LoginTypeUnavailable(_) => {
                Self::bad_request(sentence(&reason))
            }
            CreateUserError::NoOrganization => Self::bad_request(sentence(&reason))
                .detail("A user belongs to one organization at least.")
                .field("organization_ids", "must name one organization at least"),
            CreateUserError::UnknownOrganization(_) => {
                Self::new(StatusCode::NOT_FOUND, sentence(&reason))
            }
            CreateUserError::Taken => Self::conflict(sentence(&reason)),
            CreateUserError::WeakPassword(weakness) => {
                Self::bad_request("The password is too weak.")
                    .field("password", weakness.to_string())
            }
            CreateUserError::Secrets => Self::internal(reason),
            CreateUserError::Store(source) => Self::internal(source),
        }
    }
}

/// A reason as a sentence.
pub(super) fn sentence(reason: &impl std::fmt::Display) -> String {
    let text = reason.to_string();
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| {
        format!("{}{}.", first.to_uppercase(), letters.as_str())
    })
}

impl TryFrom<CreateUserRequest> for NewUser {
    type Error = ApiError;

    fn try_from(body: CreateUserRequest) -> Result<Self, ApiError> {
        let Some(login_type) = body.login_type() else {
            return Err(ApiError::bad_request(format!(
                "{:?} is no way to sign in.",
                body.login_type
            )));
        };
        let mut organizations = body.organization_ids;
        if !body.organization_id.is_nil() {
            organizations.push(body.organization_id);
        }
        Ok(Self {
            login_type,
            status: body.user_status.as_deref().and_then(UserStatus::parse),
            email: body.email,
            username: body.username,
            name: body.name,
            password: body.password,
            organizations: organizations.into_iter().map(OrganizationId).collect(),
        })
    }
}

/// Makes a user.
#[utoipa::path(post, path = "/users", tag = "Users", request_body = CreateUserRequest,
    responses((status = 201, body = User), (status = "4XX", body = Body)))]
async fn create_user(
    State(users): State<Users>,
    actor: Actor,
    Json(body): Json<CreateUserRequest>,
) -> Result<Created<User>, ApiError> {
    let user = users.create(&actor, body.try_into()?).await?;
    Ok(Created(user.into()))
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

/// GET where a fixed word of another route stands in the place of a username.
pub(super) fn get_named(name: &'static str) -> MethodRouter<AppState> {
    axum::routing::get(async move |State(users): State<Users>, actor: Actor| {
        let user = users.resolve(&actor, &UserRef::from(name)).await?;
        Ok::<_, ApiError>(Reply(User::from(user)))
    })
}

impl From<ChangeUserError> for ApiError {
    fn from(reason: ChangeUserError) -> Self {
        match reason {
            ChangeUserError::NotFound => Self::not_found(),
            ChangeUserError::Denied => Self::forbidden(),
            ChangeUserError::Taken => {
                Self::conflict(sentence(&reason)).field("username", "is taken")
            }
            ChangeUserError::Oneself | ChangeUserError::Owner => {
                Self::bad_request(sentence(&reason))
            }
            ChangeUserError::HasWorkspaces => Self::new(
                StatusCode::EXPECTATION_FAILED,
                "The user still has workspaces. Delete them first.",
            ),
            ChangeUserError::Store(source) => Self::internal(source),
        }
    }
}

/// Deletes a user.
#[utoipa::path(delete, path = "/users/{user}", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = Body), (status = "4XX", body = Body)))]
async fn delete_user(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<Body>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    users
        .delete(&actor, user.id)
        .await
        .map_err(|reason| match reason {
            ChangeUserError::Oneself => {
                ApiError::new(StatusCode::FORBIDDEN, "You cannot delete yourself!")
            }
            other => other.into(),
        })?;
    Ok(Reply(Body::message("The user was deleted.")))
}

/// Sets the username and the full name.
#[utoipa::path(put, path = "/users/{user}/profile", tag = "Users", params(("user" = String, Path)),
    request_body = UpdateUserProfileRequest,
    responses((status = 200, body = User), (status = "4XX", body = Body)))]
async fn update_profile(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    Json(body): Json<UpdateUserProfileRequest>,
) -> Result<Reply<User>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let changed = users.set_profile(&actor, user.id, body.username, body.name);
    Ok(Reply(changed.await?.into()))
}

/// Sets the theme.
#[utoipa::path(put, path = "/users/{user}/appearance", tag = "Users", params(("user" = String, Path)),
    request_body = UpdateUserAppearanceSettingsRequest,
    responses((status = 200, body = User), (status = "4XX", body = Body)))]
async fn update_appearance(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
    Json(body): Json<UpdateUserAppearanceSettingsRequest>,
) -> Result<Reply<User>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let changed = users.set_theme(&actor, user.id, body.theme_preference);
    Ok(Reply(changed.await?.into()))
}

/// Shuts a user out.
#[utoipa::path(put, path = "/users/{user}/status/suspend", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = User), (status = "4XX", body = Body)))]
async fn suspend(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<User>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let changed = users.set_status(&actor, user.id, UserStatus::Suspended);
    Ok(Reply(changed.await?.into()))
}

/// Lets a user in again.
#[utoipa::path(put, path = "/users/{user}/status/activate", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = User), (status = "4XX", body = Body)))]
async fn activate(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<User>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    let changed = users.set_status(&actor, user.id, UserStatus::Active);
    Ok(Reply(changed.await?.into()))
}

/// How the caller signs in; of others it is not told.
#[utoipa::path(get, path = "/users/{user}/login-type", tag = "Users", params(("user" = String, Path)),
    responses((status = 200, body = UserLoginType), (status = "4XX", body = Body)))]
async fn login_type(
    State(users): State<Users>,
    actor: Actor,
    Path((user,)): Path<(String,)>,
) -> Result<Reply<UserLoginType>, ApiError> {
    let user = users.resolve(&actor, &UserRef::from(user.as_str())).await?;
    if user.id != actor.id {
        return Err(ApiError::forbidden());
    }
    Ok(Reply(UserLoginType {
        login_type: user.login_type,
    }))
}
