//! What a user is: its states and its ways to sign in. Who may do what is in `rights`.

use uuid::Uuid;

use super::{
    clock::Timestamp,
    ids::{OrganizationId, UserId},
    rights::roles::SiteRole,
    text_enum::text_enum,
};

text_enum! {
    /// Whether a user may use the deployment.
    #[sqlx(type_name = "user_status")]
    pub enum UserStatus {
        /// May sign in.
        Active = "active",
        /// Has not been seen for long; becomes active by any signed-in request.
        Dormant = "dormant",
        /// Is refused everywhere.
        Suspended = "suspended",
    }
}

text_enum! {
    /// How a user signs in, or how an API key came to be.
    #[sqlx(type_name = "login_type")]
    pub enum LoginType {
        /// With a password kept here.
        Password = "password",
        /// Through GitHub.
        Github = "github",
        /// Through an `OpenID` Connect provider.
        Oidc = "oidc",
        /// With an API token; only keys have this type.
        Token = "token",
        /// Not at all: a machine user.
        None = "none",
    }
}

/// A user as others see it.
#[derive(Clone, Debug)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its name in URLs.
    pub username: String,
    /// Its e-mail address.
    pub email: String,
    /// Its full name.
    pub name: String,
    /// Its picture; empty for none.
    pub avatar_url: String,
    /// The theme it chose; empty for none.
    pub theme_preference: String,
    /// Whether it may come in.
    pub status: UserStatus,
    /// How it signs in.
    pub login_type: LoginType,
    /// Site roles granted to it, by name.
    pub site_roles: Vec<SiteRole>,
    /// Organizations it belongs to.
    pub organization_ids: Vec<OrganizationId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was last seen.
    pub last_seen_at: Timestamp,
}

/// How a path names a user (spec WS-17).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum UserRef {
    /// The caller.
    Me,
    /// By id.
    Id(UserId),
    /// By username, in any letter case.
    Name(String),
}

impl From<&str> for UserRef {
    fn from(text: &str) -> Self {
        match (text, Uuid::parse_str(text)) {
            ("me", _) => Self::Me,
            (_, Ok(id)) => Self::Id(UserId(id)),
            (name, Err(_)) => Self::Name(name.to_owned()),
        }
    }
}

/// How a path names an organization (spec WS-19).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum OrganizationRef {
    /// The one that always exists.
    Default,
    /// By id.
    Id(OrganizationId),
    /// By name, in any letter case.
    Name(String),
}

impl From<&str> for OrganizationRef {
    fn from(text: &str) -> Self {
        match (text, Uuid::parse_str(text)) {
            ("default", _) => Self::Default,
            (_, Ok(id)) if id.is_nil() => Self::Default,
            (_, Ok(id)) => Self::Id(OrganizationId(id)),
            (name, Err(_)) => Self::Name(name.to_owned()),
        }
    }
}
