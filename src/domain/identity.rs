//! Identity providers: what is set up for them, and who somebody is according to their claims.
//! Asks no provider and keeps nothing.

use std::collections::BTreeMap;

use regex::Regex;
use secrecy::SecretString;
use serde_json::{Map, Value};
use thiserror::Error;

use super::{
    clock::Timestamp,
    idp_sync::{GroupSync, OrganizationSync},
    ids::OrganizationId,
    names, random,
    users::LoginType,
};

/// Claims as a provider sends them.
pub type Claims = Map<String, Value>;

/// An `OpenID` Connect provider.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one independent setting"
)]
pub struct OidcSettings {
    /// The issuer's URL, exactly as its tokens name it.
    pub issuer: String,
    /// This deployment's name at the provider.
    pub client_id: String,
    /// This deployment's secret at the provider.
    pub client_secret: SecretString,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// More parameters of the page where users sign in.
    pub auth_url_parameters: BTreeMap<String, String>,
    /// Domains of which an address must be; empty for any.
    pub email_domains: Vec<String>,
    /// Whether addresses count that the provider has not verified.
    pub ignore_email_verified: bool,
    /// The claim with the username.
    pub username_field: String,
    /// The claim with the e-mail address.
    pub email_field: String,
    /// The claim with the full name.
    pub name_field: String,
    /// Whether people may come in whom nobody has made a user.
    pub allow_signups: bool,
    /// What those are told who may not.
    pub signups_disabled_text: String,
    /// Whether the ID token alone says who somebody is.
    pub ignore_user_info: bool,
    /// Whether tokens may name another issuer.
    pub skip_issuer_checks: bool,
    /// How groups of the default organization follow unless it says so itself.
    pub groups: GroupSync,
    /// Groups of which one must be in one to come in; empty for all.
    pub allowed_groups: Vec<String>,
    /// How memberships of organizations follow unless that was set in the deployment.
    pub organizations: OrganizationSync,
    /// The claim with the roles of the site; empty when they do not follow.
    pub role_field: String,
    /// Roles by what the claim says.
    pub role_mapping: BTreeMap<String, Vec<String>>,
    /// Roles that everybody gets when roles follow.
    pub default_roles: Vec<String>,
    /// The button's text.
    pub sign_in_text: String,
    /// The button's picture; empty for none.
    pub icon_url: String,
}

/// The tokens of a user at a provider.
#[derive(Clone, Debug)]
pub struct ProviderTokens {
    /// What the provider lets in with.
    pub access: String,
    /// What gets the next ones; empty for nothing.
    pub refresh: String,
    /// When `access` ends, unless it does not.
    pub expires_at: Option<Timestamp>,
}

/// Who somebody is according to a provider.
#[derive(Clone, Debug)]
pub struct Identity {
    /// Which provider.
    pub login_type: LoginType,
    /// The provider's own name of the person, which never changes; empty where it has none.
    pub linked_id: String,
    /// The e-mail address.
    pub email: String,
    /// The username to be given, which keeps the rules.
    pub username: String,
    /// The full name; may be empty.
    pub name: String,
    /// The picture; may be empty.
    pub avatar_url: String,
    /// What the provider said in all.
    pub claims: Claims,
    /// The tokens.
    pub tokens: ProviderTokens,
}

/// Why nobody comes in with these claims.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum ClaimsError {
    /// What should say who it is says nothing.
    #[error("the provider's claims have an empty subject")]
    NoSubject,
    /// The provider tells no address.
    #[error("the provider's claims have no e-mail address in {0:?}")]
    NoEmail(String),
    /// The provider has not verified the address.
    #[error("verify the e-mail address {0:?} at the provider before you sign in")]
    EmailUnverified(String),
    /// The address is of another domain.
    #[error("the e-mail address {0:?} is not of a domain that may sign in here")]
    EmailDomain(String),
    /// None of the groups may come in.
    #[error("none of your groups may sign in here")]
    Groups,
}

impl OidcSettings {
    /// Who the claims speak of.
    ///
    /// # Errors
    /// When they do not say, or the person may not come in.
    pub fn identity(
        &self,
        claims: Claims,
        tokens: ProviderTokens,
    ) -> Result<Identity, ClaimsError> {
        let text = |field: &str| claims.get(field).and_then(Value::as_str).map(str::trim);
        let linked_id = match claims.get("sub") {
            // Not what the standard wants, but there are such providers.
            None | Some(Value::Null) => String::new(),
            Some(_) => {
                let subject = text("sub").filter(|subject| !subject.is_empty());
                // Subjects are unique within their issuer only.
                format!(
                    "{}||{}",
                    self.issuer,
                    subject.ok_or(ClaimsError::NoSubject)?
                )
            }
        };
        let username = text(&self.username_field).unwrap_or_default();
        let email = match claims.get(&self.email_field) {
            Some(Value::String(email)) => email.trim(),
            // Some providers put the address where others have the username.
            None | Some(Value::Null) => username,
            Some(_) => "",
        };
        if !names::is_email(email) {
            return Err(ClaimsError::NoEmail(self.email_field.clone()));
        }
        if !self.ignore_email_verified && is_unverified(claims.get("email_verified")) {
            return Err(ClaimsError::EmailUnverified(email.to_owned()));
        }
        if !self.has_allowed_domain(email) {
            return Err(ClaimsError::EmailDomain(email.to_owned()));
        }
        if !self.has_allowed_group(&claims) {
            return Err(ClaimsError::Groups);
        }
        Ok(Identity {
            login_type: LoginType::Oidc,
            linked_id,
            email: email.to_owned(),
            username: username_from(&[username, email]),
            name: names::to_real_name(text(&self.name_field).unwrap_or_default()),
            avatar_url: text("picture").unwrap_or_default().to_owned(),
            tokens,
            claims,
        })
    }

    fn has_allowed_domain(&self, email: &str) -> bool {
        let domain = email.rsplit_once('@').map_or("", |(_, domain)| domain);
        let allowed = self
            .email_domains
            .iter()
            .map(|allowed| allowed.trim().trim_start_matches('@'));
        self.email_domains.is_empty()
            || allowed
                .into_iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(domain))
    }

    fn has_allowed_group(&self, claims: &Claims) -> bool {
        if self.allowed_groups.is_empty() || self.groups.field.is_empty() {
            return true;
        }
        let mapping = &self.groups.legacy_group_name_mapping;
        texts(claims.get(&self.groups.field))
            .iter()
            .map(|group| mapping.get(group).unwrap_or(group))
            .any(|group| self.allowed_groups.contains(group))
    }

    /// The roles of the site that the claims give, if roles follow.
    #[must_use]
    pub fn site_roles(&self, claims: &Claims) -> Option<Vec<String>> {
        if self.role_field.is_empty() {
            return None;
        }
        let given = mapped(&self.role_mapping, texts(claims.get(&self.role_field)));
        Some(given.chain(self.default_roles.iter().cloned()).collect())
    }
}

/// What names stand for: what the mapping says, or themselves.
pub fn mapped(
    mapping: &BTreeMap<String, Vec<String>>,
    names: Vec<String>,
) -> impl Iterator<Item = String> {
    names.into_iter().flat_map(|name| match mapping.get(&name) {
        Some(targets) => targets.clone(),
        None => vec![name],
    })
}

/// The groups that a claim gives: by id, and by name.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WantedGroups {
    /// Ids that the mapping names.
    pub ids: Vec<super::ids::GroupId>,
    /// Names of groups.
    pub names: Vec<String>,
}

impl GroupSync {
    /// The groups that the claims give.
    #[must_use]
    pub fn wanted(&self, claims: &Claims) -> WantedGroups {
        let filter = self.regex_filter.as_deref().map(Regex::new);
        let mut wanted = WantedGroups::default();
        for given in texts(claims.get(&self.field)) {
            let name = self
                .legacy_group_name_mapping
                .get(&given)
                .map_or(given.as_str(), String::as_str);
            let passes = match &filter {
                None => true,
                Some(Ok(filter)) => filter.is_match(name),
                // What cannot be read lets nothing through.
                Some(Err(_)) => false,
            };
            if name.is_empty() || !passes {
                continue;
            }
            match self.mapping.get(name).or_else(|| self.mapping.get(&given)) {
                Some(ids) => wanted.ids.extend(ids),
                None => wanted.names.push(name.to_owned()),
            }
        }
        wanted
    }
}

impl OrganizationSync {
    /// The organizations that the claims give.
    #[must_use]
    pub fn wanted(&self, claims: &Claims) -> Vec<OrganizationId> {
        let given = texts(claims.get(&self.field)).into_iter();
        given
            .filter_map(|name| self.mapping.get(&name))
            .flatten()
            .copied()
            .collect()
    }
}

/// The texts of a claim: of a list, or the one text that stands in its place.
#[must_use]
pub fn texts(claim: Option<&Value>) -> Vec<String> {
    match claim {
        Some(Value::String(text)) if !text.is_empty() => vec![text.clone()],
        Some(Value::Array(items)) => items
            .iter()
            .filter_map(|item| item.as_str().map(str::to_owned))
            .collect(),
        _ => Vec::new(),
    }
}

/// A username that keeps the rules, out of the first text that has anything fit for one.
#[must_use]
pub fn username_from(texts: &[&str]) -> String {
    let made = texts.iter().map(|text| names::to_username(text));
    let fit = made.into_iter().find(|name| !name.is_empty());
    fit.unwrap_or_else(random::username)
}

/// Another username in place of a taken one.
#[must_use]
pub fn other_username(taken: &str) -> String {
    let suffix = random::alphanumeric(7);
    let kept = taken
        .get(..names::NAME_LENGTH - suffix.len() - 1)
        .unwrap_or(taken);
    format!("{}-{suffix}", kept.trim_end_matches('-'))
}

/// Whether the provider says that the address is not verified; some say it as a text.
fn is_unverified(claim: Option<&Value>) -> bool {
    match claim {
        None | Some(Value::Null) => false,
        Some(Value::Bool(verified)) => !verified,
        Some(Value::String(text)) => !text.eq_ignore_ascii_case("true"),
        Some(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn usernames_are_made_of_what_is_there() {
        for (texts, name) in [
            (["kyle", "x@y.co"], "kyle"),
            (["kyle.smith@example.com", ""], "kyle-smith"),
            (["", "first+tag@example.com"], "first-tag"),
            (["__a__b__", ""], "a-b"),
        ] {
            assert_eq!(username_from(&texts), name);
        }
        for texts in [["", ""], ["@", "new"], ["é", "create@x.co"]] {
            assert!(names::is_username(&username_from(&texts)));
        }
        let long = "x".repeat(40);
        assert_eq!(username_from(&[&long]), "x".repeat(32));
        assert!(names::is_username(&other_username(&"x".repeat(32))));
        assert!(names::is_username(&other_username("a")));
    }

    #[test]
    fn groups_are_mapped_filtered_and_named() {
        let id = super::super::ids::GroupId::default();
        let sync = GroupSync {
            field: "groups".to_owned(),
            mapping: BTreeMap::from([("mapped".to_owned(), vec![id])]),
            regex_filter: Some("^(m|k|n)".to_owned()),
            legacy_group_name_mapping: BTreeMap::from([("0815".to_owned(), "named".to_owned())]),
            auto_create_missing_groups: false,
        };
        let claims = json!({"groups": ["mapped", "kept", "filtered", "0815", 7]});
        let wanted = sync.wanted(claims.as_object().unwrap());
        assert_eq!(wanted.ids, [id]);
        assert_eq!(wanted.names, ["kept", "named"]);
        let one = json!({"groups": "kept"});
        assert_eq!(sync.wanted(one.as_object().unwrap()).names, ["kept"]);
    }

    #[test]
    fn verified_may_be_a_text() {
        assert!(!is_unverified(None));
        assert!(!is_unverified(Some(&json!("true"))));
        assert!(is_unverified(Some(&json!("false"))));
        assert!(is_unverified(Some(&json!(false))));
        assert!(is_unverified(Some(&json!(0))));
    }
}
