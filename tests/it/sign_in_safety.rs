//! Signing in under attack: nobody learns who has an account, guessing grows slow, and a session
//! is one that the server made, for as long as the server wants.

use chrono::TimeDelta;
use http::Method;
use serde_json::json;

use crate::fixture::{Client, PASSWORD, TestApp, eventually};

const WRONG: &str = "AnotherPassword!1";

fn login(email: &str, password: &str) -> serde_json::Value {
    json!({"email": email, "password": password})
}

#[tokio::test]
async fn refusals_tell_nothing_about_accounts() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    app.user(&owner, "ann").await;
    app.user(&owner, "sue").await;
    let robot = json!({"username": "robot", "email": "robot@example.com", "login_type": "none",
        "organization_ids": [owner.get("/users/me").await.json()["organization_ids"][0]]});
    owner.post("/users", robot).await.expect(201);
    owner
        .put("/users/sue/status/suspend", json!({}))
        .await
        .expect(200);
    let mut answers = Vec::new();
    for name in ["ann", "sue", "robot", "unknown", "ADMIN"] {
        let before = app.state.sessions.hashes_computed();
        let body = login(&format!("{name}@example.com"), WRONG);
        let answer = app.anonymous().post("/users/login", body).await;
        let hashes = app.state.sessions.hashes_computed() - before;
        answers.push((answer.status.as_u16(), answer.json(), hashes));
    }
    assert_eq!((answers[0].0, answers[0].2), (401, 1));
    assert!(
        answers.iter().all(|answer| *answer == answers[0]),
        "{answers:?}"
    );
    let robot = app
        .anonymous()
        .post("/users/login", login("robot@example.com", ""))
        .await;
    assert!(
        robot.status == 400 || robot.status == 401,
        "{}",
        robot.status
    );
}

#[tokio::test]
async fn guessing_grows_slow_and_locks_nobody_out() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    app.user(&owner, "ann").await;
    let nobody = app.anonymous();
    let mut waits = Vec::new();
    for email in [["ann@example.com"; 10], ["unknown@example.com"; 10]].concat() {
        let before = app.clock.now();
        nobody
            .post("/users/login", login(email, WRONG))
            .await
            .expect(401);
        waits.push((app.clock.now() - before).num_milliseconds());
    }
    let wanted = [0, 0, 0, 0, 0, 250, 500, 1000, 2000, 4000];
    assert_eq!(
        waits,
        [wanted, wanted].concat(),
        "an account that is none is slowed down as well"
    );
    let before = app.clock.now();
    nobody
        .post("/users/login", login("Ann@example.com", PASSWORD))
        .await
        .expect(201);
    assert_eq!(
        app.clock.now() - before,
        TimeDelta::seconds(4),
        "a delay, no more"
    );
    // The address has failed too often by now, whoever comes from it.
    let before = app.clock.now();
    nobody
        .post("/users/login", login("admin@example.com", PASSWORD))
        .await
        .expect(201);
    assert_eq!(app.clock.now() - before, TimeDelta::milliseconds(250));
    app.clock.advance(TimeDelta::minutes(15));
    let before = app.clock.now();
    nobody
        .post("/users/login", login("ann@example.com", PASSWORD))
        .await
        .expect(201);
    assert_eq!(app.clock.now(), before, "all is forgotten");
}

#[tokio::test]
async fn signing_in_never_adopts_a_token_that_was_presented() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    app.user(&owner, "ann").await;
    let planted = "abcdefghij-0123456789012345678901";
    let stale = owner.token.clone().unwrap();
    owner.post("/users/logout", json!({})).await.expect(200);
    for presented in [planted, stale.as_str()] {
        let header = [("coder-session-token", presented)];
        let body = login("ann@example.com", PASSWORD).to_string();
        let path = format!("/users/login?coder_session_token={presented}");
        let answer = app
            .anonymous()
            .send(Method::POST, &path, &header, body)
            .await;
        assert_eq!(answer.status, 201);
        let made = answer.json()["session_token"].as_str().unwrap().to_owned();
        assert_ne!(made, presented);
        let start = format!("coder_session_token={made};");
        let mut cookies = answer.headers.get_all("set-cookie").iter();
        assert!(
            cookies.any(|value| value.to_str().unwrap().starts_with(&start)),
            "the cookie is the new session"
        );
        let old = Client::at(&app, Some(presented.to_owned()));
        assert_eq!(old.get("/users/me").await.status, 401, "{presented}");
    }
}

#[tokio::test]
async fn a_changed_password_drops_the_sessions_on_each_replica() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let second = app.sign_in("ann").await;
    let replica = app.replica();
    let there = Client::at(&replica, ann.token.clone());
    there.get("/users/me").await.expect(200);
    let change = json!({"old_password": PASSWORD, "password": WRONG});
    ann.put("/users/ann/password", change).await.expect(204);
    for session in [&ann, &second] {
        assert_eq!(session.get("/users/me").await.status, 401);
    }
    eventually(|| async { (there.get("/users/me").await.status == 401).then_some(()) }).await;
    let old = app
        .anonymous()
        .post("/users/login", login("ann@example.com", PASSWORD))
        .await;
    assert_eq!(old.status, 401);
}
