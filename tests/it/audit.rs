//! The audit log, and questions about rights.

use serde_json::json;

use crate::fixture::TestApp;

#[tokio::test]
async fn what_is_done_is_told_to_those_who_may_know() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let profile = json!({"username": "ann", "name": "Ann X"});
    ann.put("/users/me/profile", profile).await.expect(200);
    let page = owner
        .get("/audit?q=resource_type:user%20username:ann")
        .await
        .expect(200);
    let entry = &page["audit_logs"][0];
    assert_eq!(
        entry["diff"],
        json!({"name": {"old": "", "new": "Ann X", "secret": false}})
    );
    assert_eq!(entry["description"], "{user} updated user {target}");
    assert_eq!(entry["user"]["username"], "ann");
    assert_eq!(entry["ip"], "127.0.0.1");
    let made = owner
        .get("/audit?q=resource_type:user%20action:create")
        .await
        .expect(200);
    let hash = &made["audit_logs"][0]["diff"]["hashed_password"];
    assert_eq!(*hash, json!({"old": "", "new": "", "secret": true}));
    let hidden = ann.get("/audit?limit=10").await.expect(200);
    assert_eq!(hidden, json!({"audit_logs": [], "count": 0}));
    let logins = owner.get("/audit?q=action:login&limit=1").await.expect(200);
    assert_eq!(
        (
            &logins["count"],
            logins["audit_logs"].as_array().unwrap().len()
        ),
        (&json!(2), 1)
    );
    for (bad, field) in [
        ("action:dance", "action"),
        ("colour:red", "colour"),
        ("organization:none", "organization"),
    ] {
        let refused = owner.get(&format!("/audit?q={bad}")).await;
        assert_eq!(
            (refused.status.as_u16(), refused.fields()),
            (400, vec![field.to_owned()])
        );
    }
}

#[tokio::test]
async fn a_refused_sign_in_is_told_of_users_that_exist() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    for email in ["admin@example.com", "nobody@example.com"] {
        let login = json!({"email": email, "password": "wrong-Password1"});
        let refused = app.anonymous().post("/users/login", login).await;
        assert_eq!(refused.status, 401);
    }
    let page = owner.get("/audit?q=action:login").await.expect(200);
    let entries = page["audit_logs"].as_array().unwrap();
    let mut statuses: Vec<_> = entries
        .iter()
        .map(|entry| entry["status_code"].as_u64())
        .collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [Some(201), Some(401)]);
}

#[tokio::test]
async fn questions_about_rights_are_answered_together() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let admin = owner.get("/users/me").await.expect(200)["id"].clone();
    let ask =
        |kind: &str, action: &str| json!({"object": {"resource_type": kind}, "action": action});
    let mut own = ask("api_key", "create");
    own["object"]["owner_id"] = json!("me");
    let mut boss = ask("user", "read");
    boss["object"]["resource_id"] = admin;
    let checks = json!({"checks": {"users": ask("user", "create"), "own": own, "boss": boss,
        "kind": ask("spaceship", "read"), "action": ask("user", "launch")}});
    assert_eq!(
        ann.post("/authcheck", checks.clone()).await.expect(200),
        json!({"users": false, "own": true, "boss": false, "kind": false, "action": false})
    );
    assert_eq!(
        owner.post("/authcheck", checks).await.expect(200),
        json!({"users": true, "own": true, "boss": true, "kind": false, "action": false})
    );
    let mut bad = ask("user", "read");
    bad["object"]["resource_id"] = json!("abc");
    let refused = owner
        .post("/authcheck", json!({"checks": {"a": bad.clone()}}))
        .await;
    assert_eq!(
        (refused.status.as_u16(), refused.fields()),
        (400, vec!["resource_id".to_owned()])
    );
    let many: serde_json::Map<_, _> = (0..11).map(|n| (n.to_string(), bad.clone())).collect();
    assert_eq!(
        owner
            .post("/authcheck", json!({"checks": many}))
            .await
            .status,
        400
    );
}
