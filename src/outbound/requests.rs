//! One request to another server, with limits on time and size. What it means is for the caller.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use http::{Request, Response};
use reqwest::redirect::Policy;
use thiserror::Error;

/// Longest wait for a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// Longest wait for a whole answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(15);
/// Bytes in the longest answer that is read.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, Error)]
pub enum RequestError {
    /// The server was not reached, or broke off.
    #[error("the other server could not be reached")]
    Unreachable(#[from] reqwest::Error),
    /// The answer is longer than any that makes sense.
    #[error("the other server's answer has more than {ANSWER_BYTES} bytes")]
    TooLong,
    /// The request could not be put together.
    #[error("the request to the other server makes no sense")]
    Request(#[from] http::Error),
}

/// Sends requests to other servers. Clones share their connections.
#[derive(Clone, Debug)]
pub struct Requests(reqwest::Client);

impl Requests {
    /// A client that follows no redirect: an answer must come from the server that was named.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new() -> Result<Self, RequestError> {
        let client = reqwest::Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .timeout(ANSWER_LIMIT)
            .user_agent(concat!("workspaced/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self(client))
    }

    /// Sends a request and reads the whole answer, whatever its status.
    ///
    /// # Errors
    /// When there is no answer in time, or it is too long.
    pub async fn send<B: Into<reqwest::Body>>(
        &self,
        request: Request<B>,
    ) -> Result<Response<Bytes>, RequestError> {
        let request = reqwest::Request::try_from(request)?;
        let answer = self.0.execute(request).await?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let mut body = BytesMut::new();
        let mut chunks = answer.bytes_stream();
        while let Some(chunk) = chunks.next().await {
            let chunk = chunk?;
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(RequestError::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(response.body(body.freeze())?)
    }
}
