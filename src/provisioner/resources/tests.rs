//! Answers of the real Terraform (`tests/fixtures/terraform`, made by `record.sh`) through
//! the conversion.

use std::{fmt::Write as _, fs, path::PathBuf};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::domain::provisioning::{Agent, AgentAuth, OpenIn, SharingLevel};

fn fixture(case: &str, file: &str) -> Vec<u8> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/terraform")
        .join(case)
        .join(file);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn graph(case: &str) -> String {
    String::from_utf8(fixture(case, "graph.dot")).unwrap()
}

fn plan(case: &str) -> Result<ProvisionedResources, ConvertError> {
    from_plan(&fixture(case, "plan.json"), &graph(case))
}

fn state(case: &str) -> Result<ProvisionedResources, ConvertError> {
    from_state(&fixture(case, "state.json"), &graph(case))
}

/// The resources by kind and name, with the names of their agents.
fn outline(found: &ProvisionedResources) -> Vec<(String, Vec<&str>)> {
    found
        .resources
        .iter()
        .map(|resource| {
            let agents = resource.agents.iter().map(|agent| agent.name.as_str());
            (
                format!("{}.{}", resource.kind, resource.name),
                agents.collect(),
            )
        })
        .collect()
}

fn agent<'a>(found: &'a ProvisionedResources, name: &str) -> &'a Agent {
    found
        .resources
        .iter()
        .flat_map(|resource| &resource.agents)
        .find(|agent| agent.name == name)
        .unwrap()
}

/// Both conversions of a case must fail with this text.
fn assert_refused(case: &str, text: &str) {
    assert_eq!(plan(case).unwrap_err().to_string(), text);
    assert_eq!(state(case).unwrap_err().to_string(), text);
}

#[test]
fn a_workshop_has_all_parts() {
    insta::assert_json_snapshot!("workshop_plan", plan("workshop").unwrap());
    insta::assert_json_snapshot!("workshop_state", state("workshop").unwrap());
}

#[test]
fn ids_and_tokens_come_with_the_state() {
    let planned = plan("workshop").unwrap();
    assert_eq!(agent(&planned, "bench").id, "");
    assert_eq!(
        agent(&planned, "bench").auth,
        AgentAuth::Token(String::new())
    );
    let made = state("workshop").unwrap();
    assert_eq!(agent(&made, "bench").id.len(), 36);
    let AgentAuth::Token(token) = &agent(&made, "bench").auth else {
        panic!("the agent should have a token");
    };
    assert_eq!(token.len(), 36);
}

#[test]
fn null_items_are_marked_once_terraform_knows() {
    let made = state("workshop").unwrap();
    let room = made
        .resources
        .iter()
        .find(|resource| resource.name == "room")
        .unwrap();
    let empty = room
        .metadata
        .iter()
        .find(|item| item.key == "empty")
        .unwrap();
    assert!(empty.is_null);
    assert_eq!(empty.value, "");
}

#[test]
fn every_instance_of_a_counted_resource_gets_the_agent() {
    for found in [plan("counted").unwrap(), state("counted").unwrap()] {
        assert_eq!(
            outline(&found),
            [
                ("terraform_data.named".to_owned(), vec![]),
                ("terraform_data.named".to_owned(), vec![]),
                ("terraform_data.node".to_owned(), vec!["pool"]),
                ("terraform_data.node".to_owned(), vec!["pool"]),
            ]
        );
        let hidden = found.resources.iter().filter(|resource| resource.hide);
        assert_eq!(hidden.count(), 2);
    }
}

#[test]
fn modules_give_paths_and_the_nearest_owner() {
    for found in [plan("modules").unwrap(), state("modules").unwrap()] {
        let paths: Vec<_> = found
            .resources
            .iter()
            .map(|resource| {
                (
                    resource.name.as_str(),
                    resource.module_path.as_str(),
                    resource.agents.len(),
                )
            })
            .collect();
        assert_eq!(
            paths,
            [("cell", "module.outer.module.inner", 1), ("root", "", 0)]
        );
    }
    assert_eq!(
        agent(&state("modules").unwrap(), "deep").apps[0].slug,
        "deep"
    );
}

#[test]
fn the_nearest_dependant_owns_and_the_label_breaks_ties() {
    for found in [plan("owners").unwrap(), state("owners").unwrap()] {
        assert_eq!(
            outline(&found),
            [
                ("terraform_data.after".to_owned(), vec![]),
                ("terraform_data.alpha".to_owned(), vec!["shared"]),
                ("terraform_data.beta".to_owned(), vec![]),
                ("terraform_data.near".to_owned(), vec!["chained"]),
            ]
        );
    }
}

#[test]
fn instance_identity_needs_no_token() {
    let made = state("instances").unwrap();
    assert_eq!(
        agent(&made, "cloud").auth,
        AgentAuth::InstanceId("i-0a1b2c".to_owned())
    );
}

#[test]
fn cloud_machines_tell_their_id_and_type() {
    let json = json!({"values": {"root_module": {"resources": [
        {"address": "coder_agent.a", "mode": "managed", "type": "coder_agent", "name": "a",
         "values": {"auth": "azure-instance-identity"}},
        {"address": "aws_instance.b", "mode": "managed", "type": "aws_instance", "name": "b",
         "values": {"id": "i-77", "instance_type": "t9.huge", "odd": 1}},
    ]}}});
    let dot = r#"digraph { "x" [label="coder_agent.a"] "y" [label="aws_instance.b"] "y" -> "x" }"#;
    // A number that no machine type holds must not spoil the rest.
    let json = json.to_string().replace(r#""odd":1"#, r#""odd":1e999"#);
    let found = from_state(json.as_bytes(), dot).unwrap();
    assert_eq!(found.resources[0].instance_type, "t9.huge");
    assert_eq!(
        agent(&found, "a").auth,
        AgentAuth::InstanceId("i-77".to_owned())
    );
}

#[test]
fn parameters_keep_their_order_and_bounds() {
    let found = plan("parameters").unwrap();
    insta::assert_json_snapshot!(found.parameters);
    assert_eq!(state("parameters").unwrap().parameters, found.parameters);
}

#[test]
fn bounds_of_old_providers_are_off_when_both_are_zero() {
    let with = |validation: Value| {
        let json = json!({"values": {"root_module": {"resources": [
            {"address": "data.coder_parameter.p", "mode": "data", "type": "coder_parameter",
             "name": "p", "values": {"name": "p", "validation": [validation]}},
        ]}}});
        let found = from_state(json.to_string().as_bytes(), "digraph {}").unwrap();
        (
            found.parameters[0].validation_min,
            found.parameters[0].validation_max,
        )
    };
    assert_eq!(with(json!({"min": 0, "max": 0})), (None, None));
    assert_eq!(with(json!({"min": 0, "max": 3})), (Some(0), Some(3)));
    assert_eq!(
        with(json!({"min": 0, "max": 0, "min_disabled": false, "max_disabled": true})),
        (Some(0), None)
    );
}

#[test]
fn external_auth_ids_appear_once() {
    for found in [
        plan("external_auth").unwrap(),
        state("external_auth").unwrap(),
    ] {
        let providers: Vec<_> = found
            .external_auth_providers
            .iter()
            .map(|provider| (provider.id.as_str(), provider.optional))
            .collect();
        assert_eq!(
            providers,
            [("forge", false), ("spare", true), ("old", false)]
        );
    }
}

#[test]
fn broken_templates_are_refused() {
    assert_refused("counted_agents", "duplicate agent name: pool");
    assert_refused("twin_agents", "duplicate agent name: same");
    assert_refused(
        "twin_apps",
        r#"duplicate app slug, they must be unique per template: "web""#,
    );
    assert_refused(
        "twin_metadata",
        "duplicate metadata resource: terraform_data.host",
    );
    assert_refused(
        "twin_parameters",
        r#"coder_parameter names must be unique but "shape" and "colour" appear multiple times"#,
    );
    assert_refused(
        "indexed_module",
        r#"couldn't find node on graph: "module.many""#,
    );
}

#[test]
fn one_app_reads_all_its_attributes() {
    let json = |attributes: Value| {
        json!({"values": {"root_module": {"resources": [
            {"address": "coder_agent.a", "mode": "managed", "type": "coder_agent", "name": "a",
             "values": {"id": "1"}},
            {"address": "coder_app.my_app", "mode": "managed", "type": "coder_app", "name": "my_app",
             "values": attributes},
            {"address": "terraform_data.b", "mode": "managed", "type": "terraform_data", "name": "b"},
        ]}}})
        .to_string()
    };
    let dot =
        r#"digraph { "x" [label="coder_agent.a"] "y" [label="terraform_data.b"] "y" -> "x" }"#;
    let given = json(
        json!({"agent_id": "1", "slug": "app", "name": "Old", "share": "Public", "open_in": "tab"}),
    );
    let found = from_state(given.as_bytes(), dot).unwrap();
    let app = &agent(&found, "a").apps[0];
    assert_eq!(app.display_name, "Old");
    assert_eq!(app.sharing_level, SharingLevel::Public);
    assert_eq!(app.open_in, OpenIn::Tab);
    let unnamed = json(json!({"agent_id": "1"}));
    let refused = from_state(unnamed.as_bytes(), dot).unwrap_err();
    assert!(
        refused
            .to_string()
            .starts_with(r#"invalid app slug "my_app", please update"#)
    );
}

#[test]
fn an_empty_state_is_empty() {
    let found = from_state(br#"{"format_version": "1.0"}"#, "digraph {}").unwrap();
    assert_eq!(found, ProvisionedResources::default());
}

#[test]
fn module_paths_keep_indexes() {
    assert_eq!(module_path("a.b"), "");
    assert_eq!(module_path("module.m.a.b[0]"), "module.m");
    assert_eq!(
        module_path(r#"module.m["x.y"].module.n[0].data.a.b"#),
        r#"module.m["x.y"].module.n[0]"#
    );
    assert_eq!(module_path("module.m"), "invalid terraform address");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "[a-z\\[\\].]{0,8}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("resources"),
        Just("child_modules"),
        Just("address"),
        Just("type"),
        Just("name"),
        Just("mode"),
        Just("values"),
        Just("agent_id"),
        Just("slug"),
        Just("validation"),
        Just("item"),
        Just("id"),
        Just("env"),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key.clone(), inner), 0..5).prop_map(|fields| fields
                .into_iter()
                .map(|(key, value)| (key.to_owned(), value))
                .collect()),
        ]
    })
}

fn any_entry() -> impl Strategy<Value = Value> {
    let kind = prop_oneof![
        Just("coder_agent"),
        Just("coder_app"),
        Just("coder_env"),
        Just("coder_script"),
        Just("coder_metadata"),
        Just("coder_parameter"),
        Just("coder_external_auth"),
        Just("aws_instance"),
    ];
    let mode = prop_oneof![Just("managed"), Just("data")];
    (kind, mode, "[a-c]", any_json()).prop_map(|(kind, mode, name, values)| {
        json!({"address": format!("{kind}.{name}"), "mode": mode, "type": kind, "name": name, "values": values})
    })
}

proptest! {
    #[test]
    fn any_document_is_converted_or_refused(module in any_json(), dot in "\\PC{0,40}") {
        let text = json!({"values": {"root_module": module}, "planned_values": {"root_module": module}}).to_string();
        let first = from_state(text.as_bytes(), &dot).ok();
        prop_assert_eq!(from_state(text.as_bytes(), &dot).ok(), first);
        drop(from_plan(text.as_bytes(), &dot));
    }

    #[test]
    fn any_attributes_are_converted_or_refused(entries in prop::collection::vec(any_entry(), 0..6)) {
        let mut dot = String::from("digraph {");
        for entry in &entries {
            let address = entry["address"].as_str().unwrap();
            write!(dot, "\"{address}\" [label=\"{address}\"] \"aws_instance.a\" -> \"{address}\" ").unwrap();
        }
        dot.push('}');
        let text = json!({"values": {"root_module": {"resources": entries}}}).to_string();
        let first = from_state(text.as_bytes(), &dot).ok();
        prop_assert_eq!(from_state(text.as_bytes(), &dot).ok(), first);
    }
}
