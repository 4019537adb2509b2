//! Settings of the `OpenID` Connect provider.

use std::collections::BTreeMap;

use clap::Args;
use regex::Regex;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use super::{
    ConfigError,
    values::{List, Switch},
};
use crate::domain::{
    identity::OidcSettings,
    idp_sync::{GroupSync, OrganizationSync},
    ids::OrganizationId,
};

/// Signing in through an `OpenID` Connect provider.
#[derive(Args)]
#[command(next_help_heading = "OpenID Connect")]
pub(super) struct OidcArgs {
    /// URL of the issuer; with a client ID it switches this way to sign in on
    #[arg(
        long,
        env = "CODER_OIDC_ISSUER_URL",
        value_name = "URL",
        default_value = ""
    )]
    oidc_issuer_url: String,
    /// This server's client ID at the provider
    #[arg(
        long,
        env = "CODER_OIDC_CLIENT_ID",
        value_name = "ID",
        default_value = ""
    )]
    oidc_client_id: String,
    /// This server's secret at the provider
    #[arg(long, env = "CODER_OIDC_CLIENT_SECRET", value_name = "SECRET")]
    oidc_client_secret: Option<SecretString>,
    /// Scopes to ask for
    #[arg(
        long,
        env = "CODER_OIDC_SCOPES",
        value_name = "SCOPES",
        default_value = "openid,profile,email"
    )]
    oidc_scopes: List,
    /// More parameters of the provider's page, as a JSON object
    #[arg(
        long,
        env = "CODER_OIDC_AUTH_URL_PARAMS",
        value_name = "JSON",
        default_value = r#"{"access_type": "offline"}"#
    )]
    oidc_auth_url_params: String,
    /// Domains of which e-mail addresses must be
    #[arg(
        long,
        env = "CODER_OIDC_EMAIL_DOMAIN",
        value_name = "DOMAINS",
        default_value = ""
    )]
    oidc_email_domain: List,
    /// Take addresses that the provider has not verified
    #[arg(long, env = "CODER_OIDC_IGNORE_EMAIL_VERIFIED")]
    oidc_ignore_email_verified: Switch,
    /// Claim with the e-mail address
    #[arg(
        long,
        env = "CODER_OIDC_EMAIL_FIELD",
        value_name = "CLAIM",
        default_value = "email"
    )]
    oidc_email_field: String,
    /// Claim with the username
    #[arg(
        long,
        env = "CODER_OIDC_USERNAME_FIELD",
        value_name = "CLAIM",
        default_value = "preferred_username"
    )]
    oidc_username_field: String,
    /// Claim with the full name
    #[arg(
        long,
        env = "CODER_OIDC_NAME_FIELD",
        value_name = "CLAIM",
        default_value = "name"
    )]
    oidc_name_field: String,
    /// Let people in whom nobody has made a user
    #[arg(long, env = "CODER_OIDC_ALLOW_SIGNUPS", default_value = "true", num_args = 0..=1, default_missing_value = "true")]
    oidc_allow_signups: Switch,
    /// What people are told who may not sign up
    #[arg(
        long,
        env = "CODER_OIDC_SIGNUPS_DISABLED_TEXT",
        value_name = "TEXT",
        default_value = ""
    )]
    oidc_signups_disabled_text: String,
    /// Believe the ID token alone
    #[arg(long, env = "CODER_OIDC_IGNORE_USERINFO")]
    oidc_ignore_userinfo: Switch,
    /// Take tokens that name another issuer; insecure
    #[arg(long, env = "CODER_DANGEROUS_OIDC_SKIP_ISSUER_CHECKS")]
    dangerous_oidc_skip_issuer_checks: Switch,
    /// Claim with the groups
    #[arg(
        long,
        env = "CODER_OIDC_GROUP_FIELD",
        value_name = "CLAIM",
        default_value = ""
    )]
    oidc_group_field: String,
    /// Names of groups by what the claim says, as a JSON object
    #[arg(
        long,
        env = "CODER_OIDC_GROUP_MAPPING",
        value_name = "JSON",
        default_value = "{}"
    )]
    oidc_group_mapping: String,
    /// Groups count whose names match
    #[arg(
        long,
        env = "CODER_OIDC_GROUP_REGEX_FILTER",
        value_name = "REGEX",
        default_value = ".*"
    )]
    oidc_group_regex_filter: String,
    /// Make groups that the claim names and that are missing
    #[arg(long, env = "CODER_OIDC_GROUP_AUTO_CREATE")]
    oidc_group_auto_create: Switch,
    /// Groups of which a user must be in one
    #[arg(
        long,
        env = "CODER_OIDC_ALLOWED_GROUPS",
        value_name = "GROUPS",
        default_value = ""
    )]
    oidc_allowed_groups: List,
    /// Claim with the roles of the site
    #[arg(
        long,
        env = "CODER_OIDC_USER_ROLE_FIELD",
        value_name = "CLAIM",
        default_value = ""
    )]
    oidc_user_role_field: String,
    /// Roles by what the claim says, as a JSON object of lists
    #[arg(
        long,
        env = "CODER_OIDC_USER_ROLE_MAPPING",
        value_name = "JSON",
        default_value = "{}"
    )]
    oidc_user_role_mapping: String,
    /// Roles that everybody gets when roles follow
    #[arg(
        long,
        env = "CODER_OIDC_USER_ROLE_DEFAULT",
        value_name = "ROLES",
        default_value = ""
    )]
    oidc_user_role_default: List,
    /// Claim with the organizations
    #[arg(
        long,
        env = "CODER_OIDC_ORGANIZATION_FIELD",
        value_name = "CLAIM",
        default_value = ""
    )]
    oidc_organization_field: String,
    /// IDs of organizations by what the claim says, as a JSON object of lists
    #[arg(
        long,
        env = "CODER_OIDC_ORGANIZATION_MAPPING",
        value_name = "JSON",
        default_value = "{}"
    )]
    oidc_organization_mapping: String,
    /// Put everybody into the default organization
    #[arg(long, env = "CODER_OIDC_ORGANIZATION_ASSIGN_DEFAULT", default_value = "true", num_args = 0..=1, default_missing_value = "true")]
    oidc_organization_assign_default: Switch,
    /// Text of the button on the sign-in page
    #[arg(
        long,
        env = "CODER_OIDC_SIGN_IN_TEXT",
        value_name = "TEXT",
        default_value = "OpenID Connect"
    )]
    oidc_sign_in_text: String,
    /// Picture of the button
    #[arg(
        long,
        env = "CODER_OIDC_ICON_URL",
        value_name = "URL",
        default_value = ""
    )]
    oidc_icon_url: String,
}

impl OidcArgs {
    /// The provider, if one is named.
    pub(super) fn resolve(self) -> Result<Option<OidcSettings>, ConfigError> {
        if self.oidc_issuer_url.is_empty() || self.oidc_client_id.is_empty() {
            return Ok(None);
        }
        if Regex::new(&self.oidc_group_regex_filter).is_err() {
            return Err(ConfigError::new(
                "CODER_OIDC_GROUP_REGEX_FILTER is no regular expression",
            ));
        }
        let organizations: BTreeMap<String, Vec<OrganizationId>> = object(
            "CODER_OIDC_ORGANIZATION_MAPPING",
            &self.oidc_organization_mapping,
        )?;
        Ok(Some(OidcSettings {
            issuer: self.oidc_issuer_url,
            client_id: self.oidc_client_id,
            client_secret: self
                .oidc_client_secret
                .unwrap_or_else(|| SecretString::from(String::new())),
            scopes: self.oidc_scopes.0,
            auth_url_parameters: object("CODER_OIDC_AUTH_URL_PARAMS", &self.oidc_auth_url_params)?,
            email_domains: self.oidc_email_domain.0,
            ignore_email_verified: self.oidc_ignore_email_verified.0,
            username_field: self.oidc_username_field,
            email_field: self.oidc_email_field,
            name_field: self.oidc_name_field,
            allow_signups: self.oidc_allow_signups.0,
            signups_disabled_text: self.oidc_signups_disabled_text,
            ignore_user_info: self.oidc_ignore_userinfo.0,
            skip_issuer_checks: self.dangerous_oidc_skip_issuer_checks.0,
            groups: GroupSync {
                field: self.oidc_group_field,
                mapping: BTreeMap::new(),
                regex_filter: Some(self.oidc_group_regex_filter),
                auto_create_missing_groups: self.oidc_group_auto_create.0,
                legacy_group_name_mapping: object(
                    "CODER_OIDC_GROUP_MAPPING",
                    &self.oidc_group_mapping,
                )?,
            },
            allowed_groups: self.oidc_allowed_groups.0,
            organizations: OrganizationSync {
                field: self.oidc_organization_field,
                mapping: organizations,
                assign_default: self.oidc_organization_assign_default.0,
            },
            role_field: self.oidc_user_role_field,
            role_mapping: object("CODER_OIDC_USER_ROLE_MAPPING", &self.oidc_user_role_mapping)?,
            default_roles: self.oidc_user_role_default.0,
            sign_in_text: self.oidc_sign_in_text,
            icon_url: self.oidc_icon_url,
        }))
    }
}

fn object<T: DeserializeOwned + Default>(name: &str, text: &str) -> Result<T, ConfigError> {
    if text.is_empty() {
        return Ok(T::default());
    }
    serde_json::from_str(text)
        .map_err(|error| ConfigError::new(format!("{name} cannot be read: {error}")))
}
