//! A slash at the end of a path under one of the API's collections changes nothing
//! (recorded behaviour of v2.19.3).

use axum::{extract::Request, middleware::Next, response::Response};
use http::{
    Uri,
    uri::{Parts, PathAndQuery},
};

use crate::http::API;

/// Roots of paths that may end in a slash.
const COLLECTIONS: &[&str] = &[
    "/api/v2/organizations/",
    "/api/v2/templates/",
    "/api/v2/templateversions/",
    "/api/v2/users/",
    "/api/v2/workspacebuilds/",
    "/api/v2/workspaces/",
];

/// Drops the slash before a route is looked for.
pub(super) async fn drop_trailing(mut request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let is_one = path.ends_with('/') && !path.ends_with("//");
    let is_root = path.strip_suffix('/') == Some(API);
    if is_one
        && (is_root || COLLECTIONS.iter().any(|root| path.starts_with(root)))
        && let Some(uri) = without_slash(request.uri())
    {
        *request.uri_mut() = uri;
    }
    next.run(request).await
}

fn without_slash(uri: &Uri) -> Option<Uri> {
    let path = uri.path().strip_suffix('/')?;
    let text = match uri.query() {
        Some(query) => format!("{path}?{query}"),
        None => path.to_owned(),
    };
    let mut parts = Parts::from(uri.clone());
    parts.path_and_query = Some(PathAndQuery::try_from(text).ok()?);
    Uri::from_parts(parts).ok()
}
