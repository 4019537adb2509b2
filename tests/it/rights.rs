//! The whole table of rights, asked through `POST /authcheck`: each subject, action, kind of thing and place against
//! the recorded answers in `tests/golden/rights.tsv`.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::fixture::{Client, TestApp};

const RECORDED: &str = include_str!("../golden/rights.tsv");
const FACTS: &str = include_str!("../fixtures/permissions.json");
/// Somebody who is none of the subjects.
const SOMEBODY: &str = "5a5a5a5a-0000-4000-8000-000000000001";

/// One subject of the table: its name, its roles of the site, its roles of the organization.
const SUBJECTS: [(&str, &[&str], &[&str]); 13] = [
    ("owner", &["owner"], &[]),
    ("auditor", &["auditor"], &[]),
    ("template-admin", &["template-admin"], &[]),
    ("user-admin", &["user-admin"], &[]),
    ("member", &[], &[]),
    ("organization-admin", &[], &["organization-admin"]),
    ("organization-auditor", &[], &["organization-auditor"]),
    (
        "organization-template-admin",
        &[],
        &["organization-template-admin"],
    ),
    ("organization-user-admin", &[], &["organization-user-admin"]),
    ("nowhere", &[], &[]),
    ("owner-nowhere", &["owner"], &[]),
    ("owner-apps-only", &["owner"], &[]),
    ("member-apps-only", &[], &[]),
];

/// A right in the table: subject, action, kind, the letter of the place.
type Right<'a> = (&'a str, &'a str, &'a str, char);

/// Names under a key of the facts.
fn names(facts: &Value) -> Vec<&str> {
    match facts {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::Object(map) => map.keys().map(String::as_str).collect(),
        _ => panic!("no list of names"),
    }
}

fn recorded<'a>(every_action: &[&'a str]) -> BTreeSet<Right<'a>> {
    let mut rights = BTreeSet::new();
    for line in RECORDED.lines().filter(|line| !line.starts_with('#')) {
        let fields: Vec<&str> = line.split('\t').collect();
        let [subject, kind, places, actions] = fields[..] else {
            panic!("{line}");
        };
        let actions: Vec<&str> = if actions == "*" {
            every_action.to_vec()
        } else {
            actions.split(' ').collect()
        };
        for action in actions {
            rights.extend(places.chars().map(|place| (subject, action, kind, place)));
        }
    }
    rights
}

/// What an object says about its organization and its owner, by the letter of its place.
fn places(here: &str, elsewhere: &str) -> Vec<(char, Value)> {
    let organizations = [
        ("eos", json!({})),
        ("EOS", json!({"organization_id": here})),
        ("xyz", json!({"organization_id": elsewhere})),
        ("XYZ", json!({"any_org": true})),
    ];
    let owners = [
        json!({}),
        json!({"owner_id": "me"}),
        json!({"owner_id": SOMEBODY}),
    ];
    let mut all = Vec::new();
    for (letters, place) in organizations {
        for (letter, owner) in letters.chars().zip(&owners) {
            let mut object: Map<String, Value> = place.as_object().unwrap().clone();
            object.extend(owner.as_object().unwrap().clone());
            all.push((letter, Value::Object(object)));
        }
    }
    all
}

async fn sign_in(
    app: &TestApp,
    owner: &Client,
    name: &str,
    site: &[&str],
    organization: &[&str],
) -> Client {
    let client = app.user_with(owner, name, site, organization).await;
    if name.ends_with("nowhere") {
        let membership = format!("/organizations/default/members/{name}");
        owner.delete(&membership).await.expect(204);
    }
    if !name.ends_with("apps-only") {
        return client;
    }
    let wish = json!({"scope": "application_connect"});
    let made = client.post("/users/me/keys/tokens", wish).await.expect(201);
    Client::at(app, made["key"].as_str().map(str::to_owned))
}

#[tokio::test]
async fn each_role_may_what_the_recorded_table_says() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let here = app.organization(&owner).await;
    let made = owner
        .post("/organizations", json!({"name": "elsewhere"}))
        .await
        .expect(201);
    let elsewhere = made["id"].as_str().unwrap();
    let facts: Value = serde_json::from_str(FACTS).unwrap();
    let (actions, kinds) = (names(&facts["actions"]), names(&facts["resources"]));
    let recorded = recorded(&actions);
    let mut asked = 0;
    let mut wrong = Vec::new();
    for (subject, site, organization) in SUBJECTS {
        let client = sign_in(&app, &owner, subject, site, organization).await;
        for kind in &kinds {
            let mut checks = Map::new();
            for action in &actions {
                for (letter, object) in places(&here, elsewhere) {
                    let mut object = object;
                    object["resource_type"] = json!(kind);
                    let check = json!({"action": action, "object": object});
                    checks.insert(format!("{action} {letter}"), check);
                }
            }
            let answers = client
                .post("/authcheck", json!({"checks": checks}))
                .await
                .expect(200);
            for (question, answer) in answers.as_object().unwrap() {
                let (action, letter) = question.split_once(' ').unwrap();
                let right = (subject, action, *kind, letter.chars().next().unwrap());
                asked += 1;
                if *answer != json!(recorded.contains(&right)) {
                    wrong.push(format!("{right:?} is {answer}"));
                }
            }
        }
    }
    assert_eq!(asked, SUBJECTS.len() * actions.len() * kinds.len() * 12);
    assert!(wrong.is_empty(), "{} of {asked}: {wrong:#?}", wrong.len());
}
