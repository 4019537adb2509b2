//! Shapes of users and of signing in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    time::Time,
    validate::{Faults, Validate},
};
use crate::domain::{
    names,
    rights::roles::SiteRole,
    users::{LoginType, User as Account, UserStatus},
};

/// A user (codersdk.User).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct User {
    /// Its id.
    pub id: Uuid,
    /// Its name in URLs.
    pub username: String,
    /// Its picture.
    pub avatar_url: String,
    /// Its full name.
    pub name: String,
    /// Its e-mail address.
    pub email: String,
    /// When it was made.
    pub created_at: Time,
    /// When it was last changed.
    pub updated_at: Time,
    /// When it was last seen.
    pub last_seen_at: Time,
    /// Whether it may come in.
    pub status: UserStatus,
    /// How it signs in.
    pub login_type: LoginType,
    /// The theme it chose.
    pub theme_preference: String,
    /// Organizations it belongs to.
    pub organization_ids: Vec<Uuid>,
    /// Site roles granted to it.
    pub roles: Vec<SlimRole>,
}

/// A role's name, and its title (codersdk.SlimRole).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct SlimRole {
    /// Its name.
    pub name: String,
    /// Its title.
    pub display_name: String,
    /// The organization it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<Uuid>,
}

impl From<Account> for User {
    fn from(user: Account) -> Self {
        Self {
            id: user.id.0,
            username: user.username,
            avatar_url: user.avatar_url,
            name: user.name,
            email: user.email,
            created_at: user.created_at.into(),
            updated_at: user.updated_at.into(),
            last_seen_at: user.last_seen_at.into(),
            status: user.status,
            login_type: user.login_type,
            theme_preference: user.theme_preference,
            organization_ids: user.organization_ids.into_iter().map(|id| id.0).collect(),
            roles: user.site_roles.into_iter().map(SlimRole::from).collect(),
        }
    }
}

impl From<SiteRole> for SlimRole {
    fn from(role: SiteRole) -> Self {
        Self {
            name: role.to_string(),
            display_name: role.display_name().to_owned(),
            organization_id: None,
        }
    }
}

/// A page of users (codersdk.GetUsersResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct GetUsersResponse {
    /// The page.
    pub users: Vec<User>,
    /// How many there are on all pages.
    pub count: i64,
}

/// A user's roles everywhere (codersdk.UserRoles).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UserRoles {
    /// Roles of the site.
    pub roles: Vec<SiteRole>,
    /// Roles by organization.
    pub organization_roles: BTreeMap<Uuid, Vec<String>>,
}

/// Makes a user (codersdk.CreateUserRequestWithOrgs, and the older form with one organization).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateUserRequest {
    /// E-mail address.
    pub email: String,
    /// Username.
    pub username: String,
    /// Full name.
    pub name: String,
    /// Password; empty for a user that signs in another way.
    pub password: String,
    /// How the user signs in; by password unless said.
    pub login_type: String,
    /// Older clients say "none" so.
    pub disable_login: bool,
    /// Whether the user may come in; dormant unless said.
    pub user_status: Option<String>,
    /// Where the user belongs.
    pub organization_ids: Vec<Uuid>,
    /// Older clients name one organization.
    pub organization_id: Uuid,
}

impl CreateUserRequest {
    /// How the user signs in; nothing when there is no such way.
    #[must_use]
    pub fn login_type(&self) -> Option<LoginType> {
        match self.login_type.as_str() {
            "" if self.disable_login => Some(LoginType::None),
            "" => Some(LoginType::Password),
            name => LoginType::parse(name),
        }
    }
}

impl Validate for CreateUserRequest {
    fn validate(&self, faults: &mut Faults) {
        if self.email.is_empty() {
            faults.required("email", &self.email);
        } else {
            faults.check(names::is_email(&self.email), "email", "email", &self.email);
        }
        check_username(faults, &self.username);
        check_real_name(faults, &self.name);
        if let Some(status) = &self.user_status {
            let is_known = UserStatus::parse(status).is_some();
            faults.check(is_known, "user_status", "oneof", status);
        }
    }
}

/// Sets names (codersdk.UpdateUserProfileRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateUserProfileRequest {
    /// Username.
    pub username: String,
    /// Full name.
    pub name: String,
}

impl Validate for UpdateUserProfileRequest {
    fn validate(&self, faults: &mut Faults) {
        check_username(faults, &self.username);
        check_real_name(faults, &self.name);
    }
}

/// Sets the theme (codersdk.UpdateUserAppearanceSettingsRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateUserAppearanceSettingsRequest {
    /// The theme.
    pub theme_preference: String,
}

impl Validate for UpdateUserAppearanceSettingsRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.required("theme_preference", &self.theme_preference);
    }
}

/// Sets a password (codersdk.UpdateUserPasswordRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateUserPasswordRequest {
    /// The old one; users prove that they know it.
    pub old_password: String,
    /// The new one.
    pub password: String,
}

impl Validate for UpdateUserPasswordRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.required("password", &self.password);
    }
}

/// Sets roles (codersdk.UpdateRoles).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct UpdateRoles {
    /// All roles that the user is to have.
    pub roles: Vec<String>,
}

impl Validate for UpdateRoles {}

/// How a user signs in (codersdk.UserLoginType).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UserLoginType {
    /// The way.
    pub login_type: LoginType,
}

fn check_username(faults: &mut Faults, username: &str) {
    if username.is_empty() {
        faults.required("username", username);
    } else {
        faults.check(
            names::is_username(username),
            "username",
            "username",
            username,
        );
    }
}

fn check_real_name(faults: &mut Faults, name: &str) {
    faults.check(names::is_real_name(name), "name", "user_real_name", name);
}

/// Sets a deployment up (codersdk.CreateFirstUserRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct CreateFirstUserRequest {
    /// E-mail address.
    pub email: String,
    /// Username.
    pub username: String,
    /// Full name.
    pub name: String,
    /// Password.
    pub password: String,
    /// Whether a trial licence is wanted; nothing here needs one.
    pub trial: bool,
}

impl Validate for CreateFirstUserRequest {
    fn validate(&self, faults: &mut Faults) {
        if self.email.is_empty() {
            faults.required("email", &self.email);
        } else {
            faults.check(names::is_email(&self.email), "email", "email", &self.email);
        }
        check_username(faults, &self.username);
        check_real_name(faults, &self.name);
        faults.required("password", &self.password);
    }
}

/// Ids of what the set-up made (codersdk.CreateFirstUserResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct CreateFirstUserResponse {
    /// The first user.
    pub user_id: Uuid,
    /// The default organization.
    pub organization_id: Uuid,
}

/// Signs in (codersdk.LoginWithPasswordRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct LoginWithPasswordRequest {
    /// E-mail address.
    pub email: String,
    /// Password.
    pub password: String,
}

impl Validate for LoginWithPasswordRequest {
    fn validate(&self, faults: &mut Faults) {
        if self.email.is_empty() {
            faults.required("email", &self.email);
        } else {
            faults.check(names::is_email(&self.email), "email", "email", &self.email);
        }
        faults.required("password", &self.password);
    }
}

/// A session's token (codersdk.LoginWithPasswordResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct LoginWithPasswordResponse {
    /// `<id>-<secret>`.
    pub session_token: String,
}

/// A parameter's name and last value (codersdk.UserParameter).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct UserParameter {
    /// The parameter.
    pub name: String,
    /// The value.
    pub value: String,
}
