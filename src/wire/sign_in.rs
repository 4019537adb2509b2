//! Shapes of the ways to sign in and of passwords.

use serde::{Deserialize, Serialize};

use super::validate::{Faults, Validate};
use crate::domain::names;

/// The ways to sign in (codersdk.AuthMethods).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuthMethods {
    /// By password.
    pub password: AuthMethod,
    /// Through GitHub.
    pub github: AuthMethod,
    /// Through an `OpenID` Connect provider.
    pub oidc: OidcAuthMethod,
}

/// Whether a way is open (codersdk.AuthMethod).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct AuthMethod {
    /// Whether it is.
    pub enabled: bool,
}

/// How the `OpenID` Connect provider shows (codersdk.OIDCAuthMethod).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct OidcAuthMethod {
    /// Whether there is one.
    pub enabled: bool,
    /// The button's text.
    #[serde(rename = "signInText")]
    pub sign_in_text: String,
    /// The button's picture.
    #[serde(rename = "iconUrl")]
    pub icon_url: String,
}

/// Asks about a password (codersdk.ValidateUserPasswordRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ValidateUserPasswordRequest {
    /// The password.
    pub password: String,
}

impl Validate for ValidateUserPasswordRequest {
    fn validate(&self, faults: &mut Faults) {
        faults.required("password", &self.password);
    }
}

/// Whether a password would be accepted (codersdk.ValidateUserPasswordResponse).
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ValidateUserPasswordResponse {
    /// Whether it would.
    pub valid: bool,
    /// Why not.
    pub details: String,
}

/// Asks for a one-time passcode (codersdk.RequestOneTimePasscodeRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct RequestOneTimePasscodeRequest {
    /// Whose.
    pub email: String,
}

impl Validate for RequestOneTimePasscodeRequest {
    fn validate(&self, faults: &mut Faults) {
        email(faults, &self.email);
    }
}

/// Sets a password with a passcode (codersdk.ChangePasswordWithOneTimePasscodeRequest).
#[derive(Debug, Default, Deserialize, utoipa::ToSchema)]
#[serde(default)]
pub struct ChangePasswordWithOneTimePasscodeRequest {
    /// Whose.
    pub email: String,
    /// The passcode.
    pub one_time_passcode: String,
    /// The new password.
    pub password: String,
}

impl Validate for ChangePasswordWithOneTimePasscodeRequest {
    fn validate(&self, faults: &mut Faults) {
        email(faults, &self.email);
        faults.required("one_time_passcode", &self.one_time_passcode);
        faults.required("password", &self.password);
    }
}

fn email(faults: &mut Faults, value: &str) {
    if value.is_empty() {
        faults.required("email", value);
    } else {
        faults.check(names::is_email(value), "email", "email", value);
    }
}
