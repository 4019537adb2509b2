//! `bench-seed`: what it writes is what the server would have written, as far as the API and the
//! tables show.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use workspaced::{
    bench_seed::{self, Amounts},
    domain::passwords::Hasher,
};

use crate::fixture::{Client, TestApp, at};

const WORKSPACES: usize = 50;

async fn seed(app: &TestApp) -> Value {
    let amounts = Amounts {
        workspaces: WORKSPACES,
        users: 7,
        templates: 3,
        builds: 3,
    };
    let mut conn = app.db.acquire().await.unwrap();
    let manifest = bench_seed::fill(&mut conn, amounts, app.clock.now(), &Hasher::quick())
        .await
        .unwrap();
    serde_json::to_value(manifest).unwrap()
}

fn client(app: &TestApp, token: &Value) -> Client {
    Client::at(app, Some(token.as_str().unwrap().to_owned()))
}

#[tokio::test]
async fn seeded_workspaces_are_like_built_ones() {
    let app = TestApp::start().await;
    let manifest = seed(&app).await;
    let admin = client(&app, &manifest["admin_token"]);
    let count = async |query: &str| {
        let list = admin.get(&format!("/workspaces?{query}")).await.expect(200);
        list["count"].as_u64().unwrap()
    };
    assert_eq!(count("").await, 50);
    assert_eq!(count("q=status:running").await, 35);
    assert_eq!(count("q=status:stopped").await, 15);

    let workspaces = manifest["workspaces"].as_array().unwrap();
    assert_eq!(workspaces.len(), WORKSPACES);
    for (i, told) in (1..).zip(workspaces) {
        let user = &manifest["users"][usize::try_from(told["user"].as_u64().unwrap()).unwrap()];
        let owner = client(&app, &user["token"]);
        let path = format!("/workspaces/{}", told["id"].as_str().unwrap());
        let seen = owner.get(&path).await.expect(200);
        let runs = i % 10 < 7;
        let expected = json!({
            "name": format!("ws-{i}"),
            "owner_name": user["name"],
            "status": if runs { "running" } else { "stopped" },
            "number": 3,
            "job": "succeeded",
            "resources": if runs { 2 } else { 1 },
        });
        let template = usize::try_from(told["template"].as_u64().unwrap()).unwrap();
        assert_eq!(seen["template_id"], manifest["templates"][template]["id"]);
        assert_eq!(
            json!({
                "name": seen["name"],
                "owner_name": seen["owner_name"],
                "status": at(&seen, "latest_build.status"),
                "number": at(&seen, "latest_build.build_number"),
                "job": at(&seen, "latest_build.job.status"),
                "resources": at(&seen, "latest_build.resources").as_array().unwrap().len(),
            }),
            expected
        );
        assert_eq!(told["agent_token"].is_string(), runs, "{told}");
        if runs {
            let agent = at(&seen, "latest_build.resources.0.agents.0");
            assert_eq!(agent["apps"].as_array().unwrap().len(), 2);
            assert_eq!(agent["scripts"].as_array().unwrap().len(), 1);
            assert_eq!(agent["lifecycle_state"], "ready");
        }
    }
}

#[tokio::test]
async fn a_seeded_deployment_goes_on() {
    let app = TestApp::start().await;
    let manifest = seed(&app).await;
    let owner = client(&app, &manifest["users"][0]["token"]);
    let provisioner = app.provisioner(&owner).await;
    let workspace = manifest["workspaces"][0]["id"].as_str().unwrap();
    let built = provisioner.build(&owner, workspace, "stop").await;
    assert_eq!(built["build_number"], 4);
    assert_eq!(at(&built, "job.status"), "succeeded");
    let template = manifest["templates"][0]["id"].as_str().unwrap();
    provisioner.workspace(&owner, "one-more", template).await;
    let list = owner.get("/workspaces?q=owner:me").await.expect(200);
    assert_eq!(list["count"], WORKSPACES.div_ceil(7) + 1);
    app.sign_in("user-00007").await;
}

/// Tables that real use fills and the benchmark's data leaves out: for both servers alike.
const LEFT_OUT: &[&str] = &[
    "audit_logs",
    "provisioner_job_logs",
    "provisioner_job_timings",
];

#[tokio::test]
async fn seeded_tables_are_filled_as_use_fills_them() {
    let (seeded, used) = (TestApp::start().await, TestApp::start().await);
    seed(&seeded).await;
    let owner = used.owner().await;
    let provisioner = used.provisioner(&owner).await;
    let template = provisioner.template(&owner, "tpl").await;
    let workspace = provisioner.workspace(&owner, "box", &template).await;
    for transition in ["stop", "start"] {
        provisioner.build(&owner, &workspace, transition).await;
    }
    let (seeded, used) = (filled(&seeded).await, filled(&used).await);
    for (table, columns) in used {
        if LEFT_OUT.contains(&table.as_str()) {
            continue;
        }
        let written = seeded
            .get(&table)
            .unwrap_or_else(|| panic!("{table} is empty"));
        let missing: Vec<_> = columns.iter().filter(|it| !written.contains(it)).collect();
        assert!(missing.is_empty(), "{table} has no {missing:?}");
    }
}

/// Every table with rows, with the columns that are not null everywhere, flags with each of
/// their values.
async fn filled(app: &TestApp) -> BTreeMap<String, Vec<String>> {
    let tables: Vec<String> =
        sqlx::query_scalar("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")
            .fetch_all(&app.db)
            .await
            .unwrap();
    let mut all = BTreeMap::new();
    for table in tables {
        let statement = format!(
            "SELECT DISTINCT field.key || CASE jsonb_typeof(field.value) WHEN 'boolean' THEN ' ' || field.value::text ELSE '' END
             FROM {table} AS row, jsonb_each(to_jsonb(row)) AS field
             WHERE jsonb_typeof(field.value) <> 'null'"
        );
        let columns: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
            .fetch_all(&app.db)
            .await
            .unwrap();
        if !columns.is_empty() {
            all.insert(table, columns);
        }
    }
    all
}
