//! The REST API: routers, handlers, middleware. A handler extracts, calls one service method
//! and converts; rights and transactions are the service's.

pub mod error;

pub mod extract;

pub mod middleware;

pub mod reply;

pub mod state;

mod audit;

mod auth;

mod authcheck;

mod autofill;

mod builds;

mod deployment;

mod fallbacks;

mod external_login;

mod files;

mod git_ssh_keys;

mod health;

mod idp_sync;

mod groups;

mod job_logs;

mod keys;

mod licenses;

mod members;

mod meta;

mod notifications;

mod organization_roles;

mod organizations;

mod provisioner_daemons;

mod provisioner_keys;

mod provisioners;

mod passcodes;

mod passwords;

mod quiet_hours;

mod quotas;

mod resources;

mod scim;

mod template_versions;

mod template_access;

mod templates;

mod user_roles;

mod users;

pub mod watch;

pub mod workspace_reads;

mod workspace_settings;

mod workspaces;

use axum::Router;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;

use state::AppState;

/// Where the API lives.
pub const API: &str = "/api/v2";

#[derive(OpenApi)]
#[openapi(info(
    title = "workspaced",
    description = "Workspaces over Coder's API v2.",
    license(name = "Apache-2.0", identifier = "Apache-2.0")
))]
struct Document;

/// All routes of the API with their description, one noun after the other.
fn api(state: &AppState) -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(meta::router())
        .merge(auth::router(state))
        .merge(users::router())
        .merge(files::router(state))
        .merge(templates::router())
        .merge(template_versions::router())
        .merge(user_roles::router())
        .merge(passwords::router(state))
        .merge(passcodes::router(state))
        .merge(external_login::router(state))
        .merge(git_ssh_keys::router())
        .merge(quiet_hours::router())
        .merge(workspaces::router())
        .merge(workspace_reads::router())
        .merge(workspace_settings::router())
        .merge(watch::router())
        .merge(builds::router())
        .merge(organizations::router())
        .merge(organization_roles::router())
        .merge(provisioners::router())
        .merge(provisioner_daemons::router())
        .merge(provisioner_keys::router())
        .merge(members::router())
        .merge(idp_sync::router())
        .merge(groups::router())
        .merge(quotas::router())
        .merge(template_access::router())
        .merge(notifications::router())
        .merge(keys::router())
        .merge(licenses::router())
        .merge(autofill::router())
        .merge(authcheck::router())
        .merge(audit::router())
        .merge(deployment::router())
        .merge(health::router())
}

/// The OpenAPI 3.1 description of what is served.
#[must_use]
pub fn document(state: &AppState) -> utoipa::openapi::OpenApi {
    let (_, mut document) = api(state).split_for_parts();
    document.paths.paths = document
        .paths
        .paths
        .into_iter()
        .map(|(path, item)| (format!("{API}{path}"), item))
        .collect();
    // These paths stand beside the API.
    document.merge(scim::router().split_for_parts().1);
    document
}

/// The whole router: API, health, and middleware around both.
pub fn router(state: &AppState) -> Router {
    let (routes, _) = api(state).split_for_parts();
    let routes = routes
        .fallback(fallbacks::no_route)
        .method_not_allowed_fallback(fallbacks::no_method);
    let routes = middleware::around_api(routes, state);
    let all = Router::new()
        .nest(API, routes)
        .merge(meta::outside())
        .merge(scim::router().split_for_parts().0)
        .fallback(fallbacks::front_page)
        .with_state(state.clone());
    middleware::around_all(all, state)
}
