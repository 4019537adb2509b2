//! Request limits a minute (spec CO-120 to CO-124), counted in this process.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    num::NonZeroU32,
    sync::Arc,
};

use axum::{
    extract::{FromRequestParts as _, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use governor::{
    DefaultKeyedRateLimiter, Quota, RateLimiter, middleware::StateInformationMiddleware,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::domain::rights::roles::SiteRole;
use crate::http::{
    error::ApiError,
    extract::{Client, OptionalActor},
    state::AppState,
};

/// Sign-in and other guessable routes, a minute.
pub const LOGIN_LIMIT: u32 = 60;
/// Uploads and downloads of archives, a minute.
pub const FILES_LIMIT: u32 = 12;

const WINDOW_SECONDS: u64 = 60;
/// Beyond this many clients and paths the idle ones are forgotten.
const MANY_KEYS: usize = 50_000;
const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
const BYPASS: HeaderName = HeaderName::from_static("x-coder-bypass-ratelimit");

type Limiter = RateLimiter<
    u64,
    governor::state::keyed::DefaultKeyedStateStore<u64>,
    governor::clock::DefaultClock,
    StateInformationMiddleware,
>;

/// All counters of the process.
#[derive(Clone, Default)]
pub struct RateLimits {
    api: Option<Arc<Counter>>,
    login: Option<Arc<Counter>>,
    files: Option<Arc<Counter>>,
}

struct Counter {
    limit: NonZeroU32,
    limiter: Limiter,
}

/// Which of the narrower limits a route has.
#[derive(Clone, Copy, Debug)]
pub enum Limit {
    /// [`LOGIN_LIMIT`] by address and path.
    Login,
    /// [`LOGIN_LIMIT`] by user and path.
    Password,
    /// [`FILES_LIMIT`] by user and path.
    Files,
}

impl Counter {
    fn new(limit: u32) -> Option<Arc<Self>> {
        let limit = NonZeroU32::new(limit)?;
        let limiter: DefaultKeyedRateLimiter<u64> = RateLimiter::keyed(Quota::per_minute(limit));
        Some(Arc::new(Self {
            limit,
            limiter: limiter.with_middleware::<StateInformationMiddleware>(),
        }))
    }

    /// Counts a request; gives how many are left, or nothing when there are none.
    fn count(&self, key: u64) -> Option<u32> {
        if self.limiter.len() > MANY_KEYS {
            self.limiter.retain_recent();
        }
        self.limiter
            .check_key(&key)
            .ok()
            .map(|snapshot| snapshot.remaining_burst_capacity())
    }
}

impl RateLimits {
    /// Limits with `api` requests a minute for each client and path.
    #[must_use]
    pub fn new(api: u32) -> Self {
        Self {
            api: Counter::new(api),
            login: Counter::new(LOGIN_LIMIT),
            files: Counter::new(FILES_LIMIT),
        }
    }

    /// No limits at all.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }
}

fn key(parts: &[&str]) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

async fn pass(
    state: &AppState,
    counter: &Counter,
    key: u64,
    request: Request,
    next: Next,
) -> Response {
    let Some(left) = counter.count(key) else {
        let mut response = ApiError::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many requests. Wait a moment and try again.",
        )
        .into_response();
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, HeaderValue::from(WINDOW_SECONDS));
        mark(response.headers_mut(), state, counter, 0);
        return response;
    };
    let mut response = next.run(request).await;
    mark(response.headers_mut(), state, counter, left);
    response
}

/// The narrower limit of a route was set first and stays.
fn mark(headers: &mut HeaderMap, state: &AppState, counter: &Counter, left: u32) {
    if headers.contains_key(LIMIT) {
        return;
    }
    let window = i64::try_from(WINDOW_SECONDS).unwrap_or(i64::MAX);
    headers.insert(LIMIT, HeaderValue::from(counter.limit.get()));
    headers.insert(REMAINING, HeaderValue::from(left));
    headers.insert(
        RESET,
        HeaderValue::from(state.clock.now().timestamp() + window),
    );
}

/// Counts every request of the API by client address and path.
pub(super) async fn limit_api(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let Some(counter) = state.limits.api.clone() else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let Ok(client) = Client::from_request_parts(&mut parts, &state).await;
    let key = key(&[&client.ip, parts.uri.path()]);
    pass(
        &state,
        &counter,
        key,
        Request::from_parts(parts, body),
        next,
    )
    .await
}

/// Counts the requests of a route with a narrower limit.
pub async fn limit_route(
    State((state, limit)): State<(AppState, Limit)>,
    request: Request,
    next: Next,
) -> Response {
    let counter = match limit {
        Limit::Login | Limit::Password => state.limits.login.clone(),
        Limit::Files => state.limits.files.clone(),
    };
    let Some(counter) = counter else {
        return next.run(request).await;
    };
    let (mut parts, body) = request.into_parts();
    let Ok(client) = Client::from_request_parts(&mut parts, &state).await;
    let path = parts.uri.path().to_owned();
    let key = if matches!(limit, Limit::Login) {
        key(&[&client.ip, &path])
    } else {
        let actor = OptionalActor::from_request_parts(&mut parts, &state)
            .await
            .ok()
            .and_then(|found| found.0);
        if parts
            .headers
            .get(BYPASS)
            .is_some_and(|value| value == "true")
        {
            if actor
                .as_ref()
                .is_some_and(|actor| actor.has_site_role(SiteRole::Owner))
            {
                return next.run(Request::from_parts(parts, body)).await;
            }
            return ApiError::new(
                StatusCode::PRECONDITION_REQUIRED,
                "Only a site owner may bypass the request limits.",
            )
            .into_response();
        }
        // Nobody is counted for nobody: the handler refuses the request anyway.
        let Some(actor) = actor else {
            return next.run(Request::from_parts(parts, body)).await;
        };
        key(&[&actor.id.to_string(), &path])
    };
    pass(
        &state,
        &counter,
        key,
        Request::from_parts(parts, body),
        next,
    )
    .await
}
