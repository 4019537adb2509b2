//! Lists are filtered in SQL, single things by the matrix: for every role both show the same.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::fixture::{Client, TestApp};

/// The organizations of the world.
const ORGANIZATIONS: [&str; 2] = ["coder", "labs"];

/// Who looks: username, roles of the site, roles of the default organization.
const VIEWERS: [(&str, &[&str], &[&str]); 9] = [
    ("auditor", &["auditor"], &[]),
    ("templater", &["template-admin"], &[]),
    ("usher", &["user-admin"], &[]),
    ("member", &[], &[]),
    ("chief", &[], &["organization-admin"]),
    ("clerk", &[], &["organization-auditor"]),
    ("author", &[], &["organization-template-admin"]),
    ("host", &[], &["organization-user-admin"]),
    ("nowhere", &[], &[]),
];

fn ids(list: &Value, key: &str) -> BTreeSet<String> {
    let list = list.as_array().unwrap();
    list.iter()
        .map(|entry| entry[key].as_str().unwrap().to_owned())
        .collect()
}

/// What of `all` the client may get one by one.
async fn single(client: &Client, path: &str, all: &BTreeSet<String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for id in all {
        if client.get(&format!("{path}/{id}")).await.status == 200 {
            found.insert(id.clone());
        }
    }
    found
}

/// The members of an organization that the client may see, as the matrix answers.
async fn members(client: &Client, organization: &str, all: &BTreeSet<String>) -> BTreeSet<String> {
    let check = |user: &String| {
        let object = json!({"resource_type": "organization_member", "owner_id": user,
            "organization_id": organization});
        (user.clone(), json!({"action": "read", "object": object}))
    };
    let checks: serde_json::Map<String, Value> = all.iter().map(check).collect();
    let answers = client
        .post("/authcheck", json!({"checks": checks}))
        .await
        .expect(200);
    all.iter()
        .filter(|user| answers[user.as_str()] == true)
        .cloned()
        .collect()
}

/// Two organizations with people, groups, a template that all may use, one that only a group
/// may, and workspaces, one of them dormant.
async fn people_a_world(app: &TestApp, owner: &Client) -> Vec<(&'static str, Client)> {
    owner
        .post("/organizations", json!({"name": "labs"}))
        .await
        .expect(201);
    let mut viewers = vec![("admin", owner.clone())];
    for (name, site, organization) in VIEWERS {
        viewers.push((name, app.user_with(owner, name, site, organization).await));
    }
    owner
        .delete("/organizations/coder/members/nowhere")
        .await
        .expect(204);
    for name in ["chief", "member"] {
        let path = format!("/organizations/labs/members/{name}");
        owner.post(&path, json!({})).await.expect(200);
    }
    let provisioner = app.provisioner(owner).await;
    let open = provisioner.template(owner, "open").await;
    let closed = provisioner.template(owner, "closed").await;
    let mut crew = String::new();
    for organization in ORGANIZATIONS {
        let path = format!("/organizations/{organization}/groups");
        let made = owner.post(&path, json!({"name": "crew"})).await.expect(201);
        if organization == "coder" {
            made["id"].as_str().unwrap().clone_into(&mut crew);
        }
    }
    let member = owner.get("/users/member").await.expect(200);
    let joined = json!({"add_users": [member["id"]]});
    owner
        .patch(&format!("/groups/{crew}"), joined)
        .await
        .expect(200);
    let everyone = app.organization(owner).await;
    let given = json!({"group_perms": {everyone.as_str(): "", crew.as_str(): "use"}});
    owner
        .patch(&format!("/templates/{closed}/acl"), given)
        .await
        .expect(200);
    for (name, client) in &viewers {
        if ["admin", "member", "clerk"].contains(name) {
            provisioner
                .workspace(client, &format!("of-{name}"), &open)
                .await;
        }
    }
    let asleep = owner
        .get("/users/clerk/workspace/of-clerk")
        .await
        .expect(200);
    let path = format!("/workspaces/{}/dormant", asleep["id"].as_str().unwrap());
    owner.put(&path, json!({"dormant": true})).await.expect(200);
    viewers
}

#[tokio::test]
async fn lists_show_what_single_answers_show() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let viewers = people_a_world(&app, &owner).await;
    let asleep = owner.get("/workspaces?q=dormant:true").await.expect(200);
    let asleep = ids(&asleep["workspaces"], "id");
    assert_eq!(asleep.len(), 1);
    let lists = [
        ("/users", "users", "/users"),
        ("/templates", "", "/templates"),
        ("/workspaces", "workspaces", "/workspaces"),
        ("/groups", "", "/groups"),
        ("/organizations", "", "/organizations"),
    ];
    let part = |answer: Value, key: &str| {
        if key.is_empty() {
            answer
        } else {
            answer[key].clone()
        }
    };
    for (list, key, path) in lists {
        let all = ids(&part(owner.get(list).await.expect(200), key), "id");
        assert!(!all.is_empty(), "{list}");
        for (name, client) in &viewers {
            let listed = ids(&part(client.get(list).await.expect(200), key), "id");
            let alone = single(client, path, &all).await;
            // As the incumbent's, a list judges dormant workspaces like those that are awake,
            // so it may show one that is hidden by its id; never the other way round.
            assert!(alone.is_subset(&listed), "{name}: {list}");
            assert_eq!(&listed - &asleep, &alone - &asleep, "{name}: {list}");
        }
    }
    for organization in ORGANIZATIONS {
        let path = format!("/organizations/{organization}");
        let found = owner.get(&path).await.expect(200);
        let id = found["id"].as_str().unwrap();
        let list = format!("{path}/members");
        let all = ids(&owner.get(&list).await.expect(200), "user_id");
        for (name, client) in &viewers {
            // Who may not see the organization sees none of it.
            let answer = client.get(&list).await;
            if client.get(&path).await.status != 200 {
                assert_eq!(answer.status, 404, "{name}: {list}");
                continue;
            }
            let listed = ids(&answer.expect(200), "user_id");
            assert_eq!(listed, members(client, id, &all).await, "{name}: {list}");
        }
    }
}
