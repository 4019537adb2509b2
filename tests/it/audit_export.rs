//! The whole audit log as a file, and for how long it is kept.

use std::time::Duration;

use chrono::TimeDelta;
use http::Method;
use serde_json::{Value, json};

use crate::fixture::{Client, Options, TestApp};

/// Entries of the log in two parts of an export and a piece of a third.
const MANY: i64 = 1_001;

/// Adds entries that only differ in their ids and times.
async fn fill(app: &TestApp, organization: uuid::Uuid) {
    sqlx::query(
        "INSERT INTO audit_logs (id, created_at, user_id, organization_id, ip, user_agent, resource_type,
                                 resource_id, resource_target, action, status_code, request_id)
         SELECT gen_random_uuid(), '2025-05-01T00:00:00Z'::timestamptz + n / 3 * interval '1 second', $2, $2, '10.0.0.1',
                '=HYPERLINK(\"x\")', 'group', gen_random_uuid(), 'many, ' || n, 'write', 200, gen_random_uuid()
         FROM generate_series(1, $1) AS n",
    )
    .bind(MANY)
    .bind(organization)
    .execute(&app.db)
    .await
    .unwrap();
}

async fn lines(client: &Client, query: &str) -> Vec<String> {
    let answer = client.get(&format!("/audit/export{query}")).await;
    assert_eq!(answer.status, 200);
    let text = String::from_utf8(answer.raw).unwrap();
    text.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn all_entries_come_once_and_in_order() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    fill(&app, uuid::Uuid::nil()).await;
    let exported: Vec<Value> = lines(&owner, "?q=resource_type:group")
        .await
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let listed = owner
        .get("/audit?q=resource_type:group&limit=2000")
        .await
        .expect(200);
    assert_eq!(listed["count"], MANY);
    assert_eq!(json!(exported), listed["audit_logs"]);
    let whole = lines(&owner, "").await;
    let all = owner.get("/audit").await.expect(200);
    assert_eq!(json!(whole.len()), all["count"]);
}

#[tokio::test]
async fn a_table_has_a_line_of_names_and_no_formulas() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    fill(&app, uuid::Uuid::nil()).await;
    let rows = lines(&owner, "?format=csv&q=resource_type:group").await;
    assert_eq!(rows.len(), usize::try_from(MANY).unwrap() + 1);
    assert!(rows[0].starts_with("time,id,request_id,"));
    assert!(
        rows[1].contains(",\"'=HYPERLINK(\"\"x\"\")\","),
        "{}",
        rows[1]
    );
    assert!(rows[1].contains(",\"many, "), "{}", rows[1]);
    let accept = [("accept", "text/csv")];
    let answer = owner
        .send(Method::GET, "/audit/export?q=action:login", &accept, "")
        .await;
    assert_eq!(answer.headers["content-type"], "text/csv");
    let kind = "attachment; filename=\"audit.csv\"";
    assert_eq!(answer.headers["content-disposition"], kind);
    assert_eq!(String::from_utf8(answer.raw).unwrap().lines().count(), 2);
    for (query, field) in [("format=xml", "format"), ("q=colour:red", "colour")] {
        let refused = owner.get(&format!("/audit/export?{query}")).await;
        assert_eq!(refused.status, 400);
        assert_eq!(refused.fields(), [field]);
    }
}

#[tokio::test]
async fn nobody_exports_more_than_one_may_read() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let olga = app
        .user_with(&owner, "olga", &[], &["organization-auditor"])
        .await;
    let organization = app.organization(&owner).await;
    fill(&app, organization.parse().unwrap()).await;
    assert!(lines(&ann, "").await.is_empty());
    let seen = lines(&olga, "").await;
    let listed = olga.get("/audit?limit=5000").await.expect(200);
    assert_eq!(json!(seen.len()), listed["count"]);
    assert!(seen.len() >= usize::try_from(MANY).unwrap());
    assert!(seen.len() < lines(&owner, "").await.len());
    let elsewhere = format!("/audit/export?q=organization:{}", uuid::Uuid::nil());
    assert_eq!(ann.get(&elsewhere).await.status, 200);
    let unknown = ann.get("/audit/export?q=organization:none").await;
    assert_eq!(unknown.fields(), ["organization"]);
}

#[tokio::test]
async fn entries_of_one_request_are_found() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let made = owner
        .post("/organizations/coder/groups", json!({"name": "dev"}))
        .await;
    let request = made.headers["x-coder-request-id"].to_str().unwrap();
    let found = owner
        .get(&format!("/audit?q=request_id:{request}"))
        .await
        .expect(200);
    assert_eq!(found["count"], 1);
    assert_eq!(found["audit_logs"][0]["resource_target"], "dev");
    let refused = owner.get("/audit?q=request_id:x").await;
    assert_eq!(refused.fields(), ["request_id"]);
}

#[tokio::test]
async fn old_entries_are_deleted_where_the_deployment_wants_it() {
    let app = TestApp::start().await;
    fill(&app, uuid::Uuid::nil()).await;
    app.clock.advance(TimeDelta::days(1000));
    assert_eq!(app.state.audit.purge().await.unwrap(), 0);

    let mut options = Options::default();
    options.settings.audit_retention = Some(Duration::from_hours(24 * 365));
    let app = TestApp::with(options).await;
    app.owner().await;
    fill(&app, uuid::Uuid::nil()).await;
    // The clock stands in January 2026: nothing is a year old yet.
    assert_eq!(app.state.audit.purge().await.unwrap(), 0);
    app.clock.advance(TimeDelta::days(150));
    assert_eq!(app.state.audit.purge().await.unwrap(), MANY.unsigned_abs());
    assert_eq!(app.state.audit.purge().await.unwrap(), 0);
    let left = app.sign_in("admin").await.get("/audit").await.expect(200);
    assert_eq!(left["count"], 2);
}
