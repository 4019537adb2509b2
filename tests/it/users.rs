//! Users: making, listing, changing, suspending, deleting; roles and passwords.

use serde_json::{Value, json};

use crate::fixture::{Client, PASSWORD, QueryCounter, TestApp};

fn names(page: &Value) -> Vec<&str> {
    let users = page["users"].as_array().unwrap();
    users
        .iter()
        .map(|user| user["username"].as_str().unwrap())
        .collect()
}

async fn order(app: &TestApp, owner: &Client, username: &str) -> Value {
    json!({"username": username, "email": format!("{username}@example.com"), "password": PASSWORD,
           "organization_ids": [app.organization(owner).await]})
}

#[tokio::test]
async fn a_new_user_is_dormant_until_it_comes() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let made = owner
        .post("/users", order(&app, &owner, "ann").await)
        .await
        .expect(201);
    assert_eq!(made["status"], "dormant");
    assert_eq!(made["last_seen_at"], "0001-01-01T00:00:00Z");
    assert_eq!(made["roles"], json!([]));
    let ann = app.sign_in("ann").await;
    let me = ann.get("/users/me").await.expect(200);
    assert_eq!((&me["status"], &me["id"]), (&json!("active"), &made["id"]));
    assert_eq!(owner.get("/users/ANN").await.expect(200), me);
}

#[tokio::test]
async fn names_are_unique_in_any_case_and_free_after_deletion() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let made = owner
        .post("/users", order(&app, &owner, "ann").await)
        .await
        .expect(201);
    let mut again = order(&app, &owner, "ANN").await;
    again["email"] = json!("else@example.com");
    assert_eq!(owner.post("/users", again).await.status, 409);
    let mut again = order(&app, &owner, "bea").await;
    again["email"] = json!("Ann@Example.com");
    assert_eq!(owner.post("/users", again).await.status, 409);
    let ann = app.sign_in("ann").await;
    let path = format!("/users/{}", made["id"].as_str().unwrap());
    owner.delete(&path).await.expect(200);
    owner.delete(&path).await.expect(200);
    assert_eq!(ann.get("/users/me").await.status, 401);
    assert_eq!(owner.get("/users/ann").await.status, 400);
    owner
        .post("/users", order(&app, &owner, "ann").await)
        .await
        .expect(201);
}

#[tokio::test]
async fn a_broken_order_is_refused_with_its_fields() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let cases = [
        (json!({"email": "nope"}), 400, vec!["email"]),
        (json!({"username": "has space"}), 400, vec!["username"]),
        (json!({"name": " padded"}), 400, vec!["name"]),
        (json!({"password": "abc"}), 400, vec!["password"]),
        (
            json!({"organization_ids": []}),
            400,
            vec!["organization_ids"],
        ),
        (json!({"user_status": "gone"}), 400, vec!["user_status"]),
        (json!({"login_type": "none"}), 400, vec![]),
        (json!({"login_type": "magic", "password": ""}), 400, vec![]),
        (json!({"login_type": "token", "password": ""}), 400, vec![]),
        (
            json!({"organization_ids": ["deadbeef-0000-4000-8000-000000000000"]}),
            404,
            vec![],
        ),
    ];
    for (change, status, fields) in cases {
        let mut body = order(&app, &owner, "ann").await;
        for (key, value) in change.as_object().unwrap() {
            body[key] = value.clone();
        }
        let answer = owner.post("/users", body).await;
        assert_eq!(answer.status, status, "{change}");
        assert_eq!(answer.fields(), fields, "{change}");
    }
    assert_eq!(owner.get("/users").await.expect(200)["count"], 1);
}

#[tokio::test]
async fn organizations_that_the_maker_may_not_see_are_not_there() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let manager = app.user_with(&owner, "max", &["user-admin"], &[]).await;
    let member = app.user(&owner, "bob").await;
    let mut body = order(&app, &owner, "ann").await;
    let open = body["organization_ids"][0].clone();
    let made = json!({"name": "hidden"});
    let hidden = owner.post("/organizations", made).await.expect(201);
    assert_eq!(member.post("/users", body.clone()).await.status, 403);
    body["organization_ids"] = json!([hidden["id"]]);
    for client in [&member, &manager] {
        assert_eq!(client.post("/users", body.clone()).await.status, 404);
    }
    body["organization_ids"] = json!([open, hidden["id"]]);
    let ann = owner.post("/users", body).await.expect(201);
    assert_eq!(ann["organization_ids"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn lists_are_searched_paged_and_limited_to_what_one_may_see() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    for name in ["bob", "Cy"] {
        owner
            .post("/users", order(&app, &owner, name).await)
            .await
            .expect(201);
    }
    let all = owner.get("/users").await.expect(200);
    assert_eq!(names(&all), ["admin", "ann", "bob", "Cy"]);
    let page = owner.get("/users?limit=2&offset=1").await.expect(200);
    assert_eq!(
        (names(&page), &page["count"]),
        (vec!["ann", "bob"], &json!(4))
    );
    let after = format!(
        "/users?after_id={}",
        all["users"][1]["id"].as_str().unwrap()
    );
    assert_eq!(names(&owner.get(&after).await.expect(200)), ["bob", "Cy"]);
    for (search, found) in [
        ("AN", vec!["ann"]),
        ("example.com", vec!["admin", "ann", "bob", "Cy"]),
        ("status:dormant", vec!["bob", "Cy"]),
        ("role:owner", vec!["admin"]),
        ("role:member", vec!["admin", "ann", "bob", "Cy"]),
        ("created_before:%222001-01-01T00:00:00Z%22", vec![]),
        ("%25", vec![]),
    ] {
        let page = owner.get(&format!("/users?q={search}")).await.expect(200);
        assert_eq!(names(&page), found, "{search}");
    }
    assert_eq!(names(&ann.get("/users").await.expect(200)), ["ann"]);
    let bad = owner.get("/users?q=color:red").await;
    assert_eq!(
        (bad.status.as_u16(), bad.fields()),
        (400, vec!["color".to_owned()])
    );
    let bad = owner.get("/users?limit=-1").await;
    assert_eq!(
        (bad.status.as_u16(), bad.fields()),
        (400, vec!["limit".to_owned()])
    );
}

#[tokio::test]
async fn a_list_costs_the_same_for_any_number_of_users() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let count = async || {
        owner.get("/users").await.expect(200);
        let counter = QueryCounter::start();
        owner.get("/users").await.expect(200);
        counter.take().len()
    };
    let before = count().await;
    for name in ["ann", "bob", "cy"] {
        owner
            .post("/users", order(&app, &owner, name).await)
            .await
            .expect(201);
    }
    assert_eq!(count().await, before);
    assert_eq!(before, 1);
}

#[tokio::test]
async fn members_see_and_change_only_themselves() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let profile = json!({"username": "anna", "name": "Anna E."});
    let changed = ann.put("/users/ann/profile", profile).await.expect(200);
    assert_eq!(changed["name"], "Anna E.");
    let theme = json!({"theme_preference": "dark"});
    let changed = ann.put("/users/me/appearance", theme).await.expect(200);
    assert_eq!(changed["theme_preference"], "dark");
    let taken = json!({"username": "ADMIN", "name": ""});
    let refused = ann.put("/users/me/profile", taken).await;
    assert_eq!(
        (refused.status.as_u16(), refused.fields()),
        (409, vec!["username".to_owned()])
    );
    assert_eq!(ann.get("/users/admin").await.status, 400);
    assert_eq!(
        ann.post("/users", order(&app, &owner, "x").await)
            .await
            .status,
        403
    );
    assert_eq!(ann.delete("/users/admin").await.status, 400);
    assert_eq!(ann.delete("/users/me").await.status, 403);
    ann.get("/users/me/login-type").await.expect(200);
    assert_eq!(owner.get("/users/anna/login-type").await.status, 403);
}

#[tokio::test]
async fn suspending_shuts_out_at_once() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    ann.get("/users/me").await.expect(200);
    owner
        .put("/users/ann/status/suspend", json!({}))
        .await
        .expect(200);
    assert_eq!(ann.get("/users/me").await.status, 401);
    let login = json!({"email": "ann@example.com", "password": PASSWORD});
    assert_eq!(
        app.anonymous().post("/users/login", login).await.status,
        401
    );
    owner
        .put("/users/ann/status/activate", json!({}))
        .await
        .expect(200);
    ann.get("/users/me").await.expect(200);
    let me = owner.put("/users/me/status/suspend", json!({})).await;
    assert_eq!(me.status, 400);
    let admin = app.user_with(&owner, "uma", &["user-admin"], &[]).await;
    let boss = admin.put("/users/admin/status/suspend", json!({})).await;
    assert_eq!(boss.status, 400);
}

#[tokio::test]
async fn a_new_password_ends_every_session() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let path = "/users/ann/password";
    let new = "AnotherPassw0rd!";
    for (body, field) in [
        (
            json!({"old_password": "nope", "password": new}),
            Some("old_password"),
        ),
        (
            json!({"old_password": PASSWORD, "password": "x"}),
            Some("password"),
        ),
        (
            json!({"old_password": PASSWORD, "password": PASSWORD}),
            None,
        ),
        (json!({"password": new}), None),
    ] {
        let refused = ann.put(path, body).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.fields().first().map(String::as_str), field);
    }
    let change = json!({"old_password": PASSWORD, "password": new});
    ann.put(path, change).await.expect(204);
    assert_eq!(ann.get("/users/me").await.status, 401);
    owner
        .put(path, json!({"password": PASSWORD}))
        .await
        .expect(204);
    app.sign_in("ann").await;
    let auditor = app.user_with(&owner, "aud", &["auditor"], &[]).await;
    let refused = auditor.put(path, json!({"password": new})).await;
    assert_eq!(refused.status, 404);
}

#[tokio::test]
async fn roles_are_given_by_those_who_may() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let rob = app.user(&owner, "rob").await;
    let admin = app.user_with(&owner, "uma", &["user-admin"], &[]).await;
    let path = "/users/rob/roles";
    let two = json!({"roles": ["template-admin", "auditor", "auditor"]});
    let changed = owner.put(path, two).await.expect(200);
    let given: Vec<_> = changed["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].clone())
        .collect();
    assert_eq!(given, ["auditor", "template-admin"]);
    // The cached session knows at once.
    assert_eq!(rob.get("/users").await.expect(200)["count"], 3);
    for bad in ["emperor", "organization-admin"] {
        assert_eq!(
            owner.put(path, json!({"roles": [bad]})).await.status,
            400,
            "{bad}"
        );
    }
    let more = json!({"roles": ["auditor", "template-admin", "owner"]});
    assert_eq!(admin.put(path, more.clone()).await.status, 400);
    assert_eq!(
        rob.put("/users/uma/roles", json!({"roles": ["member"]}))
            .await
            .status,
        403
    );
    assert_eq!(
        owner
            .put("/users/me/roles", json!({"roles": []}))
            .await
            .status,
        400
    );
    let roles = owner.get(path).await.expect(200);
    assert_eq!(roles["roles"], json!(["auditor", "template-admin"]));
    assert_eq!(rob.get("/users/admin/roles").await.status, 404);
    let known = rob.get("/users/roles").await.expect(200);
    assert_eq!(known.as_array().unwrap().len(), 4);
    assert_eq!(known[0]["assignable"], false);
}

#[tokio::test]
async fn whoever_runs_the_server_resets_passwords() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let robot = json!({"username": "robot", "email": "robot@example.com", "login_type": "none",
        "organization_ids": [app.organization(&owner).await]});
    owner.post("/users", robot).await.expect(201);
    let users = &app.state.users;
    let new = "AnotherSecurePassword!";
    for (username, password, reason) in [
        ("nobody", new, "no such user"),
        ("robot", new, "the user does not sign in by password"),
        ("ann", "short", "the password is too weak"),
        ("ann", PASSWORD, "the new password is the old one"),
    ] {
        let refused = users.reset_password(username, password.to_owned()).await;
        assert_eq!(refused.unwrap_err().to_string(), reason);
    }
    ann.get("/users/me").await.expect(200);
    users.reset_password("Ann", new.to_owned()).await.unwrap();
    assert_eq!(ann.get("/users/me").await.status, 401);
    for (password, status) in [(PASSWORD, 401), (new, 201)] {
        let login = json!({"email": "ann@example.com", "password": password});
        assert_eq!(
            app.anonymous().post("/users/login", login).await.status,
            status
        );
    }
    let log = owner
        .get("/audit?q=resource_type:user%20action:write")
        .await
        .expect(200);
    let entry = &log["audit_logs"][0];
    assert_eq!(
        (
            &entry["user"]["username"],
            &entry["user_agent"],
            &entry["diff"]["hashed_password"]["new"]
        ),
        (
            &json!("ann"),
            &json!("workspaced reset-password"),
            &json!("")
        )
    );
}
