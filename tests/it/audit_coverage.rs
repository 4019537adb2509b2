//! Every operation that changes something tells the audit log of it: each is called here and
//! followed by a look at the log. What writes no entry stands in `tests/golden/unaudited.txt`,
//! with its reason; what is in neither place fails.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, Options, PASSWORD, TestApp, at};

const UNAUDITED: &str = include_str!("../golden/unaudited.txt");

/// The secret of an identity provider.
const PROVIDER: &str = "a secret of the provider";

/// Counts entries between steps.
struct Walk<'a> {
    app: &'a TestApp,
    entries: i64,
    told: BTreeSet<String>,
}

impl Walk<'_> {
    async fn count(&self) -> i64 {
        sqlx::query_scalar("SELECT count(*) FROM audit_logs")
            .fetch_one(&self.app.db)
            .await
            .unwrap()
    }

    /// The operation that was called since the last step has written something.
    async fn told(&mut self, operation: &str) {
        let now = self.count().await;
        assert!(now > self.entries, "{operation} wrote no entry");
        self.entries = now;
        let (method, path) = operation.split_once(' ').unwrap();
        self.told.insert(format!("{method} /api/v2{path}"));
    }

    /// Calls an operation, which has to go well, and looks for its entry.
    async fn call(&mut self, operation: &str, client: &Client, path: &str, body: Value) -> Value {
        let (method, _) = operation.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        self.entries = self.count().await;
        let answer = client.send(method, path, &[], body.to_string()).await;
        assert!(
            answer.status.is_success(),
            "{operation} answered {}: {}",
            answer.status,
            String::from_utf8_lossy(&answer.raw)
        );
        self.told(operation).await;
        serde_json::from_slice(&answer.raw).unwrap_or_default()
    }
}

fn text(value: &Value, path: &str) -> String {
    at(value, path).as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_change_is_told() {
    let mut options = Options::default();
    PROVIDER.clone_into(&mut options.settings.scim_auth_header);
    let app = TestApp::with(options).await;
    let mut walk = Walk {
        app: &app,
        entries: 0,
        told: BTreeSet::new(),
    };
    let owner = sessions(&mut walk).await;
    users(&mut walk, &owner).await;
    organizations(&mut walk, &owner).await;
    deployment(&mut walk, &owner).await;
    notifications(&mut walk, &owner).await;
    identity_provider(&mut walk).await;
    let template = templates(&mut walk, &owner).await;
    workspaces(&mut walk, &owner, &template).await;
    let path = format!("/templates/{template}");
    let operation = "DELETE /templates/{template}";
    walk.call(operation, &owner, &path, json!({})).await;
    let operation = "POST /users/logout";
    walk.call(operation, &owner, "/users/logout", json!({}))
        .await;

    let excused: BTreeSet<String> = UNAUDITED
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").expect("METHOD path: reason").0.into())
        .collect();
    let both: Vec<_> = walk.told.intersection(&excused).collect();
    assert!(both.is_empty(), "told, and excused from it: {both:#?}");
    let document = app.anonymous().get("/openapi.json").await.expect(200);
    let mut missing = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["post", "put", "patch", "delete"] {
            let operation = format!("{} {path}", method.to_uppercase());
            let known = walk.told.contains(&operation) || excused.contains(&operation);
            if item.get(method).is_some() && !known {
                missing.push(operation);
            }
        }
    }
    assert!(missing.is_empty(), "neither told nor excused: {missing:#?}");
}

async fn sessions(walk: &mut Walk<'_>) -> Client {
    let nobody = walk.app.anonymous();
    let first = json!({"email": "admin@example.com", "username": "admin", "password": PASSWORD});
    nobody.post("/users/first", first).await.expect(201);
    let login = json!({"email": "admin@example.com", "password": PASSWORD});
    let operation = "POST /users/login";
    let made = walk.call(operation, &nobody, "/users/login", login).await;
    Client::at(walk.app, Some(text(&made, "session_token")))
}

async fn users(walk: &mut Walk<'_>, owner: &Client) {
    let organization = walk.app.organization(owner).await;
    let order = json!({"username": "ann", "email": "ann@example.com", "password": PASSWORD,
        "login_type": "password", "organization_ids": [organization]});
    walk.call("POST /users", owner, "/users", order).await;
    let puts = [
        ("appearance", json!({"theme_preference": "dark"})),
        ("profile", json!({"username": "ann", "name": "Ann X"})),
        ("quiet-hours", json!({"schedule": "CRON_TZ=UTC 0 3 * * *"})),
        ("roles", json!({"roles": ["auditor"]})),
        ("status/suspend", json!({})),
        ("status/activate", json!({})),
        ("gitsshkey", json!({})),
        ("password", json!({"password": "another-Password1!"})),
    ];
    for (name, body) in puts {
        let operation = format!("PUT /users/{{user}}/{name}");
        let path = format!("/users/ann/{name}");
        walk.call(&operation, owner, &path, body).await;
    }
    let keys = "/users/me/keys";
    let operation = "POST /users/{user}/keys";
    walk.call(operation, owner, keys, json!({})).await;
    let tokens = format!("{keys}/tokens");
    let operation = "POST /users/{user}/keys/tokens";
    let made = walk.call(operation, owner, &tokens, json!({})).await;
    let key = text(&made, "key");
    let key = format!("{keys}/{}", key.split('-').next().unwrap());
    let operation = "DELETE /users/{user}/keys/{keyid}";
    walk.call(operation, owner, &key, json!({})).await;
    let gone = json!({"username": "bob", "email": "bob@example.com", "password": PASSWORD,
        "login_type": "password", "organization_ids": [organization]});
    owner.post("/users", gone).await.expect(201);
    let operation = "DELETE /users/{user}";
    walk.call(operation, owner, "/users/bob", json!({})).await;
}

async fn organizations(walk: &mut Walk<'_>, owner: &Client) {
    let root = "/organizations/{organization}";
    let order = json!({"name": "second"});
    walk.call("POST /organizations", owner, "/organizations", order)
        .await;
    let path = "/organizations/second";
    let change = json!({"description": "more"});
    walk.call(&format!("PATCH {root}"), owner, path, change)
        .await;

    let groups = format!("{path}/groups");
    let operation = format!("POST {root}/groups");
    let order = json!({"name": "dev"});
    let made = walk.call(&operation, owner, &groups, order).await;
    let group = format!("/groups/{}", text(&made, "id"));
    let change = json!({"quota_allowance": 3});
    walk.call("PATCH /groups/{group}", owner, &group, change)
        .await;
    walk.call("DELETE /groups/{group}", owner, &group, json!({}))
        .await;

    let roles = format!("{path}/members/roles");
    let role = |action: &str| {
        json!({"name": "looker", "display_name": "", "site_permissions": [], "user_permissions": [],
            "organization_permissions": [{"negate": false, "resource_type": "template", "action": action}]})
    };
    for (method, action) in [("POST", "read"), ("PUT", "update")] {
        let operation = format!("{method} {root}/members/roles");
        walk.call(&operation, owner, &roles, role(action)).await;
    }
    let operation = format!("DELETE {root}/members/roles/{{roleName}}");
    let named = format!("{roles}/looker");
    walk.call(&operation, owner, &named, json!({})).await;

    let member = format!("{path}/members/ann");
    let operation = format!("POST {root}/members/{{user}}");
    walk.call(&operation, owner, &member, json!({})).await;
    let operation = format!("PUT {root}/members/{{user}}/roles");
    let give = json!({"roles": ["organization-auditor"]});
    walk.call(&operation, owner, &format!("{member}/roles"), give)
        .await;
    let operation = format!("DELETE {root}/members/{{user}}");
    walk.call(&operation, owner, &member, json!({})).await;

    let keys = format!("{path}/provisionerkeys");
    let operation = format!("POST {root}/provisionerkeys");
    walk.call(&operation, owner, &keys, json!({"name": "farm"}))
        .await;
    let operation = format!("DELETE {root}/provisionerkeys/{{provisionerkey}}");
    let named = format!("{keys}/farm");
    walk.call(&operation, owner, &named, json!({})).await;

    for settings in ["groups", "roles"] {
        for part in ["", "/config", "/mapping"] {
            let settings = format!("settings/idpsync/{settings}{part}");
            let operation = format!("PATCH {root}/{settings}");
            let path = format!("{path}/{settings}");
            walk.call(&operation, owner, &path, json!({"field": "f"}))
                .await;
        }
    }
    let operation = format!("DELETE {root}");
    walk.call(&operation, owner, path, json!({})).await;
}

async fn deployment(walk: &mut Walk<'_>, owner: &Client) {
    let operation = "PUT /debug/health/settings";
    let muted = json!({"dismissed_healthchecks": ["DERP"]});
    walk.call(operation, owner, "/debug/health/settings", muted)
        .await;
    for part in ["", "/config", "/mapping"] {
        let path = format!("/settings/idpsync/organization{part}");
        let operation = format!("PATCH {path}");
        walk.call(&operation, owner, &path, json!({"field": "f"}))
            .await;
    }
    let license = crate::licenses::license(&json!({"exp": 4_000_000_000_i64}));
    let made = walk
        .call("POST /licenses", owner, "/licenses", license)
        .await;
    let path = format!("/licenses/{}", made["id"]);
    walk.call("DELETE /licenses/{id}", owner, &path, json!({}))
        .await;
    let path = "/audit/testgenerate";
    walk.call(&format!("POST {path}"), owner, path, json!({}))
        .await;
}

async fn notifications(walk: &mut Walk<'_>, owner: &Client) {
    let path = "/notifications/settings";
    let body = json!({"notifier_paused": true});
    walk.call(&format!("PUT {path}"), owner, path, body).await;
    let operation = "PUT /notifications/templates/{notification_template}/method";
    let path = "/notifications/templates/f517da0b-cdc9-410f-ab89-a86107c420ed/method";
    walk.call(operation, owner, path, json!({"method": "webhook"}))
        .await;
}

async fn identity_provider(walk: &mut Walk<'_>) {
    let nobody = walk.app.anonymous();
    let mut id = String::new();
    for (method, operation, active) in [
        (Method::POST, "POST /scim/v2/Users", true),
        (Method::PATCH, "PATCH /scim/v2/Users/{id}", false),
        (Method::PUT, "PUT /scim/v2/Users/{id}", true),
    ] {
        walk.entries = walk.count().await;
        let body = json!({"userName": "sam", "active": active,
            "emails": [{"primary": true, "value": "sam@example.com"}]});
        let headers = [("authorization", PROVIDER)];
        let path = format!("abs:/scim/v2/Users{id}");
        let answer = nobody.send(method, &path, &headers, body.to_string());
        id = format!("/{}", text(&answer.await.expect(200), "id"));
        assert!(
            walk.count().await > walk.entries,
            "{operation} wrote no entry"
        );
        walk.told.insert(operation.to_owned());
    }
}

/// Gives a template with a version to make workspaces from.
async fn templates(walk: &mut Walk<'_>, owner: &Client) -> String {
    let provisioner = walk.app.provisioner(owner).await;
    walk.entries = walk.count().await;
    let first = provisioner.new_version(owner, "v1", None).await;
    let root = "/organizations/{organization}";
    walk.told(&format!("POST {root}/templateversions")).await;
    provisioner.work_off().await;
    let order = json!({"name": "tpl", "template_version_id": first});
    let operation = format!("POST {root}/templates");
    let path = "/organizations/coder/templates";
    let id = text(&walk.call(&operation, owner, path, order).await, "id");
    let path = format!("/templates/{id}");
    let operation = "PATCH /templates/{template}";
    let change = json!({"icon": "/icon/x.png", "allow_user_cancel_workspace_jobs": true,
        "allow_user_autostart": true, "allow_user_autostop": true});
    walk.call(operation, owner, &path, change).await;
    let ann = owner.get("/users/ann").await.expect(200);
    let give = json!({"user_perms": {text(&ann, "id"): "use"}});
    let operation = "PATCH /templates/{template}/acl";
    walk.call(operation, owner, &format!("{path}/acl"), give)
        .await;
    let second = provisioner.version(owner, "v2", Some(&id)).await;
    let operation = "PATCH /templates/{template}/versions";
    let active = json!({"id": second});
    walk.call(operation, owner, &format!("{path}/versions"), active)
        .await;

    let version = format!("/templateversions/{first}");
    let operation = "PATCH /templateversions/{templateversion}";
    walk.call(operation, owner, &version, json!({"name": "old"}))
        .await;
    for word in ["archive", "unarchive"] {
        let operation = format!("POST /templateversions/{{templateversion}}/{word}");
        let path = format!("{version}/{word}");
        walk.call(&operation, owner, &path, json!({})).await;
    }
    let operation = "POST /templates/{template}/versions/archive";
    let archive = format!("{path}/versions/archive");
    walk.call(operation, owner, &archive, json!({"all": true}))
        .await;
    let waiting = provisioner.new_version(owner, "v3", Some(&id)).await;
    let operation = "PATCH /templateversions/{templateversion}/cancel";
    let cancel = format!("/templateversions/{waiting}/cancel");
    walk.call(operation, owner, &cancel, json!({})).await;
    id
}

async fn workspaces(walk: &mut Walk<'_>, owner: &Client, template: &str) {
    let provisioner = walk.app.provisioner(owner).await;
    let order = |name: &str| json!({"name": name, "template_id": template});
    let operation = "POST /organizations/{organization}/members/{user}/workspaces";
    let path = "/organizations/coder/members/me/workspaces";
    walk.call(operation, owner, path, order("one")).await;
    let operation = "POST /users/{user}/workspaces";
    let path = "/users/me/workspaces";
    let made = walk.call(operation, owner, path, order("two")).await;
    provisioner.work_off().await;
    let workspace = format!("/workspaces/{}", text(&made, "id"));
    let puts = [
        ("autostart", json!({"schedule": "CRON_TZ=UTC 0 9 * * 1"})),
        ("autoupdates", json!({"automatic_updates": "always"})),
        ("ttl", json!({"ttl_ms": 36_000_000})),
        ("favorite", json!({})),
    ];
    for (name, body) in puts {
        let operation = format!("PUT /workspaces/{{workspace}}/{name}");
        let path = format!("{workspace}/{name}");
        walk.call(&operation, owner, &path, body).await;
    }
    let operation = "DELETE /workspaces/{workspace}/favorite";
    let favorite = format!("{workspace}/favorite");
    walk.call(operation, owner, &favorite, json!({})).await;
    let operation = "PATCH /workspaces/{workspace}";
    walk.call(operation, owner, &workspace, json!({"name": "three"}))
        .await;

    // A build is told of when it ends.
    walk.entries = walk.count().await;
    let started = provisioner.build(owner, &text(&made, "id"), "start").await;
    walk.told("POST /workspaces/{workspace}/builds").await;
    assert_ne!(started["deadline"], Value::Null);
    let operation = "PUT /workspaces/{workspace}/extend";
    let later = json!({"deadline": "2026-01-05T15:00:00Z"});
    walk.call(operation, owner, &format!("{workspace}/extend"), later)
        .await;
    let builds = format!("{workspace}/builds");
    let waiting = owner
        .post(&builds, json!({"transition": "stop"}))
        .await
        .expect(201);
    let operation = "PATCH /workspacebuilds/{workspacebuild}/cancel";
    let cancel = format!("/workspacebuilds/{}/cancel", text(&waiting, "id"));
    walk.call(operation, owner, &cancel, json!({})).await;
    let operation = "PUT /workspaces/{workspace}/dormant";
    let dormant = format!("{workspace}/dormant");
    walk.call(operation, owner, &dormant, json!({"dormant": true}))
        .await;
    for id in [text(&made, "id"), first_workspace(owner).await] {
        provisioner.build(owner, &id, "delete").await;
    }
}

async fn first_workspace(owner: &Client) -> String {
    let found = owner.get("/users/me/workspace/one").await.expect(200);
    text(&found, "id")
}

/// Who tries what, the body, and the thing that the log then names: its type and its target.
#[rustfmt::skip]
const ATTEMPTS: &[[&str; 5]] = &[
    ["ann", "DELETE /users/admin", "{}", "user", "admin"],
    ["ann", "PUT /users/admin/roles", r#"{"roles": []}"#, "user", "admin"],
    ["admin", "PUT /users/me/status/suspend", "{}", "user", "admin"],
    ["admin", "PUT /users/me/profile", r#"{"username": ""}"#, "user", "admin"],
    ["ann", "PUT /users/admin/gitsshkey", "{}", "git_ssh_key", ""],
    ["admin", "PATCH /organizations/coder", r#"{"name": "not a name"}"#, "organization", "coder"],
    ["admin", "DELETE /organizations/default", "{}", "organization", "coder"],
    ["ann", "DELETE /organizations/coder/members/admin", "{}", "organization_member", "admin"],
    ["ann", "DELETE /organizations/coder/members/roles/looker", "{}", "custom_role", "looker"],
    ["ann", "DELETE /organizations/coder/provisionerkeys/farm", "{}", "provisioner_key", "farm"],
    ["ann", "PATCH /settings/idpsync/organization", r#"{"field": "x"}"#,
     "idp_sync_settings_organization", "idp sync settings organization"],
    ["ann", "DELETE /groups/{group}", "{}", "group", "dev"],
    ["admin", "PATCH /groups/{group}", r#"{"name": "not a name"}"#, "group", "dev"],
    ["admin", "PATCH /templates/{template}", r#"{"name": "not a name"}"#, "template", "tpl"],
    ["admin", "DELETE /templates/{template}", "{}", "template", "tpl"],
    ["admin", "POST /templateversions/{version}/archive", "{}", "template_version", "v1"],
    ["admin", "PUT /workspaces/{workspace}/ttl", r#"{"ttl_ms": 1}"#, "workspace", "box"],
    ["ann", "PUT /workspaces/{workspace}/ttl", r#"{"ttl_ms": null}"#, "workspace", "box"],
];

/// Makes what is to be changed in vain; gives the ids by the names that paths have for them.
async fn things(app: &TestApp, owner: &Client) -> [(&'static str, String); 4] {
    let provisioner = app.provisioner(owner).await;
    let template = provisioner.template(owner, "tpl").await;
    let workspace = provisioner.workspace(owner, "box", &template).await;
    let path = "/organizations/coder";
    let order = json!({"name": "dev"});
    let group = owner.post(&format!("{path}/groups"), order).await;
    let order = json!({"name": "farm"});
    let keys = format!("{path}/provisionerkeys");
    owner.post(&keys, order).await.expect(201);
    let role = json!({"name": "looker", "display_name": "", "site_permissions": [],
        "user_permissions": [], "organization_permissions": []});
    let roles = format!("{path}/members/roles");
    owner.post(&roles, role).await.expect(200);
    let shown = owner.get(&format!("/templates/{template}")).await;
    [
        ("{version}", text(&shown.expect(200), "active_version_id")),
        ("{template}", template),
        ("{workspace}", workspace),
        ("{group}", text(&group.expect(201), "id")),
    ]
}

#[tokio::test]
async fn refused_changes_are_told_without_what_would_have_changed() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let things = things(&app, &owner).await;
    for [who, operation, body, kind, target] in ATTEMPTS {
        let (method, path) = operation.split_once(' ').unwrap();
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let path = things
            .iter()
            .fold(path.to_owned(), |path, (name, id)| path.replace(name, id));
        let who = if *who == "ann" { &ann } else { &owner };
        let refused = who.send(method, &path, &[], *body).await;
        assert!(refused.status.is_client_error(), "{operation}");
        let page = owner.get("/audit?limit=1").await.expect(200);
        let entry = &page["audit_logs"][0];
        let status = refused.status.as_u16();
        assert_eq!(entry["status_code"], status, "{operation}");
        assert_eq!(entry["diff"], json!({}), "{operation}");
        assert_eq!(entry["resource_type"], *kind, "{operation}");
        assert_eq!(entry["resource_target"], *target, "{operation}");
        let request = refused.headers["x-coder-request-id"].to_str().unwrap();
        assert_eq!(entry["request_id"], request, "{operation}");
        let said = entry["description"].as_str().unwrap();
        assert!(said.contains("unsuccessfully attempted to"), "{said}");
    }
    // What does not exist is not told of, and nobody is told of who is not there.
    let before = owner.get("/audit").await.expect(200)["count"].clone();
    let nothing = "/templates/deadbeef-0000-4000-8000-000000000000";
    assert_eq!(owner.delete(nothing).await.status, 404);
    let nobody = app.anonymous();
    assert_eq!(nobody.delete("/users/ann").await.status, 401);
    assert_eq!(owner.get("/audit").await.expect(200)["count"], before);
}
