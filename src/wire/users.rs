//! Shapes of users and of signing in.

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
    #[serde(skip_serializing_if = "String::is_empty")]
    pub avatar_url: String,
    /// Its full name.
    #[serde(skip_serializing_if = "String::is_empty")]
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
    #[serde(skip_serializing_if = "String::is_empty")]
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
    pub organization_id: Option<String>,
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
        if self.username.is_empty() {
            faults.required("username", &self.username);
        } else {
            faults.check(
                names::is_username(&self.username),
                "username",
                "username",
                &self.username,
            );
        }
        faults.check(
            names::is_real_name(&self.name),
            "name",
            "user_real_name",
            &self.name,
        );
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
