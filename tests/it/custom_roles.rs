//! Roles that are made for one organization.

use serde_json::{Value, json};

use crate::fixture::{TestApp, eventually};

const PATH: &str = "/organizations/coder/members/roles";

fn permission(kind: &str, action: &str) -> Value {
    json!({"negate": false, "resource_type": kind, "action": action})
}

fn role(name: &str, permissions: &[(&str, &str)]) -> Value {
    let permissions: Vec<Value> = permissions
        .iter()
        .map(|(kind, action)| permission(kind, action))
        .collect();
    json!({"name": name, "display_name": "A role", "organization_permissions": permissions})
}

#[tokio::test]
async fn a_role_that_was_made_holds_at_once_on_all_replicas() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    app.user(&owner, "pit").await;
    let elsewhere = crate::fixture::Client::at(&app.replica(), ann.token.clone());
    let members = "/organizations/coder/members";
    let count = |answer: Value| answer.as_array().unwrap().len();
    let order = role("looker", &[("organization_member", "read")]);
    let made = owner.post(PATH, order).await.expect(200);
    assert_eq!(made["name"], "looker");
    assert_eq!(made["organization_permissions"][0]["action"], "read");
    assert_eq!(made["site_permissions"], json!([]));
    let listed = owner.get(PATH).await.expect(200);
    let shown = listed.as_array().unwrap().last().unwrap().clone();
    assert_eq!(
        (&shown["built_in"], &shown["assignable"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(count(ann.get(members).await.expect(200)), 1);
    assert_eq!(count(elsewhere.get(members).await.expect(200)), 1);
    let give = json!({"roles": ["looker"]});
    let given = owner
        .put("/organizations/coder/members/ann/roles", give)
        .await
        .expect(200);
    assert_eq!(given["roles"][0]["display_name"], "A role");
    let shown = ann.get(members).await.expect(200);
    assert_eq!(count(shown.clone()), 3);
    let held = json!({"name": "looker", "display_name": "A role", "organization_id": made["organization_id"]});
    assert_eq!(shown[1]["roles"], json!([held]));
    let all = || async { (count(elsewhere.get(members).await.expect(200)) == 3).then_some(()) };
    eventually(all).await;
    let changed = role("looker", &[("template", "read")]);
    owner.put(PATH, changed).await.expect(200);
    assert_eq!(count(ann.get(members).await.expect(200)), 1);
    let one = || async { (count(elsewhere.get(members).await.expect(200)) == 1).then_some(()) };
    eventually(one).await;
    owner
        .delete("/organizations/coder/members/roles/looker")
        .await
        .expect(204);
    let roles = owner.get("/users/ann/roles").await.expect(200);
    let organization = app.organization(&owner).await;
    assert_eq!(roles["organization_roles"][&organization], json!([]));
    let log = owner
        .get("/audit?q=resource_type:custom_role")
        .await
        .expect(200);
    assert_eq!(log["count"], 3);
}

#[tokio::test]
async fn lists_show_what_a_made_role_opens() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let order = json!({"name": "labs"});
    owner.post("/organizations", order).await.expect(201);
    for organization in ["coder", "labs"] {
        let path = format!("/organizations/{organization}/members/roles");
        let order = role(
            "keeper",
            &[("provisioner_jobs", "read"), ("audit_log", "read")],
        );
        owner.post(&path, order).await.expect(200);
    }
    assert_eq!(ann.get("/audit").await.expect(200)["count"], 0);
    owner
        .put(
            "/organizations/coder/members/ann/roles",
            json!({"roles": ["keeper"]}),
        )
        .await
        .expect(200);
    ann.get("/organizations/coder/provisionerjobs")
        .await
        .expect(200);
    let seen = ann.get("/audit").await.expect(200)["count"].as_i64();
    let all = owner.get("/audit").await.expect(200)["count"].as_i64();
    assert!(seen > Some(0), "the entries of the organization are shown");
    assert!(seen < all, "those of the other organization are not");
}

#[tokio::test]
async fn nobody_hands_on_more_than_they_have() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let order = role("cook", &[("template", "read")]);
    assert_eq!(ann.post(PATH, order.clone()).await.status, 404);
    let give = json!({"roles": ["organization-admin"]});
    owner
        .put("/organizations/coder/members/ann/roles", give)
        .await
        .expect(200);
    ann.post(PATH, order.clone()).await.expect(200);
    assert_eq!(ann.post(PATH, order).await.status, 409);
    let too_much = role("guest", &[("workspace", "ssh")]);
    assert_eq!(ann.post(PATH, too_much.clone()).await.status, 403);
    owner.post(PATH, too_much).await.expect(200);
    assert_eq!(
        ann.put(PATH, role("none", &[("template", "read")]))
            .await
            .status,
        404
    );
    let unknown = json!({"roles": ["nothing"]});
    let answer = owner
        .put("/organizations/coder/members/ann/roles", unknown)
        .await;
    assert_eq!(answer.status, 400);
}

#[tokio::test]
async fn names_and_permissions_of_roles_follow_rules() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let take = json!({"negate": true, "resource_type": "template", "action": "read"});
    for (bad, field) in [
        (role("", &[]), "name"),
        (role("Bad_name", &[]), "name"),
        (role("owner", &[]), "name"),
        (role("organization-admin", &[]), "name"),
        (role("a", &[("*", "read")]), "organization_permissions"),
        (role("a", &[("template", "*")]), "organization_permissions"),
        (
            role("a", &[("template", "ssh")]),
            "organization_permissions",
        ),
        (role("a", &[("planet", "read")]), "organization_permissions"),
        (
            json!({"name": "a", "organization_permissions": [take]}),
            "organization_permissions",
        ),
        (
            json!({"name": "a", "site_permissions": [permission("template", "read")]}),
            "site_permissions",
        ),
        (
            json!({"name": "a", "user_permissions": [permission("template", "read")]}),
            "user_permissions",
        ),
    ] {
        let answer = owner.post(PATH, bad.clone()).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (400, vec![field.to_owned()]),
            "{bad}"
        );
    }
    let built_in = "/organizations/coder/members/roles/organization-admin";
    assert_eq!(owner.delete(built_in).await.status, 400);
    let missing = "/organizations/coder/members/roles/nothing";
    assert_eq!(owner.delete(missing).await.status, 404);
}
