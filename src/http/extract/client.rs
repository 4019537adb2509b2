//! Who is at the other end of the connection.

use std::{convert::Infallible, net::SocketAddr};

use axum::extract::{ConnectInfo, FromRequestParts};
use http::{header, request::Parts};

use crate::domain::{audit::Origin, ids::RequestId};

/// The client's address and what it says of itself; for keys' last use and for the audit log.
#[derive(Clone, Debug)]
pub struct Client {
    /// The address the connection came from.
    pub ip: String,
    /// The User-Agent header.
    pub user_agent: String,
    /// The request's id.
    pub request: RequestId,
}

impl From<Client> for Origin {
    fn from(client: Client) -> Self {
        Self {
            ip: client.ip,
            user_agent: client.user_agent,
            request: client.request,
        }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Client {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let ip = parts
            .extensions
            .get::<ConnectInfo<SocketAddr>>()
            .map_or_else(
                || "0.0.0.0".to_owned(),
                |info| info.0.ip().to_canonical().to_string(),
            );
        let user_agent = parts
            .headers
            .get(header::USER_AGENT)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let request = parts
            .extensions
            .get::<RequestId>()
            .copied()
            .unwrap_or_default();
        Ok(Self {
            ip,
            user_agent: user_agent.to_owned(),
            request,
        })
    }
}
