//! Licences: taken, shown and removed, and without any effect.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::json;

use crate::fixture::TestApp;

/// A licence with these claims.
pub fn license(claims: &serde_json::Value) -> serde_json::Value {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    let text = format!(
        "{}.{}.{}",
        part(r#"{"alg":"EdDSA","kid":"none"}"#),
        part(&claims.to_string()),
        part("any")
    );
    json!({ "license": text })
}

#[tokio::test]
async fn a_licence_is_kept_until_it_is_removed() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let before = owner.get("/entitlements").await.expect(200);
    assert_eq!(owner.get("/licenses").await.expect(200), json!(null));
    let claims = json!({"exp": 4_000_000_000_i64, "account_type": "salesforce"});
    let made = owner.post("/licenses", license(&claims)).await.expect(201);
    assert_eq!(made["claims"], claims);
    assert_eq!(owner.get("/licenses").await.expect(200), json!([made]));
    let again = owner.post("/licenses", license(&claims)).await;
    assert_eq!(
        (again.status.as_u16(), again.fields()),
        (409, vec!["license".to_owned()])
    );
    owner
        .post("/licenses/refresh-entitlements", json!({}))
        .await
        .expect(201);
    let after = owner.get("/entitlements").await.expect(200);
    assert_eq!(before["features"], after["features"]);
    let path = format!("/licenses/{}", made["id"]);
    owner.delete(&path).await.expect(200);
    for gone in [path.as_str(), "/licenses/none"] {
        assert_eq!(owner.delete(gone).await.status, 404);
    }
    let log = owner
        .get("/audit?q=resource_type:license")
        .await
        .expect(200);
    assert_eq!(log["count"], 2);
}

#[tokio::test]
async fn only_owners_have_to_do_with_licences() {
    let app = TestApp::start().await;
    let owner = app.owner().await;
    let ann = app.user(&owner, "ann").await;
    let order = license(&json!({"exp": 4_000_000_000_i64}));
    assert_eq!(ann.post("/licenses", order.clone()).await.status, 403);
    let made = owner.post("/licenses", order).await.expect(201);
    assert_eq!(ann.get("/licenses").await.expect(200), json!(null));
    let path = format!("/licenses/{}", made["id"]);
    assert_eq!(ann.delete(&path).await.status, 404);
    for bad in [json!({}), json!({"license": "a.b.c"}), license(&json!({}))] {
        let refused = owner.post("/licenses", bad).await;
        assert_eq!(
            (refused.status.as_u16(), refused.fields()),
            (400, vec!["license".to_owned()])
        );
    }
}
