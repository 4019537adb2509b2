//! Tells the audit log of changes that were refused or failed, whatever stood in their way: the
//! rights, the body, a rule, or a fault (spec CO-142). Knows which operation changes what;
//! successes are told by the services in their own transactions.

use axum::{
    RequestExt as _,
    extract::{MatchedPath, RawPathParams, Request, State},
    middleware::Next,
    response::Response,
};
use http::{Method, StatusCode};
use uuid::Uuid;

use super::LoggedActor;
use crate::{
    domain::{
        attempts::{Attempt, Subject},
        audit::{
            AuditAction::{self, Delete, Write},
            AuditedKind as Kind,
        },
        tokens::KeyId,
        users::{OrganizationRef, UserRef},
    },
    http::{API, extract::Client},
    service::audit::AuditLog,
};

/// Writes an entry when an operation that changes a thing is answered with an error. Who is not
/// signed in is not told of: nobody could be named.
pub(super) async fn tell(
    State(audit): State<AuditLog>,
    mut request: Request,
    next: Next,
) -> Response {
    // Requests that only read are the most, and pay nothing for this.
    if request.method().is_safe() {
        return next.run(request).await;
    }
    let params = request.extract_parts::<RawPathParams>().await;
    let matched = request.extensions().get::<MatchedPath>();
    let wish = matched.zip(params.ok()).and_then(|(path, params)| {
        let path = path.as_str().strip_prefix(API)?;
        wish(request.method(), path, &params)
    });
    let Some((action, kind, subject)) = wish else {
        return next.run(request).await;
    };
    let Ok(client) = request.extract_parts::<Client>().await;
    let actor = request.extensions().get::<LoggedActor>().cloned();
    let response = next.run(request).await;
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let user = actor.and_then(|actor| actor.id());
    if let Some(user) = user.filter(|_| is_error && status != StatusCode::UNAUTHORIZED) {
        let attempt = Attempt {
            user,
            origin: client.into(),
            action,
            kind,
            subject,
            status: status.as_u16(),
        };
        if let Err(error) = audit.tell_attempt(&attempt).await {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the audit log could not be told of a refusal");
        }
    }
    response
}

/// How an operation's path names the thing that it changes.
#[derive(Clone, Copy)]
enum Names {
    /// By the UUID in this parameter.
    Thing(&'static str),
    /// By `{user}`.
    User,
    /// By `{keyid}`.
    Key,
    /// By the number in `{id}`.
    License,
    /// By `{organization}`.
    Organization,
    /// By `{organization}` and `{user}`.
    Member,
    /// By `{organization}` and the name in this parameter.
    Named(&'static str),
    /// Settings, of `{organization}` if the path has one.
    Settings,
}

/// The operations that are told of, each with what it does to what. Missing are those that only
/// make something, since it does not exist when they are refused, those that name in their body
/// what they change, and those that tell of their refusals themselves: signing in and changing
/// a password.
#[rustfmt::skip]
const TOLD: &[(&str, &str, AuditAction, Kind, Names)] = &[
    ("DELETE", "/users/{user}", Delete, Kind::User, Names::User),
    ("PUT", "/users/{user}/appearance", Write, Kind::User, Names::User),
    ("PUT", "/users/{user}/profile", Write, Kind::User, Names::User),
    ("PUT", "/users/{user}/quiet-hours", Write, Kind::User, Names::User),
    ("PUT", "/users/{user}/roles", Write, Kind::User, Names::User),
    ("PUT", "/users/{user}/status/activate", Write, Kind::User, Names::User),
    ("PUT", "/users/{user}/status/suspend", Write, Kind::User, Names::User),
    ("PUT", "/users/{user}/gitsshkey", Write, Kind::GitSshKey, Names::User),
    ("DELETE", "/users/{user}/keys/{keyid}", Delete, Kind::ApiKey, Names::Key),
    ("DELETE", "/groups/{group}", Delete, Kind::Group, Names::Thing("group")),
    ("PATCH", "/groups/{group}", Write, Kind::Group, Names::Thing("group")),
    ("DELETE", "/licenses/{id}", Delete, Kind::License, Names::License),
    ("DELETE", "/organizations/{organization}", Delete, Kind::Organization, Names::Organization),
    ("PATCH", "/organizations/{organization}", Write, Kind::Organization, Names::Organization),
    ("DELETE", "/organizations/{organization}/members/roles/{roleName}", Delete, Kind::CustomRole, Names::Named("roleName")),
    ("DELETE", "/organizations/{organization}/members/{user}", Delete, Kind::OrganizationMember, Names::Member),
    ("PUT", "/organizations/{organization}/members/{user}/roles", Write, Kind::OrganizationMember, Names::Member),
    ("DELETE", "/organizations/{organization}/provisionerkeys/{provisionerkey}", Delete, Kind::ProvisionerKey, Names::Named("provisionerkey")),
    ("PATCH", "/organizations/{organization}/settings/idpsync/groups", Write, Kind::IdpSyncSettingsGroup, Names::Settings),
    ("PATCH", "/organizations/{organization}/settings/idpsync/groups/config", Write, Kind::IdpSyncSettingsGroup, Names::Settings),
    ("PATCH", "/organizations/{organization}/settings/idpsync/groups/mapping", Write, Kind::IdpSyncSettingsGroup, Names::Settings),
    ("PATCH", "/organizations/{organization}/settings/idpsync/roles", Write, Kind::IdpSyncSettingsRole, Names::Settings),
    ("PATCH", "/organizations/{organization}/settings/idpsync/roles/config", Write, Kind::IdpSyncSettingsRole, Names::Settings),
    ("PATCH", "/organizations/{organization}/settings/idpsync/roles/mapping", Write, Kind::IdpSyncSettingsRole, Names::Settings),
    ("PATCH", "/settings/idpsync/organization", Write, Kind::IdpSyncSettingsOrganization, Names::Settings),
    ("PATCH", "/settings/idpsync/organization/config", Write, Kind::IdpSyncSettingsOrganization, Names::Settings),
    ("PATCH", "/settings/idpsync/organization/mapping", Write, Kind::IdpSyncSettingsOrganization, Names::Settings),
    ("DELETE", "/templates/{template}", Delete, Kind::Template, Names::Thing("template")),
    ("PATCH", "/templates/{template}", Write, Kind::Template, Names::Thing("template")),
    ("PATCH", "/templates/{template}/acl", Write, Kind::Template, Names::Thing("template")),
    ("PATCH", "/templates/{template}/versions", Write, Kind::Template, Names::Thing("template")),
    ("POST", "/templates/{template}/versions/archive", Write, Kind::Template, Names::Thing("template")),
    ("PATCH", "/templateversions/{templateversion}", Write, Kind::TemplateVersion, Names::Thing("templateversion")),
    ("PATCH", "/templateversions/{templateversion}/cancel", Write, Kind::TemplateVersion, Names::Thing("templateversion")),
    ("POST", "/templateversions/{templateversion}/archive", Write, Kind::TemplateVersion, Names::Thing("templateversion")),
    ("POST", "/templateversions/{templateversion}/unarchive", Write, Kind::TemplateVersion, Names::Thing("templateversion")),
    ("PATCH", "/workspacebuilds/{workspacebuild}/cancel", Write, Kind::WorkspaceBuild, Names::Thing("workspacebuild")),
    ("PATCH", "/workspaces/{workspace}", Write, Kind::Workspace, Names::Thing("workspace")),
    ("DELETE", "/workspaces/{workspace}/favorite", Write, Kind::Workspace, Names::Thing("workspace")),
    ("PUT", "/workspaces/{workspace}/autostart", Write, Kind::Workspace, Names::Thing("workspace")),
    ("PUT", "/workspaces/{workspace}/autoupdates", Write, Kind::Workspace, Names::Thing("workspace")),
    ("PUT", "/workspaces/{workspace}/dormant", Write, Kind::Workspace, Names::Thing("workspace")),
    ("PUT", "/workspaces/{workspace}/extend", Write, Kind::Workspace, Names::Thing("workspace")),
    ("PUT", "/workspaces/{workspace}/favorite", Write, Kind::Workspace, Names::Thing("workspace")),
    ("PUT", "/workspaces/{workspace}/ttl", Write, Kind::Workspace, Names::Thing("workspace")),
];

/// What an operation wants to do to which thing.
fn wish(
    method: &Method,
    path: &str,
    params: &RawPathParams,
) -> Option<(AuditAction, Kind, Subject)> {
    let param = |name: &str| {
        let mut params = params.iter();
        // The database knows no text with a NUL, so nothing has such a name.
        params.find_map(|(key, value)| (key == name && !value.contains('\0')).then_some(value))
    };
    let user = || param("user").map(UserRef::from);
    let organization = || param("organization").map(OrganizationRef::from);
    let (.., action, kind, names) = TOLD
        .iter()
        .find(|told| told.0 == method.as_str() && told.1 == path)?;
    let subject = match *names {
        Names::Thing(name) => Subject::Thing(Uuid::parse_str(param(name)?).ok()?),
        Names::User => Subject::User(user()?),
        Names::Key => Subject::Key(KeyId(param("keyid")?.to_owned())),
        Names::License => Subject::License(param("id")?.parse().ok()?),
        Names::Organization => Subject::Organization(organization()?),
        Names::Member => Subject::Member(organization()?, user()?),
        Names::Named(name) => Subject::Named(organization()?, param(name)?.to_owned()),
        Names::Settings => Subject::Settings(organization()),
    };
    Some((*action, *kind, subject))
}
