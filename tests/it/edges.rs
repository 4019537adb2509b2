//! What holds for every request, whatever it asks for.

use http::Method;
use serde_json::json;
use workspaced::{http::middleware::RateLimits, service::settings::Settings};

use crate::fixture::{Options, PASSWORD, TestApp};

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
    let read = nobody.get("/buildinfo").await;
    let given = read.headers["set-cookie"].to_str().unwrap();
    let (pair, attributes) = given.split_once("; ").unwrap();
    assert_eq!(attributes, "Path=/; HttpOnly; SameSite=Lax");
    let secret = pair.strip_prefix("csrf_token=").unwrap();
    let cookies = format!("coder_session_token={session}; csrf_token={secret}");
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
    assert!(!read.headers.contains_key("set-cookie"), "it has a secret");
    let planted = format!("coder_session_token={session}; csrf_token=planted");
    let planted = [("cookie", planted.as_str()), ("x-csrf-token", "planted")];
    let planted = nobody
        .send(Method::POST, "/users/logout", &planted, "")
        .await;
    assert_eq!(
        planted.status, 400,
        "a cookie that is no secret of ours proves nothing"
    );
    assert!(
        planted.headers.contains_key("set-cookie"),
        "a new one is given"
    );
    let proven = [("cookie", cookies.as_str()), ("x-csrf-token", secret)];
    assert_eq!(
        nobody
            .send(Method::POST, "/users/logout", &proven, "")
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn what_no_route_takes_tells_nobody_what_there_is() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let nobody = app.anonymous();
    for path in ["/workspaces/x/nothing", "/organizations/default/nothing"] {
        assert_eq!(nobody.get(path).await.status, 401, "{path}");
    }
    let options = nobody
        .send(Method::OPTIONS, "/workspaces/x/ttl", &[], "")
        .await;
    assert_eq!(options.status, 401);
    assert!(!options.headers.contains_key("allow"));
    assert_eq!(owner.get("/workspaces//").await.status, 400);
    assert_eq!(owner.get("/workspaces/../users/me").await.status, 400);
    assert_eq!(
        owner.get("/organizations/default/nothing").await.status,
        404
    );
    let unknown = Method::from_bytes(b"PROPFIND").unwrap();
    let refused = owner.send(unknown, "/workspaces", &[], "").await;
    assert_eq!((refused.status.as_u16(), refused.raw.len()), (405, 0));
    assert!(!refused.headers.contains_key("allow"));
}

#[tokio::test]
async fn the_page_beside_the_api_is_locked_down() {
    let app = TestApp::with(https()).await;
    let page = app.anonymous().get("abs:/").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
    let policy = page.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.contains("default-src 'self'") && policy.contains("frame-ancestors 'none'"));
    assert_eq!(page.headers["referrer-policy"], "no-referrer");
    assert!(page.headers.contains_key("permissions-policy"));
    assert_eq!(page.headers["x-content-type-options"], "nosniff");
    assert_eq!(
        page.headers["strict-transport-security"],
        "max-age=63072000"
    );
    let written = app.anonymous().post("abs:/", json!({})).await;
    assert_eq!(written.status, 404);
}

/// The settings of a deployment that is reached by TLS only.
fn https() -> Options {
    let mut settings = Settings::new("https://dev.example.com".parse().unwrap());
    settings.strict_transport_security = Some("max-age=63072000".to_owned());
    Options {
        settings,
        ..Options::default()
    }
}

#[tokio::test]
async fn cookies_of_an_https_deployment_never_travel_in_the_clear() {
    let app = TestApp::with(https()).await;
    app.owner().await;
    let login = json!({"email": "admin@example.com", "password": PASSWORD});
    let answer = app.anonymous().post("/users/login", login).await;
    let cookies = answer.headers.get_all("set-cookie");
    let cookies: Vec<_> = cookies
        .iter()
        .map(|value| value.to_str().unwrap())
        .collect();
    assert_eq!(cookies.len(), 2, "{cookies:?}");
    for cookie in cookies {
        assert!(
            cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"),
            "{cookie}"
        );
    }
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
