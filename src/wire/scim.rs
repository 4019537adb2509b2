//! Shapes of SCIM (RFC 7643, RFC 7644), as far as users are concerned.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::validate::Validate;
use crate::domain::{names, scim::Wish, users::User};

/// The schema of errors.
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";
/// The schema of lists.
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema of what a server can do.
const PROVIDER_CONFIG: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";

/// A user as an identity provider sees it (coderd.SCIMUser).
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ScimUser {
    /// Schemas that the user keeps to.
    pub schemas: Option<Vec<String>>,
    /// Its id here.
    pub id: String,
    /// What the provider calls it.
    pub user_name: String,
    /// Its full name.
    pub name: ScimName,
    /// Its e-mail addresses; the primary one counts.
    pub emails: Option<Vec<ScimEmail>>,
    /// Whether it may come in.
    pub active: Option<bool>,
    /// Its groups, which do not count.
    #[schema(value_type = Option<Vec<Object>>)]
    pub groups: Option<Vec<Value>>,
    /// What this is.
    pub meta: ScimMeta,
}

/// A full name in two parts.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ScimName {
    /// The first part.
    pub given_name: String,
    /// The last part.
    pub family_name: String,
}

/// An e-mail address.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ScimEmail {
    /// Whether it is the one that counts.
    pub primary: bool,
    /// The address.
    pub value: String,
    /// What it is used for.
    #[serde(rename = "type")]
    pub kind: String,
    /// How it is shown.
    pub display: String,
}

/// What a resource is.
#[derive(Debug, Clone, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, rename_all = "camelCase")]
pub struct ScimMeta {
    /// Its kind.
    pub resource_type: String,
}

impl Validate for ScimUser {}

impl ScimUser {
    /// What the provider wants; nothing without a usable primary address.
    #[must_use]
    pub fn wish(&self) -> Option<Wish> {
        let emails = self.emails.iter().flatten();
        let email = emails
            .filter(|email| email.primary)
            .map(|email| &email.value)
            .next()?;
        if !names::is_email(email) {
            return None;
        }
        let called = if self.user_name.is_empty() {
            email
        } else {
            &self.user_name
        };
        Some(Wish {
            email: email.clone(),
            username: names::to_username(called),
            name: format!("{} {}", self.name.given_name, self.name.family_name),
            active: self.active.unwrap_or(true),
        })
    }

    /// The same with what is true here.
    #[must_use]
    pub fn found(self, user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            user_name: user.username.clone(),
            ..self
        }
    }
}

/// Why a wish was not fulfilled.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScimFault {
    /// The schema of errors.
    pub schemas: [&'static str; 1],
    /// The HTTP status, as a text.
    pub status: String,
    /// The kind of fault, where the standard has a word for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scim_type: Option<&'static str>,
    /// The reason for people.
    pub detail: String,
}

impl ScimFault {
    /// The fault with this status.
    #[must_use]
    pub fn new(status: u16, scim_type: Option<&'static str>, detail: String) -> Self {
        Self {
            schemas: [ERROR],
            status: status.to_string(),
            scim_type,
            detail,
        }
    }
}

/// A list of users, which is always empty: a provider that finds nobody makes users.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScimUsers {
    schemas: [&'static str; 1],
    total_results: u64,
    start_index: u64,
    items_per_page: u64,
    #[serde(rename = "Resources")]
    resources: Vec<ScimUser>,
}

impl ScimUsers {
    /// The empty list.
    #[must_use]
    pub fn none() -> Self {
        Self {
            schemas: [LIST],
            total_results: 0,
            start_index: 1,
            items_per_page: 0,
            resources: Vec::new(),
        }
    }
}

/// Something that a server can do or not.
#[derive(Debug, Default, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct Ability {
    supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_operations: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_payload_size: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_results: Option<u64>,
}

/// How a provider proves who it is.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
struct AuthenticationScheme {
    #[serde(rename = "type")]
    kind: &'static str,
    name: &'static str,
    description: &'static str,
    spec_uri: &'static str,
}

/// What this server can do over SCIM.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServiceProviderConfig {
    schemas: [&'static str; 1],
    patch: Ability,
    bulk: Ability,
    filter: Ability,
    change_password: Ability,
    sort: Ability,
    etag: Ability,
    authentication_schemes: [AuthenticationScheme; 1],
    meta: ScimMeta,
}

impl ServiceProviderConfig {
    /// What it can.
    #[must_use]
    pub fn ours() -> Self {
        Self {
            schemas: [PROVIDER_CONFIG],
            patch: Ability {
                supported: true,
                ..Ability::default()
            },
            bulk: Ability {
                max_operations: Some(0),
                max_payload_size: Some(0),
                ..Ability::default()
            },
            filter: Ability {
                max_results: Some(0),
                ..Ability::default()
            },
            change_password: Ability::default(),
            sort: Ability::default(),
            etag: Ability::default(),
            authentication_schemes: [AuthenticationScheme {
                kind: "oauthbearertoken",
                name: "Authorization header",
                description: "The value that the deployment was set up with",
                spec_uri: "https://www.rfc-editor.org/rfc/rfc6750",
            }],
            meta: ScimMeta {
                resource_type: "ServiceProviderConfig".to_owned(),
            },
        }
    }
}
