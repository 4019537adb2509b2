//! Request bodies: JSON whatever the content type says, then the fields' rules (spec WS-8, WS-9).

use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::StatusCode;
use serde::de::DeserializeOwned;

use crate::{
    http::error::ApiError,
    wire::{
        decode,
        validate::{Faults, Validate},
    },
};

/// A JSON body that keeps its rules.
pub struct Json<T>(pub T);

/// A JSON body, or the default where there is none.
pub struct OptionalJson<T>(pub T);

/// The whole body.
pub struct BodyBytes(pub Bytes);

impl BodyBytes {
    /// The JSON in it, or the default where there is none.
    ///
    /// # Errors
    /// 400 when it is no JSON or breaks a rule.
    pub fn decoded_or_default<T: DeserializeOwned + Validate + Default>(
        &self,
    ) -> Result<T, ApiError> {
        if self.0.is_empty() {
            Ok(T::default())
        } else {
            decoded(&self.0)
        }
    }
}

impl<S: Send + Sync> FromRequest<S> for BodyBytes {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        match Bytes::from_request(request, state).await {
            Ok(bytes) => Ok(Self(bytes)),
            Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
                Err(ApiError::new(
                    StatusCode::PAYLOAD_TOO_LARGE,
                    "The request body is too large.",
                ))
            }
            Err(rejection) => Err(ApiError::bad_request("The request body could not be read.")
                .detail(rejection.body_text())),
        }
    }
}

pub(super) fn decoded<T: DeserializeOwned + Validate>(bytes: &[u8]) -> Result<T, ApiError> {
    let value: T = decode::from_slice(bytes).map_err(|detail| {
        ApiError::bad_request("The request body must be valid JSON.").detail(detail)
    })?;
    let mut faults = Faults::default();
    value.validate(&mut faults);
    if faults.0.is_empty() {
        Ok(value)
    } else {
        Err(ApiError::invalid(faults.0))
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Validate> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let BodyBytes(bytes) = BodyBytes::from_request(request, state).await?;
        decoded(&bytes).map(Self)
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Validate + Default> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let body = BodyBytes::from_request(request, state).await?;
        body.decoded_or_default().map(Self)
    }
}
