//! One-time passcodes.

use std::sync::{Arc, Mutex};

use axum::{Router, extract::State, routing::post};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::fixture::{Options, PASSWORD, TestApp, eventually};

/// What a webhook was sent.
type Received = Arc<Mutex<Vec<Value>>>;

/// An application whose messages go to a webhook that keeps them.
async fn with_webhook() -> (TestApp, Received) {
    let received = Received::default();
    let webhook = Router::new()
        .route(
            "/messages",
            post(async |State(received): State<Received>, body: String| {
                let message = serde_json::from_str(&body).unwrap();
                received.lock().unwrap().push(message);
            }),
        )
        .with_state(Arc::clone(&received));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/messages", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, webhook).await });
    let mut options = Options::default();
    options.settings.message_webhook = Some(url.parse().unwrap());
    (TestApp::with(options).await, received)
}

async fn first(received: &Received) -> Value {
    eventually(|| async { received.lock().unwrap().first().cloned() }).await
}

fn passcode(message: &Value) -> String {
    let labels = &message["payload"]["labels"];
    labels["one_time_passcode"].as_str().unwrap().to_owned()
}

const NEW: &str = "AnotherSecurePassword!";

fn change(passcode: &str, password: &str) -> Value {
    json!({"email": "member@example.com", "one_time_passcode": passcode, "password": password})
}

#[tokio::test]
async fn a_passcode_sets_a_password_once_and_ends_all_sessions() {
    let (app, received) = with_webhook().await;
    let owner = app.owner().await;
    let member = app.user(&owner, "member").await;
    let nobody = app.anonymous();
    let body = json!({"email": "Member@example.com"});
    nobody.post("/users/otp/request", body).await.expect(204);
    let message = first(&received).await;
    assert_eq!(message["payload"]["notification_name"], "One-Time Passcode");
    assert_eq!(message["payload"]["user_email"], "member@example.com");
    let passcode = passcode(&message);
    let kept: Vec<u8> =
        sqlx::query_scalar("SELECT one_time_passcode_hash FROM users WHERE username = 'member'")
            .fetch_one(&app.db)
            .await
            .unwrap();
    assert_ne!(kept, passcode.as_bytes());

    let path = "/users/otp/change-password";
    let wrong = nobody.post(path, change("nonsense", NEW)).await;
    assert_eq!(wrong.status, 400);
    let weak = nobody.post(path, change(&passcode, "weak")).await;
    assert_eq!(
        (weak.status.as_u16(), weak.fields()),
        (400, vec!["password".to_owned()])
    );
    let same = nobody.post(path, change(&passcode, PASSWORD)).await;
    assert_eq!(same.status, 400);
    nobody.post(path, change(&passcode, NEW)).await.expect(204);
    assert_eq!(member.get("/users/me").await.status, 401);
    assert_eq!(
        nobody.post(path, change(&passcode, PASSWORD)).await.status,
        400
    );
    let login = json!({"email": "member@example.com", "password": NEW});
    nobody.post("/users/login", login).await.expect(201);
    let log = owner
        .get("/audit?q=action:request_password_reset")
        .await
        .expect(200);
    assert_eq!(log["count"], 1);
}

#[tokio::test]
async fn a_passcode_ends_after_twenty_minutes() {
    let (app, received) = with_webhook().await;
    let owner = app.owner().await;
    app.user(&owner, "member").await;
    let nobody = app.anonymous();
    let body = json!({"email": "member@example.com"});
    nobody.post("/users/otp/request", body).await.expect(204);
    let passcode = passcode(&first(&received).await);
    app.clock.advance(TimeDelta::minutes(20));
    let late = nobody
        .post("/users/otp/change-password", change(&passcode, NEW))
        .await;
    assert_eq!(late.status, 400);
}

#[tokio::test]
async fn whether_an_address_is_known_is_not_told() {
    let (app, received) = with_webhook().await;
    let owner = app.owner().await;
    app.user(&owner, "member").await;
    let nobody = app.anonymous();
    let ask = async |email: &str| {
        nobody
            .post("/users/otp/request", json!({"email": email}))
            .await
    };
    let unknown = ask("nobody@example.com").await;
    let known = ask("member@example.com").await;
    assert_eq!((unknown.status.as_u16(), known.status.as_u16()), (204, 204));
    assert_eq!(unknown.raw, known.raw);
    first(&received).await;
    assert_eq!(received.lock().unwrap().len(), 1);
    let attempt = async |email: &str| {
        let body = json!({"email": email, "one_time_passcode": "x", "password": NEW});
        nobody.post("/users/otp/change-password", body).await
    };
    let (unknown, known) = (
        attempt("nobody@example.com").await,
        attempt("member@example.com").await,
    );
    assert_eq!((unknown.status, unknown.raw), (known.status, known.raw));
    assert_eq!(ask("no address").await.fields(), ["email"]);
}

#[tokio::test]
async fn without_a_webhook_no_passcode_is_made() {
    let app = TestApp::start().await;
    app.owner().await;
    let body = json!({"email": "admin@example.com"});
    app.anonymous()
        .post("/users/otp/request", body)
        .await
        .expect(204);
    app.lifecycle.shut_down();
    let made: bool = sqlx::query_scalar("SELECT one_time_passcode_hash IS NOT NULL FROM users")
        .fetch_one(&app.db)
        .await
        .unwrap();
    assert!(!made);
}
