//! What every request passes before and after its handler.

mod cors;
mod csrf;
mod deadline;
mod head;
mod headers;
mod panic;
pub mod proxies;
mod rate_limit;
pub mod redirect;
mod refusals;
mod request_log;
mod slash;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};

pub use rate_limit::{FILES_LIMIT, LOGIN_LIMIT, Limit, RateLimits, limit_route};

pub use request_log::LoggedActor;

use crate::http::state::AppState;

/// Wraps the API's routes, which see paths below the API's root: limits, and inside of them what
/// is told of refusals.
pub fn around_api(router: Router<AppState>, state: &AppState) -> Router<AppState> {
    router
        .layer(from_fn_with_state(state.clone(), refusals::tell))
        .layer(from_fn_with_state(state.clone(), rate_limit::limit_api))
        .layer(from_fn(head::refuse_unknown))
}

/// Wraps everything: ids, headers, the CSRF check, the log line, panics and the deadline.
pub fn around_all(all: Router, state: &AppState) -> Router {
    let inner = all
        .layer(from_fn(deadline::bound))
        .layer(panic::layer())
        .layer(from_fn(csrf::check))
        .layer(from_fn_with_state(state.clone(), csrf::set_cookie))
        .layer(from_fn_with_state(state.clone(), headers::secure))
        .layer(from_fn(request_log::write));
    // Layers of a router run when a route and a method are found; what changes these must
    // stand before it.
    Router::new()
        .fallback_service(inner)
        .layer(from_fn(head::refuse_head))
        .layer(from_fn(cors::answer))
        .layer(from_fn(headers::identify))
        .layer(from_fn(slash::drop_trailing))
}
