//! Every operation asks who is there: called with no session and as a stranger who belongs to
//! nothing of what it names. What may answer otherwise stands in
//! `tests/golden/open_to_nobody.txt` and `open_to_strangers.txt`, each with its reason.

use std::collections::BTreeMap;

use http::Method;

use crate::fixture::TestApp;

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

#[tokio::test]
async fn a_stranger_gets_nothing_of_others() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let stranger = app.user(&owner, "stranger").await;
    let document = owner.get("/openapi.json").await.expect(200);
    let open = exceptions(OPEN_TO_STRANGERS);
    let mut wrong = Vec::new();
    let mut operations = operations(&document);
    // Ending the session comes last.
    operations.sort_by_key(|(_, path)| path.ends_with("/users/logout"));
    for (method, path) in operations {
        let operation = format!("{method} {path}");
        let url = format!("abs:{}", concrete(&path, "admin"));
        // An empty object: a refusal for its fields comes after the refusal for rights, or
        // says nothing that is the other's.
        let status = stranger.status(method, &url, "{}").await;
        let refused = status.is_client_error();
        if refused == open.contains_key(operation.as_str()) || status.is_server_error() {
            wrong.push(format!("{operation} answered {status}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
