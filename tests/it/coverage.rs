//! Every operation asks who is there: called with no session and as a stranger who belongs to
//! nothing of what it names. What may answer otherwise stands in
//! `tests/golden/open_to_nobody.txt` and `open_to_strangers.txt`, each with its reason.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use crate::fixture::{Client, TestApp};

const OPEN_TO_NOBODY: &str = include_str!("../golden/open_to_nobody.txt");
const OPEN_TO_STRANGERS: &str = include_str!("../golden/open_to_strangers.txt");
/// An id that nothing has.
const NOTHING: &str = "deadbeef-0000-4000-8000-000000000000";

fn exceptions(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| line.split_once(": ").expect("METHOD path: reason"))
        .collect()
}

fn operations(document: &serde_json::Value) -> Vec<(Method, String)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if let Ok(method) = Method::from_bytes(method.to_uppercase().as_bytes()) {
                all.push((method, path.clone()));
            }
        }
    }
    all
}

/// A path with every parameter naming something that is not the caller's.
fn concrete(path: &str, owner: &str) -> String {
    let path = path
        .replace("{user}", owner)
        .replace("{organization}", "default");
    regex::Regex::new(r"\{[^}]*\}")
        .unwrap()
        .replace_all(&path, NOTHING)
        .into_owned()
}

#[tokio::test]
async fn nobody_gets_in_without_a_session() {
    let app = TestApp::start().await;
    app.owner().await;
    let nobody = app.anonymous();
    let document = nobody.get("/openapi.json").await.expect(200);
    let open = exceptions(OPEN_TO_NOBODY);
    let mut wrong = Vec::new();
    for (method, path) in operations(&document) {
        let operation = format!("{method} {path}");
        let url = format!("abs:{}", concrete(&path, "admin"));
        let status = nobody.status(method, &url, "{}").await;
        if (status == 401) == open.contains_key(operation.as_str()) {
            wrong.push(format!("{operation} answered {status}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Things of somebody else in the default organization, by the name of the parameter.
async fn others(app: &TestApp, owner: &Client) -> BTreeMap<&'static str, String> {
    let provisioner = app.provisioner(owner).await;
    let template = provisioner.template(owner, "box").await;
    let workspace = provisioner.workspace(owner, "home", &template).await;
    let shown = owner
        .get(&format!("/workspaces/{workspace}"))
        .await
        .expect(200);
    let build = shown["latest_build"].clone();
    let version = build["template_version_id"].as_str().unwrap();
    let file = owner.upload(&[("main.tf", "")]).await;
    let path = format!("/templateversions/{version}/dry-run");
    let dry_run = owner
        .post(&path, json!({"workspace_name": "trial"}))
        .await
        .expect(201);
    let group = owner
        .post("/organizations/default/groups", json!({"name": "crew"}))
        .await
        .expect(201);
    let organization = "/organizations/default";
    let key = format!("{organization}/provisionerkeys");
    owner.post(&key, json!({"name": "farm"})).await.expect(201);
    let role = format!("{organization}/members/roles");
    owner.post(&role, json!({"name": "cook"})).await.expect(200);
    let token = json!({"token_name": "robot"});
    let token = owner.post("/users/me/keys/tokens", token).await.expect(201);
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let key_id = text(&token["key"]).split('-').next().unwrap().to_owned();
    BTreeMap::from([
        ("template", template),
        ("templatename", "box".to_owned()),
        ("templateversion", version.to_owned()),
        ("templateversionname", "v1".to_owned()),
        ("workspace", workspace),
        ("workspacename", "home".to_owned()),
        ("workspacebuild", text(&build["id"])),
        ("buildnumber", "1".to_owned()),
        ("job", text(&build["job"]["id"])),
        ("jobID", text(&dry_run["id"])),
        ("fileID", file),
        ("group", text(&group["id"])),
        ("groupName", "crew".to_owned()),
        ("roleName", "cook".to_owned()),
        ("provisionerkey", "farm".to_owned()),
        ("keyid", key_id),
        ("keyname", "robot".to_owned()),
        ("organizationname", "default".to_owned()),
    ])
}

/// A user who belongs to another organization than the default one.
async fn stranger(app: &TestApp, owner: &Client) -> Client {
    let stranger = app.user(owner, "stranger").await;
    let outside = json!({"name": "outside"});
    owner.post("/organizations", outside).await.expect(201);
    owner
        .post("/organizations/outside/members/stranger", json!({}))
        .await
        .expect(200);
    owner
        .delete("/organizations/default/members/stranger")
        .await
        .expect(204);
    stranger
}

/// Whether the answer says that the caller may not, or must not know. A body is read before
/// rights are looked at, so a change may also be refused for its empty body; a user in the path
/// whom the caller may not see is 400 as the contract has it, the same as one who is not there.
fn is_refusal(method: &Method, path: &str, status: http::StatusCode) -> bool {
    let has_body = ![Method::GET, Method::DELETE].contains(method);
    [401, 403, 404].contains(&status.as_u16())
        || (status == 400 && path.contains("{user}"))
        || (has_body && status.is_client_error())
}

#[tokio::test]
async fn a_stranger_gets_nothing_of_others() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let others = others(&app, &owner).await;
    let stranger = stranger(&app, &owner).await;
    let document = owner.get("/openapi.json").await.expect(200);
    let open = exceptions(OPEN_TO_STRANGERS);
    let mut wrong = Vec::new();
    let mut operations = operations(&document);
    // Ending the session comes last.
    operations.sort_by_key(|(_, path)| path.ends_with("/users/logout"));
    for (method, path) in operations {
        let operation = format!("{method} {path}");
        let mut path = path;
        for (name, value) in &others {
            path = path.replace(&format!("{{{name}}}"), value);
        }
        let mut url = format!("abs:{}", concrete(&path, "admin"));
        if path.ends_with("/autofill-parameters") {
            url = format!("{url}?template_id={}", others["template"]);
        }
        // An empty object: a refusal for its fields says nothing that is the other's.
        let status = stranger.status(method.clone(), &url, "{}").await;
        let refused = is_refusal(&method, &path, status);
        if refused == open.contains_key(operation.as_str()) || status.is_server_error() {
            wrong.push(format!("{operation} answered {status}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
