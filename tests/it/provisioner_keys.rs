//! Keys of provisioner daemons.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::fixture::TestApp;

const PATH: &str = "/organizations/coder/provisionerkeys";

#[tokio::test]
async fn a_key_is_told_once_and_shown_to_who_has_it() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let nobody = app.anonymous();
    let order = json!({"name": "farm", "tags": {"zone": "a"}});
    let made = owner.post(PATH, order).await.expect(201);
    let secret = made["key"].as_str().unwrap();
    assert_eq!(secret.len(), 43);
    let listed = owner.get(PATH).await.expect(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["name"], "farm");
    assert_eq!(listed[0]["tags"], json!({"zone": "a"}));
    assert!(!listed.to_string().contains(secret));
    let look = |secret: String| {
        let nobody = nobody.clone();
        async move {
            let header = [("Coder-Provisioner-Daemon-Key", secret.as_str())];
            nobody
                .send(Method::GET, "/provisionerkeys/any", &header, Body::empty())
                .await
        }
    };
    assert_eq!(look(secret.to_owned()).await.expect(200), listed[0]);
    assert_eq!(look("other".to_owned()).await.status, 401);
    assert_eq!(nobody.get("/provisionerkeys/any").await.status, 401);
    let daemons = owner.get(&format!("{PATH}/daemons")).await.expect(200);
    let names: Vec<_> = daemons
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["key"]["name"].clone())
        .collect();
    assert_eq!(names, ["built-in", "psk", "farm"]);
    owner.delete(&format!("{PATH}/FARM")).await.expect(204);
    assert_eq!(look(secret.to_owned()).await.status, 401);
    assert_eq!(owner.delete(&format!("{PATH}/farm")).await.status, 404);
}

#[tokio::test]
async fn names_of_keys_follow_rules_and_members_have_no_say() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    owner.post(PATH, json!({"name": "farm"})).await.expect(201);
    for (name, status) in [
        ("", 400),
        ("built-in", 400),
        ("User-Auth", 400),
        ("psk", 400),
        (&*"x".repeat(65), 400),
        ("FARM", 409),
    ] {
        let answer = owner.post(PATH, json!({"name": name})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.fields()),
            (status, vec!["name".to_owned()]),
            "{name}"
        );
    }
    assert_eq!(owner.delete(&format!("{PATH}/psk")).await.status, 400);
    assert_eq!(ann.get(PATH).await.status, 404);
    assert_eq!(ann.get(&format!("{PATH}/daemons")).await.status, 404);
    assert_eq!(ann.post(PATH, json!({"name": "a"})).await.status, 404);
    assert_eq!(ann.delete(&format!("{PATH}/farm")).await.status, 404);
}

#[tokio::test]
async fn a_daemon_comes_in_with_a_key_of_its_organization() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let nobody = app.anonymous();
    owner
        .post("/organizations", json!({"name": "labs"}))
        .await
        .expect(201);
    let made = owner.post(PATH, json!({"name": "farm"})).await.expect(201);
    let secret = made["key"].as_str().unwrap();
    let come = |organization: &'static str, secret: String| {
        let nobody = nobody.clone();
        async move {
            let path = format!(
                "/organizations/{organization}/provisionerdaemons/serve?version=1.0&provisioner=echo"
            );
            let header = [("Coder-Provisioner-Daemon-Key", secret.as_str())];
            let answer = nobody
                .send(Method::GET, &path, &header, Body::empty())
                .await;
            answer.status.as_u16()
        }
    };
    // It is let in, and then lacks a websocket.
    assert_eq!(come("coder", secret.to_owned()).await, 426);
    assert_eq!(come("labs", secret.to_owned()).await, 401);
    assert_eq!(come("coder", "other".to_owned()).await, 401);
}
