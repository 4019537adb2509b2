//! The API's description: what is served, and what of the contract is still missing.
//!
//! `tests/golden/operations.txt` lists every operation of the contract, `unimplemented.txt`
//! those not served yet: a list that may only shrink.

use std::collections::BTreeSet;

use crate::fixture::TestApp;

const OPERATIONS: &str = include_str!("../golden/operations.txt");
const UNIMPLEMENTED: &str = include_str!("../golden/unimplemented.txt");

/// Operations as `METHOD /path/{}`: the names of parameters are not compared.
pub fn served(document: &serde_json::Value) -> BTreeSet<String> {
    let mut all = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                all.insert(shape(&format!("{} {path}", method.to_uppercase())));
            }
        }
    }
    all
}

fn shape(operation: &str) -> String {
    let parameter = regex::Regex::new(r"\{[^}]*\}").unwrap();
    let text = parameter.replace_all(operation, "{}");
    // The contract writes its root with a slash.
    text.trim_end_matches('/').to_owned()
}

fn list(text: &str) -> BTreeSet<String> {
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(shape)
        .collect()
}

#[tokio::test]
async fn every_operation_of_the_contract_is_served_or_listed_as_missing() {
    let app = TestApp::start().await;
    let document = app.anonymous().get("/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let served = served(&document);
    let contract = list(OPERATIONS);
    let missing = list(UNIMPLEMENTED);
    let forgotten: Vec<_> = contract
        .iter()
        .filter(|operation| !served.contains(*operation) && !missing.contains(*operation))
        .collect();
    assert!(
        forgotten.is_empty(),
        "neither served nor listed as missing: {forgotten:#?}"
    );
    let done: Vec<_> = missing
        .iter()
        .filter(|operation| served.contains(*operation))
        .collect();
    assert!(
        done.is_empty(),
        "served now: take them out of unimplemented.txt: {done:#?}"
    );
    let unknown: Vec<_> = missing
        .iter()
        .filter(|operation| !contract.contains(*operation))
        .collect();
    assert!(unknown.is_empty(), "not in the contract: {unknown:#?}");
}
