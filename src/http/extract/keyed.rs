//! A body together with the key under which its request may be repeated (the header of
//! draft-ietf-httpapi-idempotency-key-header).

use axum::extract::{FromRequest, Request};
use http::HeaderMap;
use serde::de::DeserializeOwned;

use super::body::{BodyBytes, decoded};
use crate::{domain::idempotency::KeyedRequest, http::error::ApiError, wire::validate::Validate};

/// The header that carries the key.
const KEY: &str = "idempotency-key";

/// A JSON body that keeps its rules, and the request's key if it has one.
pub struct Keyed<T> {
    /// The body.
    pub body: T,
    /// The request under its key.
    pub key: Option<KeyedRequest>,
}

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequest<S> for Keyed<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let method = request.method().clone();
        let path = request.uri().path().to_owned();
        let headers = request.headers().clone();
        let BodyBytes(bytes) = BodyBytes::from_request(request, state).await?;
        let key = key(&headers, |key| {
            KeyedRequest::new(key, method.as_str(), &path, &bytes).map_err(|why| why.to_string())
        })?;
        Ok(Self {
            body: decoded(&bytes)?,
            key,
        })
    }
}

fn key<T>(
    headers: &HeaderMap,
    read: impl FnOnce(&[u8]) -> Result<T, String>,
) -> Result<Option<T>, ApiError> {
    let mut given = headers.get_all(KEY).iter();
    let outcome = match (given.next(), given.next()) {
        (None, _) => return Ok(None),
        (Some(key), None) => read(key.as_bytes()),
        (Some(_), Some(_)) => Err("the header stands there twice".to_owned()),
    };
    outcome.map(Some).map_err(|why| {
        ApiError::bad_request("The idempotency key is not valid.").field("Idempotency-Key", why)
    })
}
