//! Sessions of the command line, API tokens, and keys for git over SSH.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::fixture::{Client, Options, PASSWORD, TestApp, eventually};

fn id(token: &Value) -> String {
    let token = token["key"].as_str().unwrap();
    token.split_once('-').unwrap().0.to_owned()
}

fn with(app: &TestApp, token: &Value) -> Client {
    Client::at(app, Some(token["key"].as_str().unwrap().to_owned()))
}

#[tokio::test]
async fn a_token_signs_in_until_it_is_revoked_everywhere() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let other = app.replica();
    let path = "/users/me/keys/tokens";
    assert_eq!(owner.get(path).await.expect(200), json!([]));
    let order = json!({"token_name": "ci", "lifetime": 3_600_000_000_000_i64});
    let made = owner.post(path, order.clone()).await.expect(201);
    let (here, there) = (with(&app, &made), with(&other, &made));
    here.get("/users/me").await.expect(200);
    there.get("/users/me").await.expect(200);
    let taken = owner.post(path, order.clone()).await;
    assert_eq!(
        (taken.status.as_u16(), taken.fields()),
        (409, vec!["name".to_owned()])
    );
    let listed = owner.get(path).await.expect(200);
    assert_eq!(listed[0]["username"], "admin");
    assert_eq!(listed[0]["lifetime_seconds"], 3600);
    let named = owner.get("/users/me/keys/tokens/ci").await.expect(200);
    assert_eq!(named["id"], json!(id(&made)));
    let key = format!("/users/me/keys/{}", id(&made));
    owner.delete(&key).await.expect(204);
    assert_eq!(here.get("/users/me").await.status, 401);
    eventually(|| async { (there.get("/users/me").await.status == 401).then_some(()) }).await;
    assert_eq!(owner.delete(&key).await.status, 404);
    owner.post(path, order).await.expect(201);
}

#[tokio::test]
async fn a_secret_is_answered_once_and_never_kept() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let made = owner.post("/users/me/keys", json!({})).await.expect(201);
    let token = made["key"].as_str().unwrap().to_owned();
    let secret = token.split_once('-').unwrap().1;
    let shown = owner
        .get(&format!("/users/me/keys/{}", id(&made)))
        .await
        .expect(200);
    assert!(!shown.to_string().contains(secret));
    assert_eq!(shown["last_used"], "0001-01-01T00:00:00Z");
    assert_eq!(shown["lifetime_seconds"], 7 * 24 * 3600);
    let kept: Vec<u8> = sqlx::query_scalar("SELECT hashed_secret FROM api_keys WHERE id = $1")
        .bind(id(&made))
        .fetch_one(&app.db)
        .await
        .unwrap();
    assert_ne!(kept, secret.as_bytes());
}

#[tokio::test]
async fn a_token_ends_with_its_lifetime() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let order = json!({"lifetime": 1_800_000_000_000_i64});
    let made = owner.post("/users/me/keys/tokens", order).await.expect(201);
    let holder = with(&app, &made);
    holder.get("/users/me").await.expect(200);
    app.clock.advance(TimeDelta::minutes(31));
    assert_eq!(holder.get("/users/me").await.status, 401);
}

#[tokio::test]
async fn use_moves_the_end_of_a_token_on_unless_that_is_switched_off() {
    for (is_off, status) in [(false, 200), (true, 401)] {
        let mut options = Options::default();
        options.settings.disable_session_expiry_refresh = is_off;
        let app = TestApp::with(options).await;
        let owner = app.owner().await;
        let order = json!({"lifetime": 2 * 3_600_000_000_000_i64});
        let made = owner.post("/users/me/keys/tokens", order).await.expect(201);
        let holder = with(&app, &made);
        for _ in 0..2 {
            app.clock.advance(TimeDelta::minutes(50));
            // A change of the user also makes the server forget the session that it remembers.
            let theme = json!({"theme_preference": "dark"});
            holder.put("/users/me/appearance", theme).await.expect(200);
        }
        app.clock.advance(TimeDelta::minutes(50));
        assert_eq!(holder.get("/users/me").await.status, status);
    }
}

#[tokio::test]
async fn a_service_account_works_with_a_token_of_an_administrator() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let other = app.replica();
    let account = json!({"username": "robot", "email": "robot@example.com", "login_type": "none",
        "organization_ids": [app.organization(&owner).await]});
    let account = owner.post("/users", account).await.expect(201);
    assert_eq!(account["login_type"], "none");
    let login = json!({"email": "robot@example.com", "password": ""});
    assert_eq!(
        app.anonymous().post("/users/login", login).await.status,
        400
    );
    let login = json!({"email": "robot@example.com", "password": PASSWORD});
    assert_eq!(
        app.anonymous().post("/users/login", login).await.status,
        401
    );
    let set = owner
        .put("/users/robot/password", json!({"password": PASSWORD}))
        .await;
    assert_eq!(set.status, 400);
    let order = json!({"token_name": "ci", "lifetime": 3_600_000_000_000_i64});
    let path = "/users/robot/keys/tokens";
    let made = owner.post(path, order.clone()).await.expect(201);
    let (here, there) = (with(&app, &made), with(&other, &made));
    assert_eq!(here.get("/users/me").await.expect(200)["id"], account["id"]);
    assert_eq!(there.get(path).await.expect(200)[0]["token_name"], "ci");
    let bob = app.user(&owner, "bob").await;
    assert_eq!(bob.post(path, order).await.status, 400);
    owner
        .put("/users/robot/status/suspend", json!({}))
        .await
        .expect(200);
    assert_eq!(here.get("/users/me").await.status, 401);
    eventually(|| async { (there.get("/users/me").await.status == 401).then_some(()) }).await;
    owner
        .put("/users/robot/status/activate", json!({}))
        .await
        .expect(200);
    here.get("/users/me").await.expect(200);
    owner.delete("/users/robot").await.expect(200);
    assert_eq!(here.get("/users/me").await.status, 401);
    eventually(|| async { (there.get("/users/me").await.status == 401).then_some(()) }).await;
}

#[tokio::test]
async fn lifetimes_and_scopes_out_of_bounds_are_refused() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    for bad in [
        json!({"lifetime": -1}),
        json!({"lifetime": i64::MAX}),
        json!({"lifetime": "1h"}),
        json!({"scope": "everything"}),
    ] {
        let answer = owner.post("/users/me/keys/tokens", bad.clone()).await;
        assert_eq!(answer.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn a_narrow_token_reads_nothing() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let order = json!({"scope": "application_connect"});
    let made = owner.post("/users/me/keys/tokens", order).await.expect(201);
    let holder = with(&app, &made);
    let users = holder.get("/users").await.expect(200);
    assert_eq!(users["count"], 0);
    assert_eq!(holder.post("/users/me/keys", json!({})).await.status, 400);
}

#[tokio::test]
async fn tokens_of_others_are_hidden_from_members_and_open_to_owners() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let theirs = ann
        .post("/users/me/keys/tokens", json!({"token_name": "mine"}))
        .await
        .expect(201);
    let own = owner
        .post("/users/me/keys/tokens", json!({"token_name": "boss"}))
        .await
        .expect(201);
    let all = ann
        .get("/users/me/keys/tokens?include_all=true")
        .await
        .expect(200);
    assert_eq!(all.as_array().unwrap().len(), 1);
    let all = owner
        .get("/users/me/keys/tokens?include_all=true")
        .await
        .expect(200);
    assert_eq!(all.as_array().unwrap().len(), 2);
    owner.get("/users/ann/keys/tokens/mine").await.expect(200);
    let path = format!("/users/me/keys/{}", id(&own));
    assert_eq!(ann.get(&path).await.status, 404);
    assert_eq!(ann.delete(&path).await.status, 404);
    owner
        .delete(&format!("/users/ann/keys/{}", id(&theirs)))
        .await
        .expect(204);
    let entries = owner
        .get("/audit?q=resource_type:api_key%20action:delete")
        .await
        .expect(200);
    // What was tried is told as well.
    assert_eq!(entries["count"], 2);
    assert_eq!(entries["audit_logs"][0]["resource_target"], "mine");
    assert_eq!(entries["audit_logs"][1]["status_code"], 404);
}

#[tokio::test]
async fn everybody_has_a_key_for_git_and_may_replace_it() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let before = ann.get("/users/me/gitsshkey").await.expect(200);
    assert!(
        before["public_key"]
            .as_str()
            .unwrap()
            .starts_with("ssh-ed25519 ")
    );
    let after = ann.put("/users/me/gitsshkey", json!({})).await.expect(200);
    assert_ne!(before["public_key"], after["public_key"]);
    assert_eq!(after, ann.get("/users/me/gitsshkey").await.expect(200));
    assert!(!after.to_string().contains("PRIVATE"));
    let private: String = sqlx::query_scalar("SELECT private_key FROM git_ssh_keys k JOIN users u ON u.id = k.user_id WHERE u.username = 'ann'")
        .fetch_one(&app.db)
        .await
        .unwrap();
    let read = ssh_key::PrivateKey::from_openssh(&private).unwrap();
    let line = read.public_key().to_openssh().unwrap();
    assert_eq!(
        after["public_key"].as_str().unwrap().trim_end(),
        line.trim_end()
    );
}
