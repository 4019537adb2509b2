//! How organizations, groups and roles follow an identity provider.

use serde_json::json;

use crate::fixture::TestApp;

const GROUP: &str = "deadbeef-0000-4000-8000-000000000001";
const OTHER: &str = "deadbeef-0000-4000-8000-000000000002";

#[tokio::test]
async fn settings_are_kept_and_changed_in_parts() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let path = "/organizations/coder/settings/idpsync/groups";
    let unset = json!({"field": "", "mapping": {}, "regex_filter": null, "auto_create_missing_groups": false});
    assert_eq!(owner.get(path).await.expect(200), unset);
    let whole = json!({"field": "groups", "mapping": {"cooks": [GROUP]},
                       "regex_filter": "^c", "auto_create_missing_groups": true});
    assert_eq!(owner.patch(path, whole.clone()).await.expect(200), whole);
    let config =
        json!({"field": "teams", "regex_filter": null, "auto_create_missing_groups": false});
    let changed = owner
        .patch(&format!("{path}/config"), config)
        .await
        .expect(200);
    assert_eq!(changed["mapping"], whole["mapping"]);
    assert_eq!(changed["field"], "teams");
    let change = json!({"Add": [{"Given": "cooks", "Gets": OTHER}], "Remove": [{"Given": "cooks", "Gets": GROUP}]});
    let changed = owner
        .patch(&format!("{path}/mapping"), change)
        .await
        .expect(200);
    assert_eq!(changed["mapping"], json!({"cooks": [OTHER]}));
    assert_eq!(owner.get(path).await.expect(200), changed);
    let path = "/organizations/coder/settings/idpsync/roles";
    let whole = json!({"field": "roles", "mapping": {"boss": ["organization-admin"]}});
    assert_eq!(owner.patch(path, whole.clone()).await.expect(200), whole);
    let change = json!({"Add": [{"Given": "eye", "Gets": "organization-auditor"}]});
    let changed = owner
        .patch(&format!("{path}/mapping"), change)
        .await
        .expect(200);
    assert_eq!(changed["mapping"]["eye"], json!(["organization-auditor"]));
    let changed = owner
        .patch(&format!("{path}/config"), json!({"field": "r"}))
        .await
        .expect(200);
    assert_eq!(
        (&changed["field"], &changed["mapping"]["boss"][0]),
        (&json!("r"), &json!("organization-admin"))
    );
    let path = "/settings/idpsync/organization";
    let unset = json!({"field": "", "mapping": {}, "organization_assign_default": true});
    assert_eq!(owner.get(path).await.expect(200), unset);
    let whole =
        json!({"field": "orgs", "mapping": {"x": [OTHER]}, "organization_assign_default": false});
    assert_eq!(owner.patch(path, whole.clone()).await.expect(200), whole);
    let config = json!({"field": "orgs", "assign_default": true});
    let changed = owner
        .patch(&format!("{path}/config"), config)
        .await
        .expect(200);
    assert_eq!(changed["organization_assign_default"], true);
    let log = owner
        .get("/audit?q=resource_type:idp_sync_settings_group")
        .await
        .expect(200);
    assert_eq!(log["count"], 3);
}

#[tokio::test]
async fn who_may_not_is_refused_and_bad_settings_are_named() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let groups = "/organizations/coder/settings/idpsync/groups";
    for path in [
        groups,
        "/settings/idpsync/organization",
        "/settings/idpsync/available-fields",
    ] {
        assert_eq!(ann.get(path).await.status, 403, "{path}");
        owner.get(path).await.expect(200);
    }
    assert_eq!(ann.patch(groups, json!({})).await.status, 403);
    let bad = owner.patch(groups, json!({"regex_filter": "("})).await;
    assert_eq!(
        (bad.status.as_u16(), bad.fields()),
        (400, vec!["regex_filter".to_owned()])
    );
    let bad = owner
        .patch(groups, json!({"legacy_group_name_mapping": {"a": "b"}}))
        .await;
    assert_eq!(bad.fields(), ["legacy_group_name_mapping"]);
    let values = "/organizations/coder/settings/idpsync/field-values";
    assert_eq!(owner.get(values).await.fields(), ["claimField"]);
    let values = format!("{values}?claimField=groups");
    assert_eq!(owner.get(&values).await.expect(200), json!([]));
}
