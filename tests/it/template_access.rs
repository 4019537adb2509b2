//! Who was given a template: its access lists, and that they are obeyed.

use serde_json::{Value, json};

use crate::fixture::{Client, TestApp};

async fn id_of(client: &Client) -> String {
    let me = client.get("/users/me").await.expect(200);
    me["id"].as_str().unwrap().to_owned()
}

fn roles(list: &Value) -> Vec<(&str, &str)> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|entry| {
            let name = entry.get("username").unwrap_or(&entry["name"]);
            (name.as_str().unwrap(), entry["role"].as_str().unwrap())
        })
        .collect()
}

async fn sees(client: &Client, template: &str) -> bool {
    let listed = client.get("/templates").await.expect(200);
    let single = client.get(template).await.status == 200;
    assert_eq!(listed.as_array().unwrap().len() == 1, single);
    single
}

#[tokio::test]
async fn a_template_is_given_to_users_and_groups() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (ann, bob) = (app.user(&owner, "ann").await, app.user(&owner, "bob").await);
    let (ann_id, bob_id) = (id_of(&ann).await, id_of(&bob).await);
    let organization = app.organization(&owner).await;
    let provisioner = app.provisioner(&owner).await;
    let id = provisioner.template(&owner, "box").await;
    let template = format!("/templates/{id}");
    let acl = format!("{template}/acl");
    let lists = owner.get(&acl).await.expect(200);
    assert_eq!(lists["users"], json!([]));
    assert_eq!(roles(&lists["group"]), [("Everyone", "use")]);
    assert_eq!(lists["group"][0]["members"].as_array().unwrap().len(), 3);
    assert!(sees(&ann, &template).await);
    // Members see the template, not who has it.
    assert_eq!(ann.get(&acl).await.status, 404);
    assert_eq!(ann.get(&format!("{acl}/available")).await.status, 404);
    let taken = json!({"group_perms": {organization.as_str(): ""}});
    assert_eq!(ann.patch(&acl, taken.clone()).await.status, 404);

    owner.patch(&acl, taken).await.expect(200);
    assert!(!sees(&ann, &template).await);
    let wish = json!({"name": "mine", "template_id": id});
    assert_ne!(
        ann.post("/users/me/workspaces", wish.clone()).await.status,
        201
    );

    let group = owner
        .post("/organizations/coder/groups", json!({"name": "dev"}))
        .await
        .expect(201);
    let group = group["id"].as_str().unwrap();
    let given = json!({"group_perms": {group: "use"}, "user_perms": {bob_id.as_str(): "admin"}});
    owner.patch(&acl, given).await.expect(200);
    assert!(!sees(&ann, &template).await);
    let path = format!("/groups/{group}");
    owner
        .patch(&path, json!({"add_users": [ann_id]}))
        .await
        .expect(200);
    assert!(sees(&ann, &template).await);
    ann.post("/users/me/workspaces", wish).await.expect(201);
    let renamed = json!({"display_name": "A box"});
    assert_eq!(ann.patch(&template, renamed.clone()).await.status, 403);
    assert!(sees(&bob, &template).await);
    bob.patch(&template, renamed).await.expect(200);
    let lists = bob.get(&acl).await.expect(200);
    assert_eq!(roles(&lists["users"]), [("bob", "admin")]);
    assert_eq!(roles(&lists["group"]), [("dev", "use")]);
    let possible = bob.get(&format!("{acl}/available?q=ann")).await.expect(200);
    assert_eq!(possible["users"][0]["id"], json!(ann_id));
    assert_eq!(possible["groups"].as_array().unwrap().len(), 2);

    owner
        .patch(&path, json!({"remove_users": [ann_id]}))
        .await
        .expect(200);
    assert!(!sees(&ann, &template).await);
    owner
        .patch(&acl, json!({"user_perms": {bob_id.as_str(): ""}}))
        .await
        .expect(200);
    assert!(!sees(&bob, &template).await);
}

#[tokio::test]
async fn unknown_ids_and_roles_are_refused() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let me = id_of(&owner).await;
    let provisioner = app.provisioner(&owner).await;
    let id = provisioner.template(&owner, "box").await;
    let acl = format!("/templates/{id}/acl");
    let before = owner.get(&acl).await.expect(200);
    let nobody = "4a6bb2d4-4b2c-4e6a-9a0f-1f6c1c8d3b11";
    for (field, key, role) in [
        ("user_perms", "x", "use"),
        ("user_perms", nobody, "use"),
        ("user_perms", me.as_str(), "owner"),
        ("group_perms", "x", "use"),
        ("group_perms", nobody, "use"),
        ("group_perms", me.as_str(), "use"),
    ] {
        let answer = owner.patch(&acl, json!({field: {key: role}})).await;
        assert_eq!(answer.status, 400, "{field} {key} {role}");
        assert_eq!(answer.fields(), [field], "{field} {key} {role}");
    }
    assert_eq!(owner.get(&acl).await.expect(200), before);
}

#[tokio::test]
async fn who_is_deleted_leaves_the_access_lists() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (ann, bob) = (app.user(&owner, "ann").await, app.user(&owner, "bob").await);
    let provisioner = app.provisioner(&owner).await;
    let id = provisioner.template(&owner, "box").await;
    let (template, acl) = (format!("/templates/{id}"), format!("/templates/{id}/acl"));
    let group = owner
        .post("/organizations/coder/groups", json!({"name": "dev"}))
        .await
        .expect(201);
    let group = group["id"].as_str().unwrap();
    let path = format!("/groups/{group}");
    owner
        .patch(&path, json!({"add_users": [id_of(&ann).await]}))
        .await
        .expect(200);
    let organization = app.organization(&owner).await;
    let given = json!({"group_perms": {group: "use", organization.as_str(): ""},
                       "user_perms": {id_of(&bob).await: "use"}});
    owner.patch(&acl, given).await.expect(200);
    assert!(sees(&ann, &template).await);
    assert!(sees(&bob, &template).await);
    owner.delete(&path).await.expect(200);
    owner.delete("/users/bob").await.expect(200);
    assert!(!sees(&ann, &template).await);
    let kept: (Value, Value) = sqlx::query_as("SELECT user_acl, group_acl FROM templates")
        .fetch_one(&app.db)
        .await
        .unwrap();
    assert_eq!(kept, (json!({}), json!({})));
}
