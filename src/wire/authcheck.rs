//! Shapes of questions about rights.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::validate::Validate;

/// Questions by a name of the client's choice (codersdk.AuthorizationRequest).
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default)]
pub struct AuthorizationRequest {
    /// The questions.
    pub checks: BTreeMap<String, AuthorizationCheck>,
}

impl Validate for AuthorizationRequest {}

/// One question (codersdk.AuthorizationCheck).
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default)]
pub struct AuthorizationCheck {
    /// What the action is done to.
    pub object: AuthorizationObject,
    /// The action.
    pub action: String,
}

/// A kind of thing, or one thing (codersdk.AuthorizationObject).
#[derive(Debug, Default, Deserialize, Serialize, utoipa::ToSchema)]
#[serde(default)]
pub struct AuthorizationObject {
    /// The kind.
    pub resource_type: String,
    /// Whose it is; `me` for the caller's.
    pub owner_id: String,
    /// Where it belongs.
    pub organization_id: String,
    /// The one thing.
    pub resource_id: String,
    /// Asks whether there is any organization in which the right holds.
    pub any_org: bool,
}
