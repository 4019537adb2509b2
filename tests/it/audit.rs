//! The audit log, and questions about rights.

use serde_json::{Value, json};

use crate::fixture::{Client, TestApp};

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

/// What the log says of a kind of thing, newest first: action, target, status and diff.
async fn told(client: &Client, kind: &str) -> Vec<Value> {
    let page = client
        .get(&format!("/audit?limit=100&q=resource_type:{kind}"))
        .await
        .expect(200);
    let entries = page["audit_logs"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| {
            let [action, target, status, diff] =
                ["action", "resource_target", "status_code", "diff"].map(|key| &entry[key]);
            json!([action, target, status, diff])
        })
        .collect()
}

#[tokio::test]
async fn every_change_of_a_workspace_is_told() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&ann, "box", &template).await;
    let path = format!("/workspaces/{id}");
    let made = told(&owner, "workspace").await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0][0], "create");
    assert_eq!(
        made[0][3]["name"],
        json!({"old": "", "new": "box", "secret": false})
    );
    assert!(
        made[0][3].get("ttl").is_none(),
        "what is unset does not differ"
    );
    let change = |field: &str, old: Value, new: Value| json!({field: {"old": old, "new": new, "secret": false}});
    let schedule = "CRON_TZ=UTC 0 9 * * 1";
    let puts = [
        (
            "ttl",
            json!({"ttl_ms": 7_200_000}),
            204,
            change("ttl", json!("null"), json!(7_200_000_000_000_i64)),
        ),
        (
            "autostart",
            json!({"schedule": schedule}),
            204,
            change("autostart_schedule", json!("null"), json!(schedule)),
        ),
        (
            "autoupdates",
            json!({"automatic_updates": "always"}),
            204,
            change("automatic_updates", json!("never"), json!("always")),
        ),
        (
            "favorite",
            json!({}),
            204,
            change("favorite", json!(false), json!(true)),
        ),
        (
            "dormant",
            json!({"dormant": true}),
            200,
            change("dormant_at", json!("null"), json!("2026-01-05T09:00:00Z")),
        ),
    ];
    for (operation, body, status, diff) in puts {
        ann.put(&format!("{path}/{operation}"), body)
            .await
            .expect(status);
        let newest = told(&owner, "workspace").await.remove(0);
        assert_eq!(newest, json!(["write", "box", status, diff]), "{operation}");
    }
    ann.patch(&path, json!({"name": "chest"})).await.expect(204);
    let renamed = told(&owner, "workspace").await.remove(0);
    let diff = change("name", json!("box"), json!("chest"));
    assert_eq!(renamed, json!(["write", "chest", 204, diff]));
    // What changes nothing, and what is only read or used, is not told.
    ann.put(&format!("{path}/dormant"), json!({"dormant": true}))
        .await
        .expect(304);
    ann.post(&format!("{path}/usage"), json!({}))
        .await
        .expect(204);
    ann.get(&path).await.expect(200);
    assert_eq!(told(&owner, "workspace").await.len(), 7);
}

#[tokio::test]
async fn a_build_is_told_when_it_ends() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let id = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{id}/builds");
    owner
        .post(&path, json!({"transition": "stop"}))
        .await
        .expect(201);
    let begun = told(&owner, "workspace_build").await;
    assert_eq!(
        begun,
        [json!(["start", "", 200, {}])],
        "a build that goes on is not told"
    );
    let job = provisioner.take().await.unwrap();
    provisioner.fail(job, "out of disk").await;
    provisioner.build(&owner, &id, "delete").await;
    let ended = told(&owner, "workspace_build").await;
    assert_eq!(
        ended[..2],
        [json!(["delete", "", 200, {}]), json!(["stop", "", 500, {}])]
    );
    let page = owner
        .get("/audit?q=build_reason:initiator&limit=1")
        .await
        .expect(200);
    assert_eq!(page["count"], 3);
    let facts = &page["audit_logs"][0]["additional_fields"];
    assert_eq!(facts["workspace_name"], "box");
    assert_eq!(facts["build_number"], "3");
    assert_eq!(facts["workspace_id"], json!(id));
    assert_eq!(page["audit_logs"][0]["is_deleted"], true);
    let link = "/@admin/box/builds/3";
    assert_eq!(page["audit_logs"][0]["resource_link"], link);
    let none = owner
        .get("/audit?q=build_reason:autostart")
        .await
        .expect(200);
    assert_eq!(none["count"], 0);
}

#[tokio::test]
async fn changes_of_templates_and_versions_are_told() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let path = format!("/templates/{template}");
    let second = provisioner.version(&owner, "v2", Some(&template)).await;
    let active = json!({"id": second});
    owner
        .patch(&format!("{path}/versions"), active)
        .await
        .expect(200);
    owner
        .patch(&path, json!({"icon": "/icon/x.png"}))
        .await
        .expect(200);
    let third = provisioner.version(&owner, "v3", Some(&template)).await;
    let version = format!("/templateversions/{third}");
    owner
        .patch(&version, json!({"name": "v4"}))
        .await
        .expect(200);
    owner
        .post(&format!("{version}/archive"), json!({}))
        .await
        .expect(200);
    owner.delete(&path).await.expect(200);
    let actions = |entries: Vec<Value>| -> Vec<Value> {
        entries
            .into_iter()
            .map(|entry| json!([entry[0], entry[1]]))
            .collect()
    };
    assert_eq!(
        actions(told(&owner, "template").await),
        [
            json!(["delete", "tpl"]),
            json!(["write", "tpl"]),
            json!(["write", "tpl"]),
            json!(["create", "tpl"])
        ]
    );
    let versions = actions(told(&owner, "template_version").await);
    for expected in [
        json!(["write", "v4"]),
        json!(["create", "v3"]),
        json!(["create", "v1"]),
    ] {
        assert!(versions.contains(&expected), "{expected} in {versions:?}");
    }
}

#[tokio::test]
async fn an_entry_is_made_up_by_those_who_may_write_to_the_log() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let path = "/audit/testgenerate";
    assert_eq!(ann.post(path, json!({})).await.status, 403);
    for (body, field) in [
        (json!({"action": "dance"}), "action"),
        (json!({"resource_type": "moon"}), "resource_type"),
        (json!({"build_reason": "boredom"}), "build_reason"),
    ] {
        let refused = owner.post(path, body).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.fields(), [field]);
    }
    let body = json!({"action": "stop", "resource_type": "workspace_build",
        "build_reason": "autostop", "time": "2025-02-03T04:05:06Z"});
    owner.post(path, body).await.expect(204);
    let page = owner
        .get("/audit?q=build_reason:autostop%20date_to:2025-02-03")
        .await
        .expect(200);
    assert_eq!(page["count"], 1);
    assert_eq!(page["audit_logs"][0]["time"], "2025-02-03T04:05:06Z");
}

#[tokio::test]
async fn who_names_no_limit_gets_a_bounded_page() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    for _ in 0..101 {
        let made = owner.post("/audit/testgenerate", json!({})).await;
        assert_eq!(made.status, 204);
    }
    for (query, shown) in [("", 100), ("?limit=0", 100), ("?limit=101", 101)] {
        let found = owner.get(&format!("/audit{query}")).await.expect(200);
        assert_eq!(found["audit_logs"].as_array().unwrap().len(), shown);
        assert!(found["count"].as_u64().unwrap() > 101);
    }
}
