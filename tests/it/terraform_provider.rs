//! The provider in the program with the real Terraform: plans and states of the templates in
//! tests/fixtures/provider, and a build by the provisioner, all without a registry.

mod builds;
mod engine;

use serde_json::{Value, json};

use self::engine::Terraform;

/// The planned or stored values of a resource.
fn values<'a>(document: &'a Value, address: &str) -> &'a Value {
    let resources = document["root_module"]["resources"].as_array().unwrap();
    let found = resources
        .iter()
        .find(|resource| resource["address"] == address);
    &found.unwrap_or_else(|| panic!("no {address}"))["values"]
}

/// The change of a resource in a plan.
fn change<'a>(plan: &'a Value, address: &str) -> &'a Value {
    let changes = plan["resource_changes"].as_array().unwrap();
    let found = changes.iter().find(|change| change["address"] == address);
    &found.unwrap_or_else(|| panic!("no {address}"))["change"]
}

#[tokio::test]
async fn agents_are_made_refreshed_replaced_and_destroyed() {
    let terraform = Terraform::new("agents").await;
    let plan = terraform.plan(&[]).await;
    let planned = change(&plan, "coder_agent.plain");
    assert_eq!(planned["after"]["auth"], "token");
    assert_eq!(planned["after"]["connection_timeout"], 120);
    for computed in ["id", "token", "init_script", "display_apps"] {
        assert_eq!(planned["after_unknown"][computed], true, "{computed}");
    }
    let state = terraform.apply(&[]).await;
    let agent = values(&state, "coder_agent.full");
    assert_eq!(agent["env"], json!({"ALPHA": "1", "BETA": "dev"}));
    assert_eq!(
        agent["init_script"],
        "mac http://127.0.0.1:3000/ aws-instance-identity"
    );
    let apps = json!([{"port_forwarding_helper": true, "ssh_helper": false, "vscode": false,
        "vscode_insiders": false, "web_terminal": true}]);
    assert_eq!(agent["display_apps"], apps);
    let first = json!({"display_name": "", "interval": 5, "key": "cpu", "order": 0,
        "script": "uptime", "timeout": 0});
    assert_eq!(agent["metadata"][0], first);
    assert_eq!(
        values(&state, "coder_agent_instance.cloud")["agent_id"],
        agent["id"]
    );

    let again = terraform.plan(&[]).await;
    let actions = |address| change(&again, address)["actions"].clone();
    assert_eq!(actions("coder_agent.full"), json!(["no-op"]));
    let refreshed = terraform.apply(&[]).await;
    let token = |state: &Value| values(state, "coder_agent.plain")["token"].clone();
    assert_ne!(token(&refreshed), token(&state));

    let other = [("TF_VAR_dir", "/other")];
    let plan = terraform.plan(&other).await;
    let replaced = change(&plan, "coder_agent.full");
    assert_eq!(replaced["actions"], json!(["delete", "create"]));
    assert_eq!(replaced["replace_paths"], json!([["dir"]]));
    let state = terraform.apply(&other).await;
    assert_eq!(values(&state, "coder_agent.full")["dir"], "/other");
    terraform.run(&["destroy", "-auto-approve"], &[]).await;
    assert_eq!(terraform.state().await, Value::Null);
}

#[tokio::test]
async fn apps_scripts_variables_and_metadata_are_made() {
    let terraform = Terraform::new("apps").await;
    terraform.plan(&[]).await;
    let state = terraform.apply(&[]).await;
    let agent = &values(&state, "coder_agent.main")["id"];
    let app = values(&state, "coder_app.full");
    assert_eq!(app["agent_id"], *agent);
    assert_eq!(app["share"], "authenticated");
    assert_eq!(app["healthcheck"][0]["threshold"], 6);
    let plain = values(&state, "coder_app.plain");
    assert_eq!(plain["share"], "owner");
    assert_eq!(plain["command"], Value::Null);
    assert_eq!(
        values(&state, "coder_script.full")["cron"],
        "0 30 9 * * 1-5"
    );
    assert_eq!(values(&state, "coder_script.named")["timeout"], 0);
    assert_eq!(values(&state, "coder_env.plain")["value"], Value::Null);
    let items = &values(&state, "coder_metadata.full")["item"];
    let nothing = json!({"is_null": true, "key": "nothing", "sensitive": false, "value": ""});
    assert_eq!(items[1], nothing);
    assert_eq!(items[2]["value"], *agent);
    assert_eq!(items[3]["is_null"], false);
}

#[tokio::test]
async fn parameters_take_what_was_chosen() {
    let terraform = Terraform::new("parameters").await;
    terraform.plan(&[]).await;
    let state = terraform.apply(&[]).await;
    let parameter = |name: &str| values(&state, &format!("data.coder_parameter.{name}")).clone();
    assert_eq!(parameter("given")["value"], "given");
    assert_eq!(parameter("given")["optional"], true);
    assert_eq!(parameter("required")["value"], "r");
    assert_eq!(parameter("required")["optional"], false);
    let limits = &parameter("half_bounded")["validation"][0];
    assert_eq!(
        (&limits["min_disabled"], &limits["max_disabled"]),
        (&json!(false), &json!(true))
    );
    assert_eq!(parameter("choice")["option"][1]["icon"], "/icon/us.svg");
    assert_eq!(parameter("list")["value"], r#"["a","b"]"#);
    // Read again at apply, where the chosen values are not there any more.
    assert_eq!(parameter("deferred")["description"], "given");
}

#[tokio::test]
async fn a_template_learns_who_and_what_it_is_built_for() {
    let terraform = Terraform::new("identity").await;
    let plan = terraform.plan(&[]).await;
    let known = &plan["prior_state"]["values"];
    let workspace = values(known, "data.coder_workspace.me");
    assert_eq!(workspace["name"], "dev");
    assert_eq!(workspace["access_port"], 8443);
    assert_eq!(workspace["start_count"], 1);
    let owner = values(known, "data.coder_workspace_owner.me");
    assert_eq!(owner["full_name"], "Alice A.");
    assert_eq!(owner["groups"], json!(["staff", "ops"]));
    let tags = values(known, "data.coder_workspace_tags.tags");
    assert_eq!(tags["tags"], json!({"cluster": "a", "zone": "eu"}));
    let token = |address: &str| values(known, address)["access_token"].clone();
    assert_eq!(token("data.coder_external_auth.github"), "tok");
    assert_eq!(token("data.coder_external_auth.optional"), "");
    assert_eq!(token("data.coder_git_auth.old"), "gtok");
}

#[tokio::test]
async fn odd_values_are_planned_and_kept() {
    let terraform = Terraform::new("edges").await;
    let plan = terraform.plan(&[]).await;
    let unknown = change(&plan, "coder_agent.unknown");
    assert_eq!(unknown["after_unknown"]["env"], true);
    terraform.apply(&[]).await;
    let again = terraform.plan(&[]).await;
    let changes = again["resource_changes"].as_array().unwrap();
    let different = changes
        .iter()
        .filter(|change| change["change"]["actions"] != json!(["no-op"]));
    assert_eq!(different.count(), 0);
    let plan = terraform.plan(&[("TF_VAR_dir", "other")]).await;
    let paths = &change(&plan, "coder_agent.nested")["replace_paths"];
    let paths = paths.as_array().unwrap();
    for path in [
        json!(["env"]),
        json!(["display_apps"]),
        json!(["metadata", 1, "script"]),
    ] {
        assert!(paths.contains(&path), "{path} in {paths:?}");
    }
}

#[tokio::test]
async fn faults_are_told_where_they_are() {
    for (template, command, faults) in [
        ("refused-by-validate", &["validate"][..], 27),
        ("refused-by-plan", &["plan"], 25),
        ("refused-by-apply", &["apply", "-auto-approve"], 2),
    ] {
        let terraform = Terraform::new(template).await;
        let output = terraform.fail(command).await;
        let found = output.matches("Error: ").count();
        assert_eq!(found, faults, "{template}:\n{output}");
    }
}

#[tokio::test]
async fn only_terraform_starts_the_provider() {
    let by_hand = engine::provider_alone().await;
    assert_eq!(by_hand.status.code(), Some(1));
    let said = String::from_utf8(by_hand.stderr).unwrap();
    assert!(said.contains("plugin of Terraform"), "{said}");
}
