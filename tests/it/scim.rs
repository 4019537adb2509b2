//! SCIM: an identity provider makes users, shuts them out and lets them in again.

use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, Options, TestApp};

const SECRET: &str = "a secret of the provider";

async fn start() -> (TestApp, Client) {
    let mut options = Options::default();
    SECRET.clone_into(&mut options.settings.scim_auth_header);
    let app = TestApp::with(options).await;
    let owner = app.owner().await;
    (app, owner)
}

fn ann() -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ann@example.com",
        "name": {"givenName": "Ann", "familyName": "Other"}, "active": true,
        "emails": [{"primary": true, "value": "ann@example.com", "type": "work", "display": ""}]})
}

/// One call with an `Authorization` header.
async fn call(
    app: &TestApp,
    secret: &str,
    method: Method,
    path: &str,
    body: &Value,
) -> (u16, Value) {
    let headers = [("authorization", secret)];
    let answer = app
        .anonymous()
        .send(
            method,
            &format!("abs:/scim/v2{path}"),
            &headers,
            body.to_string(),
        )
        .await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn a_provider_makes_users_and_shuts_them_out() {
    let (app, owner) = start().await;
    let (status, made) = call(&app, SECRET, Method::POST, "/Users", &ann()).await;
    assert_eq!(
        (status, &made["userName"], &made["emails"]),
        (200, &json!("ann"), &ann()["emails"])
    );
    let user = owner.get("/users/ann").await.expect(200);
    assert_eq!(
        (
            &user["id"],
            &user["login_type"],
            &user["status"],
            &user["name"]
        ),
        (
            &made["id"],
            &json!("oidc"),
            &json!("dormant"),
            &json!("Ann Other")
        )
    );
    let path = format!("/Users/{}", user["id"].as_str().unwrap());
    let bearer = format!("Bearer {SECRET}");
    for (method, active, status) in [
        (Method::PATCH, true, "dormant"),
        (Method::PATCH, false, "suspended"),
        (Method::PUT, true, "dormant"),
        (Method::PUT, false, "suspended"),
    ] {
        let mut body = ann();
        body["active"] = json!(active);
        assert_eq!(call(&app, &bearer, method, &path, &body).await.0, 200);
        assert_eq!(owner.get("/users/ann").await.expect(200)["status"], status);
    }
    let (_, again) = call(&app, SECRET, Method::POST, "/Users", &ann()).await;
    assert_eq!(again["id"], made["id"]);
    assert_eq!(
        owner.get("/users/ann").await.expect(200)["status"],
        "dormant"
    );
    let log = owner.get("/audit?q=resource_type:user").await.expect(200);
    assert_eq!(
        (&log["count"], &log["audit_logs"][0]["user"]),
        (&json!(5), &json!(null))
    );
}

#[tokio::test]
async fn what_a_provider_may_not_have_is_refused() {
    let (app, _owner) = start().await;
    let (_, made) = call(&app, SECRET, Method::POST, "/Users", &ann()).await;
    let path = format!("/Users/{}", made["id"].as_str().unwrap());
    let change = |key: &str, value: Value| {
        let mut body = ann();
        body[key] = value;
        body
    };
    let nobody = "/Users/deadbeef-0000-4000-8000-000000000000";
    for (secret, method, path, body, status) in [
        ("", Method::POST, "/Users", ann(), 401),
        ("another", Method::GET, "/Users", ann(), 401),
        (
            SECRET,
            Method::POST,
            "/Users",
            change("emails", json!([])),
            400,
        ),
        (
            SECRET,
            Method::POST,
            "/Users",
            change("emails", json!([{"primary": true, "value": "x"}])),
            400,
        ),
        (
            SECRET,
            Method::PATCH,
            &path,
            change("active", json!(null)),
            400,
        ),
        (
            SECRET,
            Method::PUT,
            &path,
            change("active", json!(null)),
            400,
        ),
        (
            SECRET,
            Method::PUT,
            &path,
            change("userName", json!("bob")),
            400,
        ),
        (SECRET, Method::PATCH, nobody, ann(), 404),
        (SECRET, Method::GET, &path, ann(), 404),
    ] {
        let (answer, fault) = call(&app, secret, method.clone(), path, &body).await;
        assert_eq!(answer, status, "{method} {path} {body}");
        assert_eq!(fault["status"], status.to_string());
    }
    let (status, users) = call(&app, SECRET, Method::GET, "/Users", &json!({})).await;
    assert_eq!(
        (status, &users["totalResults"], &users["Resources"]),
        (200, &json!(0), &json!([]))
    );
}

#[tokio::test]
async fn there_is_no_scim_without_a_secret() {
    let app = TestApp::start().await;
    app.owner().await;
    for path in ["/Users", "/ServiceProviderConfig"] {
        assert_eq!(call(&app, "", Method::GET, path, &json!({})).await.0, 404);
    }
    let (app, _owner) = start().await;
    let (status, config) = call(&app, "", Method::GET, "/ServiceProviderConfig", &json!({})).await;
    assert_eq!((status, &config["patch"]["supported"]), (200, &json!(true)));
}
