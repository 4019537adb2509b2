//! Builds: numbers, versions, parameters, state, conflicts, canceling, lists.

use insta::assert_json_snapshot;
use serde_json::{Value, json};

use crate::fixture::{TestApp, at, parameter, redact};

const LOST: &str = "deadbeef-0000-4000-8000-000000000000";

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn builds_follow_each_other() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{workspace}/builds");
    let made = owner
        .post(&path, json!({"transition": "stop"}))
        .await
        .expect(201);
    assert_json_snapshot!("queued", redact(&made));
    let busy = owner.post(&path, json!({"transition": "start"})).await;
    assert_eq!(busy.status, 409);
    let job = provisioner.take().await.unwrap();
    provisioner.finish(job).await;
    let stopped = owner
        .get(&format!("/workspacebuilds/{}", id(&made)))
        .await
        .expect(200);
    assert_json_snapshot!("stopped", redact(&stopped));
    let list = owner.get(&path).await.expect(200);
    let numbers: Vec<i64> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|build| build["build_number"].as_i64().unwrap())
        .collect();
    assert_eq!(numbers, [2, 1]);
    let first = id(&list[1]);
    let newer = owner
        .get(&format!("{path}?after_id={first}"))
        .await
        .expect(200);
    assert_eq!(newer.as_array().unwrap().len(), 1);
    assert_eq!(
        owner.get(&format!("{path}?after_id={LOST}")).await.status,
        400
    );
    assert_eq!(
        owner.get(&format!("{path}?since=yesterday")).await.status,
        400
    );
    let since = "since=0001-01-01T00:00:00Z";
    let all = owner.get(&format!("{path}?{since}")).await.expect(200);
    assert_eq!(all.as_array().unwrap().len(), 2);
    let named = owner
        .get("/users/me/workspace/box/builds/2")
        .await
        .expect(200);
    assert_eq!(id(&named), id(&made));
    assert_eq!(
        owner.get("/users/me/workspace/box/builds/3").await.status,
        404
    );
    assert_eq!(
        owner.get("/users/me/workspace/box/builds/one").await.status,
        400
    );
}

#[tokio::test]
async fn a_race_of_builds_has_one_winner() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{workspace}/builds");
    let tries = (0..6).map(|_| async {
        let body = json!({"transition": "stop"});
        owner.post(&path, body).await.status.as_u16()
    });
    let mut statuses = futures::future::join_all(tries).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409]);
}

#[tokio::test]
async fn versions_and_parameters_are_checked() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let mut provisioner = app.provisioner(&owner).await;
    let mut fixed = parameter("fixed", "a");
    fixed.mutable = false;
    let mut once = parameter("once", "no");
    once.ephemeral = true;
    let parameters = vec![fixed, once, parameter("size", "s")];
    provisioner.parameters = parameters;
    let template = provisioner.template(&owner, "tpl").await;
    let other = provisioner.version(&owner, "other", None).await;
    let workspace = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{workspace}/builds");
    let post = async |body: Value| owner.post(&path, body).await;
    let start = |name: &str, value: &str| json!({"transition": "start", "rich_parameter_values": [{"name": name, "value": value}]});
    for (body, status) in [
        (json!({"transition": "pause"}), 400),
        (json!({"transition": "start", "orphan": true}), 400),
        (
            json!({"transition": "start", "template_version_id": LOST}),
            400,
        ),
        (
            json!({"transition": "start", "template_version_id": other}),
            400,
        ),
        (json!({"transition": "start", "log_level": "debug"}), 400),
        (start("fixed", "b"), 400),
    ] {
        assert_eq!(post(body.clone()).await.status, status, "{body}");
    }
    let waiting = provisioner.new_version(&owner, "v2", Some(&template)).await;
    let early = json!({"transition": "start", "template_version_id": waiting});
    assert_eq!(post(early.clone()).await.status, 406);
    let job = provisioner.take().await.unwrap();
    provisioner.fail(job, "no such thing").await;
    assert_eq!(post(early).await.status, 400);
    let made = post(start("once", "yes")).await.expect(201);
    provisioner.work_off().await;
    let values = async |build: &Value| {
        let path = format!("/workspacebuilds/{}/parameters", id(build));
        owner.get(&path).await.expect(200)
    };
    let expected = |once: &str, size: &str| json!([{"name": "fixed", "value": "a"}, {"name": "once", "value": once}, {"name": "size", "value": size}]);
    assert_eq!(values(&made).await, expected("yes", "s"));
    let made = post(start("size", "l")).await.expect(201);
    provisioner.work_off().await;
    assert_eq!(values(&made).await, expected("no", "l"));
}

#[tokio::test]
async fn state_is_kept_given_and_forgotten() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&ann, "box", &template).await;
    let path = format!("/workspaces/{workspace}/builds");
    let state = async |build: &Value| {
        let path = format!("/workspacebuilds/{}/state", id(build));
        let answer = owner.get(&path).await;
        assert_eq!(answer.headers["content-type"], "application/json");
        String::from_utf8(answer.raw).unwrap()
    };
    // "mine" in base64.
    let given = json!({"transition": "stop", "state": "bWluZQ=="});
    assert_eq!(ann.post(&path, given.clone()).await.status, 403);
    let made = ann
        .post(&path, json!({"transition": "stop"}))
        .await
        .expect(201);
    assert!(state(&made).await.starts_with("state of "));
    let hidden = ann
        .get(&format!("/workspacebuilds/{}/state", id(&made)))
        .await;
    assert_eq!(hidden.status, 404);
    let job = provisioner.take().await.unwrap();
    provisioner.fail(job, "out of disk").await;
    let made = owner.post(&path, given).await.expect(201);
    assert_eq!(state(&made).await, "mine");
    provisioner.work_off().await;
    let orphan = json!({"transition": "delete", "orphan": true});
    let made = owner.post(&path, orphan).await.expect(201);
    assert_eq!(state(&made).await, "");
}

#[tokio::test]
async fn a_build_is_canceled_by_whom_the_template_lets() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let bob = app.user(&owner, "bob").await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&ann, "box", &template).await;
    let path = format!("/workspaces/{workspace}/builds");
    let made = ann
        .post(&path, json!({"transition": "stop"}))
        .await
        .expect(201);
    let build = format!("/workspacebuilds/{}", id(&made));
    let cancel = format!("{build}/cancel");
    assert_eq!(bob.patch(&cancel, json!({})).await.status, 404);
    let allowed = json!({"allow_user_cancel_workspace_jobs": false});
    owner
        .patch(&format!("/templates/{template}"), allowed)
        .await;
    assert_eq!(ann.patch(&cancel, json!({})).await.status, 403);
    owner.patch(&cancel, json!({})).await.expect(200);
    let shown = ann.get(&build).await.expect(200);
    assert_eq!(shown["status"], "canceled");
    assert_eq!(owner.patch(&cancel, json!({})).await.status, 400);
    let made = ann
        .post(&path, json!({"transition": "start"}))
        .await
        .expect(201);
    let build = format!("/workspacebuilds/{}", id(&made));
    provisioner.take().await.unwrap();
    owner
        .patch(&format!("{build}/cancel"), json!({}))
        .await
        .expect(200);
    assert_eq!(ann.get(&build).await.expect(200)["status"], "canceling");
    assert_eq!(
        owner
            .patch(&format!("{build}/cancel"), json!({}))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn an_outdated_workspace_tells_whether_it_could_start_by_itself() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let mut provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&owner, "box", &template).await;
    let path = format!("/workspaces/{workspace}");
    let mismatch = async || {
        let answer = owner
            .get(&format!("{path}/resolve-autostart"))
            .await
            .expect(200);
        answer["parameter_mismatch"].as_bool().unwrap()
    };
    let mut must = parameter("must", "");
    must.required = true;
    provisioner.parameters = vec![must];
    let version = provisioner.version(&owner, "v2", Some(&template)).await;
    let active = json!({"id": version});
    owner
        .patch(&format!("/templates/{template}/versions"), active)
        .await
        .expect(200);
    assert_eq!(at(&owner.get(&path).await.expect(200), "outdated"), true);
    assert!(!mismatch().await);
    let always = json!({"automatic_updates": "always"});
    owner
        .put(&format!("{path}/autoupdates"), always)
        .await
        .expect(204);
    assert!(mismatch().await);
}
