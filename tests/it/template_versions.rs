//! Versions of templates, what their imports find, and dry runs.

use insta::assert_json_snapshot;
use serde_json::json;
use workspaced::domain::provisioning::{
    ParameterOption, ParsedTemplate, RichParameter, TemplateVariable,
};

use crate::fixture::{Client, Provisioner, TestApp, redact};

const PATH: &str = "/organizations/default/templateversions";

fn variable(name: &str, default: &str, sensitive: bool) -> TemplateVariable {
    TemplateVariable {
        name: name.to_owned(),
        description: format!("About {name}"),
        kind: "string".to_owned(),
        default_value: default.to_owned(),
        required: default.is_empty(),
        sensitive,
    }
}

fn parsed() -> ParsedTemplate {
    ParsedTemplate {
        variables: vec![variable("zone", "north", false), variable("pin", "", true)],
        readme: "# Read me".to_owned(),
        ..ParsedTemplate::default()
    }
}

async fn provisioner(app: &TestApp, owner: &Client) -> Provisioner {
    let mut provisioner = app.provisioner(owner).await;
    provisioner.parsed = parsed();
    provisioner.parameters = vec![RichParameter {
        name: "size".to_owned(),
        description: "How **big**".to_owned(),
        kind: "string".to_owned(),
        default_value: "s".to_owned(),
        options: vec![ParameterOption {
            name: "Small".to_owned(),
            value: "s".to_owned(),
            ..ParameterOption::default()
        }],
        ..RichParameter::default()
    }];
    provisioner
}

#[tokio::test]
async fn a_version_waits_until_it_is_imported() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let values = json!([{"name": "pin", "value": "1234"}]);
    let made = owner
        .version(json!({"name": "one", "message": "First", "user_variable_values": values}))
        .await;
    assert_json_snapshot!("waits", redact(&made));
    let path = format!("/templateversions/{}", made["id"].as_str().unwrap());
    for (part, status) in [
        ("variables", 403),
        ("rich-parameters", 403),
        ("resources", 400),
    ] {
        let answer = owner.get(&format!("{path}/{part}")).await;
        assert_eq!(answer.status, status, "{part}");
    }
    assert_eq!(
        owner
            .post(&format!("{path}/dry-run"), json!({}))
            .await
            .status,
        400
    );
    provisioner(&app, &owner).await.work_off().await;
    let shown = owner.get(&path).await.expect(200);
    assert_eq!(shown["job"]["status"], "succeeded");
    assert_eq!(shown["readme"], "# Read me");
    assert!(shown.get("matched_provisioners").is_none());
    assert_json_snapshot!(
        "variables",
        owner.get(&format!("{path}/variables")).await.expect(200)
    );
    assert_json_snapshot!(
        "parameters",
        owner
            .get(&format!("{path}/rich-parameters"))
            .await
            .expect(200)
    );
    let resources = owner.get(&format!("{path}/resources")).await.expect(200);
    assert_eq!(resources[0]["name"], "machine");
    for part in ["schema", "parameters", "external-auth"] {
        let answer = owner.get(&format!("{path}/{part}")).await.expect(200);
        assert_eq!(answer, json!([]), "{part}");
    }
}

#[tokio::test]
async fn faults_of_a_new_version_are_named() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let file = owner.upload(&[("main.tf", "")]).await;
    let empty = owner.post(PATH, json!({})).await;
    assert_eq!(
        empty.fields(),
        ["storage_method", "file_id", "example_id", "provisioner"]
    );
    let nothing = "deadbeef-0000-4000-8000-000000000000";
    let order = |more: serde_json::Value| {
        let mut order =
            json!({"file_id": file, "storage_method": "file", "provisioner": "terraform"});
        order
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        order
    };
    for (more, status) in [
        (json!({"name": "not a name"}), 400),
        (json!({"file_id": nothing}), 404),
        (json!({"template_id": nothing}), 404),
        (json!({"example_id": "scratch"}), 400),
        (json!({"file_id": null, "example_id": "none-such"}), 400),
    ] {
        let answer = owner.post(PATH, order(more.clone())).await;
        assert_eq!(answer.status, status, "{more}");
    }
    assert_eq!(ann.post(PATH, order(json!({}))).await.status, 404);
    let hers = ann.upload(&[("main.tf", "")]).await;
    assert_eq!(
        ann.post(PATH, order(json!({"file_id": hers}))).await.status,
        403
    );
    let rubbish = [("Content-Type", "application/x-tar")];
    let rubbish = owner
        .send(http::Method::POST, "/files", &rubbish, "not a tar at all")
        .await
        .expect(201);
    let refused = owner
        .post(PATH, order(json!({"file_id": rubbish["hash"]})))
        .await;
    assert_eq!(refused.status, 400);
}

#[tokio::test]
async fn tags_come_from_the_archive_and_the_request() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let source = r#"
        variable "where" { default = "here" }
        data "coder_workspace_tags" "tags" {
          tags = { place = var.where, fixed = "yes" }
        }"#;
    let file = owner.upload(&[("main.tf", source)]).await;
    let made = owner
        .version(json!({"file_id": file, "tags": {"fixed": "no"}}))
        .await;
    assert_eq!(
        made["job"]["tags"],
        json!({"fixed": "no", "owner": "", "place": "here", "scope": "organization"})
    );
    let wrong = source.replace("var.where", "var.unheard");
    let file = owner.upload(&[("main.tf", &wrong)]).await;
    let order = json!({"file_id": file, "storage_method": "file", "provisioner": "terraform"});
    assert_eq!(owner.post(PATH, order).await.status, 400);
}

#[tokio::test]
async fn a_built_in_template_can_be_imported() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let examples = owner.get("/templates/examples").await.expect(200);
    assert_eq!(examples[0]["id"], "scratch");
    let same = owner
        .get("/organizations/default/templates/examples")
        .await
        .expect(200);
    assert_eq!(examples, same);
    let order =
        json!({"example_id": "scratch", "storage_method": "file", "provisioner": "terraform"});
    owner.post(PATH, order.clone()).await.expect(201);
    owner.post(PATH, order).await.expect(201);
    let archive = app.provisioner(&owner).await.take().await.unwrap().archive;
    assert!(archive.windows(14).any(|part| part == b"terraform_data"));
}

#[tokio::test]
async fn names_are_unique_in_a_template() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let (template, first) = app.template(&owner, "base").await;
    let second = owner
        .version(json!({"template_id": template, "name": "two"}))
        .await;
    let order = json!({
        "file_id": second["job"]["file_id"], "storage_method": "file", "provisioner": "terraform",
        "template_id": template, "name": "two",
    });
    let taken = owner.post(PATH, order).await;
    assert_eq!(
        (taken.status.as_u16(), taken.fields()),
        (409, vec!["name".to_owned()])
    );
    owner
        .version(json!({"template_id": template, "name": "Two"}))
        .await;
    let path = format!("/templateversions/{first}");
    let taken = owner.patch(&path, json!({"name": "two"})).await;
    assert_eq!(
        (taken.status.as_u16(), taken.fields()),
        (400, vec!["name".to_owned()])
    );
    let changed = owner
        .patch(&path, json!({"name": "one", "message": "Words"}))
        .await
        .expect(200);
    assert_eq!(
        (&changed["name"], &changed["message"]),
        (&json!("one"), &json!("Words"))
    );
    let kept = owner.patch(&path, json!({})).await.expect(200);
    assert_eq!(
        (&kept["name"], &kept["message"]),
        (&json!("one"), &json!("Words"))
    );
    assert_eq!(ann.patch(&path, json!({"name": "mine"})).await.status, 403);
    let by_names = "/organizations/coder/templates/Base/versions";
    let found = owner.get(&format!("{by_names}/two")).await.expect(200);
    assert_eq!(found["id"], second["id"]);
    assert_eq!(owner.get(&format!("{by_names}/none")).await.status, 404);
    assert_eq!(
        owner.get(&format!("{by_names}/one/previous")).await.status,
        404
    );
    let found = owner
        .get(&format!("/templates/{template}/versions/two"))
        .await
        .expect(200);
    assert_eq!(found["id"], second["id"]);
}

#[tokio::test]
async fn versions_come_in_pages() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (template, first) = app.template(&owner, "base").await;
    for name in ["b", "c"] {
        app.clock.advance(chrono::TimeDelta::seconds(1));
        owner
            .version(json!({"template_id": template, "name": name}))
            .await;
    }
    let list = async |query: &str| {
        let path = format!("/templates/{template}/versions?{query}");
        let found = owner.get(&path).await.expect(200);
        let names = found
            .as_array()
            .unwrap()
            .iter()
            .map(|version| version["name"].clone());
        names.collect::<Vec<_>>()
    };
    assert_eq!(list("").await[1..], ["b", "c"]);
    assert_eq!(list("limit=1&offset=1").await, ["b"]);
    assert_eq!(list(&format!("after_id={first}")).await, ["b", "c"]);
    assert_eq!(
        list(&format!("after_id={first}&limit=1&offset=1")).await,
        ["c"]
    );
    let previous = "/organizations/default/templates/base/versions/c/previous";
    assert_eq!(owner.get(previous).await.expect(200)["name"], "b");
    let path = format!("/templates/{template}/versions");
    assert_eq!(
        owner
            .get(&format!("{path}?after_id={template}"))
            .await
            .status,
        400
    );
    assert_eq!(
        owner.get(&format!("{path}?limit=-5")).await.fields(),
        ["limit"]
    );
}

#[tokio::test]
async fn a_waiting_import_can_be_canceled_once() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let made = owner.version(json!({})).await;
    let path = format!("/templateversions/{}", made["id"].as_str().unwrap());
    let cancel = format!("{path}/cancel");
    assert_eq!(ann.patch(&cancel, json!({})).await.status, 404);
    owner.patch(&cancel, json!({})).await.expect(200);
    assert_eq!(
        owner.get(&path).await.expect(200)["job"]["status"],
        "canceled"
    );
    assert_eq!(owner.patch(&cancel, json!({})).await.status, 400);
    let logs = owner.get(&format!("{path}/logs")).await.expect(200);
    assert_eq!(logs, json!([]));
}

#[tokio::test]
async fn a_dry_run_belongs_to_who_started_it() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let (ann, ben) = (app.user(&owner, "ann").await, app.user(&owner, "ben").await);
    let (_, version) = app.template(&owner, "base").await;
    let (_, other) = app.template(&owner, "other").await;
    let path = format!("/templateversions/{version}/dry-run");
    let order = json!({"workspace_name": "trial", "rich_parameter_values": [{"name": "size", "value": "l"}]});
    let job = ann.post(&path, order).await.expect(201);
    assert_json_snapshot!("dry_run", redact(&job));
    let job = job["id"].as_str().unwrap();
    let run = format!("{path}/{job}");
    assert_eq!(ann.get(&format!("{run}/resources")).await.status, 400);
    app.provisioner(&owner).await.work_off().await;
    assert_eq!(ann.get(&run).await.expect(200)["status"], "succeeded");
    let resources = ann.get(&format!("{run}/resources")).await.expect(200);
    assert_eq!(resources.as_array().unwrap().len(), 1);
    owner.get(&run).await.expect(200);
    owner.get(&format!("{run}/logs")).await.expect(200);
    owner
        .get(&format!("{run}/matched-provisioners"))
        .await
        .expect(200);
    assert_eq!(ben.get(&run).await.status, 404);
    let elsewhere = format!("/templateversions/{other}/dry-run/{job}");
    assert_eq!(ann.get(&elsewhere).await.status, 403);
    assert_eq!(
        ann.patch(&format!("{run}/cancel"), json!({})).await.status,
        400
    );
    let waits = ann.post(&path, json!({})).await.expect(201);
    let waits = format!("{path}/{}/cancel", waits["id"].as_str().unwrap());
    assert_eq!(ben.patch(&waits, json!({})).await.status, 404);
    ann.patch(&waits, json!({})).await.expect(200);
}

#[tokio::test]
async fn values_left_out_are_those_of_the_active_version() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = provisioner(&app, &owner).await;
    let values = json!([{"name": "pin", "value": "1234"}, {"name": "zone", "value": "south"}]);
    let first = owner.version(json!({"user_variable_values": values})).await;
    provisioner.work_off().await;
    let order = json!({"name": "base", "template_version_id": first["id"]});
    let template = owner
        .post("/organizations/default/templates", order)
        .await
        .expect(201);
    let second = owner.version(json!({"template_id": template["id"]})).await;
    provisioner.work_off().await;
    let path = format!(
        "/templateversions/{}/variables",
        second["id"].as_str().unwrap()
    );
    let shown = owner.get(&path).await.expect(200);
    assert_eq!(shown[0]["value"], "south");
    assert_eq!(shown[1]["value"], "*redacted*");
}
