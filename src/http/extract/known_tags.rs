//! What the client has already, by `If-None-Match`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use http::{header, request::Parts};

use crate::domain::entity_tags::IfNoneMatch;

/// The bodies that the client says it has.
#[derive(Clone, Debug)]
pub struct KnownTags(pub IfNoneMatch);

impl<S: Send + Sync> FromRequestParts<S> for KnownTags {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let values = parts.headers.get_all(header::IF_NONE_MATCH).iter();
        let texts = values.map(|value| value.to_str().unwrap_or_default());
        Ok(Self(IfNoneMatch::parse(texts)))
    }
}
