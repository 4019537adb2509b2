//! Organizations, their members and the roles in them.

use serde_json::{Value, json};

use crate::fixture::TestApp;

fn usernames(members: &Value) -> Vec<&str> {
    let members = members.as_array().unwrap();
    members
        .iter()
        .map(|member| member["username"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn the_default_organization_answers_to_four_names() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let id = app.organization(&owner).await;
    let found = owner.get("/organizations/default").await.expect(200);
    assert_eq!(found["id"], json!(id));
    assert_eq!(found["is_default"], true);
    for name in [
        id.as_str(),
        "coder",
        "CODER",
        "00000000-0000-0000-0000-000000000000",
    ] {
        let path = format!("/organizations/{name}");
        assert_eq!(owner.get(&path).await.expect(200), found, "{name}");
    }
    assert_eq!(owner.get("/organizations/nothing").await.status, 404);
    assert_eq!(
        owner.get("/organizations").await.expect(200),
        json!([found])
    );
    assert_eq!(
        owner.get("/users/me/organizations/coder").await.expect(200),
        found
    );
    assert_eq!(owner.get("/users/me/organizations/none").await.status, 404);
}

#[tokio::test]
async fn members_come_and_go() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let olga = app.user(&owner, "olga").await;
    let pit = app.user(&owner, "pit").await;
    let path = "/organizations/coder/members";
    let all = owner.get(path).await.expect(200);
    assert_eq!(usernames(&all), ["admin", "olga", "pit"]);
    assert_eq!(all[0]["global_roles"][0]["name"], "owner");
    assert_eq!(usernames(&olga.get(path).await.expect(200)), ["olga"]);
    let member = "/organizations/coder/members/olga";
    assert_eq!(owner.post(member, json!({})).await.status, 400);
    assert_eq!(pit.delete(member).await.status, 404);
    assert_eq!(
        owner.delete("/organizations/coder/members/me").await.status,
        400
    );
    owner.delete(member).await.expect(204);
    assert_eq!(owner.delete(member).await.status, 404);
    // The cached session knows at once.
    assert_eq!(olga.get("/organizations/coder").await.status, 404);
    assert_eq!(olga.get("/organizations").await.expect(200), json!([]));
    owner.post(member, json!({})).await.expect(200);
    olga.get("/organizations/coder").await.expect(200);
}

#[tokio::test]
async fn roles_in_an_organization_are_given_by_those_who_may() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let rob = app.user(&owner, "rob").await;
    app.user(&owner, "ann").await;
    let path = "/organizations/coder/members/rob/roles";
    let give = json!({"roles": ["organization-admin"]});
    assert_eq!(rob.put(path, give.clone()).await.status, 400);
    let changed = owner.put(path, give.clone()).await.expect(200);
    assert_eq!(changed["roles"][0]["display_name"], "Organization Admin");
    assert_eq!(
        changed["roles"][0]["organization_id"],
        changed["organization_id"]
    );
    let ann = "/organizations/coder/members/ann/roles";
    rob.put(ann, json!({"roles": ["organization-auditor"]}))
        .await
        .expect(200);
    for bad in ["organization-nothing", "owner"] {
        assert_eq!(
            owner.put(ann, json!({"roles": [bad]})).await.status,
            400,
            "{bad}"
        );
    }
    let nobody = owner
        .put("/organizations/coder/members/nobody/roles", give)
        .await;
    assert_eq!(nobody.status, 400);
    owner.put(path, json!({"roles": []})).await.expect(200);
    assert_eq!(rob.put(ann, json!({"roles": []})).await.status, 404);
    let roles = rob
        .get("/organizations/coder/members/roles")
        .await
        .expect(200);
    assert_eq!(roles.as_array().unwrap().len(), 4);
    assert_eq!(roles[0]["assignable"], false);
}

#[tokio::test]
async fn an_organization_comes_changes_and_goes() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let order = json!({"name": "labs", "description": "Tries things", "icon": "/emojis/1f9ea.png"});
    assert_eq!(ann.post("/organizations", order.clone()).await.status, 403);
    let made = owner
        .post("/organizations", order.clone())
        .await
        .expect(201);
    assert_eq!(made["display_name"], "labs");
    assert_eq!(made["is_default"], false);
    let again = owner.post("/organizations", json!({"name": "LABS"})).await;
    assert_eq!(
        (again.status.as_u16(), again.fields()),
        (409, vec!["name".to_owned()])
    );
    let listed = owner.get("/organizations").await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let members = owner.get("/organizations/labs/members").await.expect(200);
    assert_eq!(usernames(&members), ["admin"]);
    assert_eq!(ann.get("/organizations/labs").await.status, 404);
    owner
        .post("/organizations/labs/members/ann", json!({}))
        .await
        .expect(200);
    ann.get("/organizations/labs").await.expect(200);
    let wish = json!({"display_name": "The labs", "description": ""});
    assert_eq!(
        ann.patch("/organizations/labs", wish.clone()).await.status,
        404
    );
    let changed = owner.patch("/organizations/labs", wish).await.expect(200);
    assert_eq!(changed["name"], "labs");
    assert_eq!(changed["display_name"], "The labs");
    assert_eq!(changed["description"], "");
    assert_eq!(changed["icon"], "/emojis/1f9ea.png");
    let taken = owner
        .patch("/organizations/labs", json!({"name": "coder"}))
        .await;
    assert_eq!(taken.status, 409);
    let full = owner.delete("/organizations/labs").await;
    assert_eq!(full.status, 400);
    assert!(
        full.json()["detail"]
            .as_str()
            .unwrap()
            .contains("other members: 1")
    );
    owner
        .delete("/organizations/labs/members/ann")
        .await
        .expect(204);
    assert_eq!(ann.delete("/organizations/labs").await.status, 404);
    owner.delete("/organizations/labs").await.expect(200);
    assert_eq!(owner.get("/organizations/labs").await.status, 404);
    let me = owner.get("/users/me").await.expect(200);
    assert_eq!(me["organization_ids"].as_array().unwrap().len(), 1);
    owner.post("/organizations", order).await.expect(201);
    let log = owner
        .get("/audit?q=resource_type:organization")
        .await
        .expect(200);
    let log = log["audit_logs"].as_array().unwrap();
    let carried_out = log
        .iter()
        .filter(|entry| entry["status_code"].as_u64() < Some(400));
    assert_eq!(carried_out.count(), 4);
}

#[tokio::test]
async fn names_of_organizations_follow_rules_and_the_default_one_stays() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    for bad in ["", "default", "Default", "new", "with space", "a--b"] {
        let answer = owner.post("/organizations", json!({"name": bad})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (400, vec!["name".to_owned()]),
            "{bad}"
        );
    }
    assert_eq!(
        owner
            .patch("/organizations/coder", json!({"name": "default"}))
            .await
            .status,
        400
    );
    let wish = json!({"name": "main", "display_name": " x"});
    let answer = owner.patch("/organizations/coder", wish).await;
    assert_eq!(answer.fields(), ["display_name"]);
    owner
        .patch("/organizations/coder", json!({"name": "main"}))
        .await
        .expect(200);
    assert_eq!(owner.delete("/organizations/default").await.status, 400);
    owner.get("/organizations/main").await.expect(200);
}
