//! Reading costs a number of statements that does not depend on how much there is to read.
//! `tests/golden/query_counts.txt` holds the numbers; one that grows fails.

use std::{collections::BTreeMap, fmt::Write as _};

use http::Method;

use crate::fixture::{Client, Provisioner, QueryCounter, TestApp};

const EXPECTED: &str = include_str!("../golden/query_counts.txt");

/// Reads worth counting: a path, and what it is called in the list.
fn reads(ids: &Ids) -> Vec<(&'static str, String)> {
    let Ids {
        template,
        workspace,
        build,
        version,
    } = ids;
    vec![
        ("GET /users/me", "/users/me".to_owned()),
        ("GET /users", "/users".to_owned()),
        ("GET /organizations", "/organizations".to_owned()),
        (
            "GET /users/me/keys/tokens",
            "/users/me/keys/tokens".to_owned(),
        ),
        ("GET /templates", "/templates".to_owned()),
        (
            "GET /templates/{template}",
            format!("/templates/{template}"),
        ),
        (
            "GET /templates/{template}/versions",
            format!("/templates/{template}/versions"),
        ),
        (
            "GET /templateversions/{version}",
            format!("/templateversions/{version}"),
        ),
        ("GET /workspaces", "/workspaces".to_owned()),
        (
            "GET /workspaces?q=",
            "/workspaces?q=owner:me%20status:running&limit=25".to_owned(),
        ),
        (
            "GET /workspaces/{workspace}",
            format!("/workspaces/{workspace}"),
        ),
        (
            "GET /users/me/workspace/{name}",
            "/users/me/workspace/box-0".to_owned(),
        ),
        (
            "GET /workspaces/{workspace}/builds",
            format!("/workspaces/{workspace}/builds"),
        ),
        (
            "GET /workspacebuilds/{build}",
            format!("/workspacebuilds/{build}"),
        ),
        (
            "GET /workspacebuilds/{build}/logs",
            format!("/workspacebuilds/{build}/logs"),
        ),
    ]
}

struct Ids {
    template: String,
    workspace: String,
    build: String,
    version: String,
}

async fn populate(
    owner: &Client,
    provisioner: &Provisioner,
    template: &str,
    from: usize,
    to: usize,
) {
    for n in from..to {
        provisioner
            .workspace(owner, &format!("box-{n}"), template)
            .await;
    }
}

/// Statements of a request; the least of several tries, because what other tests write to the
/// same server makes remembered pages look old.
async fn least(client: &Client, path: &str, headers: &[(&str, &str)], status: u16) -> usize {
    let mut least = usize::MAX;
    for _ in 0..40 {
        let counter = QueryCounter::start();
        let answer = client.send(Method::GET, path, headers, String::new()).await;
        assert_eq!(answer.status, status, "{path}");
        least = least.min(counter.take().len());
        if least <= 1 {
            break;
        }
    }
    least
}

/// What each read costs in statements: when this process has seen nothing yet, again, and
/// when the client has the answer already.
async fn count(app: &TestApp, owner: &Client, ids: &Ids) -> BTreeMap<&'static str, String> {
    let mut counts = BTreeMap::new();
    for (name, path) in reads(ids) {
        let fresh = app.replica();
        let client = Client::at(&fresh, owner.token.clone());
        client.get("/users/me").await.expect(200);
        let counter = QueryCounter::start();
        let answer = client.get(&path).await;
        let cold = counter.take().len();
        let warm = least(&client, &path, &[], 200).await;
        let known = match answer.headers.get("etag") {
            None => "-".to_owned(),
            Some(tag) => {
                let headers = [("if-none-match", tag.to_str().unwrap())];
                least(&client, &path, &headers, 304).await.to_string()
            }
        };
        counts.insert(name, format!("{cold} {warm} {known}"));
    }
    counts
}

#[tokio::test]
async fn reading_costs_a_fixed_number_of_statements() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let provisioner = app.provisioner(&owner).await;
    let template = provisioner.template(&owner, "base").await;
    let workspace = provisioner.workspace(&owner, "box-0", &template).await;
    let shown = owner
        .get(&format!("/workspaces/{workspace}"))
        .await
        .expect(200);
    let text = |path: &str| {
        crate::fixture::at(&shown, path)
            .as_str()
            .unwrap()
            .to_owned()
    };
    let ids = Ids {
        template,
        workspace,
        build: text("latest_build.id"),
        version: text("latest_build.template_version_id"),
    };
    let one = count(&app, &owner, &ids).await;
    populate(&owner, &provisioner, &ids.template, 1, 25).await;
    let many = count(&app, &owner, &ids).await;
    populate(&owner, &provisioner, &ids.template, 25, 250).await;
    let most = count(&app, &owner, &ids).await;
    assert_eq!(one, many, "more rows, more statements");
    assert_eq!(many, most, "more rows, more statements");

    let mut found =
        "# Statements of a first read, of a further one, and of one whose answer the client has.\n"
            .to_owned();
    for (name, numbers) in &most {
        writeln!(found, "{numbers} {name}").unwrap();
    }
    assert_eq!(
        found, EXPECTED,
        "the numbers changed: fewer are welcome in tests/golden/query_counts.txt, more are not"
    );
}
