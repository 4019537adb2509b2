//! What holds for every request, whatever it asks for.

use http::Method;
use serde_json::json;
use workspaced::http::middleware::RateLimits;

use crate::fixture::{Options, TestApp};

#[tokio::test]
async fn every_answer_carries_the_common_headers() {
    let app = TestApp::start().await;
    for path in ["/buildinfo", "/users/me", "/nothing", "abs:/healthz"] {
        let answer = app.anonymous().get(path).await;
        assert_eq!(answer.headers["x-coder-build-version"], "v2.19.3", "{path}");
        assert_eq!(
            answer.headers["x-content-type-options"], "nosniff",
            "{path}"
        );
        assert!(answer.headers.contains_key("x-coder-request-id"), "{path}");
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert_eq!(vary, ["Origin", "Cookie"], "{path}");
    }
}

#[tokio::test]
async fn unknown_routes_and_methods_are_told_apart() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    let unknown = nobody.get("/nothing").await;
    assert_eq!(unknown.json()["message"], "Route not found.");
    assert_eq!(unknown.status, 404);
    let head = nobody.send(Method::HEAD, "/buildinfo", &[], "").await;
    assert_eq!((head.status.as_u16(), head.raw.len()), (405, 0));
    assert_eq!(head.headers["allow"], "GET");
    let put = nobody.send(Method::PUT, "/users/login", &[], "").await;
    assert_eq!(put.status, 405);
}

#[tokio::test]
async fn a_cookie_alone_writes_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let session = owner.token.clone().unwrap();
    let nobody = app.anonymous();
    let cookies = format!("coder_session_token={session}; csrf_token=secret");
    let refused = nobody
        .send(Method::POST, "/users/logout", &[("cookie", &cookies)], "")
        .await;
    assert_eq!(refused.status, 400);
    assert_eq!(refused.headers["content-type"], "text/plain; charset=utf-8");
    let wrong = [("cookie", cookies.as_str()), ("x-csrf-token", "guess")];
    assert_eq!(
        nobody
            .send(Method::POST, "/users/logout", &wrong, "")
            .await
            .status,
        400
    );
    let two_sessions = [
        ("cookie", cookies.as_str()),
        ("coder-session-token", "another"),
    ];
    assert_eq!(
        nobody
            .send(Method::POST, "/users/logout", &two_sessions, "")
            .await
            .status,
        400
    );
    let read = nobody
        .send(Method::GET, "/users/me", &[("cookie", &cookies)], "")
        .await;
    assert_eq!(read.status, 200, "reading needs no proof");
    let proven = [("cookie", cookies.as_str()), ("x-csrf-token", "secret")];
    assert_eq!(
        nobody
            .send(Method::POST, "/users/logout", &proven, "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_preflight_grants_nothing() {
    let app = TestApp::start().await;
    let headers = [
        ("origin", "http://evil.example.com"),
        ("access-control-request-method", "PUT"),
    ];
    let answer = app
        .anonymous()
        .send(Method::OPTIONS, "/users/me", &headers, "")
        .await;
    assert_eq!(answer.status, 200);
    let granted = answer
        .headers
        .keys()
        .filter(|name| name.as_str().starts_with("access-control"));
    assert_eq!(granted.count(), 0);
}

#[tokio::test]
async fn too_many_requests_are_refused_by_path() {
    let limits = RateLimits::new(3);
    let app = TestApp::with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let nobody = app.anonymous();
    for left in ["2", "1", "0"] {
        let answer = nobody.get("/buildinfo").await;
        assert_eq!(answer.headers["x-ratelimit-limit"], "3");
        assert_eq!(answer.headers["x-ratelimit-remaining"], left);
    }
    let refused = nobody.get("/buildinfo").await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "60");
    assert!(refused.json()["message"].is_string());
    assert_eq!(
        nobody.get("/users/first").await.status,
        404,
        "another path has its own count"
    );
}

#[tokio::test]
async fn signing_in_has_a_limit_of_its_own() {
    let limits = RateLimits::new(512);
    let app = TestApp::with(Options {
        limits,
        ..Options::default()
    })
    .await;
    let answer = app.anonymous().post("/users/login", json!({})).await;
    assert_eq!(answer.headers["x-ratelimit-limit"], "60");
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let app = TestApp::start().await;
    let body = vec![b' '; 12 * 1024 * 1024];
    let answer = app
        .anonymous()
        .send(Method::POST, "/users/first", &[], body)
        .await;
    assert_eq!(answer.status, 413);
    assert!(answer.json()["message"].is_string());
}

#[tokio::test]
async fn a_nul_character_is_bad_input_everywhere() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let body = json!({"email": "a@example.com", "password": "a\0b"});
    assert_eq!(owner.post("/users/login", body).await.status, 400);
    for path in [
        "/users/a%00b",
        "/workspaces?q=a%00b",
        "/users?q=%00",
        "/templates?q=a%00",
        "/workspaces?q=%ff",
    ] {
        let status = owner.get(path).await.status;
        assert!(status.as_u16() < 500, "{path}: {status}");
    }
    assert_eq!(owner.get("/users/a%00b").await.status, 400);
}
