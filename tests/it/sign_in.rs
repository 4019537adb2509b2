//! Setting up, signing in and out.

use http::Method;
use insta::assert_json_snapshot;
use serde_json::json;

use crate::fixture::{PASSWORD, QueryCounter, TestApp, redact};

#[tokio::test]
async fn the_first_user_is_made_once() {
    let app = TestApp::start().await;
    let nobody = app.anonymous();
    assert_eq!(nobody.get("/users/first").await.status, 404);
    let first = json!({"EMAIL": "admin@example.com", "username": "admin", "password": PASSWORD});
    let made = nobody.post("/users/first", first.clone()).await.expect(201);
    assert_eq!(nobody.get("/users/first").await.status, 200);
    assert_eq!(nobody.post("/users/first", first).await.status, 409);
    let me = app
        .sign_in("admin")
        .await
        .get("/users/me")
        .await
        .expect(200);
    assert_eq!(me["id"], made["user_id"]);
    assert_eq!(me["organization_ids"], json!([made["organization_id"]]));
    assert_json_snapshot!(redact(&me));
}

#[tokio::test]
async fn a_race_for_the_first_user_has_one_winner() {
    let app = TestApp::start().await;
    let tries = (0..8).map(|n| {
        let nobody = app.anonymous();
        async move {
            let body = json!({"email": format!("a{n}@example.com"), "username": format!("a{n}"), "password": PASSWORD});
            nobody.post("/users/first", body).await.status.as_u16()
        }
    });
    let mut statuses = futures::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn a_broken_set_up_names_every_field() {
    let app = TestApp::start().await;
    let answer = app
        .anonymous()
        .post(
            "/users/first",
            json!({"email": "x", "username": "no good!"}),
        )
        .await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.fields(), ["email", "username", "password"]);
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once_on_every_replica() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let other = app.replica();
    let there = crate::fixture::Client::at(&other, owner.token.clone());
    there.get("/users/me").await.expect(200);
    owner
        .send(Method::POST, "/users/logout", &[], "")
        .await
        .expect(200);
    assert_eq!(owner.get("/users/me").await.status, 401);
    crate::fixture::eventually(|| async {
        (there.get("/users/me").await.status == 401).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_known_token_costs_no_statement() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    owner.get("/users/me").await.expect(200);
    let counter = QueryCounter::start();
    owner.get("/users/me").await.expect(200);
    let statements = counter.take();
    assert_eq!(statements.len(), 1, "{statements:?}");
}

#[tokio::test]
async fn only_the_first_credential_counts() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let token = owner.token.clone().unwrap();
    let nobody = app.anonymous();
    let cookie = format!("coder_session_token={token}");
    assert_eq!(
        nobody
            .send(Method::GET, "/users/me", &[("cookie", &cookie)], "")
            .await
            .status,
        200
    );
    let query = format!("/users/me?coder_session_token={token}");
    assert_eq!(nobody.get(&query).await.status, 200);
    let bad = [
        ("cookie", "coder_session_token=nonsense"),
        ("coder-session-token", token.as_str()),
    ];
    assert_eq!(
        nobody.send(Method::GET, "/users/me", &bad, "").await.status,
        401
    );
    let bearer = [("authorization", token.as_str())];
    assert_eq!(
        nobody
            .send(Method::GET, "/users/me", &bearer, "")
            .await
            .status,
        401
    );
}
