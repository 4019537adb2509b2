//! Groups of organizations: who may see and change them, and who is in them.

use serde_json::{Value, json};

use crate::fixture::{Client, TestApp};

const GROUPS: &str = "/organizations/coder/groups";

async fn id_of(client: &Client) -> String {
    let me = client.get("/users/me").await.expect(200);
    me["id"].as_str().unwrap().to_owned()
}

async fn make(client: &Client, name: &str) -> String {
    let made = client.post(GROUPS, json!({"name": name})).await;
    let path = made.expect(201)["id"].as_str().unwrap().to_owned();
    format!("/groups/{path}")
}

fn names(groups: &Value) -> Vec<&str> {
    let groups = groups.as_array().unwrap();
    groups
        .iter()
        .map(|group| group["name"].as_str().unwrap())
        .collect()
}

fn usernames(group: &Value) -> Vec<&str> {
    let members = group["members"].as_array().unwrap();
    members
        .iter()
        .map(|member| member["username"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_group_is_made_changed_and_deleted() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = id_of(&app.user(&owner, "ann").await).await;
    let organization = app.organization(&owner).await;
    let order = json!({"name": "dev", "display_name": "Developers", "avatar_url": "/icon/dev.svg", "quota_allowance": 7});
    let made = owner.post(GROUPS, order).await.expect(201);
    let group = format!("/groups/{}", made["id"].as_str().unwrap());
    assert_eq!(
        made,
        json!({"id": made["id"], "name": "dev", "display_name": "Developers", "organization_id": organization,
               "members": [], "total_member_count": 0, "avatar_url": "/icon/dev.svg", "quota_allowance": 7,
               "source": "user", "organization_name": "coder", "organization_display_name": "Coder"})
    );
    let changed = owner
        .patch(
            &group,
            json!({"name": "ops", "quota_allowance": 9, "add_users": [ann]}),
        )
        .await
        .expect(200);
    assert_eq!(changed["name"], "ops");
    assert_eq!(changed["display_name"], "Developers");
    assert_eq!(changed["quota_allowance"], 9);
    assert_eq!(changed["total_member_count"], 1);
    assert_eq!(changed["members"][0]["username"], "ann");
    assert_eq!(changed["members"][0]["login_type"], "password");
    assert!(changed["members"][0].get("roles").is_none());
    assert_eq!(owner.get(&group).await.expect(200), changed);
    let by_name = format!("{GROUPS}/ops");
    assert_eq!(owner.get(&by_name).await.expect(200), changed);
    let emptied = owner
        .patch(&group, json!({"remove_users": [ann], "display_name": ""}))
        .await
        .expect(200);
    assert_eq!(emptied["members"], json!([]));
    assert_eq!(emptied["display_name"], "");
    owner.delete(&group).await.expect(200);
    assert_eq!(owner.get(&group).await.status, 404);
    assert_eq!(owner.get(&by_name).await.status, 404);
    let log = owner.get("/audit?q=resource_type:group").await.expect(200);
    assert_eq!(log["count"], 4);
    assert_eq!(log["audit_logs"][0]["action"], "delete");
    assert_eq!(log["audit_logs"][2]["diff"]["members"]["new"], json!([ann]));
    assert_eq!(log["audit_logs"][2]["diff"]["name"]["old"], "dev");
}

#[tokio::test]
async fn names_and_members_that_cannot_be_are_refused() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = id_of(&app.user(&owner, "ann").await).await;
    let first = make(&owner, "first").await;
    make(&owner, "second").await;
    for bad in ["", "has space", "new", &"x".repeat(37)] {
        let answer = owner.post(GROUPS, json!({"name": bad})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (400, vec!["name".to_owned()]),
            "{bad}"
        );
    }
    let reserved = owner.post(GROUPS, json!({"name": "Everyone"})).await;
    assert_eq!(reserved.status, 400);
    let negative = owner
        .post(GROUPS, json!({"name": "x", "quota_allowance": -1}))
        .await;
    assert_eq!(negative.fields(), ["quota_allowance"]);
    let taken = owner.post(GROUPS, json!({"name": "first"})).await;
    assert_eq!(taken.status, 409);
    assert_eq!(taken.fields(), ["name"]);
    let nobody = "4a6bb2d4-4b2c-4e6a-9a0f-1f6c1c8d3b11";
    for (change, status) in [
        (json!({"name": "second"}), 409),
        (json!({"name": "Everyone"}), 400),
        (json!({"name": "first"}), 200),
        (json!({"add_users": ["ann"]}), 400),
        (json!({"add_users": [nobody]}), 400),
        (json!({"remove_users": [nobody]}), 400),
        (json!({"remove_users": [ann]}), 412),
        (json!({"add_users": [ann, ann]}), 400),
        (json!({"add_users": [ann]}), 200),
        (json!({"add_users": [ann]}), 400),
    ] {
        let answer = owner.patch(&first, change.clone()).await;
        assert_eq!(answer.status, status, "{change}");
    }
    // What was refused has changed nothing.
    assert_eq!(usernames(&owner.get(&first).await.expect(200)), ["ann"]);
}

#[tokio::test]
async fn all_members_are_in_the_everyone_group() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = id_of(&app.user(&owner, "ann").await).await;
    let everyone = format!("/groups/{}", app.organization(&owner).await);
    let found = owner.get(&everyone).await.expect(200);
    assert_eq!(found["name"], "Everyone");
    assert_eq!(usernames(&found), ["admin", "ann"]);
    assert_eq!(found["total_member_count"], 2);
    for (change, status) in [
        (json!({"name": "all"}), 400),
        (json!({"display_name": "All"}), 400),
        (json!({"add_users": [ann]}), 403),
        (json!({"remove_users": [ann]}), 403),
    ] {
        assert_eq!(
            owner.patch(&everyone, change.clone()).await.status,
            status,
            "{change}"
        );
    }
    let changed = owner.patch(&everyone, json!({"quota_allowance": 5})).await;
    assert_eq!(changed.expect(200)["quota_allowance"], 5);
    assert_eq!(owner.delete(&everyone).await.status, 400);
    owner
        .put("/users/ann/status/suspend", json!({}))
        .await
        .expect(200);
    let found = owner.get(&everyone).await.expect(200);
    assert_eq!(usernames(&found), ["admin", "ann"]);
    owner.delete("/users/ann").await.expect(200);
    assert_eq!(
        usernames(&owner.get(&everyone).await.expect(200)),
        ["admin"]
    );
}

#[tokio::test]
async fn members_see_their_groups_and_themselves_in_them() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (ann, bob) = (app.user(&owner, "ann").await, app.user(&owner, "bob").await);
    let ids = [id_of(&ann).await, id_of(&bob).await];
    let group = make(&owner, "team").await;
    let mine = json!({"add_users": ids});
    // Who is in no group sees the everyone-group alone.
    assert_eq!(names(&ann.get("/groups").await.expect(200)), ["Everyone"]);
    assert_eq!(ann.get(&group).await.status, 404);
    owner.patch(&group, mine.clone()).await.expect(200);
    // The cached session knows at once.
    let seen = ann.get(&group).await.expect(200);
    assert_eq!(usernames(&seen), ["ann"]);
    assert_eq!(seen["total_member_count"], 2);
    assert_eq!(ann.patch(&group, json!({"name": "x"})).await.status, 404);
    assert_eq!(ann.delete(&group).await.status, 404);
    assert_eq!(ann.post(GROUPS, json!({"name": "x"})).await.status, 404);
    let admin = app.user(&owner, "uma").await;
    let give = json!({"roles": ["organization-user-admin"]});
    let roles = "/organizations/coder/members/uma/roles";
    owner.put(roles, give).await.expect(200);
    assert_eq!(
        usernames(&admin.get(&group).await.expect(200)),
        ["ann", "bob"]
    );
    admin
        .patch(&group, json!({"display_name": "Team"}))
        .await
        .expect(200);
    // Whoever leaves the organization leaves its groups.
    owner
        .delete("/organizations/coder/members/bob")
        .await
        .expect(204);
    assert_eq!(usernames(&owner.get(&group).await.expect(200)), ["ann"]);
    admin.delete(&group).await.expect(200);
    assert_eq!(ann.get(&group).await.status, 404);
}

#[tokio::test]
async fn lists_are_narrowed() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = id_of(&app.user(&owner, "ann").await).await;
    let (one, two) = (make(&owner, "one").await, make(&owner, "two").await);
    owner
        .patch(&two, json!({"add_users": [ann]}))
        .await
        .expect(200);
    let ids = format!("{},{}", &one["/groups/".len()..], &two["/groups/".len()..]);
    for (query, expected) in [
        ("", &["Everyone", "one", "two"][..]),
        ("?organization=coder", &["Everyone", "one", "two"]),
        ("?has_member=ann", &["Everyone", "two"]),
        (&format!("?has_member={ann}"), &["Everyone", "two"]),
        ("?has_member=me", &["Everyone"]),
        (&format!("?group_ids={ids}"), &["one", "two"]),
        (&format!("?group_ids={ids}&has_member=ann"), &["two"]),
    ] {
        let found = owner.get(&format!("/groups{query}")).await.expect(200);
        assert_eq!(names(&found), expected, "{query}");
    }
    for (query, field) in [
        ("organization=nothing", "organization"),
        ("has_member=nobody", "has_member"),
        ("group_ids=x", "group_ids"),
        ("colour=red", "colour"),
    ] {
        let answer = owner.get(&format!("/groups?{query}")).await;
        assert_eq!(answer.status, 400, "{query}");
        assert_eq!(answer.fields(), [field], "{query}");
    }
    let listed = owner.get(GROUPS).await.expect(200);
    assert_eq!(names(&listed), ["Everyone", "one", "two"]);
}
